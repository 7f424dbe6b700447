"""A session's events as a transcript: what was said and done, once and in order."""

from __future__ import annotations

from tether.transcript import entries, markdown
from tether.wire.agents import Approval, Asked, Settled, Told
from tether.wire.events import Exited, Titled


def test_a_turn_reads_as_it_went() -> None:
    approval = Approval("4d7k2m9p", "k3v9x0pq", "claude", "command", "make test")
    events = [
        Titled(1, 0, "title"),
        Told(2, 10, "turn", "t1", "t1", "please test", {"phase": "began"}),
        Told(3, 20, "tool", "u1", "t1", "make test", {"name": "Bash", "phase": "began"}),
        Asked(4, 30, approval),
        Settled(5, 40, "4d7k2m9p", "allowed", "Ada's phone"),
        Settled(6, 45, "4d7k2m9p", "allowed", "Ada's phone", effect="done"),
        Told(7, 50, "tool", "u1", "t1", "make test", {"name": "Bash", "phase": "ended", "files": "a.py\nb.py"}),
        Told(8, 60, "message", "", "t1", "All **green**."),
        Told(9, 70, "usage", "", "t1", "", {"input": "12", "output": "3"}),
        Told(10, 80, "turn", "t1", "t1", "", {"phase": "ended"}),
        Told(11, 90, "turn", "t2", "t2", "", {"phase": "failed", "detail": "no model"}),
        Exited(12, 99, 0, None),
    ]
    found = list(entries(events))
    assert [one.kind for one in found] == ["prompt", "asked", "decided", "tool", "message", "usage", "end", "end"]
    assert [one.seq for one in found] == sorted(one.seq for one in found)
    text = "\n".join(markdown(found, "fix it"))
    for words in ("# fix it", "please test", "- asked: make test", "- allowed by Ada's phone", "- `Bash`: make test",
                  "  - b.py", "All **green**.", "*input 12, output 3*", "failed", "the session ended"):  # fmt: skip
        assert words in text
