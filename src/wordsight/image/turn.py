"""Pictures turned by any angle."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.types import Picture


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
    """A picture turned back by an angle, degrees, and the (3, 3) matrix from its points to those of the original."""
    turned, there = rotate(picture, -angle)
    return turned, np.linalg.inv(np.vstack([there, (0, 0, 1)]))
