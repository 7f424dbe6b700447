"""Values of agents that have ended are known again, and are kept nowhere."""

from __future__ import annotations

import base64
import os
import random
import stat
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.redact.kinds import ALNUM, take
from tether.knownvalues import KnownValues
from tether.paths import Paths
from tether.redact.rules import shipped
from tether.redact.stream import Masker

_CHANCE = random.Random(os.urandom(8))
# No rule knows it by its looks.
VALUE = take(_CHANCE, ALNUM, 9) + "-/" + take(_CHANCE, ALNUM, 9) + "7"
FORMS = [VALUE, quote(VALUE, safe=""), base64.b64encode(f"svc:{VALUE}".encode()).decode()]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Paths(config=tmp_path, data=tmp_path, run=tmp_path, log=tmp_path)


def shown(values: KnownValues, text: bytes, step: int) -> bytes:
    masker = Masker(values.finder)
    return b"".join([*(masker.feed(text[at : at + step]) for at in range(0, len(text), step)), masker.flush()])


@pytest.mark.parametrize("step", [1, 7, 400])
def test_what_an_agent_was_given_is_known_again(paths: Paths, step: int) -> None:
    KnownValues(shipped(), paths).given({"ACME_TOKEN": VALUE})
    successor = KnownValues(shipped(), paths)
    for form in FORMS:
        text = b"it is " + form.encode() + b" there\r\n"
        out = shown(successor, text, step)
        assert form[8:16].encode() not in out
        assert out.startswith(b"it is ")
        assert out.endswith(b" there\r\n")
        assert len(out) == len(text)


def test_it_is_in_no_file(paths: Paths) -> None:
    KnownValues(shipped(), paths).given({"ACME_TOKEN": VALUE})
    text = paths.known_values.read_text()
    assert stat.S_IMODE(paths.known_values.stat().st_mode) == 0o600
    for form in FORMS:
        assert form not in text
        assert form.encode().hex()[:16] not in text


def test_values_come_once_and_no_other_text_is_hidden(paths: Paths) -> None:
    for _ in range(3):
        KnownValues(shipped(), paths).given({"ACME_TOKEN": VALUE, "HOME": "/root"})
    lines = paths.known_values.read_text().splitlines()
    assert len(lines) == len(set(lines))
    text = VALUE[:12].encode() + b" and " + VALUE[1:].encode() + b"\r\n"
    assert shown(KnownValues(shipped(), paths), text, 9) == text


@pytest.mark.parametrize("text", ["", "xyz", "00" * 32 + "\nno print\n0a 9 zz\n616263 -1 " + "00" * 16, "\0\n\0"])
def test_a_file_that_is_damaged_is_passed_over(paths: Paths, text: str) -> None:
    paths.known_values.write_text(text)
    values = KnownValues(shipped(), paths)
    values.given({"ACME_TOKEN": VALUE})
    assert FORMS[0][8:16].encode() not in shown(KnownValues(shipped(), paths), VALUE.encode() + b"\r\n", 400)
