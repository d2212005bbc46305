"""Turned pictures: what stays in sight, and where its points are."""

from __future__ import annotations

import numpy as np
import pytest

from wordsight import geometry
from wordsight.image.turn import contents, level, rotate
from wordsight.types import Picture


@pytest.fixture
def noisy() -> Picture:
    return np.random.default_rng(1).integers(0, 256, (120, 200, 3)).astype(np.uint8)


def test_flat_margins_are_left_out(noisy: Picture) -> None:
    canvas = np.full((400, 600, 3), 90, np.uint8)
    canvas[100:220, 150:350] = noisy
    assert contents(canvas) == pytest.approx((150, 100, 350, 220), abs=2)
    assert contents(noisy) == (0, 0, 200, 120)
    assert contents(np.full((400, 600, 3), 90, np.uint8)) == (0, 0, 600, 400)


@pytest.mark.parametrize("angle", [30, 90, 150, -40])
def test_what_was_turned_is_turned_back_without_the_canvas(noisy: Picture, angle: float) -> None:
    turned, there = rotate(noisy, angle)
    back, matrix = level(turned, angle)
    assert back.shape[0] == pytest.approx(120, abs=8)
    assert back.shape[1] == pytest.approx(200, abs=8)
    middle = np.array([[[100.0, 60.0]] * 4], np.float32)
    expected = geometry.apply(np.vstack([there, (0, 0, 1)]), middle)
    centre = np.array([[[back.shape[1] / 2, back.shape[0] / 2]] * 4], np.float32)
    np.testing.assert_allclose(geometry.apply(matrix, centre), expected, atol=3)
