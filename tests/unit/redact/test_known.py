"""Values that are known: which ones of an environment, and in which forms they are found."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tether.redact import known, suspicion
from tether.redact.finding import Finder
from tether.redact.rules import shipped
from tether.redact.stream import Masker

VALUE = b"k9/Wq+7zT@p4Lx&2"


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(shipped(), known.patterns([VALUE]))


QUOTED = quote(VALUE, safe="").encode()
FORMS = [
    VALUE, QUOTED, re.sub(rb"%..", lambda one: one[0].lower(), QUOTED), base64.b64encode(VALUE),
    base64.urlsafe_b64encode(VALUE), base64.b64encode(b"u:" + VALUE), base64.b64encode(b"us:" + VALUE),
    base64.b64encode(b"usr:" + VALUE + b":x"),
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", [1, 5, 100])
def test_it_is_found_in_every_form_and_in_pieces(finder: Finder, form: bytes, step: int) -> None:
    text = b"it is " + form + b" there"
    masker = Masker(finder)
    shown = b"".join(masker.feed(text[at : at + step]) for at in range(0, len(text), step)) + masker.flush()
    assert shown.startswith(b"it is ")
    assert shown.endswith(b" there")
    # Two bytes of it may pass before it can be known for what it is; base64 begins and ends in the midst of a byte.
    assert len(shown[6:-6].replace(b"*", b"").rstrip(b"=")) <= (2 if form in FORMS[:3] else 12)
    assert not any(form[at : at + 8] in shown for at in range(6, len(form) - 12))


def test_a_value_that_becomes_known_is_hidden_from_then_on() -> None:
    finder = Finder(shipped())
    masker = Masker(finder)
    assert masker.feed(b"first " + VALUE + b"\r\n") == b"first " + VALUE + b"\r\n"
    finder.know(known.patterns([VALUE]))
    assert masker.feed(b"then " + VALUE + b"\r\n") == b"then " + b"*" * len(VALUE) + b"\r\n"


def test_what_of_an_environment_is_secret() -> None:
    finder = Finder(shipped())
    environ = {
        "ACME_TOKEN": "hunter2-and-more-7", "DB_PASSWORD": "correct9horse", "PATH": "/usr/bin:/bin", "HOME": "/root",
        "SSH_AUTH_SOCK": "/tmp/ssh-XkQ7zT9w/agent.42", "TOKENIZERS_PARALLELISM": "false",
        "CREDENTIAL_HELPER": "osxkeychain",
        "SESSION_MANAGER": "local/unix:@/tmp/.ICE-unix/1", "TOKEN": "${OTHER}", "KEYTIMEOUT": "1",
        "DATABASE": "postgres://svc:w8Kq2mXzP4@db/app", "MAX_TOKENS": "128000000",
        "TETHER_SESSION_ID": "d86qkr30", "XDG_SESSION_ID": "c2d86qkr30",
        "PWD": "/tmp/tg2a8fqxzk/h9k", "OLDPWD": "/srv/x7Kq2mXz/b4", "GPG_AUTH_SOCK": "/run/x7Kq2mXz9/S.gpg",
    }  # fmt: skip
    assert known.of_environment(environ, finder) == [b"hunter2-and-more-7", b"correct9horse", b"w8Kq2mXzP4"]


NUMBERS = b"".join(b"%04d k9/ k9/Wq is not it\r\n" % number for number in range(400))
CUTS = [
    VALUE[:9] + b"\r\n" + VALUE[9:],
    b"| " + VALUE[:7] + b" |\r\n| " + VALUE[7:] + b" |",
    VALUE[:5] + b"  \r\n    " + VALUE[5:],
]


@given(st.sampled_from([VALUE, VALUE[:-1], *CUTS, *FORMS]), st.integers(0, 60), st.booleans(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_flood_in_which_its_first_bytes_stand_by_chance_hides_it_as_any_output_does(
    finder: Finder, form: bytes, indent: int, in_front: bool, data: st.DataObject
) -> None:
    text = (b"" if in_front else NUMBERS) + b" " * indent + form + (b"\r\n" + NUMBERS if in_front else b"")
    at = data.draw(st.integers(0, len(text)))
    shown: list[list[bytes]] = []
    for everything in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            if everything:
                patch.setattr(suspicion, "GLANCED", -1)
                patch.setattr(suspicion, "FLOOD_BYTES", 1 << 30)
            masker = Masker(finder)
            shown.append([masker.feed(text[:at]), masker.feed(text[at:]), masker.silent(), masker.flush()])
    assert shown[0] == shown[1]
