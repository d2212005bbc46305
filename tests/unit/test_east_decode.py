"""EAST's decoder on maps made by hand: rectangles that are known exactly."""

from __future__ import annotations

import math
import time

import cv2
import numpy as np
import pytest

from wordsight import geometry
from wordsight.detection.lanms import belief, decode, mean_score

SIZE = (96, 160)  # cells; four pixels each


def paint(rects: list[tuple[float, float, float, float, float]], reach: float = math.inf):
    """Score and geometry maps of rectangles (centre, width, height, angle in degrees, clockwise).

    Cells of the inner 40 % score 0.9. No distance is larger than ``reach``, as with a narrow field of view.
    """
    score = np.zeros(SIZE, np.float32)
    maps = np.zeros((5, *SIZE), np.float32)
    for cx, cy, width, height, degrees in rects:
        angle = math.radians(degrees)
        y, x = np.mgrid[: SIZE[0], : SIZE[1]] * 4.0
        along = (x - cx) * math.cos(angle) + (y - cy) * math.sin(angle)
        across = (y - cy) * math.cos(angle) - (x - cx) * math.sin(angle)
        core = (abs(along) < width / 2 - 0.3 * height) & (abs(across) < 0.2 * height)
        score[core] = 0.9
        sides = [height / 2 + across, width / 2 - along, height / 2 - across, width / 2 + along]
        values = [np.minimum(side, reach) for side in sides] + [np.full_like(x, -angle)]
        for channel, value in enumerate(values):
            maps[channel][core] = value[core]
    return score, maps


def quad(cx: float, cy: float, width: float, height: float, degrees: float):
    return geometry.from_rects(np.array([[cx, cy, width, height, math.radians(degrees)]], np.float32))[0]


@pytest.mark.parametrize("degrees", [-89, -60, -30, -7, 0, 12, 45, 75, 89])
def test_a_rectangle_at_any_angle_comes_back_exactly(degrees):
    quads, scores = decode(*paint([(320, 190, 150, 40, degrees)]), judge=mean_score)
    np.testing.assert_allclose(quads[0], quad(320, 190, 150, 40, degrees), atol=0.02)
    np.testing.assert_allclose(scores, [0.9], atol=1e-6)


def test_words_side_by_side_stay_apart():
    rects = [(100, 100, 90, 30, 0), (194, 100, 90, 30, 0), (100, 134, 90, 30, 0), (400, 250, 120, 40, 35)]
    quads, _ = decode(*paint(rects))
    wanted = np.array([quad(*rect) for rect in rects])
    assert len(quads) == 4
    for one in wanted:
        assert np.abs(quads - one).max(axis=(1, 2)).min() < 0.05


def test_a_long_line_is_rejoined_where_no_cell_sees_both_ends():
    score, maps = paint([(320, 200, 560, 32, 0)], reach=200)
    quads, _ = decode(score, maps)
    np.testing.assert_allclose(quads, [quad(320, 200, 560, 32, 0)], atol=25)
    assert len(quads) == 1


def test_angles_on_both_sides_of_the_vertical_are_one_word():
    score, maps = paint([(320, 190, 150, 60, 90)])
    rows, columns = np.nonzero(score)
    for row, column in zip(rows[::2], columns[::2], strict=True):  # half of the cells vote 180 degrees away
        top, right, bottom, left, angle = maps[:, row, column]
        maps[:, row, column] = bottom, left, top, right, angle + math.pi
    quads, _ = decode(score, maps)
    assert len(quads) == 1
    wanted = quad(320, 190, 150, 60, 90)
    assert min(np.abs(quads[0] - wanted).max(), np.abs(quads[0] - geometry.turn(wanted[None], 2)[0]).max()) < 0.05


def test_nothing_above_the_threshold_gives_empty_arrays():
    quads, scores = decode(np.zeros((1, 1, 8, 8), np.float32), np.ones((1, 5, 8, 8), np.float32))
    assert quads.shape == (0, 4, 2) and scores.shape == (0,)
    assert quads.dtype == scores.dtype == np.float32


def test_the_layout_is_that_of_opencv():
    """One cell, decoded by the formula of OpenCV's samples/dnn/text_detection.cpp."""
    score, maps = np.zeros((1, 1, 16, 16), np.float32), np.zeros((1, 5, 16, 16), np.float32)
    score[0, 0, 5, 7] = 1
    top, right, bottom, left, angle = maps[0, :, 5, 7] = 6.0, 20.0, 8.0, 10.0, 0.3
    cos, sin = math.cos(angle), math.sin(angle)
    height, width = top + bottom, right + left
    x, y = 7 * 4 + cos * right + sin * bottom, 5 * 4 - sin * right + cos * bottom  # bottom right corner
    wanted = [
        (x - cos * width - sin * height, y + sin * width - cos * height),
        (x - sin * height, y - cos * height),
        (x, y),
        (x - cos * width, y + sin * width),
    ]
    quads, _ = decode(score, maps)
    np.testing.assert_allclose(quads[0], wanted, atol=1e-4)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_broken_network_gives_no_broken_quads(bad):
    score, maps = paint([(320, 190, 150, 40, 10)])
    maps[1, 40:, :] = bad
    quads, scores = decode(score, maps)
    assert np.isfinite(quads).all() and np.isfinite(scores).all()


@pytest.mark.parametrize("seed", range(5))
def test_noise_gives_finite_quads_and_sorted_scores(seed):
    rng = np.random.default_rng(seed)
    score = rng.random((40, 60), np.float32)
    maps = rng.normal(0, 10.0 ** (seed - 1), (5, 40, 60)).astype(np.float32)
    maps[:, rng.integers(40, size=30), rng.integers(60, size=30)] = np.nan
    quads, scores = decode(score, maps, 0.3)
    assert len(quads) == len(scores) > 0
    assert np.isfinite(quads).all() and (np.diff(scores) <= 0).all() and ((scores >= 0) & (scores <= 1)).all()
    _, means = decode(score, maps, 0.3, judge=mean_score)
    assert len(means) == len(scores) and ((means > 0.3) & (means <= 1)).all()


def test_sure_cells_and_many_of_them_make_a_word_believed():
    box = np.stack([quad(320, 190, 150, 40, 0)] * 4)
    weights = np.repeat(np.array([0.99, 0.99, 0.7, 1.0], np.float32), [100, 5, 100, 100])
    labels = np.repeat(np.arange(4, dtype=np.int32), [100, 5, 100, 100])
    sure, few, doubtful, rounded = belief(box, weights, labels)
    assert sure > 0.8 > 0.5 > few and doubtful < 0.5 and sure < rounded < 1
    larger = belief(np.stack([quad(320, 190, 600, 160, 0)] * 4), weights, labels)
    assert (larger < [sure, few, doubtful, rounded]).all()


def test_speed_of_decoding_is_told(record_property):
    cv2.setNumThreads(1)
    rects = [(80 + 150 * i, 24 + 60 * j, 140, 52, 3 * i) for i in range(4) for j in range(6)]
    score, maps = paint(rects)
    score, maps = np.tile(score, (2, 3)), np.tile(maps, (1, 2, 3))
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        decode(score, maps)
        seconds.append(time.perf_counter() - start)
    record_property("candidates", int((score > 0.8).sum()))
    record_property("decode_ms", round(1000 * min(seconds), 2))
