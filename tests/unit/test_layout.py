from __future__ import annotations

import time

import numpy as np
import pytest

from shapes import Quads, boxes, turned
from wordsight.layout.lines import group, outline
from wordsight.layout.order import is_leftwards, order
from wordsight.layout.words import split
from wordsight.pipeline import arrange
from wordsight.types import Quad, Span, Word

ANGLES = [0, 10, 33, 45, 80, 90, 135, 180, 200, 270, -30]
EMPTY = np.zeros((0, 4, 2), np.float32)


def row(*widths: float, left: float = 0, top: float = 0, height: float = 20, gap: float = 8) -> Quads:
    """Words in a row, with gaps of less than half their height."""
    corners = []
    for width in widths:
        corners.append((left, top, left + width, top + height))
        left += width + gap
    return boxes(*corners)


def spans(text: str) -> list[Span]:
    return [Span(c, i / len(text), (i + 1) / len(text), 0.9) for i, c in enumerate(text)]


@pytest.mark.parametrize("degrees", ANGLES)
def test_words_of_three_rows(degrees: float) -> None:
    page = np.concatenate([row(50, 70, 30), row(90, 60, top=32), row(40, top=64)])
    assert group(turned(page, degrees)) == [[0, 1, 2], [3, 4], [5]]


@pytest.mark.parametrize("degrees", ANGLES)
def test_the_order_of_the_input_does_not_matter(degrees: float) -> None:
    page = turned(np.concatenate([row(50, 70, 30), row(90, 60, top=32)]), degrees)
    shuffled = [3, 0, 4, 2, 1]
    found = group(page[shuffled])
    assert sorted([shuffled[i] for i in line] for line in found) == [[0, 1, 2], [3, 4]]


def test_lines_are_ordered_by_their_first_words_index() -> None:
    page = np.concatenate([row(50, 50), row(50, 50, top=60)])[[2, 3, 0, 1]]
    assert group(page) == [[0, 1], [2, 3]]
    assert group(page[::-1]) == [[1, 0], [3, 2]]


def test_columns_are_not_joined() -> None:
    assert group(np.concatenate([row(100, 80), row(100, left=300)])) == [[0, 1], [2]]


@pytest.mark.parametrize(
    "other",
    [
        row(50, left=60, height=60, top=-20),  # three times as high
        row(50, left=60, top=16),  # on another base line
        turned(row(50, left=60), 40, (60, 10)),  # in another direction
        turned(row(50, left=60), 180, (85, 10)),  # on its head
    ],
)
def test_words_that_do_not_belong_together(other: Quads) -> None:
    assert group(np.concatenate([row(50), other])) == [[0], [1]]


def test_a_slightly_bent_line_is_one_line() -> None:
    words = [turned(row(50, left=60 * i), 4 * i, (60 * i, 0)) for i in range(5)]
    moved = [word + np.array([0, 2 * i * i], np.float32) for i, word in enumerate(words)]
    assert group(np.concatenate(moved)) == [[0, 1, 2, 3, 4]]


def test_text_around_a_seal_is_one_line_from_its_first_index() -> None:
    # 30 words on a circle, each turned by 12 degrees more: a ring of nearest neighbours, which has no first word.
    words = [turned(boxes((-17, -110, 17, -90)), 12 * i) for i in range(30)]
    assert group(np.concatenate(words)) == [list(range(30))]


def test_no_words_and_one_word() -> None:
    assert group(EMPTY) == []
    assert group(row(50)) == [[0]]


def test_words_in_the_same_place_and_without_size() -> None:
    same = np.concatenate([row(50)] * 3)
    assert sorted(i for line in group(same) for i in line) == [0, 1, 2]
    points = np.full((3, 4, 2), 9, np.float32)
    assert sorted(i for line in group(points) for i in line) == [0, 1, 2]


@pytest.mark.parametrize("degrees", ANGLES)
def test_the_outline_of_a_line(degrees: float) -> None:
    words = turned(row(50, 70, 30), degrees)
    np.testing.assert_allclose(outline(words), turned(boxes((0, 0, 166, 20)), degrees)[0], atol=0.01)
    np.testing.assert_array_equal(outline(words[1:2]), words[1])


