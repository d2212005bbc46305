"""Pure functions on quads: arrays of corners in the order top left, top right, bottom right, bottom left.

``(N, 4, 2)`` float32 unless said otherwise, columns x and y in pixels, y down, as in :class:`wordsight.types.Quad`.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import STRtree, area, intersection, polygons

from wordsight.types import Floats

WHOLLY = 0.999
"""A quad lies wholly inside another one that covers more than this share of it."""

Matrix = NDArray[np.float64]
"""A 3x3 projective map of points (x, y, 1)."""


def sides(quads: Floats) -> tuple[Floats, Floats]:
    """Lengths along and across the text: mean of top and bottom, mean of left and right; each (N,)."""
    edges = np.linalg.norm(np.roll(quads, -1, axis=1) - quads, axis=2)
    return (edges[:, 0] + edges[:, 2]) / 2, (edges[:, 1] + edges[:, 3]) / 2


def directions(quads: Floats) -> Floats:
    """Unit vectors (N, 2) along the text; (1, 0) where a quad has no length."""
    along = quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]
    length = np.linalg.norm(along, axis=1, keepdims=True)
    return np.where(length > 0, along / np.maximum(length, 1e-6), np.array([1, 0], np.float32)).astype(np.float32)


def turn(quads: Floats, quarters: int) -> Floats:
    """The same places read in another direction: the crop turns clockwise by ``quarters`` times 90 degrees."""
    return np.roll(quads, quarters % 4, axis=1)


def grow(quads: Floats, along: float | Floats, across: float) -> Floats:
    """Quads with margins, in shares of their height.

    Args:
        quads: (N, 4, 2).
        along: Margin at both ends, one for all or one for each quad, (N,).
        across: Margin above and below.
    """
    _, height = sides(quads)
    right = directions(quads)
    down = quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1]
    down = down / np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-6)
    x = (right * (height * along)[:, None])[:, None]
    y = (down * (height * across)[:, None])[:, None]
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    grown: Floats = (quads + signs[:, :1] * x + signs[:, 1:] * y).astype(np.float32)
    return grown


def from_rects(rects: Floats) -> Floats:
    """Quads of rotated rectangles (N, 5): centre x, centre y, width, height, angle in radians (clockwise)."""
    cx, cy, width, height, angle = (rects[:, [i]] for i in range(5))
    u = np.array([-0.5, 0.5, 0.5, -0.5], np.float32) * width
    v = np.array([-0.5, -0.5, 0.5, 0.5], np.float32) * height
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cx + u * cos - v * sin, cy + u * sin + v * cos], axis=2).astype(np.float32)


def around(points: Floats, direction: Floats) -> Floats:
    """Smallest rectangle (4, 2) around points (M, 2) whose top runs along ``direction`` (a unit vector)."""
    x, y = float(direction[0]), float(direction[1])
    turned = points @ np.array([[x, -y], [y, x]], np.float32)
    (left, top), (right, bottom) = turned.min(axis=0), turned.max(axis=0)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return corners @ np.array([[x, y], [-y, x]], np.float32)


def overlaps(quads: Floats) -> list[tuple[int, int, float, float]]:
    """Pairs ``(i, j, common area over the smaller, intersection over union)`` with i < j of quads that touch."""
    shapes = np.asarray(polygons(_convex(quads)))
    first, second = STRtree(shapes).query(shapes, predicate="intersects")
    keep = first < second
    first, second = first[keep], second[keep]
    common = np.asarray(area(intersection(shapes[first], shapes[second])))
    areas = np.asarray(area(shapes))
    smaller = np.maximum(np.minimum(areas[first], areas[second]), 1e-6)
    union = np.maximum(areas[first] + areas[second] - common, 1e-6)
    rows = zip(first, second, common / smaller, common / union, strict=True)
    return [(int(i), int(j), float(share), float(iou)) for i, j, share, iou in rows]


def suppress(
    quads: Floats, scores: Floats, share: float, of: Literal["smaller", "union"] = "smaller"
) -> NDArray[np.intp]:
    """Non-maximum suppression: indices kept, best first, where no two have more than ``share`` in common.

    The share is of the smaller quad's area, so that a fragment inside a long line goes although their intersection
    over union is small; or of the union, as in OpenCV's ``NMSBoxesRotated``, for which a quad that lies wholly inside
    another one has all in common with it. Equal scores keep their order.
    """
    rivals: dict[int, list[int]] = {}
    for i, j, smaller, union in overlaps(quads):
        if (smaller if of == "smaller" or smaller > WHOLLY else union) > share:
            rivals.setdefault(i, []).append(j)
            rivals.setdefault(j, []).append(i)
    dropped: set[int] = set()
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if int(i) not in dropped:
            kept.append(i)
            dropped.update(rivals.get(int(i), ()))
    return np.array(kept, dtype=np.intp)


def map_to(quad: Floats, width: int, height: int) -> Matrix:
    """The projective map from a crop of ``width`` x ``height`` pixels onto a quad (4, 2) of the page."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, quad.astype(np.float32)), dtype=np.float64)


def apply(matrix: Matrix, points: NDArray[np.floating]) -> Floats:
    """Points (..., 2) moved by a projective map."""
    flat = points.reshape(-1, 2).astype(np.float64)
    moved = np.column_stack([flat, np.ones(len(flat))]) @ matrix.T
    return (moved[:, :2] / moved[:, 2:]).reshape(points.shape).astype(np.float32)


def _convex(quads: Floats) -> Floats:
    """Quads whose crossed corners are put in order around their centre, so that every polygon is valid."""
    centred = quads - quads.mean(axis=1, keepdims=True)
    order = np.argsort(np.arctan2(centred[..., 1], centred[..., 0]), axis=1, kind="stable")
    return np.take_along_axis(quads, order[:, :, None], axis=1)


def cut(quad: Floats, start: float, end: float) -> Floats:
    """The part (4, 2) of a quad (4, 2) between two fractions of its length, as seen in perspective."""
    return np.asarray(cuts(quad, np.array([[start, end]], np.float32))[0])


def cuts(quad: Floats, ends: Floats) -> Floats:
    """The parts (N, 4, 2) of a quad (4, 2) between pairs (N, 2) of fractions of its length, as seen in perspective."""
    boxes = np.zeros((len(ends), 4, 2), np.float32)
    boxes[:, :, 0] = ends[:, [0, 1, 1, 0]]
    boxes[:, 2:, 1] = 1
    return apply(map_to(quad, 1, 1), boxes)
