"""Pictures turned by any angle."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.types import Picture

SIDE = 512
"""Margins are looked for at about so many points along the longer side."""
FLAT = 12
"""Neighbouring points of a margin differ by no more than this, 0..255."""


def rotate(picture: Picture, angle: float) -> tuple[Picture, NDArray[np.float64]]:
    """A picture turned clockwise by degrees, on a canvas that is just large enough, and the (2, 3) map of its points.

    New ground takes the mean colour of the picture's border, so that no edge stands out more than it must.
    """
    height, width = picture.shape[:2]
    radians = math.radians(angle)
    cos, sin = round(math.cos(radians), 15), round(math.sin(radians), 15)  # exactly 0 and 1 at right angles
    across, down = (
        math.ceil(side - 1e-6) for side in (width * abs(cos) + height * abs(sin), width * abs(sin) + height * abs(cos))
    )
    turn = np.array([[cos, -sin], [sin, cos]])
    shift = np.array([across, down]) / 2 - turn @ np.array([width, height]) / 2
    affine = np.column_stack([turn, shift])
    # OpenCV counts from the centre of the top left pixel, which is half a pixel from its corner in both directions.
    centred = np.column_stack([turn, affine @ np.array([0.5, 0.5, 1.0]) - 0.5])
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    ground = tuple(float(value) for value in border.mean(axis=0).round())
    turned = cv2.warpAffine(picture, centred, (across, down), flags=cv2.INTER_CUBIC, borderValue=ground)
    return turned.astype(np.uint8, copy=False), affine


def level(picture: Picture, angle: float) -> tuple[Picture, NDArray[np.float64]]:
    """A picture turned back by an angle, degrees, without flat margins; the (3, 3) map of its points to the original.

    A picture that was turned twice lies on a canvas of several times its area.
    """
    turned, there = rotate(picture, -angle)
    left, top, right, bottom = contents(turned)
    moved = np.array([[1.0, 0, left], [0, 1, top], [0, 0, 1]])
    return turned[top:bottom, left:right], np.linalg.inv(np.vstack([there, (0, 0, 1)])) @ moved


def contents(picture: Picture) -> tuple[int, int, int, int]:
    """Where a picture shows anything: left, top, right and bottom of what its flat margins leave, in pixels.

    Looking for text in margins costs time, and more where the whole gets so large that it is looked at in tiles.
    """
    height, width = picture.shape[:2]
    step = max(1, max(height, width) // SIDE)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.int16)[::step, ::step]
    busy = np.zeros(grey.shape, bool)
    busy[:, 1:] |= np.abs(np.diff(grey, axis=1)) > FLAT
    busy[1:] |= np.abs(np.diff(grey, axis=0)) > FLAT
    ranges = []
    for axis, side in ((0, width), (1, height)):
        at = np.flatnonzero(busy.any(axis=axis)) * step
        ranges.append((max(0, int(at[0]) - 2 * step), min(side, int(at[-1]) + 2 * step)) if len(at) else (0, side))
    (left, right), (top, bottom) = ranges
    return left, top, right, bottom
