"""Where quads have gone since the last frame: points in them are followed, and each quad moves as most of its own do.

B. D. Lucas, T. Kanade: An iterative image registration technique with an application to stereo vision, IJCAI 1981; on
pyramids as in J.-Y. Bouguet, 2000.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.types import Floats, Picture

Grey = NDArray[np.uint8]
"""(h, w) uint8."""

SIDE = 640
"""Longer side of the copy in which points are followed, pixels."""
POINTS = 14
"""Points in a quad."""
FEWEST = 4
"""A quad with fewer followed points moves as the others do."""
WINDOW, LEVELS = (15, 15), 3
TOLERANCE = 1.5
"""Pixels of the copy by which a point may stray from the motion of its quad."""


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """Quads in a new frame.

    Attributes:
        quads: (N, 4, 2) in pixels of the frame.
        followed: (N,) whether enough of its points were found again.
    """

    quads: Floats
    followed: NDArray[np.bool_]


class Flow:
    """Follows points from frame to frame."""

    def __init__(self) -> None:
        self._before: Grey | None = None
        self._points = np.zeros((0, 2), np.float32)
        self._owner = np.zeros(0, np.intp)

    def start(self, grey: Grey, quads: Floats, scale: float) -> None:
        """Choose points in quads (N, 4, 2) of a frame whose grey copy has ``scale`` times its size."""
        self._before = grey
        found = [_corners(grey, quad * scale) for quad in quads]
        self._points = np.concatenate([*found, np.zeros((0, 2), np.float32)])
        self._owner = np.repeat(np.arange(len(quads)), [len(points) for points in found]).astype(np.intp)

    def follow(self, grey: Grey, quads: Floats, scale: float) -> Moved:
        """Move quads (N, 4, 2), the ones given at the start and moved since, to the next frame."""
        before, self._before = self._before, grey
        if before is None or not len(self._points):
            return Moved(quads, np.zeros(len(quads), np.bool_))
        after, status, _ = cv2.calcOpticalFlowPyrLK(  # type: ignore[call-overload]
            before, grey, self._points, None, winSize=WINDOW, maxLevel=LEVELS
        )
        good = status.ravel() == 1
        inside = ((after >= 0) & (after < np.array(grey.shape[::-1]))).all(axis=1)
        keep = good & inside
        old, new, owner = self._points[keep], after[keep].astype(np.float32), self._owner[keep]
        moved = _motions(old, new, owner, quads, scale)
        self._points, self._owner = new, owner
        return moved


def shrunk(picture: Picture) -> tuple[Grey, float]:
    """A small grey copy of a frame, and its size over the frame's."""
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8), scale


def _corners(grey: Grey, quad: Floats) -> Floats:
    """Up to ``POINTS`` points (M, 2) in a quad that are easily found again."""
    left, top = np.maximum(np.floor(quad.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + 1, grey.shape[::-1])
    if right - left < 3 or bottom - top < 3:
        return np.zeros((0, 2), np.float32)
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillConvexPoly(mask, np.round(quad - (left, top)).astype(np.int32), 255)
    found = cv2.goodFeaturesToTrack(grey[top:bottom, left:right], POINTS, 0.02, 3, mask=mask)
    if found is None:
        return np.zeros((0, 2), np.float32)
    return np.asarray(found.reshape(-1, 2) + np.array([left, top]), np.float32)


def _motions(old: Floats, new: Floats, owner: NDArray[np.intp], quads: Floats, scale: float) -> Moved:
    shift = np.median(new - old, axis=0) / scale if len(old) else np.zeros(2)
    result, followed = quads + shift.astype(np.float32), np.zeros(len(quads), np.bool_)
    for index in range(len(quads)):
        mine = owner == index
        if mine.sum() < FEWEST:
            continue
        matrix, inliers = cv2.estimateAffinePartial2D(old[mine], new[mine], ransacReprojThreshold=TOLERANCE)
        if matrix is None or inliers.sum() < max(FEWEST, mine.sum() / 2):
            continue
        matrix[:, 2] /= scale
        result[index] = quads[index] @ matrix[:, :2].T + matrix[:, 2]
        followed[index] = True
    return Moved(result.astype(np.float32), followed)
