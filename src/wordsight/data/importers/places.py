"""Boxes, polygons and numbers of foreign data sets as quads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from reprlib import repr as short

import cv2
import numpy as np

from wordsight.data.manifest import Points

MAX_CORNERS = 10_000  # of one outline; careful ones have under a hundred


def number(value: object, what: str = "a position") -> float:
    """A finite number from a JSON number or a text; a ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, np.integer, np.floating)):
        raise ValueError(f"{what} is a number, not {short(value)}")
    try:
        found = float(value)
    except ValueError:
        raise ValueError(f"{what} is a number, not {short(value)}") from None
    if not math.isfinite(found):
        raise ValueError(f"{what} is a finite number, not {short(value)}")
    return found


def numbers(values: Iterable[object], what: str = "a position") -> list[float]:
    """Finite numbers."""
    return [number(value, what) for value in values]


def box(left: float, top: float, right: float, bottom: float) -> Points:
    """The quad of an axis-aligned box, whichever of its sides are given first."""
    (left, right), (top, bottom) = sorted((left, right)), sorted((top, bottom))
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def rectangle(x: float, y: float, width: float, height: float, degrees: float = 0.0, centre: bool = False) -> Points:
    """The quad of a rectangle.

    Args:
        x: Left side before turning, pixels.
        y: Top side before turning.
        width: Along the text.
        height: Across the text.
        degrees: How far it is turned, clockwise as seen.
        centre: It is turned around its centre instead of its top left corner.
    """
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    px, py = (x + width / 2, y + height / 2) if centre else (x, y)
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    if not degrees:
        return corners
    return tuple((px + (u - px) * cos - (v - py) * sin, py + (u - px) * sin + (v - py) * cos) for u, v in corners)


def pairs(values: Sequence[object]) -> Points:
    """Points from a flat list x1, y1, x2, y2 ..., or from a list of [x, y]."""
    if len(values) > 2 * MAX_CORNERS:
        raise ValueError(f"an outline with {len(values)} numbers; over {2 * MAX_CORNERS} are refused")
    if values and all(isinstance(value, (list, tuple)) for value in values):
        return tuple(_pair(value) for value in values)
    if len(values) % 2:
        raise ValueError(f"an outline of {len(values)} numbers; one is missing")
    flat = numbers(values)
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def outline(points: Points) -> tuple[Points, Points | None]:
    """Quad and polygon of an outline whose first corner means nothing: COCO's, a drawn polygon.

    Returns:
        Four corners as a quad that starts at the top left, and None; of another outline the smallest rectangle around
        it, and the outline itself.

    Raises:
        ValueError: There are fewer than three corners.
    """
    if len(points) > 4 and points[0] == points[-1]:  # a ring that says its first corner twice
        points = points[:-1]
    if len(points) == 4:
        return from_top_left(points), None
    return around(points), points


def around(points: Points) -> Points:
    """The smallest rectangle around three or more corners, as a quad whose top runs to the right."""
    if len(points) < 3:
        raise ValueError(f"an outline has three or more corners, not {len(points)}")
    array = np.array(points, np.float64)
    origin = array.min(axis=0)  # OpenCV computes in float32
    corners = cv2.boxPoints(cv2.minAreaRect((array - origin).astype(np.float32))).astype(np.float64) + origin
    return from_top_left(tuple((float(x), float(y)) for x, y in corners))


def from_top_left(points: Points) -> Points:
    """Four corners clockwise as seen, from the one whose side to the next runs most to the right."""
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, (*points[1:], points[0]), strict=True))
    ring = points if area >= 0 else points[::-1]

    def rightwards(start: int) -> float:
        (x0, y0), (x1, y1) = ring[start], ring[(start + 1) % 4]
        return math.cos(math.atan2(y1 - y0, x1 - x0))

    start = max(range(4), key=rightwards)
    return (*ring[start:], *ring[:start])


def _pair(value: object) -> tuple[float, float]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError(f"a corner is [x, y], not {short(value)}")
    return number(value[0]), number(value[1])
