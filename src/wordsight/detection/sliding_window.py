"""Sliding windows: text is where a small classifier says so, asked about windows all over copies of a picture.

The oldest of the families, and still the plainest: each copy of the picture, smaller than the one before it by the root
of two, is asked for text that is about 16 pixels high there. Windows that say yes and touch make a word. See
:mod:`wordsight.models.sliding_window` for the classifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from wordsight import geometry
from wordsight.detection.dbnet import mean_inside
from wordsight.detection.lanms import best_of
from wordsight.image.scale import SIZINGS, Size, Sizing, look, run_tiled, size_for, to_picture
from wordsight.models.runtime import Network
from wordsight.models.windows import MIDDLE, STRIDE, TEXT, WINDOW, pyramid
from wordsight.types import Detection, Floats, Maps, Picture

CELL = 0.5
"""Windows say yes from this score on, ..."""
CREST, NEAR = 0.9, (3, 9)
"""... and from this share on of the best score near them, within so many rows and columns of an enlarged map: between
two words the score dips, but mostly not to the ground."""
CORE = 0.4
"""Height of the middle part of a word in which windows are taught to say yes, in shares of the word's."""
AROUND = WINDOW // 2
"""What is added around a picture, of its mean colour, so that windows may stand at its edges; pixels."""
FINER = 2
"""Maps are enlarged by this before words are made of them: gaps between words are two cells wide."""
SHORT, FAITH = 16, 0.3
"""A run of windows that is shorter than so many columns is believed less: its score counts times its share of that
length to this power. Corners and window frames look like one letter, hardly ever like three."""
SQUARE = 1.5
"""What is less than so many times as wide as high has no direction of its own and is taken to be level."""
SAME = 0.3
"""Of two boxes that have more than this share of the smaller one in common, the surer stays."""
BATCH = 64
"""So many windows are asked about at once where each is looked at by itself."""


