from __future__ import annotations

import itertools

import numpy as np
import pytest

from wordsight.charset import BLANK, Charset
from wordsight.recognition.ctc import best_path, spell
from wordsight.types import Floats, Span

CHARSET = Charset(("a", "b", "c", " "))
CLASS = {"-": 0, "a": 1, "b": 2, "c": 3, " ": 4}


def table(frames: str, peak: float = 0.9) -> Floats:
    """Probabilities (T, 5) whose best classes are written as a text, with - for the blank."""
    rows = np.full((len(frames), len(CLASS)), (1 - peak) / (len(CLASS) - 1), np.float32)
    rows[np.arange(len(frames)), [CLASS[frame] for frame in frames]] = peak
    return rows


def read(frames: str) -> tuple[Span, ...]:
    return spell(best_path(table(frames)), CHARSET)


def text(spans: tuple[Span, ...]) -> str:
    return "".join(span.text for span in spans)


@pytest.mark.parametrize(
    ("frames", "wanted"),
    [
        ("", ""),
        ("-", ""),
        ("-----", ""),
        ("a", "a"),
        ("aaaa", "a"),
        ("-a--b-c-", "abc"),
        ("abc", "abc"),
        ("aabbcc", "abc"),
        ("a-a", "aa"),
        ("aa--aa", "aa"),
        ("aba", "aba"),
        ("--ab", "ab"),
        ("ab--", "ab"),
        ("a- -b", "a b"),
        ("bbb-bbb-b", "bbb"),
    ],
)
def test_repeats_are_joined_and_blanks_dropped(frames: str, wanted: str) -> None:
    assert text(read(frames)) == wanted


@pytest.mark.parametrize("frames", ["a", "abc", "-a--b-c-", "aa-a---b", "a- -b", "a-b-  -c", "--------a", "a--------"])
def test_spans_lie_inside_the_crop_in_order(frames: str) -> None:
    spans = read(frames)
    assert all(0 <= span.start < span.end <= 1 for span in spans)
    letters = [span for span in spans if span.text != " "]
    assert all(one.start < other.start and one.end < other.end for one, other in itertools.pairwise(letters))


def test_letters_of_a_word_do_not_overlap() -> None:
    spans = read("-a--b-c---a-")
    assert all(one.end <= other.start + 1e-6 for one, other in itertools.pairwise(spans))


def test_a_span_is_where_its_peak_is() -> None:
    first, last = read("--a----------------b--")
    assert first.start <= 2.5 / 22 <= first.end
    assert last.start <= 19.5 / 22 <= last.end


def test_a_lone_character_may_reach_over_the_whole_crop() -> None:
    (span,) = read("--a--")
    assert span.end - span.start > 0.5


def test_a_character_is_as_probable_as_its_best_frame() -> None:
    rows = table("aa-b")
    rows[0] = [0.2, 0.6, 0.1, 0.05, 0.05]
    first, second = spell(best_path(rows), CHARSET)
    assert first.probability == pytest.approx(0.9)
    assert second.probability == pytest.approx(0.9)


def test_a_mask_keeps_the_raw_probability() -> None:
    rows = np.array([[0.05, 0.60, 0.30, 0.03, 0.02], [0.90, 0.05, 0.02, 0.02, 0.01]], np.float32)
    path = best_path(rows, CHARSET.classes("bc"))
    assert path.classes.tolist() == [CLASS["b"], BLANK]
    np.testing.assert_array_equal(path.probabilities, rows[[0, 1], [CLASS["b"], BLANK]])
    (span,) = spell(path, CHARSET)
    assert (span.text, span.probability) == ("b", pytest.approx(0.30))


def test_a_mask_with_the_blank_alone_reads_nothing() -> None:
    path = best_path(table("abc"), np.array([BLANK]))
    assert spell(path, CHARSET) == ()


def test_a_mask_of_all_classes_changes_nothing() -> None:
    rows = table("-ab-c a")
    free, masked = best_path(rows), best_path(rows, np.arange(5))
    np.testing.assert_array_equal(free.classes, masked.classes)
    np.testing.assert_array_equal(free.probabilities, masked.probabilities)


def test_the_path_owns_its_memory() -> None:
    # The table lives in the engine's memory, which the next run overwrites.
    rows = table("ab")
    path = best_path(rows)
    rows[:] = 0
    np.testing.assert_allclose(path.probabilities, [0.9, 0.9])
