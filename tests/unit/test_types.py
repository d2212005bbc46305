from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from shapes import box, turned
from wordsight.types import Char, Detection, Line, Quad, Reading, Span, Word, join_words


def test_a_quad_holds_its_corners() -> None:
    quad = Quad.from_box(1, 2, 5, 4)
    np.testing.assert_array_equal(quad.points, [[1, 2], [5, 2], [5, 4], [1, 4]])
    assert quad.points.dtype == np.float32
    assert quad.bounds == (1, 2, 5, 4)
    assert quad.tolist() == [[1, 2], [5, 2], [5, 4], [1, 4]]


def test_a_quad_can_be_made_of_lists() -> None:
    assert Quad([[1, 2], [5, 2], [5, 4], [1, 4]]) == Quad.from_box(1, 2, 5, 4)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "points",
    [
        [],
        [[1, 2], [5, 2], [5, 4]],
        [[1, 2, 0]] * 4,
        [[1, 2], [5, 2], [5, 4], [1]],
        [[1, 2], [5, 2], [5, float("nan")], [1, 4]],
        [[1, 2], [5, float("inf")], [5, 4], [1, 4]],
        [["left", "top"]] * 4,
        np.zeros((1, 4, 2)),
    ],
)
def test_anything_else_is_no_quad(points: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Quad(points)  # type: ignore[arg-type]


def test_a_quad_cannot_be_changed() -> None:
    corners = box(1, 2, 5, 4)
    quad = Quad(corners)
    corners[0, 0] = 99
    assert quad.points[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        quad.points[0, 0] = 99
    with pytest.raises(dataclasses.FrozenInstanceError):
        quad.points = corners  # type: ignore[misc]


@pytest.mark.parametrize("degrees", [0, 30, 89, 90, 135, 179, 180, -1, -90, -179])
def test_the_angle_is_that_of_the_text(degrees: float) -> None:
    assert Quad(turned(box(0, 0, 40, 10), degrees)).angle == pytest.approx(degrees, abs=1e-3)


def test_equal_quads_hash_alike() -> None:
    one, other = Quad.from_box(0, 0, 5, 4), Quad.from_box(-0.0, 0, 5, 4)
    assert one == other
    assert hash(one) == hash(other)
    assert one != Quad.from_box(0, 0, 5, 4.5)
    assert one != "quad"
    assert len({one, other, Quad.from_box(1, 0, 5, 4)}) == 2


def test_corners_are_written_with_two_decimals() -> None:
    assert Quad.from_box(1.23456, 2, 5.999, 4).tolist() == [[1.23, 2.0], [6.0, 2.0], [6.0, 4.0], [1.23, 4.0]]


def test_the_text_of_a_reading_has_no_space_at_its_ends() -> None:
    spans = tuple(Span(c, i / 5, (i + 1) / 5, 0.9) for i, c in enumerate(" a b "))
    assert Reading(spans, 0.9).text == "a b"
    assert Reading((), 0.0).text == ""


def test_words_are_joined_by_single_spaces() -> None:
    quad = Quad.from_box(0, 0, 1, 1)
    words = [Word(quad, text, 0.9, 0.8) for text in ("two", "words")]
    assert join_words(words) == "two words"
    assert join_words([]) == ""


def test_a_detection_has_a_length() -> None:
    assert len(Detection(np.zeros((3, 4, 2), np.float32), np.zeros(3, np.float32), 1.0)) == 3


def test_results_go_through_pickle() -> None:
    quad = Quad.from_box(1, 2, 5, 4)
    word = Word(quad, "hi", 0.9, 0.8, 1, (Char("h", quad, 0.9), Char("i", quad, 0.8)))
    line = Line(quad, "hi", 0.9, (0,))
    assert pickle.loads(pickle.dumps((word, line))) == (word, line)
    assert hash(pickle.loads(pickle.dumps(word))) == hash(word)