@dataclass(frozen=True, slots=True)
class SlidingWindowDetector:
    """Finds words. Immutable; safe to call from many threads.

    Attributes:
        network: Takes (N, 3, H, W) float32, H and W multiples of 4; gives scores (N, 1, H / 4, W / 4).
        sizing: How the largest copy's size is chosen.
        min_score: Words with a lower mean score of their windows, less where they are few, are left out.
        nms: Intersection over union above which the less sure of two boxes goes; None: see :data:`SAME`.
        literal: Cut out every window and look at it by itself. The result is the same; it takes many times as long.
    """

    network: Network
    sizing: Sizing = SIZINGS["balanced"]
    min_score: float = 0.8
    nms: float | None = None
    literal: bool = False

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        """Words of a picture; see :class:`wordsight.stages.Detector`."""
        return look(picture, self.sizing, partial(self._detect, picture), scale)

    def maps(self, picture: Picture, scale: float) -> Maps:
        """The best score that any copy gives to every place; see :class:`wordsight.types.Maps`."""
        found = self.levels(picture, size_for(picture, self.sizing, scale))
        size = found[0].shape[::-1]
        return Maps(np.max([cv2.resize(level, size) for level in found], axis=0).astype(np.float32))

    def levels(self, picture: Picture, size: Size) -> list[Floats]:
        """Scores (h, w) of the windows of every copy, the largest copy, of ``size``, first."""
        run = self._one_by_one if self.literal else self._at_once
        return [run_tiled(picture, (wide, high), run)[0] for wide, high in pyramid(*size)]

    def _detect(self, picture: Picture, size: Size, scale: float) -> Detection:
        quads, scores = words_of(self.levels(picture, size), nms=self.nms)
        sure = scores >= self.min_score
        stretch = to_picture(picture, size)
        return Detection(quads[sure] * stretch, scores[sure], scale)

    def _at_once(self, batch: Floats) -> Floats:
        edge = AROUND // STRIDE
        return self.network.run(_framed(batch), lambda outputs: outputs[0][0, :, edge:-edge, edge:-edge].copy())

    def _one_by_one(self, batch: Floats) -> Floats:
        high, wide = (side // STRIDE for side in batch.shape[2:])
        first = AROUND + STRIDE // 2 - (STRIDE * MIDDLE + STRIDE // 2)  # so that the middle cell is the asked one
        windows = sliding_window_view(_framed(batch)[0], (WINDOW, WINDOW), (1, 2))[:, first::STRIDE, first::STRIDE]
        windows = windows[:, :high, :wide].transpose(1, 2, 0, 3, 4).reshape(-1, 3, WINDOW, WINDOW)
        parts = [
            self.network.run(np.ascontiguousarray(windows[start : start + BATCH]), _middles)
            for start in range(0, len(windows), BATCH)
        ]
        return np.concatenate(parts).reshape(1, high, wide)


def words_of(levels: Sequence[Floats], cell: float = CELL, nms: float | None = None) -> tuple[Floats, Floats]:
    """Words out of the scores of all copies of a picture.

    Args:
        levels: Scores (h, w) of every copy; those of the first are of the size in whose pixels words are given.
        cell: Windows say yes from this score on.
        nms: See :class:`SlidingWindowDetector`.

    Returns:
        Quads (N, 4, 2), pixels of the first copy, and scores (N,), the best first.
    """
    found = [_words_of_one(level, cell) for level in levels]
    stretches = [np.array(levels[0].shape[::-1], np.float32) / level.shape[::-1] for level in levels]
    quads = np.concatenate([quads * stretch for (quads, _), stretch in zip(found, stretches, strict=True)])
    scores = np.concatenate([scores for _, scores in found])
    kept, sure = best_of(quads, scores, scores, nms, SAME)
    return kept.astype(np.float32), sure


def _words_of_one(level: Floats, cell: float) -> tuple[Floats, Floats]:
    """Words of one copy, in its own pixels."""
    high, wide = level.shape
    heat = np.asarray(cv2.resize(level, (wide * FINER, high * FINER), interpolation=cv2.INTER_LINEAR), np.float32)
    yes = (heat >= cell) & (heat >= CREST * cv2.dilate(heat, np.ones(NEAR, np.uint8)))
    contours, _ = cv2.findContours(yes.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rects, scores = [], []
    for contour in contours:
        x, y, width, height, angle = _rect(np.asarray(contour, np.float32))
        # Where text is a little larger or smaller than the copy is for, its middle part tells by how much.
        text = float(np.clip(min(width, height) / (CORE * FINER) * STRIDE, TEXT / 1.25, TEXT * 1.25))
        grown = [side * STRIDE / FINER + (1 - CORE) * text for side in (width, height)]
        grown[int(np.argmin(grown))] = text
        corners = geometry.from_rects(np.array([[x, y, width, height, angle]], np.float32))[0]
        scores.append(mean_inside(heat, corners) * min(1.0, max(width, height) / SHORT) ** FAITH)
        rects.append((x * STRIDE / FINER, y * STRIDE / FINER, *grown, angle))
    return geometry.from_rects(np.array(rects, np.float32).reshape(-1, 5)), np.array(scores, np.float32)


def _rect(contour: Floats) -> tuple[float, float, float, float, float]:
    """Centre, width, height and angle (radians) of the rectangle around an outline (N, 1, 2) of pixels."""
    (x, y), (width, height), degrees = cv2.minAreaRect(contour)
    if max(width, height) + 1 < SQUARE * (min(width, height) + 1):
        left, top, width, height = cv2.boundingRect(contour.astype(np.int32))
        return left + width / 2, top + height / 2, width, height, 0.0
    if width < height:
        width, height, degrees = height, width, degrees - 90
    return x + 0.5, y + 0.5, width + 1, height + 1, float(np.radians(degrees))


def _framed(batch: Floats) -> Floats:
    """A batch with a frame of the mean colour, which is 0 in a network's input."""
    return np.pad(batch, ((0, 0), (0, 0), (AROUND, AROUND), (AROUND, AROUND)))


def _middles(outputs: list[Floats]) -> Floats:
    return np.array(outputs[0][:, 0, MIDDLE, MIDDLE], np.float32)
