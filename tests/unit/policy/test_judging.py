"""Rules decide what they were written for, and nothing that they did not see."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tether.errors import TetherError
from tether.policy import Request, Verdict, judge, load

RULES = """
[[rule]]
name = "never"
kind = "command"
command = ["rm -rf *", "git push *"]
decision = "deny"
reason = "not from here"

[[rule]]
name = "tests"
agent = "claude"
kind = "command"
command = ["pytest *", "make test", "tail *", "ls"]
path = "build/**"
decision = "allow"

[[rule]]
name = "sources"
kind = "edit"
path = ["src/**", "*.md"]
decision = "allow"

[[rule]]
name = "keys"
kind = "edit"
path = "**/secret*"
decision = "deny"

[[rule]]
name = "docs"
kind = "tool"
tool = "mcp__docs__*"
decision = "allow"

[[rule]]
name = "old"
kind = "command"
command = "old *"
decision = "allow"
expires = 2020-01-01T00:00:00Z

[[rule]]
name = "net"
kind = "command"
network = true
decision = "deny"
"""
POLICY = load(RULES, "policy.toml")
NOW = 1_800_000_000_000_000


def ask(kind: str, text: str, *, agent: str = "claude", diff: str = "", tool: str = "") -> Verdict:
    return judge(POLICY, Request(agent, kind, text, "/home/a/project", diff, tool), NOW)


@pytest.mark.parametrize(
    ("line", "decision", "rule"),
    [
        ("pytest -x tests", "allow", "tests"),
        ("pytest", "allow", "tests"),
        ("make test 2>&1 | tail -5", "allow", "tests"),
        ("make test > build/log", "allow", "tests"),
        ("make test > /etc/passwd", "ask", ""),
        ("make test > build/../../x", "ask", ""),
        ("make tests", "ask", ""),
        ("make", "ask", ""),
        ("pytest && id", "ask", ""),
        ("pytest $(id)", "ask", ""),
        ("pytest $X", "ask", ""),
        ("PYTHONPATH=/evil pytest", "ask", ""),
        ("pytest; rm -rf /", "deny", "never"),
        ("r''m -rf x && pytest", "deny", "never"),
        ("ls | git push origin", "deny", "never"),
        ("old thing", "ask", ""),
        ("curl example.com", "deny", "net"),
        ("git clone x", "deny", "net"),
        ("", "ask", ""),
    ],
)
def test_commands(line: str, decision: str, rule: str) -> None:
    found = ask("command", line)
    assert (found.decision, found.rule) == (decision, rule), found.why


@pytest.mark.parametrize(
    ("line", "decision", "rule"),
    [
        ("ls < src/a", "allow", "tests"),
        ("ls < /dev/null", "allow", "tests"),
        ("ls < /etc/passwd", "ask", ""),
        ("ls < ../other", "ask", ""),
        ("ls < src/../../other", "ask", ""),
        ("ls && ls 0</etc/passwd", "ask", ""),
        # A shell makes connections of these: they are no files.
        ("ls < /dev/tcp/127.0.0.1/80", "deny", "net"),
        ("ls 3<> /dev/udp/127.0.0.1/53", "deny", "net"),
        ("ls > /dev/tcp/127.0.0.1/80", "deny", "net"),
    ],
)
def test_what_is_put_in_by_a_redirection(line: str, decision: str, rule: str) -> None:
    verdict = judge(load(RULES, "policy.toml"), Request("claude", "command", line, "/p"), 0)
    assert (verdict.decision, verdict.rule) == (decision, rule)


def test_a_rule_of_one_agent_is_not_anothers() -> None:
    assert ask("command", "pytest", agent="codex").decision == "ask"
    assert ask("command", "rm -rf x", agent="codex").decision == "deny"


def edit(path: str) -> str:
    return json.dumps({"file_path": path, "old_string": "a", "new_string": "b"})


@pytest.mark.parametrize(
    ("path", "decision"),
    [
        ("/home/a/project/src/a.py", "allow"), ("src/x/y.py", "allow"), ("README.md", "allow"), ("x/README.md", "ask"),
        ("src/secrets.py", "deny"), ("src/../../other/x", "ask"), ("/home/a/project2/src/a", "ask"), ("~/src/a", "ask"),
        ("/etc/passwd", "ask"), ("", "ask"), ("..", "ask"),
    ],
)  # fmt: skip
def test_edits_stay_inside(path: str, decision: str) -> None:
    assert ask("edit", edit(path)).decision == decision


def test_every_file_of_a_diff_counts() -> None:
    one = "--- a/src/a.py\n+++ b/src/a.py\n@@ -1 +1 @@\n-a\n+b\n"
    assert ask("edit", "", diff=one).decision == "allow"
    assert ask("edit", "", diff=one + one.replace("src/a.py", "etc/b")).decision == "ask"
    assert ask("edit", "", diff=one + one.replace("src/a.py", "src/secret")).decision == "deny"
    assert ask("edit", "", diff="--- b/src/a\n+++ b/src/a\n").decision == "ask"
    assert ask("edit", "no diff").decision == "ask"


def test_tools_questions_and_plans() -> None:
    assert ask("tool", "{}", tool="mcp__docs__search").decision == "allow"
    assert ask("tool", "{}", tool="mcp__mail__send").decision == "ask"
    assert ask("question", "pytest").decision == "ask"
    assert ask("plan", "pytest").decision == "ask"


def test_a_link_out_of_the_project_is_followed() -> None:
    request = Request("claude", "edit", edit("src/link/x"), "/home/a/project")
    assert judge(POLICY, request, NOW, lambda path: path.replace("/src/link", "/../../../etc")).decision == "ask"


FRAGMENTS = st.sampled_from(
    [
        "pytest -x",
        "make test",
        "ls",
        "tail -3 x",
        "id",
        "rm -rf x",
        "sudo ls",
        "git push x",
        "echo $(id)",
        "PATH=x ls",
        "ls $X",
    ]
)
GOOD = {"pytest -x", "make test", "ls", "tail -3 x"}
BAD = {"rm -rf x", "git push x"}


@given(st.lists(FRAGMENTS, min_size=1, max_size=5), st.sampled_from([" && ", "; ", " | ", " || ", "\n"]))
def test_one_part_decides_for_the_whole(parts: list[str], joint: str) -> None:
    found = ask("command", joint.join(parts)).decision
    if not set(parts) <= GOOD:
        assert found != "allow"
    if set(parts) & BAD and "echo $(id)" not in parts:
        assert found == "deny"
    if set(parts) <= GOOD:
        assert found == "allow"


@given(st.permutations(RULES.strip().split("\n\n")))
def test_deny_wins_in_any_order(blocks: list[str]) -> None:
    policy = load("\n\n".join(blocks), "p")
    assert judge(policy, Request("claude", "command", "pytest; rm -rf /", "/p"), NOW).decision == "deny"
    assert judge(policy, Request("claude", "edit", edit("src/secret"), "/p"), NOW).decision == "deny"


@given(st.text(max_size=200))
def test_any_text_has_a_verdict(line: str) -> None:
    assert ask("command", line).decision in ("allow", "deny", "ask")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "no key 'x'"),
        ("[[rule]]\nname = 'a'", "decision"),
        ("[[rule]]\nname = 'a'\ndecision = 'maybe'", "maybe"),
        ("[[rule]]\nname = 'a'\ndecision = 'allow'", "allows everything"),
        ("[[rule]]\nname = 'a'\ndecision = 'deny'\ncolour = 1", "colour"),
        ("[[rule]]\nname = 'a'\ndecision = 'allow'\ncommand = 'a && b'", "not one command"),
        ("[[rule]]\nname = 'a'\ndecision = 'allow'\ncommand = 'echo $(x)'", "inside of it"),
        ("[[rule]]\nname = 'a'\ndecision = 'deny'\nkind = 'edit'\ncommand = 'a'", "command belongs to"),
        ("[[rule]]\nname = 'a'\ndecision = 'deny'\nexpires = 2030-01-01T00:00:00", "no time zone"),
        ("[[rule]]\nname = 'grant 4d7k'\ndecision = 'deny'", "no name begins"),
        ("[[rule]]\nname = 'a'\ndecision = 'deny'\ncost_over = nan", "no sum of money"),
        ("[[rule]]\nname = 'a'\ndecision = 'deny'\ncost_under = -1", "no sum of money"),
        ("[[rule]]\nname = 'a'\ndecision = 'deny'\n[[rule]]\nname = 'a'\ndecision = 'ask'", "is taken"),
        ("[rule]\nname = 'a'", "list of tables"),
        ("[[rule", "Expected"),
    ],
)
def test_a_file_that_does_not_fit_says_where_and_what(text: str, words: str) -> None:
    with pytest.raises(TetherError) as raised:
        load(text, "/x/policy.toml")
    assert "/x/policy.toml" in raised.value.message
    assert words in raised.value.message
    assert raised.value.hint


def test_what_is_doubtful_is_said() -> None:
    text = "[[rule]]\nname = 'a'\ndecision = 'allow'\ncommand = ['bash *', '* x', 'pytest *']\n"
    assert len(load(text, "p").warnings) == 2


@pytest.mark.parametrize(
    "text",
    [
        edit("src/a\0b"), edit("src/" + "a/" * 500_000), edit("src/a\tb"), "{" + '"a":[' * 100_000, "[" * 100_000,
        edit("src/\udcff"),
    ],
)  # fmt: skip
def test_what_no_file_is_called_is_never_allowed(text: str) -> None:
    assert ask("edit", text).decision == "ask"


@pytest.mark.parametrize(
    "diff",
    [
        # A name that one reader ends at the tab, and another does not.
        "--- a/src/ok\t/../../../etc/passwd\n+++ b/src/ok\t/../../../etc/passwd\n@@ -1 +1 @@\n",
        "--- a/src/ok\r\n+++ b/src/ok\r\n",
        "--- " + "\t" * 500_000 + "\nx",
        "--- a/src/ok\n" * 100_000,
    ],
)
def test_a_header_that_can_be_read_in_two_ways_is_asked(diff: str) -> None:
    assert ask("edit", "", diff=diff).decision == "ask"


@pytest.mark.parametrize(
    ("cost", "decision"), [(None, "ask"), (0.0, "allow"), (4.99, "allow"), (5.0, "ask"), (9.5, "deny")]
)
def test_what_the_session_has_cost(cost: float | None, decision: str) -> None:
    rules = """
    [[rule]]
    name = "cheap"
    kind = "command"
    command = "make *"
    cost_under = 5
    decision = "allow"

    [[rule]]
    name = "enough"
    cost_over = 9
    decision = "deny"
    """
    request = Request("claude", "command", "make all", "/home/a/project", cost=cost)
    assert judge(load(rules, "policy.toml"), request, NOW).decision == decision
