"""Random views of a marked picture: the picture and its quads move together, then colours and quality change.

Every function takes a numpy generator, so the same seed gives the same view on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from wordsight import geometry
from wordsight.types import Floats, Picture


@dataclass(frozen=True, slots=True)
class ViewConfig:
    """How far a random view may go from the picture.

    Attributes:
        size: Side of the square view, pixels.
        scale: Smallest and largest zoom; drawn so that halving and doubling are equally likely.
        aspect: Width against height changes by up to e^aspect either way.
        tilt: Standard deviation of the small rotation that most views get, degrees.
        turned: Share of views that are turned by any angle (0 to 360 degrees) instead.
        focus: Share of views that are centred near a word; the others show any part, mostly background.
        damage: Share of views that are blurred, made noisy, or compressed (each drawn on its own).
        whole: Views that are centred near a word show all of it, if it fits in.
        fitted: Lowest and highest letters, pixels of the view, that such a word gets instead of the zoom by ``scale``;
            for detectors that know text of one size. None: it does not matter how large it gets.
    """

    size: int = 512
    scale: tuple[float, float] = (0.5, 3.0)
    aspect: float = 0.25
    tilt: float = 7.0
    turned: float = 0.3
    focus: float = 0.7
    damage: float = 0.2
    whole: bool = False
    fitted: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.size < 32 or self.size % 32:
            raise ValueError(f"a view's size is a multiple of 32, not {self.size}")
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"scale is (smallest, largest), both above 0, not {self.scale}")
        if not all(0 <= share <= 1 for share in (self.turned, self.focus, self.damage)):
            raise ValueError("turned, focus and damage are shares from 0 to 1")


def random_view(
    picture: Picture, quads: Floats, wanted: Floats, config: ViewConfig, rng: np.random.Generator
) -> tuple[Picture, Floats]:
    """A square part of a picture, zoomed, turned, recoloured and damaged.

    Args:
        picture: (H, W, 3) uint8.
        quads: (N, 4, 2) corners in the picture's pixels.
        wanted: (M, 4, 2) quads to centre views on (the readable words); may be empty.
        config: How far to go.
        rng: Source of all randomness.

    Returns:
        The view (size, size, 3) uint8, and all N quads in its pixels, those outside it too.
    """
    matrix = _random_map(picture, wanted, config, rng)
    view = warp(picture, matrix, config.size, fill=int(rng.integers(0, 256)))
    view = recolour(view, rng)
    return damage(view, config.damage, rng), move(quads, matrix)


def _random_map(picture: Picture, wanted: Floats, config: ViewConfig, rng: np.random.Generator) -> Floats:
    """A random 2x3 affine map from picture to view."""
    height, width = picture.shape[:2]
    scale = math.exp(rng.uniform(*np.log(config.scale)))
    aspect = math.exp(rng.uniform(-config.aspect, config.aspect) / 2)
    angle = math.radians(rng.uniform(0, 360) if rng.random() < config.turned else rng.normal(0, config.tilt))
    if len(wanted) and rng.random() < config.focus:
        quad = wanted[rng.integers(len(wanted))]
        if config.fitted is not None:
            high = max(1.0, float(np.min(geometry.sides(quad[None]))))
            scale = math.exp(rng.uniform(*np.log(config.fitted))) / high
        reach = np.full(2, 0.35 * config.size / scale)
        if config.whole:  # a small margin is for aspect and tilt
            reach = np.minimum(reach, np.maximum(0.93 * config.size / scale - np.ptp(quad, axis=0), 0) / 2)
        centre = quad.mean(axis=0) + rng.uniform(-reach, reach)
    else:
        centre = rng.uniform((0, 0), (width, height))
    half = config.size / scale / 2
    for axis, length in enumerate((width, height)):  # as little as possible beyond the picture's edges
        centre[axis] = np.clip(centre[axis], min(half, length / 2), max(length - half, length / 2))
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    linear = np.array([[cos * aspect, -sin / aspect], [sin * aspect, cos / aspect]])
    return np.column_stack([linear, config.size / 2 - linear @ centre]).astype(np.float32)


def warp(picture: Picture, matrix: Floats, size: int, fill: int = 0) -> Picture:
    """A picture under a 2x3 affine map of corner-origin pixels; outside it stands the grey value ``fill``.

    Warping samples single points, which breaks thin strokes when it shrinks: below 0.7 the picture is halved by
    area averaging first.
    """
    scale = math.sqrt(abs(np.linalg.det(matrix[:, :2].astype(np.float64))))
    matrix = matrix.astype(np.float64)
    if scale < 0.7:
        height, width = picture.shape[:2]
        half = (max(1, width // 2), max(1, height // 2))
        picture = cv2.resize(picture, half, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        matrix = matrix @ np.diag([width / half[0], height / half[1], 1.0])
    # OpenCV counts from pixel centres, our quads from the corner of the first pixel.
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    warped: Picture = cv2.warpAffine(  # type: ignore[assignment]
        picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderValue=(fill, fill, fill)
    )
    return warped


def move(quads: Floats, matrix: Floats) -> Floats:
    """Quads (N, 4, 2) under a 2x3 affine map."""
    return (quads @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def recolour(picture: Picture, rng: np.random.Generator) -> Picture:
    """Random contrast, brightness, gamma and white balance; now and then grey, or inverted."""
    levels = np.linspace(0, 1, 256)
    table = np.empty((256, 3))
    contrast, shift, gamma = rng.uniform(0.6, 1.4), rng.uniform(-0.15, 0.15), math.exp(rng.uniform(-0.4, 0.4))
    balance = rng.uniform(0.85, 1.15, 3)
    for channel in range(3):
        table[:, channel] = ((levels**gamma - 0.5) * contrast + 0.5 + shift) * balance[channel]
    if rng.random() < 0.05:
        table = 1 - table
    lookup = (table.clip(0, 1) * 255).round().astype(np.uint8)
    recoloured: Picture = cv2.LUT(picture, lookup[None])  # type: ignore[assignment]
    if rng.random() < 0.1:
        recoloured = np.repeat(cv2.cvtColor(recoloured, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2).astype(np.uint8)
    return recoloured


def damage(picture: Picture, share: float, rng: np.random.Generator) -> Picture:
    """Blur (defocus or motion), sensor noise and JPEG artefacts, each with probability ``share``."""
    if rng.random() < share:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 1.6))  # type: ignore[assignment]
    if rng.random() < share / 2:
        picture = _motion_blur(picture, rng)
    if rng.random() < share:
        noise = rng.normal(0, rng.uniform(2, 14), picture.shape).astype(np.float32)
        picture = (picture + noise).clip(0, 255).astype(np.uint8)
    if rng.random() < share:
        quality = int(rng.integers(25, 90))
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return picture


def _motion_blur(picture: Picture, rng: np.random.Generator) -> Picture:
    length = int(rng.integers(2, 5)) * 2 + 1
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), rng.uniform(0, 180), 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))  # type: ignore[assignment]
    blurred: Picture = cv2.filter2D(picture, -1, kernel / max(float(kernel.sum()), 1e-6))  # type: ignore[assignment]
    return blurred


def mosaic(parts: Sequence[tuple[Picture, Floats]]) -> tuple[Picture, list[Floats]]:
    """Four square views as one of twice the side: TL, TR, BL, BR. More different things stand in one view.

    Args:
        parts: Four pictures (s, s, 3) with quads (N, 4, 2) each.

    Returns:
        The picture (2 s, 2 s, 3), and each part's quads in its pixels.
    """
    pictures = [picture for picture, _ in parts]
    side = len(pictures[0])
    whole = np.concatenate([np.concatenate(pictures[:2], axis=1), np.concatenate(pictures[2:], axis=1)], axis=0)
    shifts = np.array([[0, 0], [side, 0], [0, side], [side, side]], np.float32)
    return whole, [quads + shift for (_, quads), shift in zip(parts, shifts, strict=True)]