def two_columns() -> Quads:
    """Three lines on the left, three on the right, under a heading over both."""
    heading = boxes((0, 0, 420, 30))
    left = boxes(*[(0, 50 + 30 * i, 200, 70 + 30 * i) for i in range(3)])
    right = boxes(*[(220, 50 + 30 * i, 420, 70 + 30 * i) for i in range(3)])
    return np.concatenate([heading, left, right])


@pytest.mark.parametrize("degrees", ANGLES)
def test_two_columns_under_a_heading(degrees: float) -> None:
    page = turned(two_columns(), degrees)
    assert order(page) == list(range(7))
    shuffled = [5, 2, 0, 6, 3, 1, 4]
    assert [shuffled[i] for i in order(page[shuffled])] == list(range(7))


@pytest.mark.parametrize("degrees", ANGLES)
def test_two_columns_from_right_to_left(degrees: float) -> None:
    right = [(220, 40 * i, 400, 40 * i + 20) for i in range(1, 4)]
    left = [(0, 40 * i, 180, 40 * i + 20) for i in range(1, 4)]
    page = turned(boxes((0, 0, 400, 20), *right, *left), degrees)
    assert order(page, leftwards=True) == list(range(7))


def test_words_of_hebrew_stand_in_their_order() -> None:
    assert is_leftwards(["שלום", "12", "a"])
    assert not is_leftwards(["שלום", "peace to"])
    assert not is_leftwards(["2041", ""])
    quads = row(60, 60)
    units = [[Word(Quad(quad), text, 0.9, 0.9)] for quad, text in zip(quads, ("עולם", "שלום"), strict=True)]
    (line,) = arrange(units, quads, 1.0).lines
    assert line.text == "שלום עולם"


def test_a_line_over_both_columns_divides_the_page() -> None:
    upper, below = two_columns(), two_columns()
    below[..., 1] += 200
    assert order(np.concatenate([upper, below])) == list(range(14))


def test_rows_of_a_column_of_prices() -> None:
    # A line to the right of another without anything over both is read after the whole left column.
    page = boxes((0, 0, 90, 20), (0, 30, 90, 50), (200, 0, 240, 20), (200, 30, 240, 50))
    assert order(page) == [0, 1, 2, 3]


def test_from_top_to_bottom() -> None:
    page = boxes((0, 0, 200, 20), (5, 30, 205, 50), (-5, 60, 195, 80), (0, 90, 60, 110))
    assert order(page[[3, 1, 0, 2]]) == [2, 1, 3, 0]


def test_a_few_crooked_lines_do_not_turn_the_page() -> None:
    straight = boxes(*[(0, 40 * i, 300, 40 * i + 20) for i in range(5)])
    crooked = turned(boxes((320, 0, 380, 20)), 90, (350, 10))
    assert order(np.concatenate([straight, crooked]))[:5] == [0, 1, 2, 3, 4]


def test_lines_in_the_same_place_keep_their_order() -> None:
    same = np.concatenate([boxes((0, 0, 100, 20))] * 4)
    assert order(same) == [0, 1, 2, 3]


def test_crossing_lines_still_have_an_order() -> None:
    cross = np.concatenate([turned(boxes((0, 40, 100, 60)), d, (50, 50)) for d in (0, 60, 120, 180, 240)])
    found = order(cross)
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert found == order(cross)


def test_no_lines_and_one_line() -> None:
    assert order(EMPTY) == []
    assert order(boxes((0, 0, 9, 9))) == [0]


def test_the_order_of_many_lines_takes_no_time() -> None:
    # A dense page, or a picture of dots made to be slow, has thousands of lines.
    places = np.random.default_rng(0).uniform(0, 5000, (2000, 1, 2)).astype(np.float32)
    quads = places + np.array([[0, 0], [100, 0], [100, 20], [0, 20]], np.float32)
    start = time.process_time()
    found = order(quads)
    assert sorted(found) == list(range(2000))
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" ", []),
        ("one", ["one"]),
        ("two words", ["two", "words"]),
        ("  a  b ", ["a", "b"]),
        ("a\u3000b", ["a", "b"]),
    ],
)
def test_words_end_at_white_space(text: str, words: list[str]) -> None:
    assert ["".join(span.text for span in word) for word in split(spans(text))] == words


def test_no_character_is_lost_or_moved() -> None:
    line = spans(" ab  c de ")
    assert [span for word in split(line) for span in word] == [span for span in line if span.text != " "]
