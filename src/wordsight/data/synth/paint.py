"""Lays letters on a surface: fill, outline, shadow, depth, wear, frames and rules."""

from __future__ import annotations

import cv2
import numpy as np

from wordsight.data.synth import textures
from wordsight.types import Floats

Matrix = Floats


def inscribe(picture: Floats, mask: Floats, colour: Floats, rng: np.random.Generator, letters: float) -> Floats:
    """Draw letters in a colour, with the ornaments that signs have.

    Args:
        picture: (H, W, 3) float32 RGB, the surface.
        mask: (H, W) float32, 0 to 1.
        colour: (3,) RGB of the letters.
        rng: Source of all randomness.
        letters: Their height, pixels; ornaments are in proportion to it.

    Returns:
        (H, W, 3) float32; the input is not changed.
    """
    share = rng.random()
    if share < 0.10:
        picture = _shadow(picture, mask, rng, letters)
    elif share < 0.15:
        picture = _depth(picture, mask, colour, rng, letters)
    elif share < 0.21 and colour.mean() > 150:
        picture = _glow(picture, mask, colour, rng, letters)
    if rng.random() < 0.09:
        picture = _outline(picture, mask, colour, rng, letters)
    return blend(picture, _worn(mask, rng), _fill(mask, colour, rng))


def blend(picture: Floats, mask: Floats, colour: Floats) -> Floats:
    """Colour, (3,) or (H, W, 3), over a picture where the mask says so."""
    return picture + mask[..., None] * (colour - picture)


def frame(picture: Floats, colour: Floats, box: tuple[int, int, int, int], rng: np.random.Generator) -> Floats:
    """Lines around or under a text.

    Args:
        picture: (H, W, 3) float32; drawn on a copy.
        colour: (3,) RGB of the lines.
        box: Left, top, right, bottom of the text.
        rng: Source of all randomness.
    """
    left, top, right, bottom = box
    height = bottom - top
    thick = max(1, int(height * rng.uniform(0.03, 0.12)))
    gap = int(height * rng.uniform(0.15, 0.4)) + thick
    ink = tuple(map(float, colour))
    picture = picture.copy()
    if rng.random() < 0.5:
        y = bottom + gap if rng.random() < 0.8 else top - gap
        cv2.line(picture, (left - 2 * gap, y), (right + 2 * gap, y), ink, thick, cv2.LINE_AA)
    else:
        cv2.rectangle(picture, (left - gap, top - gap), (right + gap, bottom + gap), ink, thick, cv2.LINE_AA)
    return picture


def shifted(mask: Floats, right: float, down: float) -> Floats:
    """A mask moved by some pixels; what leaves is lost."""
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float64)
    moved: Floats = cv2.warpAffine(mask, matrix, (mask.shape[1], mask.shape[0]))  # type: ignore[assignment]
    return moved


def _shadow(picture: Floats, mask: Floats, rng: np.random.Generator, letters: float) -> Floats:
    right, down = rng.normal(0, 0.06 * letters, 2)
    cast = shifted(mask, right, down)
    if rng.random() < 0.7:
        cast = cv2.GaussianBlur(cast, (0, 0), max(0.4, letters * rng.uniform(0.01, 0.08)))  # type: ignore[assignment]
    return picture * (1 - np.float32(rng.uniform(0.2, 0.7)) * cast[..., None])


def _depth(picture: Floats, mask: Floats, colour: Floats, rng: np.random.Generator, letters: float) -> Floats:
    """Letters as blocks: darker copies behind them, one pixel apart."""
    side = colour * np.float32(rng.uniform(0.3, 0.7))
    right, down = rng.uniform(-1, 1), rng.uniform(0.3, 1)
    body = mask
    for step in range(1, max(2, int(letters * rng.uniform(0.03, 0.1)) + 1)):
        body = np.maximum(body, shifted(mask, right * step, down * step))
    return blend(picture, body, side)


def _glow(picture: Floats, mask: Floats, colour: Floats, rng: np.random.Generator, letters: float) -> Floats:
    """Letters of light: they shine on what is around them."""
    halo = cv2.GaussianBlur(mask, (0, 0), max(0.6, letters * rng.uniform(0.05, 0.2)))
    return picture + np.float32(rng.uniform(0.3, 0.9)) * halo[..., None] * colour


def _outline(picture: Floats, mask: Floats, colour: Floats, rng: np.random.Generator, letters: float) -> Floats:
    reach = max(1, int(letters * rng.uniform(0.02, 0.09)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    edge: Floats = cv2.dilate(mask, kernel)  # type: ignore[assignment]
    light = float(colour.mean()) > 128
    ink = rng.uniform(0, 90, 3) if light else rng.uniform(165, 255, 3)
    return blend(picture, edge, ink.astype(np.float32))


def _fill(mask: Floats, colour: Floats, rng: np.random.Generator) -> Floats:
    """Colour of the letters: plain, shaded, or with a texture."""
    share = rng.random()
    height, width = mask.shape
    if share < 0.7:
        return colour
    if share < 0.88:
        return colour + np.float32(rng.uniform(5, 35)) * textures.gradient(height, width, 1, rng)[..., None]
    return textures.surface(height, width, colour, rng, rough=0.7)


def _worn(mask: Floats, rng: np.random.Generator) -> Floats:
    """Thin paint, or paint that has come off in places."""
    share = rng.random()
    if share < 0.06:
        grain = rng.uniform(2, 9)
        loss = textures.hills(mask.shape[0], mask.shape[1], grain, rng)
        worn: Floats = mask * np.clip((loss + np.float32(rng.uniform(0.35, 1.0))) * 3, 0, 1)
        return worn
    return mask * np.float32(rng.uniform(0.75, 1)) if share < 0.2 else mask
