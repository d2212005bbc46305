"""The last step: from painted light to what a camera would have saved."""

from __future__ import annotations

import cv2
import numpy as np

from .texture import Floats, noise


def finish(rng: np.random.Generator, pixels: Floats, size: tuple[int, int]) -> Floats:
    """From painted light to a photo: bloom, lens blur, shrink, tone curve, vignette, noise. Returns (h, w, 3) uint8."""
    bright = np.clip(pixels - 0.85, 0, 1)
    pixels = pixels + 0.5 * cv2.GaussianBlur(bright, (0, 0), 18) + 0.12 * cv2.GaussianBlur(bright, (0, 0), 60)
    pixels = cv2.GaussianBlur(pixels, (0, 0), 0.85)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    small = np.clip(small, 0, None)
    small = small * (1 + small / 2.6) / (1 + small * 0.62) * 1.21
    ys, xs = np.mgrid[-1 : 1 : size[1] * 1j, -1 : 1 : size[0] * 1j]
    small *= (1 - 0.16 * (xs**2 + ys**2) ** 1.3 / 2)[..., None]
    luma = rng.normal(0, 0.007, small.shape[:2])[..., None] + 0.006 * noise(rng, size[1], size[0], 3, 2)[..., None]
    small = small + luma + rng.normal(0, 0.004, small.shape)
    return np.clip(small * 255, 0, 255).astype(np.uint8)
