"""Colours of letters and of what they stand on, as they occur in photographs."""

from __future__ import annotations

import math

import cv2
import numpy as np

from wordsight.types import Floats

# Measured on 2,488 word crops of the ICDAR 2015 training set: each crop's pixels in two clusters (k-means in Lab), the
# medians of both, and those pairs in 14 clusters. A row: share, letters L a b, background L a b, and the standard
# deviations of these six. Units are OpenCV's 8-bit Lab. Aggregates only; no picture can be had from them.
_PAIRS = np.array(
    [
        (0.109, 67, 131, 132, 114, 129, 134, 16, 7, 11, 14, 6, 13),
        (0.106, 96, 132, 129, 152, 129, 130, 16, 8, 14, 15, 7, 15),
        (0.088, 109, 135, 137, 68, 138, 138, 14, 12, 11, 14, 15, 13),
        (0.079, 171, 126, 122, 97, 126, 121, 19, 9, 16, 21, 11, 17),
        (0.077, 74, 129, 130, 21, 130, 128, 19, 6, 9, 14, 6, 8),
        (0.075, 239, 125, 130, 103, 133, 125, 15, 9, 13, 16, 10, 17),
        (0.074, 125, 133, 130, 199, 130, 132, 23, 9, 18, 22, 7, 20),
        (0.072, 134, 130, 129, 40, 130, 126, 18, 11, 15, 17, 5, 9),
        (0.068, 235, 125, 127, 48, 130, 121, 19, 7, 10, 15, 5, 11),
        (0.067, 33, 131, 136, 77, 130, 140, 14, 5, 9, 17, 5, 12),
        (0.064, 171, 131, 131, 238, 126, 133, 20, 10, 19, 15, 7, 16),
        (0.048, 231, 121, 124, 158, 123, 118, 19, 12, 9, 23, 18, 18),
        (0.047, 160, 146, 148, 99, 153, 150, 18, 12, 15, 17, 14, 12),
        (0.024, 220, 136, 149, 147, 165, 163, 21, 9, 18, 20, 17, 17),
    ],
    np.float64,
)
_CUMULATED = np.cumsum(_PAIRS[:, 0]) / _PAIRS[:, 0].sum()
_LEAST_CONTRAST = 30.0  # of lightness (0..255), plus half the distance of the hues; 9 % of the crops have less
_SPREAD = np.array(
    [1.0, 0.7, 0.7, 1.0, 0.7, 0.7]
)  # a cluster's deviations are not Gaussian in the hues: they have long tails
_PRINT = 0.12  # share of nearly black ink on nearly white paper, or the reverse: documents, which the crops lack
_FREE = 0.08  # share of pairs without any habit


def draw_pair(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Colours of the letters and of their background, each (3,) float32 RGB 0..255, that can be told apart."""
    for _ in range(20):
        pair = _draw_lab(rng)
        if contrast(pair[0], pair[1]) >= _LEAST_CONTRAST:
            break
    rgb = lab_to_rgb(pair)
    return rgb[0], rgb[1]


def contrast(one: Floats, other: Floats) -> float:
    """How well two Lab colours can be told apart: difference of lightness plus half that of the hues."""
    lightness, *hue = np.abs(np.subtract(one, other))
    return float(lightness + np.hypot(*hue) / 2)


def lab_to_rgb(lab: Floats) -> Floats:
    """Colours (N, 3) in 8-bit Lab as float32 RGB 0..255."""
    pixels = np.clip(lab, 0, 255).astype(np.uint8).reshape(1, -1, 3)
    rgb: Floats = cv2.cvtColor(pixels, cv2.COLOR_LAB2RGB)[0].astype(np.float32)
    return rgb


def _draw_lab(rng: np.random.Generator) -> Floats:
    share = rng.random()
    if share < _PRINT:
        pair = np.array([[rng.uniform(0, 70), 128, 128], [rng.uniform(190, 255), 128, rng.normal(131, 4)]])
        return (pair[::-1] if rng.random() < 0.15 else pair).astype(np.float32)
    if share < _PRINT + _FREE:
        return np.column_stack([rng.uniform(0, 255, 2), rng.normal(128, 16, 2), rng.normal(128, 18, 2)]).astype(
            np.float32
        )
    row = _PAIRS[min(int(np.searchsorted(_CUMULATED, rng.random())), len(_PAIRS) - 1)]
    # Letters and ground stand in the same light: half of the spread in lightness is common to both.
    spread = rng.standard_normal(6)
    spread[3] = (spread[0] + spread[3]) / math.sqrt(2)
    drawn: Floats = (row[1:7] + spread * row[7:13] * _SPREAD).reshape(2, 3).astype(np.float32)
    return drawn


def ink_for(ground: Floats, rng: np.random.Generator) -> Floats | None:
    """A colour of letters that can be told from a ground of many colours.

    Args:
        ground: (N, 3) RGB 0..255, the pixels under the letters.
        rng: Source of all randomness.

    Returns:
        (3,) RGB, or None where no colour that was tried stands out from nine pixels of ten.
    """
    ground = np.clip(ground, 0, 255)
    for _ in range(12):
        ink: Floats = lab_to_rgb(_draw_lab(rng))[rng.integers(2)]
        if np.percentile(np.abs(ground - ink).max(axis=1), 8) > 1.3 * _LEAST_CONTRAST:
            return ink
    return None
