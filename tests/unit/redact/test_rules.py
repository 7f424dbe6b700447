"""Rules are data: the shipped ones are sound, and a bad one of the user's is named."""

from __future__ import annotations

import random

import pytest

from tether.errors import TetherError
from tether.redact.finding import Finder
from tether.redact.rules import parse, shipped
from tether.redact.triggers import Triggers


def test_the_shipped_rules_cover_a_hundred_kinds_and_compile() -> None:
    rules = shipped()
    kinds = {rule.kind for rule in (*rules.token, *rules.name, *rules.vendor)}
    assert len(kinds) > 100
    for rule in rules.token:
        assert rule.run.match(b"") is not None
        assert rule.lead_pattern is None or rule.lead
        assert rule.before_pattern is None or rule.before
        assert rule.shape_pattern is None or rule.shape
        assert all(len(prefix) >= 2 for prefix in rule.prefix)


def test_a_users_own_rule_finds_what_it_describes() -> None:
    text = b'token = [{ kind = "acme", prefix = ["acme-"], chars = "a-z0-9", min = 12 }]'
    finder = Finder(shipped().joined(parse(text, "rules.toml")))
    (found,) = finder.find(b"the acme-k2j4h6g8f0d1 here", final=True)
    assert (found.kind, found.start, found.end) == ("acme", 9, 21)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"token = [", "TOML"),
        (b'token = [{ kind = "acme", prefix = ["a"], chars = "a-z" }]', "'acme'"),
        (b'token = [{ kind = "acme", prefix = ["acme-"], chars = "z-a" }]', "'acme'"),
        (b'token = [{ kind = "acme", prefix = ["acme-"], chars = "a", lead = "(" }]', "lead"),
        (b'token = [{ kind = "acme", prefix = ["acme-"], chars = "a", min = 9, max = 3 }]', "exclude"),
        (b'token = [{ kind = "acme", prefix = ["acme-"], chars = "a", wrong = 1 }]', "wrong"),
        (b'name = [{ kind = "n", names = [] }]', "'n'"),
        (b'vendor = [{ kind = "v", names = ["acme"], shape = "[" }]', "shape"),
    ],
)
def test_a_rule_that_does_not_fit_is_named_with_its_file(text: bytes, named: str) -> None:
    with pytest.raises(TetherError) as caught:
        parse(text, "my-rules.toml")
    assert "my-rules.toml" in caught.value.message
    assert named in caught.value.message


def test_without_the_wheel_and_for_much_text_the_same_is_found() -> None:
    r = random.Random(3)
    literals = [b"sk-", b"sk-ant-", b"token", b"_token", b"to", b"key"]
    fast, plain, much = Triggers(literals), Triggers(literals, plain=True), Triggers(literals, much=True)
    for _ in range(200):
        text = b"".join(r.choice([*literals, b" ", b"x", b"sk", b"oken"]) for _ in range(r.randrange(12)))
        assert sorted(fast.hits(text)) == sorted(plain.hits(text)) == sorted(much.hits(text))
    assert Triggers([], plain=True).hits(b"x") == []
