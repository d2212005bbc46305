"""Noise and surfaces: every texture is a float32 array made from a seeded generator."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def noise(rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 4) -> Floats:
    """Smooth noise in about -1..1: octaves of random grids, enlarged; ``cell`` is the largest feature in pixels."""
    total = np.zeros((height, width), np.float32)
    weight = 0.0
    for octave in range(octaves):
        size = max(cell / 2**octave, 1.0)
        grid = rng.standard_normal((int(height / size) + 3, int(width / size) + 3)).astype(np.float32)
        big = cv2.resize(
            grid, (int(grid.shape[1] * size) + 1, int(grid.shape[0] * size) + 1), interpolation=cv2.INTER_CUBIC
        )
        total += big[:height, :width] * 0.55**octave
        weight += 0.55**octave
    return total / weight


def bricks(
    rng: np.random.Generator, height: int, width: int, brick: tuple[int, int], mortar: int
) -> tuple[Floats, Floats]:
    """A running bond: (brightness about 1, with light from above left at each edge; 1 where mortar shows)."""
    brick_w, brick_h = brick
    ys, xs = np.mgrid[0:height, 0:width]
    row = ys // brick_h
    shifted = xs + (row % 2) * (brick_w // 2)
    column = shifted // brick_w
    tones = rng.normal(1.0, 0.11, (height // brick_h + 2, width // brick_w + 3)).astype(np.float32)
    tone = tones[row, column]
    in_x, in_y = shifted % brick_w, ys % brick_h
    gap = ((in_x < mortar) | (in_y < mortar)).astype(np.float32)
    edge = np.where((in_y == brick_h - 1) | (in_x == brick_w - 1), 0.82, 1.0) * np.where(in_y == mortar, 1.12, 1.0)
    return (tone * edge).astype(np.float32), cv2.GaussianBlur(gap, (0, 0), 0.6)


def clouds(rng: np.random.Generator, height: int, width: int) -> tuple[Floats, Floats]:
    """Fair-weather clouds, flatter towards the lower edge: (cover in 0..1, brightness, darker away from the light)."""
    base = noise(rng, height * 2, width, 520, 8) * 2.4 - 0.05
    t = np.linspace(0, 1, height, dtype=np.float32)
    map_y = np.repeat(((0.55 * t + 0.45 * t**2) * (height * 2 - 1))[:, None], width, 1)
    map_x = np.repeat(np.arange(width, dtype=np.float32)[None], height, 0)
    density = cv2.remap(base, map_x, map_y, cv2.INTER_LINEAR)
    shift = np.float32([[1, 0, -30], [0, 1, 26]])
    towards_light = cv2.warpAffine(
        cv2.GaussianBlur(density, (0, 0), 9), shift, (width, height), borderMode=cv2.BORDER_REPLICATE
    )
    bright = 1.02 - 0.30 * smoothstep(-0.1, 1.5, towards_light) + 0.10 * np.clip(density - towards_light, -1, 1)
    return smoothstep(-0.08, 0.75, density), bright.astype(np.float32)


def smoothstep(low: float, high: float, values: Floats) -> Floats:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)
