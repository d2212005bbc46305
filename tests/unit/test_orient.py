"""Orientation is decided by a function that reads. Here it knows the truth, as a good recognizer does: text in its own
direction is read with confidence, text in another one without."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from shapes import Quads, boxes, turned
from wordsight import geometry
from wordsight.rectify.orient import is_open, lie_down, read_upright
from wordsight.types import Floats, Quad, Reading, Span

EMPTY = np.zeros((0, 4, 2), np.float32)


@dataclass
class Sheet:
    """Texts at known places and directions, and a reader of them.

    Attributes:
        truth: (N, 4, 2) each with its first corner at the top left of its text.
        sure: Confidence of each in its own direction.
        wrong: Confidence in every other one.
    """

    truth: Quads
    sure: list[float]
    wrong: float = 0.2
    reads: int = field(default=0)

    def read(self, quads: Floats) -> list[Reading]:
        self.reads += len(quads)
        return [self._reading(quad) for quad in quads]

    def _reading(self, quad: Floats) -> Reading:
        distances = np.abs(self.truth.mean(axis=1) - quad.mean(axis=0)).sum(axis=1)
        index = int(distances.argmin())
        upright = np.allclose(quad, self.truth[index], atol=0.01)
        text, confidence = (f"text{index}", self.sure[index]) if upright else ("?" * 5, self.wrong)
        spans = tuple(Span(c, i / len(text), (i + 1) / len(text), confidence) for i, c in enumerate(text))
        return Reading(spans, confidence)


def rows(count: int, width: float = 100, height: float = 20) -> Quads:
    return boxes(*[(0, 40 * i, width, 40 * i + height) for i in range(count)])


def as_found(quads: Quads, seed: int = 0) -> Quads:
    """The quads as a detector gives them: the first corner anywhere."""
    rng = np.random.default_rng(seed)
    return np.array([geometry.turn(quad[None], int(rng.integers(4)))[0] for quad in quads]).reshape(-1, 4, 2)


def check(sheet: Sheet, quads: Floats, readings: list[Reading]) -> None:
    np.testing.assert_allclose(quads, sheet.truth, atol=0.01)
    assert [reading.text for reading in readings] == [f"text{i}" for i in range(len(sheet.truth))]
    assert [reading.confidence for reading in readings] == sheet.sure


@pytest.mark.parametrize("degrees", [0, 15, 44, 60, 90, 120, 180, 200, 270, 300, 345])
def test_long_texts_at_any_angle(degrees: float) -> None:
    sheet = Sheet(turned(rows(6), degrees), [0.95] * 6)
    quads, readings = read_upright(as_found(sheet.truth), sheet.read)
    check(sheet, quads, readings)
    assert sheet.reads <= 2 * 6


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, 250])
def test_square_texts_at_any_angle(degrees: float) -> None:
    sheet = Sheet(turned(rows(3, width=22), degrees), [0.95] * 3)
    quads, readings = read_upright(as_found(sheet.truth), sheet.read)
    check(sheet, quads, readings)
    assert sheet.reads <= 4 * 3


def test_square_texts_follow_the_long_ones() -> None:
    # An O reads as an O in every direction; the line beside it tells which one is right.
    for degrees in (0, 90, 180, 270):
        truth = turned(np.concatenate([rows(3), boxes((0, 200, 20, 220))]), degrees)
        sheet = Sheet(truth, [0.95] * 3 + [0.9], wrong=0.2)
        letters = sheet.read

        def read(quads: Floats, letters: object = letters, last: Floats = truth[3]) -> list[Reading]:
            return [
                Reading((Span("O", 0, 1, 0.9),), 0.9) if np.allclose(quad.mean(axis=0), last.mean(axis=0)) else known
                for quad, known in zip(quads, letters(quads), strict=True)  # type: ignore[operator]
            ]

        quads, _ = read_upright(as_found(truth), read)
        np.testing.assert_allclose(quads, truth, atol=0.01)


def test_a_text_that_reads_both_ways_follows_the_rest() -> None:
    # Five lines stand on their heads; the sixth (as 8008 does) is read with some confidence in either direction.
    truth = turned(rows(6), 180)
    sheet = Sheet(truth, [0.95] * 6)

    def read(quads: Floats) -> list[Reading]:
        last = truth[5].mean(axis=0)
        both = Reading(tuple(Span(c, i / 4, (i + 1) / 4, 0.8) for i, c in enumerate("8008")), 0.8)
        return [
            both if np.allclose(quad.mean(axis=0), last) else known
            for quad, known in zip(quads, sheet.read(quads), strict=True)
        ]

    quads, readings = read_upright(as_found(truth), read)
    np.testing.assert_allclose(quads, truth, atol=0.01)
    assert readings[5].text == "8008"


def test_short_words_that_read_well_upside_down_too_are_outvoted() -> None:
    # None of them is long and sure, so all are read both ways, and the sum decides: HOT for LOH, but not SIX for XIS.
    truth = turned(rows(4), 180)
    sheet = Sheet(truth, [0.95, 0.97, 0.66, 0.9], wrong=0.7)
    letters = sheet.read

    def short(quads: Floats) -> list[Reading]:
        return [Reading(reading.spans[:3], reading.confidence) for reading in letters(quads)]

    quads, readings = read_upright(as_found(truth), short)
    np.testing.assert_allclose(quads[[0, 1, 3]], truth[[0, 1, 3]], atol=0.01)
    np.testing.assert_allclose(quads[2], truth[2], atol=0.01)  # surer the other way, but by too little
    assert {reading.text for reading in readings} == {"tex"}


def test_long_lines_with_a_doubtful_word_are_read_once() -> None:
    # 0.98 for each of 60 characters leaves 0.3 for the line, which nobody would read so on its head.
    reads = []

    def read(quads: Floats) -> list[Reading]:
        reads.append(len(quads))
        spans = tuple(Span("a", i / 60, (i + 1) / 60, 0.98) for i in range(60))
        return [Reading(spans, 0.98**60) for _ in quads]

    _, readings = read_upright(rows(5), read)
    assert sum(reads) == 5
    assert readings[0].clarity == pytest.approx(0.98)
    assert Reading((), 0.0).clarity == 0


def test_sure_texts_are_read_once() -> None:
    sheet = Sheet(rows(8), [0.97] * 8)
    read_upright(sheet.truth, sheet.read)
    assert sheet.reads == 8


def test_upright_and_upside_down_on_one_sheet() -> None:
    truth = rows(6)
    truth[4:] = geometry.turn(truth[4:], 2)
    sheet = Sheet(truth, [0.95] * 6)
    check(sheet, *read_upright(as_found(truth), sheet.read))


def test_what_nobody_can_read_keeps_its_place() -> None:
    truth = rows(3)
    quads, readings = read_upright(as_found(truth), lambda quads: [Reading((), 0.0) for _ in quads])
    assert [reading.text for reading in readings] == ["", "", ""]
    np.testing.assert_allclose(quads.mean(axis=1), truth.mean(axis=1))


def test_nothing_to_read() -> None:
    quads, readings = read_upright(EMPTY, Sheet(EMPTY, []).read)
    assert quads.shape == (0, 4, 2)
    assert readings == []


def test_the_corners_are_the_detectors() -> None:
    found = np.array([[[3, 1], [90, 5], [88, 30], [1, 24]], [[10, 60], [30, 61], [29, 80], [11, 79]]], np.float32)
    sheet = Sheet(geometry.turn(found, 2), [0.9, 0.9])
    quads, _ = read_upright(found, sheet.read)
    for before, after in zip(found, quads, strict=True):
        assert {tuple(point) for point in before.tolist()} == {tuple(point) for point in after.tolist()}


@pytest.mark.parametrize("degrees", range(-175, 180, 10))
def test_lying_down(degrees: int) -> None:
    truth = turned(boxes((-50, -10, 50, 10)), degrees)
    for seed in range(4):
        (quad,) = lie_down(as_found(truth, seed))
        along, across = geometry.sides(quad[None])
        assert along > across
        assert -91 < Quad(quad).angle < 92


def test_vertical_text_is_expected_to_run_downwards() -> None:
    for quad in (boxes((0, 0, 20, 100)), geometry.turn(boxes((0, 0, 20, 100)), 3)):
        assert Quad(lie_down(quad)[0]).angle == pytest.approx(90)


def test_square_is_open_and_long_is_not() -> None:
    assert is_open(boxes((0, 0, 10, 10), (0, 0, 11, 10), (0, 0, 100, 10), (0, 0, 10, 100))).tolist() == [
        True,
        True,
        False,
        False,
    ]
