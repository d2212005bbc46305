"""Textures, all computed: fields of noise, gradients, bricks, stripes, paper, metal, wood, tiles, cloth, leaves.

A texture is (H, W) float32, about -1..1 with a mean near 0; ``surface`` lays one on a colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from wordsight.types import Floats

Texture = Callable[[int, int, float, np.random.Generator], Floats]
"""(height, width, grain in pixels, rng) -> texture."""


def noise(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """Smooth random hills, ``grain`` pixels apart, with half as high ones of half the size on them."""
    field = np.zeros((height, width), np.float32)
    strength = 0.6
    for _ in range(3):
        field += strength * hills(height, width, grain, rng)
        strength, grain = strength / 2, max(1.0, grain / 2)
    return field


def hills(height: int, width: int, grain: float, rng: np.random.Generator, across: float | None = None) -> Floats:
    """Random values on a grid, ``grain`` pixels apart down and ``across`` (by default as many) across, smoothed."""
    across = across or grain
    rows, columns = max(2, min(height, int(height / grain) + 2)), max(2, min(width, int(width / across) + 2))
    small = rng.random((rows, columns), np.float32) * 2 - 1
    large: Floats = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)  # type: ignore[assignment]
    return large


def gradient(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """A plane that rises in a random direction from -1 to 1."""
    angle = rng.uniform(0, 2 * math.pi)
    across = np.linspace(-1, 1, width, dtype=np.float32) * math.cos(angle)
    down = np.linspace(-1, 1, height, dtype=np.float32) * math.sin(angle)
    return (across[None] + down[:, None]).astype(np.float32) / 1.4


def stripes(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """Parallel bars at a random angle; soft or hard, even or not."""
    angle = rng.choice((0.0, math.pi / 2, rng.uniform(0, math.pi)))
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    phase = (x[None] * math.cos(angle) + y[:, None] * math.sin(angle)) * (math.pi / max(grain, 1.5))
    wave = np.sin(phase + np.float32(rng.uniform(0, 6)))
    bars: Floats = np.tanh(wave * np.float32(rng.choice((1.0, 4.0, 20.0))) + np.float32(rng.uniform(-1, 1)))
    return bars


def bricks(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """Rows of bricks in different shades, each row shifted by half a brick, with joints between."""
    tall = max(4, int(grain))
    long = int(tall * rng.uniform(1.5, 3))
    joint = max(1, tall // 8)
    y, x = np.arange(height), np.arange(width)
    row = y // tall
    column = (x[None] + (row[:, None] % 2) * (long // 2)) // long
    shades = rng.uniform(-0.5, 0.5, (int(row[-1]) + 1, int(column.max()) + 1)).astype(np.float32)
    wall = shades[row[:, None], column]
    joints = ((y % tall) < joint)[:, None] | (((x[None] + (row[:, None] % 2) * (long // 2)) % long) < joint)
    return np.where(joints, np.float32(rng.choice((-1.0, 1.0))), wall).astype(np.float32)


def tiles(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """Square tiles with joints."""
    side = max(6, int(grain * 2))
    y, x = np.arange(height), np.arange(width)
    shades = rng.uniform(-0.3, 0.3, (height // side + 1, width // side + 1)).astype(np.float32)
    floor = shades[(y // side)[:, None], (x // side)[None]]
    joints = ((y % side) < max(1, side // 14))[:, None] | ((x % side) < max(1, side // 14))[None]
    return np.where(joints, np.float32(rng.choice((-1.0, 1.0))), floor).astype(np.float32)


def paper(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """Fine fibres on faint stains."""
    fine = rng.random((height, width), np.float32) - 0.5
    return 0.7 * fine + 0.7 * hills(height, width, max(8.0, grain * 3), rng)


def metal(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """Brushed metal: long scratches under a broad sheen."""
    scratches = hills(height, width, 1.0, rng, across=max(8.0, grain * 6))
    return 0.4 * scratches + 0.6 * gradient(height, width, grain, rng)


def wood(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """Grain that runs across and bends around knots."""
    bend = hills(height, width, max(6.0, grain * 3), rng, across=max(20.0, grain * 10))
    y = np.arange(height, dtype=np.float32)[:, None]
    rings = np.sin((y / max(grain / 2, 1.0) + 4 * bend) * 2)
    board: Floats = (0.6 * rings + 0.4 * hills(height, width, 1.5, rng, across=30.0)).astype(np.float32)
    return board


def cloth(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """Woven threads."""
    step = max(2.0, grain / 4)
    x = np.sin(np.arange(width, dtype=np.float32) * (math.pi / step))
    y = np.sin(np.arange(height, dtype=np.float32) * (math.pi / step))
    weave: Floats = x[None] * y[:, None] + 0.3 * hills(height, width, 2.0, rng)
    return weave


def spots(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """Islands with hard edges: plaster, camouflage, leaves, torn posters."""
    return np.tanh(6 * noise(height, width, grain, rng)).astype(np.float32)


def plain(height: int, width: int, grain: float, rng: np.random.Generator) -> Floats:
    """Nothing but a slight unevenness."""
    return 0.3 * hills(height, width, max(height, width) / 2, rng)


_KINDS: tuple[tuple[float, Texture], ...] = (
    (0.30, plain),
    (0.20, gradient),
    (0.12, noise),
    (0.10, paper),
    (0.05, metal),
    (0.05, spots),
    (0.05, stripes),
    (0.04, bricks),
    (0.03, tiles),
    (0.03, wood),
    (0.03, cloth),
)
_CUMULATED = np.cumsum([share for share, _ in _KINDS])


def surface(height: int, width: int, colour: Floats, rng: np.random.Generator, rough: float = 1.0) -> Floats:
    """A coloured surface with a texture of random kind, grain and depth.

    Args:
        height: Pixels.
        width: Pixels.
        colour: (3,) RGB 0..255, about the mean of the surface.
        rng: Source of all randomness.
        rough: Deepest relief, in units that suit letters: 1 leaves them readable.

    Returns:
        (height, width, 3) float32, about 0..255, not clipped.
    """
    texture = _KINDS[int(np.searchsorted(_CUMULATED, rng.random() * _CUMULATED[-1], side="right"))][1]
    grain = math.exp(rng.uniform(math.log(3), math.log(max(8.0, min(height, width) / 2))))
    depth = rng.gamma(1.6, 7.0) * rough
    relief = texture(height, width, grain, rng)
    tint = np.float32(depth) * (1 + rng.normal(0, 0.12, 3)).astype(np.float32)
    return relief[..., None] * tint + colour
