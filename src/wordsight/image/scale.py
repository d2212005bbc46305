"""The size at which a detector looks at a picture, and the picture as its network takes it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from wordsight.types import Floats, Picture

STRIDE = 32
"""Sides of a network's input are multiples of this."""

# (value / 255 - mean) / deviation of ImageNet, in the order blue, green, red that the PP-OCR networks were trained
# with; a table look-up is ten times as fast as the arithmetic.
_LEVELS = np.arange(256, dtype=np.float32) / 255
_TABLES = [
    (_LEVELS - mean) / np.float32(deviation) for mean, deviation in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))
]


@dataclass(frozen=True, slots=True)
class Sizing:
    """How the working size of a picture is chosen.

    Attributes:
        long_side: The longer side of the working size, in pixels, of pictures that are larger.
        most: Largest scale; smaller pictures are not blown up further.
    """

    long_side: int
    most: float

    def scale(self, picture: Picture) -> float:
        """Working size over the picture's own size."""
        height, width = picture.shape[:2]
        fits: float = self.long_side / max(height, width)
        return min(self.most, fits)


SIZINGS = {"fast": Sizing(768, 1.0), "balanced": Sizing(1280, 1.0), "best": Sizing(1792, 1.5)}


def working_size(width: int, height: int, scale: float) -> tuple[int, int]:
    """Width and height at a scale, rounded to the stride."""
    wide, high = (max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in (width, height))
    return wide, high


def network_input(picture: Picture, size: tuple[int, int]) -> Floats:
    """A picture as detectors take it: (1, 3, height, width) float32, blue first, normalised as ImageNet.

    Args:
        picture: (H, W, 3) uint8 RGB.
        size: Width and height to which it is resized.
    """
    shrinks = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    result = np.empty((1, 3, size[1], size[0]), np.float32)
    red, green, blue = cv2.split(resized)
    for channel, (values, table) in enumerate(zip((blue, green, red), _TABLES, strict=True)):
        cv2.LUT(values, table, dst=result[0, channel])
    return result
