"""The PP-OCRv6 detector: lines of text at any angle, by differentiable binarization.

Liao et al., "Real-time Scene Text Detection with Differentiable Binarization" (AAAI 2020): the network gives each
pixel's probability to lie in the shrunk core of a text. Cores become rectangles by thresholding and contours, and
are grown back by the offset ``area * ratio / perimeter`` (section 3.5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from wordsight import geometry
from wordsight.image.scale import SIZINGS, Size, Sizing, look, run_tiled, size_for, to_picture
from wordsight.models import cards
from wordsight.models.runtime import Network, compile_network
from wordsight.stages import StageOptions
from wordsight.types import Detection, Floats, Maps, Picture

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
        return look(picture, self.sizing, partial(self._detect, picture), scale)

    def maps(self, picture: Picture, scale: float) -> Maps:
        """The probability of every pixel; see :class:`wordsight.types.Maps`."""
        return Maps(self._run(picture, size_for(picture, self.sizing, scale)))

    def _detect(self, picture: Picture, size: Size, scale: float) -> Detection:
        rects, scores = rects_of(self._run(picture, size), self.threshold, self.min_score, self.unclip)
        stretch = to_picture(picture, size)
        return Detection(geometry.from_rects(rects) * stretch, scores, scale)

    def _run(self, picture: Picture, size: Size) -> Floats:
        maps = run_tiled(picture, size, lambda batch: self.network.run(batch, lambda outputs: outputs[0][0].copy()))
        return np.asarray(maps[0])


def rects_of(
    heat: Floats, threshold: float = 0.3, min_score: float = 0.5, unclip: float = 1.6
) -> tuple[Floats, Floats]:
    """Texts in a map of probabilities.

    Args:
        heat: (H, W), 0..1.
        threshold: A pixel belongs to a core above this probability.
        min_score: Mean probability inside a core from which it is a text.
        unclip: The ratio by which a core is grown back.

    Returns:
        Rotated rectangles (N, 5) as :func:`wordsight.geometry.from_rects` takes them, pixels, and scores (N,).
    """
    mask = cv2.dilate((heat > threshold).astype(np.uint8), CONNECT)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    rects, scores = [], []
    for contour in contours:
        (x, y), (width, height), degrees = cv2.minAreaRect(contour)
        if min(width, height) < MIN_CORE:
            continue
        score = mean_inside(heat, np.asarray(cv2.boxPoints(((x, y), (width, height), degrees)), np.float32))
        if score >= min_score:
            offset = width * height * unclip / (2 * (width + height))
            rects.append((x, y, width + 2 * offset, height + 2 * offset, np.radians(degrees)))
            scores.append(score)
    return np.array(rects, np.float32).reshape(-1, 5), np.array(scores, np.float32)


def create(options: StageOptions) -> DbDetector:
    """The stock detector."""
    path = cards.locate(cards.PP_OCR_DETECTOR)
    network = compile_network(path, options.engine, options.precision, options.threads)
    return with_options(DbDetector(network), options)


def with_options(detector: DbDetector, options: StageOptions) -> DbDetector:
    """A detector with the working size of the quality, and what else the user asks for."""
    sizing = SIZINGS[options.quality].of(options.detection)
    return replace(detector, sizing=sizing, min_score=options.detection.least(detector.min_score))


def mean_inside(heat: Floats, corners: Floats) -> float:
    """Mean of a map (H, W) inside a polygon (4, 2)."""
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    part = heat[top:bottom, left:right]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(part, mask)[0])
