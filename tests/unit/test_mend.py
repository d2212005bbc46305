"""Cut words: what a score map shows beyond the quads, and the lines that take the place of the pieces."""

from __future__ import annotations

import numpy as np

from shapes import boxes
from wordsight.detection.mend import cut_places, mend
from wordsight.types import Detection, Floats


def score(*patches: tuple[int, int, int, int]) -> Floats:
    """A map of 40 x 100 cells with text in rectangles (left, top, right, bottom)."""
    made = np.zeros((40, 100), np.float32)
    for left, top, right, bottom in patches:
        made[top:bottom, left:right] = 0.95
    return made


def found(quads: Floats, cut: Floats | None = None) -> Detection:
    cut = np.zeros((0, 2), np.float32) if cut is None else cut
    return Detection(quads, np.full(len(quads), 0.9, np.float32), 1.0, cut)


def test_the_end_of_a_word_that_a_quad_leaves_out_is_a_cut() -> None:
    places = cut_places(score((10, 10, 60, 16)), 0.8, boxes((10, 10, 40, 16)))
    assert len(places) == 1
    assert 40 < places[0, 0] < 60
    assert 10 <= places[0, 1] <= 16


def test_a_covered_word_a_ragged_edge_and_text_without_any_quad_are_none() -> None:
    assert len(cut_places(score((10, 10, 60, 16)), 0.8, boxes((10, 10, 59, 16)))) == 0
    assert len(cut_places(score((10, 10, 60, 16), (70, 20, 90, 26)), 0.8, boxes((10, 10, 60, 16)))) == 0
    assert len(cut_places(score(), 0.8, np.zeros((0, 4, 2), np.float32))) == 0


def test_a_line_takes_the_place_of_the_pieces_in_it_and_of_nothing_else() -> None:
    words = found(boxes((0, 0, 30, 10), (31, 0, 40, 10), (0, 20, 30, 30)), np.array([[45.0, 5.0]], np.float32))
    lines = found(boxes((0, 0, 60, 10), (0, 20, 60, 30)))
    mended = mend(words, lines)
    np.testing.assert_array_equal(mended.quads, boxes((0, 20, 30, 30), (0, 0, 60, 10)))
    assert len(mended.scores) == 2
    assert len(mended.cut) == 0


def test_where_no_line_runs_the_words_stay() -> None:
    words = found(boxes((0, 0, 30, 10)), np.array([[45.0, 5.0]], np.float32))
    assert mend(words, found(boxes((0, 20, 60, 30)))) is words
    assert mend(words, found(np.zeros((0, 4, 2), np.float32))) is words


def test_what_is_much_higher_than_its_words_is_no_line() -> None:
    words = found(boxes((10, 20, 30, 30), (10, 40, 38, 50)), np.array([[35.0, 25.0]], np.float32))
    assert mend(words, found(boxes((0, 0, 90, 60)))) is words
    mended = mend(words, found(boxes((0, 0, 90, 60), (9, 17, 40, 33))))
    np.testing.assert_array_equal(mended.quads, boxes((10, 40, 38, 50), (9, 17, 40, 33)))
