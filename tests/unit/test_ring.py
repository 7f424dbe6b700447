"""The ring file: whatever a worker had at its death, the next one has."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit import ringmodel
from tests.unit.ringmodel import Model, agree, events_of, read, reopened
from tether import ring as ring_module
from tether.ring import FILL, READ_MAX, RECORD_MAX, Ring, RingError
from tether.wire.limits import INPUT_QUEUE_BYTES, OUTPUT_BYTES_MAX

AREA = 4 * RECORD_MAX
SLOT = 512
CLIENT = bytes(range(16))

# Text that no 0xFF ends, made from a seed: drawing thousands of bytes one by one would be slow.
chunks = st.builds(
    lambda size, seed: (bytes(range(seed % 200, seed % 200 + 50)) * (size // 50 + 1))[:size],
    st.one_of(st.integers(1, 300), st.integers(1, READ_MAX), st.sampled_from([READ_MAX - 1, READ_MAX])),
    st.integers(0, 10_000),
)
sizes = st.one_of(st.integers(0, 200), st.sampled_from([0, 1, OUTPUT_BYTES_MAX - 1, OUTPUT_BYTES_MAX]))


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory) / "ring"


class RingMachine(RuleBasedStateMachine):
    """Any mixture of what workers do, with a death and a successor at any point."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "ring"
        self.ring = Ring.create(self.path, AREA)
        self.model = Model()
        self.ts = 0

    def teardown(self) -> None:
        self.ring.close()
        self.directory.cleanup()

    def now(self) -> int:
        self.ts += 1
        return self.ts

    @precondition(lambda self: self.ring.room() and len(self.model.pending) < OUTPUT_BYTES_MAX)
    @rule(data=chunks)
    def reads(self, data: bytes) -> None:
        now = self.now()
        self.model.read(read(self.ring, data, now), now)

    @precondition(lambda self: self.ring.room() and len(self.model.pending) < OUTPUT_BYTES_MAX)
    @rule()
    def finds_nothing_to_read(self) -> None:
        assert len(self.ring.ground())

    @rule()
    def seals(self) -> None:
        record = self.ring.seal()
        assert (record is None) == (not self.model.pending)
        self.model.seal()

    @precondition(lambda self: not self.model.pending)
    @rule(size=sizes, fill=st.integers(0, 255))
    def appends(self, size: int, fill: int) -> None:
        if self.ring.room(size):
            body, now = bytes([fill]) * size, self.now()
            record = self.ring.append(body, now)
            self.model.append(body, now)
            assert record.seq == self.model.seq

    @precondition(lambda self: self.model.events)
    @rule(data=st.data())
    def releases(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, len(self.model.events)))
        ringmodel.release(self.ring, count)
        self.model.release(count)

    @rule(count=st.integers(1, 12), size=st.integers(READ_MAX // 2, READ_MAX), kept=st.integers(0, 3))
    def goes_round(self, count: int, size: int, kept: int) -> None:
        """Output that the store acknowledges as it comes, but for the newest few: the area's end is soon reached."""
        self.seals()
        for number in range(count):
            if len(self.model.events) > kept or not self.ring.room():
                drop = max(1, len(self.model.events) - kept)
                ringmodel.release(self.ring, drop)
                self.model.release(drop)
            now = self.now()
            self.model.read(read(self.ring, bytes([48 + number]) * size, now), now)
            self.seals()

    @rule(size=st.one_of(st.integers(0, 100), st.integers(0, INPUT_QUEUE_BYTES)), n=st.integers(1, 1 << 60))
    def takes_input(self, size: int, n: int) -> None:
        data = (n % 251).to_bytes(1, "big") * min(size, self.ring.input_room())
        if data:
            data = data[:-1] + b"$"  # so that both ends of what was taken can be told
        self.ring.queue_input(data, CLIENT, n)
        self.model.queue += data
        self.model.taken = (CLIENT, n)

    @rule()
    def writes_all_input(self) -> None:
        while ready := self.ring.next_input(INPUT_QUEUE_BYTES):
            assert bytes(ready) == self.model.queue[: len(ready)]
            self.model.queue = self.model.queue[len(ready) :]
            self.ring.input_done(len(ready))
        assert not self.model.queue

    @rule(limit=st.integers(1, 100_000), share=st.floats(0, 1))
    def writes_input(self, limit: int, share: float) -> None:
        ready = self.ring.next_input(limit)
        assert bytes(ready) == self.model.queue[: len(ready)]
        assert len(ready) <= limit
        assert bool(ready) == bool(self.model.queue)
        written = int(len(ready) * share)
        self.ring.input_intent(len(ready))
        self.ring.input_done(written)
        self.model.queue = self.model.queue[written:]

    @rule(state=st.binary(max_size=100))
    def writes_its_state(self, state: bytes) -> None:
        self.ring.write_state(state)
        self.model.state = state

    @rule()
    def dies(self) -> None:
        self.ring = reopened(self.ring, self.path)
        assert self.ring.recover(self.now()) == 0

    @precondition(lambda self: self.ring.room() and len(self.model.pending) < OUTPUT_BYTES_MAX)
    @rule(data=chunks)
    def dies_before_it_notes_a_read(self, data: bytes) -> None:
        ground = self.ring.ground()
        taken = data[: len(ground)]
        ground[: len(taken)] = taken
        ground.release()
        self.ring = reopened(self.ring, self.path)
        now = self.now()
        assert self.ring.recover(now) == len(taken)
        assert self.ring.recover(now) == 0
        self.model.read(taken, now)

    @precondition(lambda self: self.model.queue)
    @rule()
    def dies_in_the_middle_of_a_write(self) -> None:
        size = len(self.ring.next_input(4096))
        self.ring.input_intent(size)
        self.ring = reopened(self.ring, self.path)
        assert self.ring.header.input_writing == size
        self.ring.input_done(0)

    @invariant()
    def the_ring_says_what_the_model_says(self) -> None:
        agree(self.ring, self.model)

    @invariant()
    def an_empty_ring_has_room(self) -> None:
        assert self.model.events or self.model.pending or self.ring.room()


TestRing = RingMachine.TestCase
TestRing.settings = settings(
    max_examples=60, stateful_step_count=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


# -- a death at every single write


class _Death(BaseException):
    """Raised in place of a write into the file."""


class _Mortal:
    """Stands for the struct `real` of the ring module: counts its writes, and dies at one of them."""

    def __init__(self, real: object, life: list[int]) -> None:
        self.real, self.life = real, life

    def pack_into(self, *arguments: object) -> None:
        _spend(self.life)
        self.real.pack_into(*arguments)

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


class _MortalMap:
    """Stands for the mapping: its writes count too. Everything else is the mapping's."""

    def __init__(self, real: object, life: list[int]) -> None:
        self.real, self.life = real, life

    def __setitem__(self, key: slice, value: bytes) -> None:
        _spend(self.life)
        self.real[key] = value

    def __getitem__(self, key: slice) -> bytes:
        return self.real[key]

    def close(self) -> None:
        self.real.close()


def _spend(life: list[int]) -> None:
    life[0] -= 1
    if life[0] < 0:
        raise _Death


class _MortalPacking(_Mortal):
    """pack_into and unpack_from want the real mapping, not our stand-in."""

    def pack_into(self, target: object, *arguments: object) -> None:
        _spend(self.life)
        self.real.pack_into(getattr(target, "real", target), *arguments)

    def unpack_from(self, target: object, *arguments: object) -> tuple[object, ...]:
        return self.real.unpack_from(getattr(target, "real", target), *arguments)


def _work(ring: Ring, model: Model, step: str, number: int) -> None:
    """One step on the ring, then on the model; after a read's bytes are in the ground, the model has them at once."""
    data = bytes([65 + number % 26]) * (7000 + number % 97)
    match step:
        case "read":
            ground = ring.ground()
            ground[: len(data)] = data
            model.read(data, number)
            ring.note(len(data), number)
        case "poll":
            ring.ground()
        case "seal":
            ring.seal()
            model.seal()
        case "append":
            ring.append(data, number)
            model.append(data, number)
        case "release":
            ringmodel.release(ring, 1)
            model.release(1)
        case "input":
            ring.queue_input(data, CLIENT, number)
            model.queue, model.taken = model.queue + data, (CLIENT, number)
        case "state":
            ring.write_state(data)
            model.state = data


_ROUND = [
    "read",
    "poll",
    "read",
    "seal",
    "poll",
    "append",
    "input",
    "state",
    "read",
    "poll",
    "seal",
    "append",
    "release",
]


def _copy(model: Model) -> Model:
    return Model(**{**vars(model), "events": list(model.events)})


def _settled(ring: Ring) -> tuple[object, ...]:
    """What another worker finds: every event, with what was pending sealed as one more; input; state."""
    ring.recover(99)
    ring.seal()
    header = ring.header
    events = [(e.seq, e.output, e.offset, e.data) for e in events_of(ring)]
    return events, header.input_head - header.input_tail, header.last_n, ring.read_state()


def _expected(model: Model) -> tuple[object, ...]:
    settled = _copy(model)
    settled.seal()
    events = [(e.seq, e.output, e.offset, e.data) for e in settled.events]
    return events, len(settled.queue), settled.taken[1], settled.state


@pytest.mark.parametrize("prepared", [0, 1, 2, 3, 4])
def test_a_death_at_any_write_loses_and_invents_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, prepared: int
) -> None:
    life = [1 << 30]
    for name in ("_RECORD", "_STATE", "_MARK"):
        monkeypatch.setattr(ring_module, name, _MortalPacking(getattr(ring_module, name), life))
    deaths = 0
    for last_write in range(10_000):
        path.unlink(missing_ok=True)
        ring, model = Ring.create(path, AREA), Model()
        ring._map = _MortalMap(ring._map, life)
        for number in range(prepared * len(_ROUND)):  # so that wraps come into the round
            _work(ring, model, _ROUND[number % len(_ROUND)], number)
            if not ring.room():
                ringmodel.release(ring, len(model.events))
                model.release(len(model.events))
        life[0] = last_write
        before = _copy(model)
        try:
            for number, step in enumerate(_ROUND, 1000):
                before = _copy(model)
                _work(ring, model, step, number)
        except _Death:
            deaths += 1
            life[0] = 1 << 30
        else:
            break
        successor = Ring.open_existing(path)
        found = _settled(successor)
        # A read's bytes count from the moment the kernel has copied them; everything else from the step's end at the
        # latest.
        if step == "read" and model.pending != before.pending:
            allowed = [_expected(model)]
        else:
            _after(before, step, number)
            allowed = [_expected(model), _expected(before)]
        assert found in allowed, f"death at write {last_write}, in step {step}"
        successor.close()
        ring.close()
    assert deaths > 50


def _after(model: Model, step: str, number: int) -> None:
    """`model` as the step would have left it, without a ring."""

    class _NoRing:
        def __getattr__(self, name: str) -> object:
            return lambda *_: memoryview(bytearray(READ_MAX))

    if step == "release":
        model.release(1)
    elif step != "read":
        _work(_NoRing(), model, step, number)  # type: ignore[arg-type]


# -- damage


def _slots(path: Path) -> tuple[bytes, bytes]:
    raw = path.read_bytes()[: 2 * SLOT]
    return raw[:SLOT], raw[SLOT:]


def _put(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def _three_commits(path: Path) -> tuple[Ring, dict[int, int]]:
    """A ring with a few events; which `next_seq` each header slot holds."""
    ring = Ring.create(path, AREA)
    held = {}
    for number in range(3):
        ring.append(b"event %d" % number, number)
        held[ring.header.generation & 1] = ring.header.next_seq
    return ring, held


@pytest.mark.parametrize("slot", [0, 1])
@pytest.mark.parametrize("at", [0, 3, 4, 12, 20, 100, 170])
def test_a_damaged_header_leaves_the_other(path: Path, slot: int, at: int) -> None:
    ring, held = _three_commits(path)
    ring.close()
    raw = _slots(path)[slot]
    _put(path, SLOT * slot + at, bytes([raw[at] ^ 0x40]))
    survivor = Ring.open_existing(path)
    assert survivor.header.next_seq == held[1 - slot]
    assert [r.seq for r in survivor.records()] == list(range(1, held[1 - slot]))
    survivor.close()


@pytest.mark.parametrize("cut", range(0, 180, 9))
def test_a_header_written_in_part_leaves_the_one_before(path: Path, cut: int) -> None:
    ring, _ = _three_commits(path)
    old = _slots(path)
    before = ring.header.next_seq
    ring.append(b"one more", 4)
    slot = ring.header.generation & 1
    new = _slots(path)[slot]
    ring.close()
    # In the order of commit: the checksum away, then the body, of which `cut` bytes arrive.
    _put(path, SLOT * slot, b"\0\0\0\0" + new[4 : 4 + cut] + old[slot][4 + cut :])
    survivor = Ring.open_existing(path)
    assert survivor.header.next_seq == before
    survivor.close()


def test_both_headers_damaged_is_an_error(path: Path) -> None:
    _three_commits(path)[0].close()
    for slot in (0, 1):
        _put(path, SLOT * slot + 30, b"\xaa\xbb\xcc\xdd")
    with pytest.raises(RingError, match="no valid header"):
        Ring.open_existing(path)


def test_another_version_or_another_kind_of_file_is_an_error(path: Path) -> None:
    _three_commits(path)[0].close()
    raw = bytearray(_slots(path)[0])
    body = bytearray(raw[4 : 4 + ring_module._HEAD.size])
    body[8] = 2  # the version
    for slot in (0, 1):
        _put(path, SLOT * slot, zlib.crc32(body).to_bytes(4, "little") + bytes(body))
    with pytest.raises(RingError, match="no valid header"):
        Ring.open_existing(path)
    path.write_bytes(b"\0" * (1 << 21))
    with pytest.raises(RingError, match="no valid header"):
        Ring.open_existing(path)


@pytest.mark.parametrize("size", [0, 1, 4096, 1 << 20])
def test_a_file_cut_short_is_an_error(path: Path, size: int) -> None:
    _three_commits(path)[0].close()
    os.truncate(path, size)
    with pytest.raises(RingError):
        Ring.open_existing(path)


def test_a_file_that_lost_its_end_is_an_error(path: Path) -> None:
    _three_commits(path)[0].close()
    os.truncate(path, path.stat().st_size - 4096)
    with pytest.raises(RingError, match="no valid header"):
        Ring.open_existing(path)


def test_a_damaged_record_is_an_error_and_what_is_before_it_is_not_lost(path: Path) -> None:
    ring, _ = _three_commits(path)
    second = list(ring.records())[1]
    place = path.read_bytes().index(b"event 1") - 32
    ring.close()
    assert second.seq == 2
    _put(path, place + 8, b"\x09")
    ring = Ring.open_existing(path)
    records = ring.records()
    assert bytes(next(records).data) == b"event 0"
    with pytest.raises(RingError, match="says it is 9"):
        next(records)
    _put(path, place + 4, b"\x63")
    with pytest.raises(RingError, match="no record at position"):
        list(ring.records())
    ring.close()


def test_a_state_cut_short_leaves_the_one_before(path: Path) -> None:
    ring = Ring.create(path, AREA)
    ring.write_state(b"first")
    headers = _slots(path)
    ring.write_state(b"second")
    ring.close()
    _put(path, 0, headers[0] + headers[1])  # the death came before the header was written
    survivor = Ring.open_existing(path)
    assert survivor.read_state() == b"first"
    survivor.close()


def test_a_damaged_state_is_an_error(path: Path) -> None:
    ring = Ring.create(path, AREA)
    assert ring.read_state() == b""
    ring.write_state(b"the only state")
    ring.close()
    _put(path, path.read_bytes().index(b"the only state"), b"T")
    survivor = Ring.open_existing(path)
    with pytest.raises(RingError, match="state"):
        survivor.read_state()
    survivor.close()


def test_a_state_has_a_limit_and_the_largest_fits(path: Path) -> None:
    ring = Ring.create(path, AREA)
    largest = b"s" * (64 * 1024 - 16)
    for state in (largest, b"small", largest):
        ring.write_state(state)
        assert ring.read_state() == state
    with pytest.raises(ValueError, match="too long"):
        ring.write_state(largest + b"s")
    assert ring.read_state() == largest
    ring.close()


# -- files


def test_a_ring_is_private_and_never_replaces_or_follows_anything(path: Path) -> None:
    Ring.create(path, AREA).close()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        Ring.create(path, AREA)
    link = path.with_name("link")
    link.symlink_to(path)
    with pytest.raises(OSError, match="symbolic"):
        Ring.open_existing(link)


def test_a_ring_too_small_to_work_is_made_larger(path: Path) -> None:
    ring = Ring.create(path, 1)
    assert ring.header.area == AREA
    assert ring.room()
    ring.close()


def test_opening_and_closing_leaks_no_descriptor(path: Path) -> None:
    Ring.create(path, AREA).close()
    before = len(os.listdir("/dev/fd"))
    for _ in range(20):
        ring = Ring.open_existing(path)
        ring.close()
        with pytest.raises(RingError):
            Ring.open_existing(_broken(path))
    assert len(os.listdir("/dev/fd")) == before


def _broken(path: Path) -> Path:
    broken = path.with_name("broken")
    broken.write_bytes(b"\0" * (1 << 21))
    return broken


# -- bounds and rules


def test_a_full_ring_has_no_room_until_the_oldest_is_released(path: Path) -> None:
    ring = Ring.create(path, AREA)
    written = 0
    while ring.room():
        read(ring, b"x" * 5000, 1)
        ring.seal()
        written += 1
    assert written * 5032 <= AREA
    before = [e.data for e in events_of(ring)]
    assert before == [b"x" * 5000] * written
    assert not ring.room()
    ringmodel.release(ring, written // 2)
    assert ring.room()
    ring.close()


def test_reads_add_up_to_the_largest_event_and_no_further(path: Path) -> None:
    ring = Ring.create(path, AREA)
    taken = b""
    while len(taken) < OUTPUT_BYTES_MAX:
        taken += read(ring, b"y" * 4095, 1)
    assert len(taken) == OUTPUT_BYTES_MAX
    assert len(ring.ground()) == 0
    record = ring.seal()
    assert record is not None
    assert bytes(record.data) == taken
    ring.close()


def test_an_event_may_not_jump_the_queue_or_be_too_long(path: Path) -> None:
    ring = Ring.create(path, AREA)
    read(ring, b"z", 1)
    with pytest.raises(AssertionError, match="seal"):
        ring.append(b"event", 1)
    ring.seal()
    with pytest.raises(ValueError, match="too long"):
        ring.append(b"e" * (OUTPUT_BYTES_MAX + 1), 1)
    ring.close()


def test_records_stay_readable_after_close_while_they_are_held(path: Path) -> None:
    ring = Ring.create(path, AREA)
    record = ring.append(b"held", 1)
    ring.close()
    assert bytes(record.data) == b"held"


def test_input_goes_round_the_end_of_its_area(path: Path) -> None:
    ring = Ring.create(path, AREA)
    text = bytes(range(256)) * 400
    given_in, taken_out = b"", b""
    for n in range(1, 30):
        ring.queue_input(text, CLIENT, n)
        given_in += text
        while ready := ring.next_input(9000):
            ring.input_intent(len(ready))
            taken_out += bytes(ready)
            ring.input_done(len(ready))
    assert len(given_in) > 2 * INPUT_QUEUE_BYTES
    assert taken_out == given_in
    assert (ring.input_room(), ring.header.last_n) == (INPUT_QUEUE_BYTES, 29)
    ring.close()


# -- what can't be known


@given(text=st.binary(max_size=300).map(lambda b: b.rstrip(FILL)), trailing=st.integers(1, 50))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
def test_only_trailing_0xff_bytes_of_a_read_in_flight_cannot_be_told_from_ground(text: bytes, trailing: int) -> None:
    """The known limit: UTF-8 text holds no such byte; binary output may lose some at the instant of a kill."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ring"
        ring = Ring.create(path, AREA)
        ground = ring.ground()
        in_flight = text + FILL * trailing
        ground[: len(in_flight)] = in_flight
        ground.release()
        ring = reopened(ring, path)
        assert ring.recover(1) == len(text)
        ring.seal()
        assert [e.data for e in events_of(ring)] == ([text] if text else [])
        ring.close()
