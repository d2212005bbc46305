"""Random changes to a crop of text that leave its text readable: what a recognizer must bear.

In three parts. ``bend`` moves the letters: perspective, lean, another margin. ``warp`` gives them another shape, as
another hand would. ``spoil`` changes how they look and leaves them where they are, so that two networks that see a crop
before and after it can be compared frame by frame.
"""

from __future__ import annotations

import cv2
import numpy as np

from wordsight.data.augment import damage, recolour
from wordsight.types import Picture


def bend(crop: Picture, rng: np.random.Generator, strength: float = 1.0) -> Picture:
    """A crop under a small perspective map, with a little more or less around it.

    Args:
        crop: (H, W, 3) uint8.
        rng: Source of all randomness.
        strength: 0 changes nothing, 1 moves corners by up to an eighth of the height.
    """
    height, width = crop.shape[:2]
    reach = 0.125 * strength * height
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    margin = rng.uniform(-0.5, 1.0, 2) * reach  # rather more around the text than less: nothing may be cut off
    outwards = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    lean = np.array([[1, 0], [1, 0], [-1, 0], [-1, 0]], np.float32) * rng.normal(0, 0.5) * reach
    moved = corners + outwards * margin + lean + rng.uniform(-0.5, 0.5, (4, 2)) * reach
    matrix = cv2.getPerspectiveTransform(moved.astype(np.float32), corners)
    return np.asarray(
        cv2.warpPerspective(crop, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def warp(crop: Picture, rng: np.random.Generator, strength: float = 1.0) -> Picture:
    """A crop whose strokes run a little differently: turned, drawn out, and moved smoothly from place to place.

    Simard, Steinkraus, Platt, "Best practices for convolutional neural networks" (ICDAR 2003), section 2, with a coarse
    grid in place of the blurred noise.

    Args:
        crop: (H, W, 3) uint8.
        rng: Source of all randomness.
        strength: 0 changes nothing, 1 turns by some 6 degrees and moves strokes by some 4 percent of the height.
    """
    height, width = crop.shape[:2]
    grid = rng.normal(0, 0.04 * strength * height, (2, 5, max(5, round(5 * width / height)))).astype(np.float32)
    moved_x, moved_y = (cv2.resize(one, (width, height), interpolation=cv2.INTER_CUBIC) for one in grid)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 6 * strength), 1.0)[:, :2]
    matrix = matrix @ np.diag(np.exp(rng.normal(0, 0.1 * strength, 2)))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    left, down = x - width / 2, y - height / 2
    from_x = width / 2 + matrix[0, 0] * left + matrix[0, 1] * down + moved_x
    from_y = height / 2 + matrix[1, 0] * left + matrix[1, 1] * down + moved_y
    maps = (from_x.astype(np.float32), from_y.astype(np.float32))
    return np.asarray(cv2.remap(crop, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def spoil(crop: Picture, rng: np.random.Generator, strength: float = 1.0) -> Picture:
    """A crop with other colours, worse light, less detail, blur, noise, artefacts, something in front of it.

    Args:
        crop: (H, W, 3) uint8.
        rng: Source of all randomness.
        strength: Scales how often each change occurs; 0: never.
    """
    if rng.random() < 0.7 * strength:
        crop = recolour(crop, rng)
    if rng.random() < 0.05 * strength:
        crop = 255 - crop  # light on dark as often as dark on light
    if rng.random() < 0.15 * strength:
        crop = _shade(crop, rng)
    if rng.random() < 0.3 * strength:
        crop = _coarsen(crop, rng)
    if rng.random() < 0.07 * strength:
        crop = _cover(crop, rng)
    return damage(crop, min(1.0, 0.25 * strength), rng)


def _shade(crop: Picture, rng: np.random.Generator) -> Picture:
    """Light that falls off from one side to the other."""
    height, width = crop.shape[:2]
    across, down = rng.uniform(-1, 1, 2)
    ramp = across * np.linspace(-0.5, 0.5, width)[None] + down * np.linspace(-0.5, 0.5, height)[:, None]
    return np.asarray((crop * (1 + 0.7 * ramp[..., None])).clip(0, 255), np.uint8)


def _coarsen(crop: Picture, rng: np.random.Generator) -> Picture:
    """The crop as a picture of 10 to 32 pixels of height shows it."""
    height, width = crop.shape[:2]
    small = int(rng.integers(10, 33))
    if small >= height:
        return crop
    size = (max(4, round(width * small / height)), small)
    method = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)[int(rng.integers(3))]
    coarse = cv2.resize(crop, size, interpolation=method)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _cover(crop: Picture, rng: np.random.Generator) -> Picture:
    """A thin bar or a small patch in front of the text: a cable, a twig, a reflection."""
    height, width = crop.shape[:2]
    covered = crop.copy()
    colour = tuple(int(value) for value in rng.integers(0, 256, 3))
    if rng.random() < 0.5:
        start, end = ((int(rng.integers(width)), int(rng.integers(height))) for _ in range(2))
        cv2.line(covered, start, end, colour, max(1, round(0.06 * height)), cv2.LINE_AA)
        return covered
    side = max(1, round(rng.uniform(0.1, 0.25) * height))
    x, y = int(rng.integers(max(1, width - side))), int(rng.integers(max(1, height - side)))
    covered[y : y + side, x : x + side] = colour
    return covered
