"""What stands behind and beside the text of a scene, without any text: walls, sky, leaves, windows, fences, cables."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from wordsight.data.synth import colours, paint, textures
from wordsight.types import Floats

Prop = Callable[[Floats, np.random.Generator], Floats]
"""Draws one thing on a picture (H, W, 3) float32 and returns the picture, which may be changed in place."""


def backdrop(height: int, width: int, rng: np.random.Generator) -> Floats:
    """A picture without text: one or more rough grounds, and things on them.

    Returns:
        (height, width, 3) float32 RGB, about 0..255.
    """
    picture = textures.surface(height, width, _colour(rng), rng, rough=1.6)
    for _ in range(rng.integers(0, 9)):
        picture = _panel(picture, rng)
    for _ in range(rng.poisson(2.5)):
        picture = _PROPS[rng.integers(len(_PROPS))](picture, rng)
    if rng.random() < 0.3:  # out of focus
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.8, 4.0))  # type: ignore[assignment]
    return picture


def _colour(rng: np.random.Generator) -> Floats:
    return colours.draw_pair(rng)[1]


def _panel(picture: Floats, rng: np.random.Generator) -> Floats:
    """A large four-sided piece of something else: a wall, a car, a table."""
    height, width = picture.shape[:2]
    wide, tall = rng.uniform(0.1, 0.7) * width, rng.uniform(0.1, 0.7) * height
    centre = rng.uniform((0, 0), (width, height))
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (wide / 2, tall / 2) + centre
    corners += rng.normal(0, 0.06 * min(wide, tall), (4, 2))
    low = np.clip(np.floor(corners.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), 1, (width, height)).astype(int)
    across, down = (high - low).clip(2)
    shape = np.zeros((down, across), np.float32)
    cv2.fillPoly(shape, [np.round(corners - low).astype(np.int32)], 1.0, cv2.LINE_AA)
    region = picture[low[1] : low[1] + down, low[0] : low[0] + across]
    shape = shape[: region.shape[0], : region.shape[1]]
    stuff = textures.surface(region.shape[0], region.shape[1], _colour(rng), rng, rough=1.6)
    region[:] = paint.blend(region, shape, stuff)
    return picture


def _patch(picture: Floats, rng: np.random.Generator) -> Floats:
    """A view of a random rectangle of the picture, 30 pixels or more on a side."""
    height, width = picture.shape[:2]
    tall, wide = (int(rng.uniform(0.15, 0.6) * side) for side in (height, width))
    top, left = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
    return picture[top : top + max(tall, 30), left : left + max(wide, 30)]


def _fence(picture: Floats, rng: np.random.Generator) -> Floats:
    """Upright bars with rails: many equal strokes side by side, like a row of the letter l."""
    region = _patch(picture, rng)
    height, width = region.shape[:2]
    step, ink = rng.uniform(6, 40), _ink(rng)
    thick = max(1, int(step * rng.uniform(0.1, 0.5)))
    lean = rng.normal(0, 0.05) * height
    for x in np.arange(0, width, step):
        cv2.line(region, (int(x), 0), (int(x + lean), height), ink, thick, cv2.LINE_AA)
    for y in rng.uniform(0, height, int(rng.integers(0, 4))):
        cv2.line(region, (0, int(y)), (width, int(y)), ink, thick, cv2.LINE_AA)
    return picture


def _grid(picture: Floats, rng: np.random.Generator) -> Floats:
    """Wire mesh or a lattice."""
    region = _patch(picture, rng)
    height, width = region.shape[:2]
    step, ink, slope = int(rng.integers(8, 40)), _ink(rng), rng.choice((0.0, 1.0))
    thick = int(rng.integers(1, 3))
    for place in range(-max(height, width), max(height, width) * 2, step):
        cv2.line(region, (place, 0), (int(place + slope * height), height), ink, thick, cv2.LINE_AA)
        if slope:
            cv2.line(region, (place, 0), (int(place - height), height), ink, thick, cv2.LINE_AA)
        else:
            cv2.line(region, (0, place), (width, place), ink, thick, cv2.LINE_AA)
    return picture


def _windows(picture: Floats, rng: np.random.Generator) -> Floats:
    """Rows of equal panes."""
    region = _patch(picture, rng)
    height, width = region.shape[:2]
    wide, tall = (int(v) for v in rng.uniform(8, 60, 2))
    gap = max(2, int(min(wide, tall) * rng.uniform(0.2, 0.8)))
    ink, edge = _ink(rng), _ink(rng)
    for top in range(gap, height - tall, tall + gap):
        for left in range(gap, width - wide, wide + gap):
            shade = tuple(v * rng.uniform(0.7, 1.2) for v in ink)
            cv2.rectangle(region, (left, top), (left + wide, top + tall), shade, -1)
            cv2.rectangle(region, (left, top), (left + wide, top + tall), edge, 1)
    return picture


def _leaves(picture: Floats, rng: np.random.Generator) -> Floats:
    """Foliage: blotches of the size of letters, light on dark."""
    region = _patch(picture, rng)
    height, width = region.shape[:2]
    mask = np.clip(textures.spots(height, width, rng.uniform(3, 14), rng), 0, 1)
    green = np.array([rng.uniform(20, 120), rng.uniform(60, 160), rng.uniform(10, 80)], np.float32)
    region[:] = paint.blend(region, mask, green * (1 + 0.4 * textures.noise(height, width, 4, rng)[..., None]))
    return picture


def _cables(picture: Floats, rng: np.random.Generator) -> Floats:
    """A few long curves."""
    height, width = picture.shape[:2]
    for _ in range(rng.integers(1, 7)):
        x = np.linspace(0, width, 24)
        y = rng.uniform(0, height) + rng.normal(0, 0.3) * x + rng.normal(0, 0.2) * height * np.sin(x / width * 3)
        points = np.column_stack([x, y]).astype(np.int32)
        cv2.polylines(picture, [points], False, _ink(rng), int(rng.integers(1, 5)), cv2.LINE_AA)
    return picture


def _scribble(picture: Floats, rng: np.random.Generator) -> Floats:
    """A row of meaningless strokes as high as letters: ornaments, scratches, twigs, bolts."""
    height, width = picture.shape[:2]
    size = math.exp(rng.uniform(math.log(6), math.log(60)))
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    ink, thick = _ink(rng), max(1, int(size * rng.uniform(0.05, 0.2)))
    kind = rng.integers(3)
    for _ in range(rng.integers(2, 12)):
        centre = (int(x), int(y + rng.normal(0, 0.15 * size)))
        if kind == 0:
            cv2.circle(picture, centre, max(1, int(size * 0.4)), ink, thick if rng.random() < 0.5 else -1, cv2.LINE_AA)
        elif kind == 1:
            axes = (max(1, int(size * rng.uniform(0.1, 0.6))), max(1, int(size * rng.uniform(0.1, 0.6))))
            tilt, start, end = map(float, rng.uniform(0, 360, 3))
            cv2.ellipse(picture, centre, axes, tilt, start, end, ink, thick, cv2.LINE_AA)
        else:
            points = (rng.normal(0, 0.5 * size, (3, 2)) + centre).astype(np.int32)
            cv2.polylines(picture, [points], False, ink, thick, cv2.LINE_AA)
        x += size * rng.uniform(0.5, 1.6)
    return picture


def _arrow(picture: Floats, rng: np.random.Generator) -> Floats:
    """Signs that are no text: arrows, crosses, discs, bars."""
    height, width = picture.shape[:2]
    size, ink = rng.uniform(10, 90), _ink(rng)
    centre = rng.uniform((0, 0), (width, height))
    tip = centre + rng.normal(0, size, 2)
    start, end = tuple(centre.astype(int)), tuple(tip.astype(int))
    if rng.random() < 0.5:
        cv2.arrowedLine(picture, start, end, ink, max(1, int(size / 8)), cv2.LINE_AA, 0, 0.3)
    else:
        cv2.circle(picture, start, int(size / 2), ink, -1, cv2.LINE_AA)
        cv2.circle(picture, start, int(size / 3), _ink(rng), -1, cv2.LINE_AA)
    return picture


def _ink(rng: np.random.Generator) -> tuple[float, float, float]:
    red, green, blue = colours.draw_pair(rng)[0]
    return float(red), float(green), float(blue)


_PROPS: tuple[Prop, ...] = (_fence, _grid, _windows, _leaves, _leaves, _cables, _scribble, _scribble, _arrow)
