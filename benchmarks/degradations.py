"""Ten ways in which a page gets hard to read. Kinds and strengths were fixed before anything was measured with them.

Each function takes a page, (H, W, 3) uint8 RGB, and a generator of random numbers, and gives a page of the same words.
``python benchmarks/degradations.py PAGE OUT`` writes all ten pictures of a page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from wordsight.image.turn import rotate
from wordsight.types import Floats, Picture

NOISE = 50.0  # standard deviation of the grain, grey levels
SPECKS = 0.08  # share of pixels that are black or white
DIM = 0.22  # light in the darkest corner, of full light
SHADE = 0.45  # light in the shadow of a hand
BLEED = 0.5  # ink of the other side, of its own strength
PATTERN = 60.0  # contrast of security print behind the text, grey levels
DARK, LESS_DARK = 78.0, 118.0  # ground and letters of inverted text, grey levels
BLUR = 2.6  # standard deviation, pixels, of letters with an x-height of about 11
SKEW = 8.0  # degrees
CURL = 0.035  # height of a sheet's wave over its width
TINY = 0.42  # of the size at which the page was set: 63 pixels per inch


def noise(page: Picture, rng: np.random.Generator) -> Picture:
    """A high ISO speed: grain all over."""
    return _bytes(page + rng.normal(0, NOISE, (*page.shape[:2], 1)))


def specks(page: Picture, rng: np.random.Generator) -> Picture:
    """A dirty glass or a bad line: black and white dots."""
    chance = rng.random(page.shape[:2])
    spoilt = page.copy()
    spoilt[chance < SPECKS / 2] = 0
    spoilt[chance > 1 - SPECKS / 2] = 255
    return spoilt


def shadow(page: Picture, rng: np.random.Generator) -> Picture:
    """One lamp, far away, and a hand before it: light that falls off to a corner, an edge of shade across the page."""
    height, width = page.shape[:2]
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    if rng.random() < 0.5:
        x = 1 - x
    light = DIM + (1 - DIM) * ((x + y) / 2) ** 0.8
    edge = rng.uniform(0.3, 0.6) + 0.3 * y
    light *= 1 - (1 - SHADE) / (1 + np.exp(-(x - edge) * 60))
    return _bytes(page * light[..., None] * np.array([1.0, 0.97, 0.9]) + rng.normal(0, 4, page.shape))


def background(page: Picture, rng: np.random.Generator) -> Picture:
    """Security print: fine waves and blotches of colour behind the text."""
    height, width = page.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    waves = np.sin(x / 5 + 9 * np.sin(y / 60)) * np.sin(y / 6 + 7 * np.sin(x / 80))
    ground = 225 - PATTERN * (waves > 0.2) - 45 * _blotches(rng, height, width, 90)
    tint = np.array([1.0, 0.95, 0.85])
    return _bytes(np.minimum(page, ground[..., None] * tint + 0.35 * (page - 250.0)))


def bleed(page: Picture, rng: np.random.Generator) -> Picture:
    """Thin paper: the other side's ink, mirrored and a little soft."""
    other = cv2.GaussianBlur(cv2.flip(np.roll(page, 13, axis=0), 1), (0, 0), 1.2)
    paper = 235 - 12 * _blotches(rng, *page.shape[:2], 60)[..., None]
    return _bytes(paper - np.maximum(250.0 - page, BLEED * (250.0 - other)) * (paper / 250))


def dark(page: Picture, rng: np.random.Generator) -> Picture:
    """Inverted and of low contrast: grey letters on a darker grey, with a little grain."""
    ink = 1 - page / 255
    return _bytes(DARK + (LESS_DARK - DARK) * ink + rng.normal(0, 6, (*page.shape[:2], 1)))


def blur(page: Picture, rng: np.random.Generator) -> Picture:
    """Out of focus."""
    return _bytes(cv2.GaussianBlur(page, (0, 0), BLUR) + rng.normal(0, 2, (*page.shape[:2], 1)))


def skew(page: Picture, rng: np.random.Generator) -> Picture:
    """Laid askew on the scanner."""
    return rotate(page, SKEW if rng.random() < 0.5 else -SKEW)[0]


def photographed(page: Picture, rng: np.random.Generator) -> Picture:
    """A curled sheet on a dark table, photographed from one side."""
    height, width = page.shape[:2]
    margin = round(0.12 * width)
    wide, high = width + 2 * margin, height + 2 * margin
    x, y = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
    across = (x - margin) / width
    wave = CURL * width * np.sin(np.pi * (1.6 * across + rng.uniform(-0.2, 0.2)))
    table = np.array([72.0, 54.0, 40.0]) + 18 * _blotches(rng, high, wide, 25)[..., None]
    sheet = cv2.remap(
        page.astype(np.float32),
        x - margin,
        np.asarray(y - margin + wave, np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(-1, -1, -1),
    )
    lit = sheet * (0.82 + 0.14 * np.cos(np.pi * 1.6 * across))[..., None]
    flat = np.where(sheet.min(axis=2, keepdims=True) < 0, table, lit).astype(np.float32)
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    far = np.array([[0.07, 0.05], [-0.05, 0.0], [0.0, -0.02], [0.02, 0.0]]) * [wide, high]
    matrix = cv2.getPerspectiveTransform(corners, (corners + far).astype(np.float32))
    seen = cv2.warpPerspective(flat, matrix, (wide, high), flags=cv2.INTER_CUBIC, borderValue=(70, 52, 40))
    return _bytes(cv2.GaussianBlur(seen, (0, 0), 0.6) + rng.normal(0, 3, seen.shape))


def tiny(page: Picture, rng: np.random.Generator) -> Picture:
    """A thumbnail: 63 pixels per inch, stored as a JPEG."""
    size = (round(page.shape[1] * TINY), round(page.shape[0] * TINY))
    small = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 75])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


DEGRADATIONS: dict[str, Callable[[Picture, np.random.Generator], Picture]] = {
    one.__name__: one for one in (noise, specks, shadow, background, bleed, dark, blur, skew, photographed, tiny)
}


def degrade(page: Picture, kind: str, number: int, seed: int = 0) -> Picture:
    """Page number ``number`` of a set in one of the ten forms; ``clean`` leaves it as it is."""
    if kind == "clean":
        return page
    return DEGRADATIONS[kind](page, np.random.default_rng([seed, number, list(DEGRADATIONS).index(kind)]))


def _blotches(rng: np.random.Generator, height: int, width: int, size: float) -> Floats:
    """Clouds of so many pixels, 0..1."""
    coarse = rng.random((max(2, round(height / size)), max(2, round(width / size))), np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1), np.float32)


def _bytes(values: np.ndarray) -> Picture:
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)


if __name__ == "__main__":
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    clean = np.asarray(Image.open(source).convert("RGB"))
    for name in DEGRADATIONS:
        Image.fromarray(degrade(clean, name, 0)).save(out / f"{name}.png")
