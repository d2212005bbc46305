"""Steps of enhancement that move pixels: straighten a scan, flatten a photographed sheet, enlarge small print.

Each gives the new picture together with the way back: a function from points (N, 2) float32 of the new picture to where
they are in the old one, so that what is read there stands in the right place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from wordsight.image.turn import level
from wordsight.types import Floats, Picture

Back = Callable[[Floats], Floats]
"""From points (N, 2) of an enhanced picture to those of the picture before."""
Moved = tuple[Picture, Back]

SMALL, SMALLER = 800, 240
"""Sheets are looked for in copies with a longer side of so many pixels; first in the smaller one."""
AREA = 0.2, 0.97
"""A sheet covers a share of its picture between these."""
SOLID = 0.7
"""It covers at least this share of the smallest turned box around it."""
CONTRAST = 40.0
"""It is so many grey levels lighter than what is around it."""
FREE = 0.85
"""At least this share of its outline is not the border of the picture."""
KNOTS = 64
"""Points at which an edge of a sheet is followed."""
SKEWS = 15.0
"""Scans are straightened by at most so many degrees."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Where a sheet of paper lies in a picture.

    Attributes:
        edges: (4, KNOTS, 2) float32 pixels: the top from left to right, the bottom from left to right, the left side
            downwards, the right side downwards.
    """

    edges: Floats

    @property
    def size(self) -> tuple[float, float]:
        """Mean lengths of its edges across and down, pixels."""
        lengths = np.linalg.norm(np.diff(self.edges, axis=1), axis=2).sum(axis=1)
        return float(lengths[:2].mean()), float(lengths[2:].mean())

    @property
    def curl(self) -> float:
        """How far top and bottom bend away from the straight line between their ends, over their length."""
        return max(_bend(edge) for edge in self.edges[:2])

    @property
    def sway(self) -> float:
        """The same of its sides."""
        return max(_bend(edge) for edge in self.edges[2:])


def find_sheet(picture: Picture) -> Sheet | None:
    """The one light sheet of paper on darker ground; None where there is none that lies wholly in the picture."""
    # Most pictures show none, which is seen as well in a smaller copy.
    return None if _find(picture, SMALLER) is None else _find(picture, SMALL)


def _find(picture: Picture, longer: int) -> Sheet | None:
    height, width = picture.shape[:2]
    scale = min(1.0, longer / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrunk = picture
    if (step := int(0.5 / scale)) > 1:
        shrunk = np.ascontiguousarray(picture[::step, ::step])  # a tenth of the time, and enough for an outline
    grey = cv2.cvtColor(cv2.resize(shrunk, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    calm = cv2.morphologyEx(cv2.medianBlur(grey, 5), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    mask = cv2.threshold(calm, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    largest = max(outlines, key=cv2.contourArea)
    if not _is_sheet(np.asarray(largest[:, 0], np.float32), calm):
        return None
    # From centres of small pixels to positions in the picture.
    factors = np.array([width / size[0], height / size[1]], np.float32)
    edges = _edges((np.asarray(largest[:, 0], np.float32) + 0.5) * factors)
    return None if edges is None else Sheet(edges)


def _is_sheet(outline: Floats, grey: np.ndarray) -> bool:
    height, width = grey.shape
    area = cv2.contourArea(outline)
    if not AREA[0] < area / (height * width) < AREA[1]:
        return False
    (_, (wide, high), _) = cv2.minAreaRect(outline)
    if area < SOLID * wide * high:
        return False
    x, y = outline.T
    free = (x > 1) & (y > 1) & (x < width - 2) & (y < height - 2)
    if free.mean() < FREE:
        return False
    inside = np.zeros(grey.shape, np.uint8)
    cv2.drawContours(inside, [outline.astype(np.int32)], -1, 1, cv2.FILLED)
    return float(np.median(grey[inside == 1])) - float(np.median(grey[inside == 0])) > CONTRAST


def _edges(outline: Floats) -> Floats | None:
    """The four edges of an outline (N, 2), as in ``Sheet.edges``; None where they cannot be told apart."""
    (_, _, degrees) = cv2.minAreaRect(outline)
    turn = math.radians((degrees + 45) % 90 - 45)
    level = outline @ np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]], np.float32)
    total, difference = level.sum(axis=1), level[:, 0] - level[:, 1]
    corners = [int(total.argmin()), int(difference.argmax()), int(total.argmax()), int(difference.argmin())]
    if len(set(corners)) < 4:
        return None
    # The outline runs one way round or the other; so that it goes on from the top left to the top right.
    steps = [(corner - corners[0]) % len(outline) for corner in corners]
    if steps != sorted(steps):
        return _edges(np.ascontiguousarray(outline[::-1])) if steps[1] > steps[3] else None
    parts = [_part(outline, corners[i], corners[(i + 1) % 4]) for i in range(4)]
    top, right, bottom, left = (_even(part) for part in parts)
    return np.stack([top, bottom[::-1], left[::-1], right]).astype(np.float32)


def _part(outline: Floats, start: int, end: int) -> Floats:
    """Points of a ring from one number to another, both included."""
    count = (end - start) % len(outline) + 1
    return np.asarray(outline[(start + np.arange(count)) % len(outline)])


def _even(points: Floats) -> Floats:
    """A line of points at KNOTS even steps, a little smoothed."""
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    places = np.linspace(0, max(lengths[-1], 1e-6), KNOTS)
    line = np.stack([np.interp(places, lengths, points[:, axis]) for axis in (0, 1)], axis=1)
    padded = np.concatenate([line[:1] * 2 - line[2:0:-1], line, line[-1:] * 2 - line[-2:-4:-1]])
    return np.asarray(
        np.stack([np.convolve(padded[:, a], np.full(5, 0.2), "valid") for a in (0, 1)], axis=1), np.float32
    )


def _bend(edge: Floats) -> float:
    chord = edge[-1] - edge[0]
    length = max(float(np.linalg.norm(chord)), 1e-6)
    across = (edge - edge[0]) @ np.array([-chord[1], chord[0]], np.float32) / length
    return float(across.max() - across.min()) / length


def flatten_sheet(picture: Picture) -> Moved:
    """Cut out a photographed sheet and make it flat; without a sheet the picture as it is.

    Source: Tsoi and Brown, "Geometric and shading correction for images of printed materials: a unified approach using
    boundary" (CVPR 2004): the inside follows the four edges by a Coons patch.
    """
    sheet = find_sheet(picture)
    return (picture, _stay) if sheet is None else unroll(picture, sheet)


def unroll(picture: Picture, sheet: Sheet) -> Moved:
    """A sheet, flat, at about its own resolution."""
    across, down = (max(1, round(side)) for side in sheet.size)
    grid = _coons(sheet.edges)

    def back(points: Floats) -> Floats:
        # The grid's corners are the corners of the outermost pixels.
        places = points / np.array([across, down], np.float32) * (KNOTS - 1)
        x, y = (np.ascontiguousarray(places[:, [axis]], np.float32) for axis in (0, 1))
        return np.stack([_at(plane, x, y)[:, 0] for plane in grid], axis=1)

    x = (np.arange(across, dtype=np.float32) + 0.5) / across * (KNOTS - 1)
    y = (np.arange(down, dtype=np.float32) + 0.5) / down * (KNOTS - 1)
    rows = np.meshgrid(x, y)
    places = [np.asarray(row, np.float32) for row in rows]
    maps = [_at(plane, places[0], places[1]) - 0.5 for plane in grid]
    return np.asarray(cv2.remap(picture, maps[0], maps[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)), back


def _at(plane: Floats, x: Floats, y: Floats) -> Floats:
    """Values between the knots of a plane (KNOTS, KNOTS), at places in knots."""
    found = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)


def _coons(edges: Floats) -> Floats:
    """Positions (2, KNOTS, KNOTS), x and y row by row, on the smooth surface that four edges span."""
    top, bottom, left, right = edges
    u = np.linspace(0, 1, KNOTS, dtype=np.float32)[None, :, None]
    v = np.linspace(0, 1, KNOTS, dtype=np.float32)[:, None, None]
    across = (1 - v) * top[None] + v * bottom[None]
    down = (1 - u) * left[:, None] + u * right[:, None]
    corners = (1 - v) * ((1 - u) * top[0] + u * top[-1]) + v * ((1 - u) * bottom[0] + u * bottom[-1])
    return np.ascontiguousarray((across + down - corners).transpose(2, 0, 1), np.float32)


def deskew(picture: Picture) -> Moved:
    """Straighten a scan whose lines lean by up to 15 degrees."""
    angle = skew(picture)
    if abs(angle) < 0.1:
        return picture, _stay
    turned, back = level(picture, angle)
    return turned, _affine(back)


def skew(picture: Picture) -> float:
    """By how many degrees, clockwise, the lines of a page lean; 0 where no direction stands out.

    Source: Postl, "Detection of linear oblique structures and skew scan in digitized documents" (ICPR 1986): at the
    right angle the sums of rows change most from row to row.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, SMALL / max(height, width))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    grey = cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(np.float32)
    ink = np.abs(grey - cv2.blur(grey, (31, 31)))

    def change(angle: float) -> float:
        turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), angle, 1.0)
        rows = cv2.warpAffine(ink, turn, size, flags=cv2.INTER_LINEAR).sum(axis=1)
        return float((np.diff(rows) ** 2).sum())

    best = 0.0
    for step, reach in ((1.0, SKEWS), (0.2, 1.0), (0.05, 0.2)):
        tried = best + np.arange(-reach, reach + step / 2, step)
        best = float(max(tried, key=change))
    return best if abs(best) < SKEWS and change(best) > 1.2 * change(0.0) else 0.0


def enlarge(picture: Picture, factor: float = 2.0) -> Moved:
    """A picture ``factor`` times as large, by bicubic interpolation."""
    height, width = picture.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    scaled = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    return scaled, _affine(np.diag([width / size[0], height / size[1], 1.0]))


def _affine(matrix: np.ndarray) -> Back:
    def back(points: Floats) -> Floats:
        return np.asarray(points @ matrix[:2, :2].T + matrix[:2, 2], np.float32)

    return back


def _stay(points: Floats) -> Floats:
    return points
