"""Perspective crops: from a quad of a page to an upright picture of one line."""

from __future__ import annotations

import cv2
import numpy as np

from wordsight import geometry
from wordsight.types import Floats, Picture


class Pyramid:
    """A picture and its halves, each made on first use.

    Large text is cut from a smaller copy, which is faster and keeps the warp from skipping pixels.
    """

    def __init__(self, picture: Picture) -> None:
        self._levels = [picture]

    def crop(self, quad: Floats, height: int, max_width: int = 3200) -> Picture:
        """Cut a quad (4, 2) out as an upright picture of the given height; its width keeps the proportions.

        What lies outside of the picture is filled with the picture's border.
        """
        along, across = (float(side[0]) for side in geometry.sides(quad[None]))
        level = self._level(int(np.log2(max(across / height, 1))))
        width = int(np.clip(round(along * height / max(across, 1e-3)), 1, max_width))
        shrink = [level.shape[axis] / self._levels[0].shape[axis] for axis in (1, 0)]
        to_level = np.diag([*shrink, 1.0]) @ geometry.map_to(quad, width, height)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        picture = cv2.warpPerspective(level, to_level, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(picture, dtype=np.uint8)

    def _level(self, number: int) -> Picture:
        while len(self._levels) <= number and min(self._levels[-1].shape[:2]) >= 2:
            last = self._levels[-1]
            half = cv2.resize(last, (last.shape[1] // 2, last.shape[0] // 2), interpolation=cv2.INTER_AREA)
            self._levels.append(np.asarray(half, dtype=np.uint8))
        return self._levels[min(number, len(self._levels) - 1)]
