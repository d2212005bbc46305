"""The PP-OCRv6 detector: lines of text at any angle, by differentiable binarization.

Liao et al., "Real-time Scene Text Detection with Differentiable Binarization" (AAAI 2020): the network gives each
pixel's probability to lie in the shrunk core of a text. Cores become rectangles by thresholding and contours, and
are grown back by the offset ``area * ratio / perimeter`` (section 3.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from wordsight import geometry
from wordsight.image.scale import SIZINGS, Sizing, look, run_tiled, working_size
from wordsight.models import cards
from wordsight.models.runtime import Network, compile_network
from wordsight.stages import StageOptions
from wordsight.types import Detection, Floats, Picture

MIN_CORE = 2.5
"""Cores thinner than this, in pixels of the working size, are noise."""
CONNECT = np.ones((2, 2), np.uint8)
"""Closes one-pixel gaps in a core."""


@dataclass(frozen=True, slots=True)
class DbDetector:
    """Finds lines of text. Immutable; safe to call from many threads.

    Attributes:
        network: Takes (1, 3, H, W) float32, H and W multiples of 32; gives (1, 1, H, W) probabilities.
        threshold: A pixel belongs to a core above this probability.
        min_score: Mean probability inside a core from which it is a text.
        unclip: The ratio by which a core is grown back.
        sizing: How the working size is chosen.
    """

    network: Network
    threshold: float = 0.3
    min_score: float = 0.5
    unclip: float = 1.6
    sizing: Sizing = SIZINGS["balanced"]

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        """Lines of a picture; see :class:`wordsight.stages.Detector`."""
        if scale is not None:
            return self._detect(picture, scale)
        return look(picture, self.sizing, lambda scale: self._detect(picture, scale))

    def _detect(self, picture: Picture, scale: float) -> Detection:
        height, width = picture.shape[:2]
        size = working_size(width, height, scale)
        heat = run_tiled(picture, size, lambda batch: self.network.run(batch, lambda outputs: outputs[0][0].copy()))[0]
        rects, scores = self._rects(heat)
        quads = geometry.from_rects(rects) * np.array([width / size[0], height / size[1]], np.float32)
        return Detection(quads, scores, scale)

    def _rects(self, heat: Floats) -> tuple[Floats, Floats]:
        """Rotated rectangles (N, 5) of the texts in a map of probabilities (H, W), and their scores (N,)."""
        mask = cv2.dilate((heat > self.threshold).astype(np.uint8), CONNECT)
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        rects, scores = [], []
        for contour in contours:
            (x, y), (width, height), degrees = cv2.minAreaRect(contour)
            if min(width, height) < MIN_CORE:
                continue
            score = mean_inside(heat, np.asarray(cv2.boxPoints(((x, y), (width, height), degrees)), np.float32))
            if score >= self.min_score:
                offset = width * height * self.unclip / (2 * (width + height))
                rects.append((x, y, width + 2 * offset, height + 2 * offset, np.radians(degrees)))
                scores.append(score)
        return np.array(rects, np.float32).reshape(-1, 5), np.array(scores, np.float32)


def create(options: StageOptions) -> DbDetector:
    """The stock detector."""
    path = cards.locate(cards.PP_OCR_DETECTOR)
    network = compile_network(path, options.engine, options.precision, options.threads)
    return DbDetector(network, sizing=SIZINGS[options.quality])


def mean_inside(heat: Floats, corners: Floats) -> float:
    """Mean of a map (H, W) inside a polygon (4, 2)."""
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    part = heat[top:bottom, left:right]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(part, mask)[0])
