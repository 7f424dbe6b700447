"""What devices have looked at: per device, bounded, and kept."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tether.web import seen
from tether.web.admission import Credential
from tether.web.seenfile import SeenFile

DESK = Credential("cookie", 1, frozenset(), "d1", 1, "Chrome")
OTHER = Credential("cookie", 1, frozenset(), "d2", 1, "Firefox")
PHONE = Credential("device", 1, frozenset(), "phone", 1, "phone")


def test_the_machines_browsers_are_one_reader_and_a_device_is_another():
    assert seen.reader_of(DESK) == seen.reader_of(OTHER) == seen.reader_of(Credential("bearer", 1, frozenset()))
    assert seen.reader_of(PHONE) == "phone"


def test_what_was_over_before_one_came_is_no_news_and_unread_stays_unread(tmp_path: Path):
    clock = iter(range(100, 200))
    kept = SeenFile(tmp_path / "seen.json", lambda: ["phone"], lambda: next(clock))
    assert kept.of(DESK)("any") == 100
    at = kept.mark(DESK, "k3v9", unread=False)
    assert kept.of(OTHER)("k3v9") == at > 100
    assert kept.of(PHONE)("k3v9") not in (at, 0)
    kept.mark(PHONE, "k3v9", unread=True)
    again = SeenFile(tmp_path / "seen.json", lambda: ["phone"], lambda: 999)
    assert (again.of(DESK)("k3v9"), again.of(PHONE)("k3v9")) == (at, 0)
    assert (tmp_path / "seen.json").stat().st_mode & 0o777 == 0o600


def test_the_marks_of_a_revoked_device_go_and_a_damaged_file_is_no_end(tmp_path: Path):
    devices = ["phone"]
    kept = SeenFile(tmp_path / "seen.json", lambda: devices, lambda: 5)
    kept.mark(PHONE, "k3v9", unread=False)
    devices.clear()
    kept.mark(DESK, "k3v9", unread=False)
    assert "phone" not in (tmp_path / "seen.json").read_text()
    (tmp_path / "seen.json").write_text("{")
    assert SeenFile(tmp_path / "seen.json", lambda: devices, lambda: 7).of(DESK)("k3v9") == 7


@given(st.lists(st.tuples(st.sampled_from(["desk", "a", "b"]), st.integers(0, 900), st.integers(0, 9)), max_size=50))
def test_the_newest_mark_counts_and_there_are_never_too_many(marks: list[tuple[str, int, int]]):
    full = {f"s{number}": 1 for number in range(seen.SESSIONS_MAX)}
    known, model = seen.Seen(readers={"desk": seen.Marks(3, full)}), dict[tuple[str, str], int]()
    for reader, number, at in marks:
        known = seen.marked(seen.met(known, reader, 3), reader, f"s{number}", at)
        model[reader, f"s{number}"] = at
    assert all(len(row.at) <= seen.SESSIONS_MAX for row in known.readers.values())
    for reader, number, _ in marks:
        assert known.readers[reader].of(f"s{number}") == model[reader, f"s{number}"]


def test_readers_are_bounded_the_first_gives_way():
    known = seen.Seen(readers={f"r{number}": seen.Marks(1) for number in range(seen.READERS_MAX)})
    known = seen.met(known, "new", 2)
    assert len(known.readers) == seen.READERS_MAX
    assert "new" in known.readers
    assert "r0" not in known.readers
    assert seen.met(known, "new", 9) is known
