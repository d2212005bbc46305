from __future__ import annotations

import cv2
import numpy as np
import pytest

from shapes import box, boxes, turned
from wordsight import geometry
from wordsight.types import Quad

TRAPEZOID = np.array([[0, 0], [100, 25], [100, 75], [0, 100]], np.float32)
EMPTY = np.zeros((0, 4, 2), np.float32)


def test_sides_are_means_of_opposite_edges() -> None:
    along, across = geometry.sides(np.array([box(0, 0, 30, 4), TRAPEZOID]))
    np.testing.assert_allclose(along, [30, np.hypot(100, 25)], rtol=1e-6)
    np.testing.assert_allclose(across, [4, 75], rtol=1e-6)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180, -60])
def test_directions_are_unit_vectors_along_the_text(degrees: float) -> None:
    (direction,) = geometry.directions(turned(boxes((10, 10, 60, 20)), degrees))
    wanted = [np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]
    np.testing.assert_allclose(direction, wanted, atol=1e-6)


def test_a_point_runs_to_the_right() -> None:
    np.testing.assert_array_equal(geometry.directions(np.full((1, 4, 2), 7, np.float32)), [[1, 0]])


def test_a_turn_moves_the_first_corner_not_the_place() -> None:
    quads = boxes((0, 0, 9, 3))
    np.testing.assert_array_equal(geometry.turn(quads, 1)[0], [[0, 3], [0, 0], [9, 0], [9, 3]])
    assert [Quad(geometry.turn(quads, n)[0]).angle for n in (0, 1, 2, 3)] == [0, -90, 180, 90]
    np.testing.assert_array_equal(geometry.turn(quads, -3), geometry.turn(quads, 1))


def test_grow_counts_in_heights() -> None:
    np.testing.assert_allclose(geometry.grow(boxes((10, 20, 60, 30)), 0.5, 0.2)[0], box(5, 18, 65, 32), atol=1e-5)
    upside_down = turned(boxes((10, 20, 60, 30)), 180, (35, 25))
    grown = geometry.grow(upside_down, 0.5, 0.2)
    np.testing.assert_allclose(grown[0], turned(box(5, 18, 65, 32), 180, (35, 25)), atol=1e-4)


def test_from_rects() -> None:
    rects = np.array([[10, 20, 4, 2, 0], [10, 20, 4, 2, np.pi / 2]], np.float32)
    quads = geometry.from_rects(rects)
    np.testing.assert_allclose(quads[0], box(8, 19, 12, 21), atol=1e-5)
    np.testing.assert_allclose(quads[1], [[11, 18], [11, 22], [9, 22], [9, 18]], atol=1e-5)


@pytest.mark.parametrize("degrees", [-75, -10, 0, 33, 45, 89])
def test_from_rects_has_the_corners_that_opencv_has(degrees: float) -> None:
    (quad,) = geometry.from_rects(np.array([[50, 40, 30, 12, np.radians(degrees)]], np.float32))
    corners = cv2.boxPoints(((50, 40), (30, 12), degrees))
    distances = np.linalg.norm(quad[:, None] - corners[None], axis=2)
    assert distances.min(axis=0).max() < 1e-3
    assert Quad(quad).angle == pytest.approx(degrees, abs=1e-3)


def test_around_is_tight() -> None:
    points = np.array([[0, 0], [10, 0], [5, 7], [3, 3]], np.float32)
    np.testing.assert_allclose(geometry.around(points, np.array([1, 0], np.float32)), box(0, 0, 10, 7), atol=1e-5)
    down = geometry.around(points, np.array([0, 1], np.float32))
    np.testing.assert_allclose(down, [[10, 0], [10, 7], [0, 7], [0, 0]], atol=1e-5)


def test_overlaps() -> None:
    quads = boxes((0, 0, 10, 10), (5, 0, 15, 10), (0, 0, 2, 5), (100, 100, 110, 110))
    found = {(i, j): (share, iou) for i, j, share, iou in geometry.overlaps(quads)}
    assert set(found) == {(0, 1), (0, 2)}
    assert found[0, 1] == pytest.approx((0.5, 50 / 150))
    assert found[0, 2] == pytest.approx((1.0, 10 / 100))


def test_overlaps_of_crossed_and_flat_quads() -> None:
    crossed = boxes((0, 0, 10, 10))[0][[0, 1, 3, 2]]
    flat = np.array([[2, 2], [8, 2], [8, 2], [2, 2]], np.float32)
    found = geometry.overlaps(np.array([box(0, 0, 10, 10), crossed, flat]))
    areas = {(i, j): iou for i, j, _, iou in found}
    assert areas[0, 1] == pytest.approx(1)
    assert areas.get((0, 2), 0) == pytest.approx(0)
    assert geometry.overlaps(EMPTY) == []


def test_suppress_keeps_the_best() -> None:
    quads = boxes((0, 0, 100, 10), (2, 0, 98, 10), (60, 0, 150, 10), (5, 1, 15, 9))
    scores = np.array([0.8, 0.9, 0.7, 0.6], np.float32)
    assert geometry.suppress(quads, scores, 0.5).tolist() == [1, 2]
    assert geometry.suppress(quads, scores, 0.4).tolist() == [1]
    assert geometry.suppress(quads, np.ones(4, np.float32), 0.5).tolist() == [0, 2]
    assert geometry.suppress(EMPTY, np.zeros(0, np.float32), 0.5).tolist() == []


def test_suppressed_quads_suppress_nobody() -> None:
    chain = boxes((0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10))
    assert geometry.suppress(chain, np.array([0.9, 0.8, 0.7], np.float32), 0.5).tolist() == [0, 2]


def test_map_to_takes_the_crop_onto_the_quad() -> None:
    matrix = geometry.map_to(TRAPEZOID, 48, 32)
    np.testing.assert_allclose(geometry.apply(matrix, box(0, 0, 48, 32)), TRAPEZOID, atol=1e-3)
    back = geometry.apply(np.linalg.inv(matrix), TRAPEZOID)
    np.testing.assert_allclose(back, box(0, 0, 48, 32), atol=1e-3)


def test_apply_keeps_the_shape() -> None:
    points = np.arange(24, dtype=np.float32).reshape(2, 3, 4)[..., :2]
    moved = geometry.apply(np.array([[2.0, 0, 1], [0, 3, -1], [0, 0, 1]]), points)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(moved, points * [2, 3] + [1, -1])


def test_cut_follows_the_perspective() -> None:
    # The middle of a trapezoid, seen as a rectangle in perspective, is where its diagonals cross: x = 200 / 3.
    left = geometry.cut(TRAPEZOID, 0, 0.5)
    np.testing.assert_allclose(left[[1, 2], 0], [200 / 3, 200 / 3], rtol=1e-4)
    np.testing.assert_allclose(left[[0, 3]], TRAPEZOID[[0, 3]], atol=1e-3)
    right = geometry.cut(TRAPEZOID, 0.5, 1)
    np.testing.assert_allclose(right[[0, 3]], left[[1, 2]], atol=1e-3)


def test_cut_of_a_rectangle() -> None:
    np.testing.assert_allclose(geometry.cut(box(10, 0, 50, 8), 0.25, 0.75), box(20, 0, 40, 8), atol=1e-4)
