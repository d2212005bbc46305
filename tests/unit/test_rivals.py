"""Two readings of one picture: the surer one counts wherever both found text."""

from __future__ import annotations

import numpy as np

from wordsight.layout.rivals import surer
from wordsight.types import Floats, Quad, Word


def place(left: float, right: float, top: float = 0.0) -> Floats:
    """A level quad 20 pixels high."""
    return np.array([[left, top], [right, top], [right, top + 20], [left, top + 20]], np.float32)


def reading(*words: tuple[str, float, Floats]) -> list[Word]:
    return [Word(Quad(quad), text, confidence, 1.0) for text, confidence, quad in words]


def texts(units: list[list[Word]]) -> list[list[str]]:
    return [[word.text for word in unit] for unit in units]


NONE = np.zeros((0, 4, 2), np.float32)


def test_the_whole_beats_its_clear_part() -> None:
    cut = [reading(("pen", 0.98, place(10, 40)))]
    whole = [reading(("open", 0.96, place(0, 40)))]
    units, quads = surer(cut, place(10, 40)[None], whole, place(0, 40)[None])
    assert texts(units) == [["open"]]
    np.testing.assert_array_equal(quads, place(0, 40)[None])


def test_doubt_loses_and_ties_go_to_the_first() -> None:
    one = [reading(("cafe", 0.5, place(0, 40))), reading(("bar", 0.9, place(0, 40, 50)))]
    other = [reading(("café", 0.9, place(1, 41))), reading(("bär", 0.9, place(1, 41, 50)))]
    quads = np.stack([place(0, 40), place(0, 40, 50)])
    units, _ = surer(one, quads, other, quads + np.float32(1))
    assert texts(units) == [["bar"], ["café"]]


def test_what_only_one_found() -> None:
    one = [reading(("faint", 0.4, place(0, 40)))]
    other = [reading(("sure", 0.85, place(0, 40, 50))), reading(("doubtful", 0.7, place(0, 40, 100)))]
    units, quads = surer(one, place(0, 40)[None], other, np.stack([place(0, 40, 50), place(0, 40, 100)]))
    assert texts(units) == [["faint"], ["sure"]]
    np.testing.assert_array_equal(quads, np.stack([place(0, 40), place(0, 40, 50)]))


def test_the_words_that_are_left_of_a_line_stand_alone() -> None:
    line = [reading(("WS", 0.9, place(0, 20)), ("4B2", 0.5, place(25, 60)), ("K", 0.9, place(65, 80)))]
    word = [reading(("482", 0.99, place(25, 60)))]
    units, quads = surer(word, place(25, 60)[None], line, place(0, 80)[None])
    assert sorted(texts(units)) == [["482"], ["K"], ["WS"]]
    assert quads[:, 0, 0].tolist() == [25, 0, 65]


def test_one_word_against_two() -> None:
    one = [reading(("FAIR", 0.9, place(0, 80)))]
    other = [reading(("SUMMER", 0.95, place(0, 45)), ("FAIR", 0.95, place(50, 80)))]
    units, _ = surer(one, place(0, 80)[None], other, place(0, 80)[None])
    assert texts(units) == [["SUMMER", "FAIR"]]


def test_nothing() -> None:
    units, quads = surer([], NONE, [], NONE)
    assert units == []
    assert quads.shape == (0, 4, 2)
