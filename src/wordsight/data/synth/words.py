"""Pictures of single words, as a detector would cut them out of photographs."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from wordsight.data.synth import colours, damage, paint, textures
from wordsight.data.synth.config import SynthConfig
from wordsight.data.synth.lettering import Lettering, draw
from wordsight.data.synth.studio import Copy, Studio, draw_style, open_studio
from wordsight.errors import ConfigError
from wordsight.types import Floats, Picture

_DEFAULT = SynthConfig()
_TRIES = 20
_VISIBLE = 10.0  # of 255; with less contrast even people guess, and a reader would learn to
_LARGEST_SIDE = 1600  # pixels of a crop


def word(index: int, seed: int = 0, config: SynthConfig = _DEFAULT) -> tuple[Picture, str]:
    """The picture of a word and what it says.

    Args:
        index: Number of the word, 0 or more; each number is another word, whoever asks and in whatever order.
        seed: Number of the series, 0 or more.
        config: What to make. The first call with a configuration looks for fonts and word lists.

    Returns:
        (H, W, 3) uint8 RGB, mostly 12 to 120 pixels high, and the text in Unicode's composed form.

    Raises:
        ConfigError: There is no font or no text for what is asked.
        MissingExtra: A package that synthesis needs is not installed.
    """
    studio = open_studio(config)
    rng = np.random.default_rng((seed, index))
    for _ in range(_TRIES):
        copy = studio.copy(rng)
        height = float(np.clip(math.exp(rng.normal(math.log(30), 0.55)), 11, 120))
        size = int(np.clip(height * 1.35, 22, 130))
        lettering = draw(copy.file, copy.text, draw_style(size, copy.file.hand, rng), copy.shaped)
        if lettering is None or lettering.mask.shape[1] * height / lettering.mask.shape[0] > _LARGEST_SIDE:
            continue
        picture, contrast = _photograph(studio, copy, lettering, height, rng)
        if contrast >= _VISIBLE:
            return picture, copy.text
    raise ConfigError("no text could be drawn; give shorter texts or other fonts")


def _photograph(
    studio: Studio, copy: Copy, lettering: Lettering, height: float, rng: np.random.Generator
) -> tuple[Picture, float]:
    """Letters ``height`` pixels high, painted on a surface and seen through a camera; and how well they stand out."""
    config = studio.config
    mask = lettering.mask
    if rng.random() < 0.07 and mask.shape[1] > 1.5 * mask.shape[0]:
        mask = bend(mask, rng.uniform(0.25, 1.2) * rng.choice((-1, 1)))
    tall, wide = mask.shape
    border = max(6, int(0.6 * tall))
    mask = cv2.copyMakeBorder(mask, border, border, border, border, cv2.BORDER_CONSTANT)  # type: ignore[assignment]
    ink, ground = colours.draw_pair(rng)
    picture = textures.surface(mask.shape[0], mask.shape[1], ground, rng)
    if rng.random() < 0.22:
        picture = _neighbours(picture, copy, ink, (border, tall), studio, rng)
    if rng.random() < 0.07:
        picture = paint.frame(picture, ink, (border, border, border + wide, border + tall), rng)
    picture = paint.inscribe(picture, mask, ink, rng, tall)
    picture = damage.light(picture, rng)
    box = np.array([[border, border], [border + wide, border], [border + wide, border + tall], [border, border + tall]])
    matrix, size = _view(box.astype(np.float32), height, config.turned, rng)
    crop = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    taken = damage.capture(crop, rng, config.damage, min(height, crop.shape[0]))  # type: ignore[arg-type]
    return taken, _contrast(taken, cv2.warpPerspective(mask, matrix, size))  # type: ignore[arg-type]


def _contrast(picture: Picture, mask: Floats) -> float:
    """Difference between the mean colours of ink and paper in the channel that shows it best, 0..255."""
    weight = max(float(mask.sum()), 1e-6)
    rest = max(mask.size - weight, 1e-6)
    total = np.array(cv2.sumElems(picture)[:3])
    ink = np.array([float(np.vdot(picture[..., c].astype(np.float32), mask)) for c in range(3)])
    return float(np.abs(ink / weight - (total - ink) / rest).max())


def bend(mask: Floats, angle: float) -> Floats:
    """A mask bent along an arc, as on badges and bottles.

    Args:
        mask: (H, W) float32.
        angle: Radians that the text spans; above 0 its middle is the highest part, below 0 the lowest.

    Returns:
        (H', W') float32, cut to the bent mask.
    """
    height, width = mask.shape
    radius = width / abs(angle)
    inner, outer = max(radius - height / 2, 1.0), radius + height / 2
    half = abs(angle) / 2
    reach = outer * math.sin(min(half, math.pi / 2))
    tall = math.ceil(outer - inner * math.cos(half))
    x, y = np.meshgrid(np.arange(-math.ceil(reach), math.ceil(reach) + 1), np.arange(tall + 1))
    y = outer - y if angle > 0 else y + (outer - tall)
    spin = np.arctan2(x, y)
    along = (spin / abs(angle) + 0.5) * width
    across = outer - np.hypot(x, y) if angle > 0 else np.hypot(x, y) - inner
    bent: Floats = cv2.remap(  # type: ignore[assignment]
        mask, along.astype(np.float32) - 0.5, across.astype(np.float32) - 0.5, cv2.INTER_LINEAR
    )
    rows, columns = np.flatnonzero(bent.max(axis=1) > 0.2), np.flatnonzero(bent.max(axis=0) > 0.2)
    return bent[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else mask


def _neighbours(
    picture: Floats, copy: Copy, ink: Floats, place: tuple[int, int], studio: Studio, rng: np.random.Generator
) -> Floats:
    """Parts of other texts above, below or beside the word, as they stand at the edges of real crops."""
    border, tall = place
    style = draw_style(max(12, tall), copy.file.hand, rng)
    other = draw(copy.file, copy.text[::-1] if not copy.shaped else copy.text, replace(style, wobble=0), copy.shaped)
    if other is None:
        return picture
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.float32)
    piece = other.mask[: height - 1, : width - 1]
    gap = int(tall * rng.uniform(0.12, 0.4))
    if rng.random() < 0.5:  # above: its lower part is seen
        show = min(border - gap, piece.shape[0])
        top, part = 0, piece[piece.shape[0] - show :] if show > 0 else piece[:0]
        top = border - gap - show
    else:
        top = border + tall + gap
        part = piece[: max(0, height - top)]
    left = int(rng.integers(0, max(1, width - part.shape[1])))
    mask[top : top + part.shape[0], left : left + part.shape[1]] = part
    return paint.blend(picture, mask, ink)


def _view(box: Floats, height: float, turned: float, rng: np.random.Generator) -> tuple[Floats, tuple[int, int]]:
    """Map to, and (width, height) of, a crop around a word, seen from aside, with the word ``height`` pixels high."""
    scale = height / float(box[3, 1] - box[0, 1])
    angle = math.radians(rng.normal(0, 16 if rng.random() < turned else 4))
    stretch = math.exp(rng.normal(0, 0.12))
    corners = (box - box.mean(axis=0)) * (scale * stretch, scale)
    corners[:, 0] += corners[:, 1] * rng.normal(0, 0.08)  # shear
    corners[:, 1] *= 1 + np.array([-1, 1, 1, -1]) * rng.normal(0, 0.06)  # nearer at one end
    cos, sin = math.cos(angle), math.sin(angle)
    corners = corners @ np.array([[cos, sin], [-sin, cos]]) + rng.normal(0, 0.02 * height, (4, 2))
    margin = height * np.clip(rng.normal(0.10, 0.08, 4), -0.02, 0.4)
    low, high = corners.min(axis=0) - margin[:2], corners.max(axis=0) + margin[2:]
    size = np.maximum(np.ceil(high - low), 4).astype(int)
    matrix = cv2.getPerspectiveTransform(box, (corners - low).astype(np.float32))
    return matrix.astype(np.float32), (int(size[0]), int(size[1]))
