"""The decoder of the QUAD head on maps made by hand: quads in perspective that are known exactly."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from wordsight import geometry
from wordsight.detection.lanms import decode
from wordsight.detection.quad import as_rects, decode_quads

SIZE = (96, 160)
LEANING = np.float32([[100, 90], [260, 130], [262, 170], [98, 122]])
OTHER = np.float32([[380, 250], [520, 210], [530, 250], [386, 300]])


def paint(quads, flip=False):
    """Score and corner maps; every cell inside a quad knows its corners, where asked every other one from the end."""
    score, corners = np.zeros(SIZE, np.float32), np.zeros((8, *SIZE), np.float32)
    for quad in quads:
        inner = quad.mean(axis=0) + 0.5 * (quad - quad.mean(axis=0))
        mask = np.zeros(SIZE, np.uint8)
        cv2.fillPoly(mask, [np.round(inner / 4).astype(np.int32)], 1)
        for row, column in zip(*np.nonzero(mask), strict=True):
            seen = np.roll(quad, 2, axis=0) if flip and column % 2 else quad
            score[row, column] = 0.9
            corners[:, row, column] = (seen - 4 * np.array([column, row])).ravel()
    return score, corners


def test_quads_come_back_exactly():
    quads, scores = decode_quads(*paint([LEANING, OTHER]))
    np.testing.assert_allclose(sorted(quads.tolist()), sorted([LEANING.tolist(), OTHER.tolist()]), atol=0.01)
    np.testing.assert_allclose(scores, [0.9, 0.9], atol=1e-6)


def test_a_leading_batch_axis_is_taken_too():
    score, corners = paint([LEANING])
    np.testing.assert_array_equal(decode_quads(score[None, None], corners[None])[0], decode_quads(score, corners)[0])


def test_cells_that_count_from_either_end_are_one_word():
    quads, _ = decode_quads(*paint([LEANING], flip=True))
    assert len(quads) == 1
    assert min(np.abs(quads[0] - geometry.turn(LEANING[None], turns)[0]).max() for turns in (0, 2)) < 0.01


@pytest.mark.parametrize("degrees", [-100, -40, 0, 30, 90, 170])
def test_rectangles_are_voted_for_as_the_rbox_head_does(degrees):
    quad = geometry.from_rects(np.float32([[320, 190, 150, 40, np.radians(degrees)]]))[0]
    score, corners = paint([quad])
    rows, columns = np.nonzero(score)
    votes = np.zeros((5, *SIZE), np.float32)
    votes[:, rows, columns] = as_rects(corners[:, rows, columns].T.reshape(-1, 4, 2)).T
    found, _ = decode(score, votes)
    turns = (0, 2)  # half a turn gives the same rectangle
    assert min(np.abs(found[0] - geometry.turn(quad[None], t)[0]).max() for t in turns) < 0.05


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_a_broken_network_gives_no_broken_quads(bad):
    score, corners = paint([LEANING, OTHER])
    corners[3, 40:] = bad
    quads, scores = decode_quads(score, corners)
    assert np.isfinite(quads).all() and len(quads) == len(scores) >= 1


def test_nothing_above_the_threshold_gives_empty_arrays():
    quads, scores = decode_quads(np.zeros((8, 8), np.float32), np.ones((8, 8, 8), np.float32))
    assert quads.shape == (0, 4, 2) and scores.shape == (0,)
