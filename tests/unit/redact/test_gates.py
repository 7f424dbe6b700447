"""The gates of masking on a corpus made here and now. `python -m tests.redact` says more, on larger ones."""

from __future__ import annotations

import pytest

from tests.redact import harmless, scenes, scoring, second
from tether.redact.finding import Finder
from tether.redact.rules import shipped
from tether.redact.stream import Masker

SEED = 20260304


@pytest.fixture(scope="module")
def mask() -> scoring.Mask:
    finder = Finder(shipped())

    def run(chunks: list[bytes]) -> list[bytes]:
        masker = Masker(finder)
        return [masker.feed(chunk) for chunk in chunks] + [masker.flush()]

    return run


def some(rows, share: int):
    return (row for number, row in enumerate(rows) if number % share == 0)


def test_recall_and_layout(mask: scoring.Mask) -> None:
    found, layout = scoring.recall(mask, some(scoring.positives(SEED, scenes.EASY), 9))
    assert found.rate() >= 0.97, found.failed
    assert layout.rate() >= 0.995, layout.failed


def test_hard_cases(mask: scoring.Mask) -> None:
    found, _ = scoring.recall(mask, some(scoring.positives(SEED, scenes.HARD), 6))
    assert found.rate() >= 0.70, found.failed


def test_false_positives(mask: scoring.Mask) -> None:
    score = scoring.spared(mask, scoring.harmless(SEED))
    assert score.rate() >= 0.99, score.failed


def test_a_corpus_that_was_written_otherwise(mask: scoring.Mask) -> None:
    found, layout = scoring.recall(mask, second.rows(SEED, list(second.VARIANTS), share=23))
    assert found.rate() >= 0.97, found.failed
    assert layout.rate() >= 0.995, layout.failed


def test_programs_that_wrap_at_a_width_of_their_own(mask: scoring.Mask) -> None:
    widths = [f"wrap-{width}{indent}" for width in second.WIDTHS for indent in ("", "-indent")]
    found, layout = scoring.recall(mask, second.rows(SEED, widths, share=71))
    assert found.rate() >= 0.95, found.failed
    assert layout.rate() >= 0.995, layout.failed


def test_its_harmless_half(mask: scoring.Mask) -> None:
    score = scoring.spared(mask, harmless.rows(SEED))
    assert score.rate() >= 0.99, score.failed


def test_without_the_wheel_the_same_is_hidden(mask: scoring.Mask) -> None:
    plain = Finder(shipped(), plain=True)
    for row in some(scoring.positives(SEED, ["plain", "small", "box", "base64"]), 8):
        masker = Masker(plain)
        assert [*map(masker.feed, row.chunks), masker.flush()] == mask(row.chunks)
