"""Draws texts as masks: which pixels are ink, and how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

from wordsight.data.synth.fonts import FontFile
from wordsight.errors import ConfigError
from wordsight.types import Floats

_SIZES = (48, 112)  # em in pixels; other sizes are scaled from these, because opening a font takes longer than a word
_PROBE = _SIZES[0]  # size at which glyphs are compared
_LARGEST = 4_000_000  # pixels of one mask; a longer text is a mistake


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is set.

    Attributes:
        size: Height of the em square, pixels.
        tracking: Extra space between letters, in shares of the size; 0 sets the text in one go.
        wobble: Standard deviation of each letter's height over the line and (in degrees x 100) of its turn.
        slant: Shear to the right, pixels across per pixel up.
        bold: Pixels by which strokes grow on each side.
    """

    size: int
    tracking: float = 0.0
    wobble: float = 0.0
    slant: float = 0.0
    bold: int = 0


@dataclass(frozen=True, slots=True)
class Lettering:
    """A drawn text.

    Attributes:
        mask: (H, W) float32, 0 paper to 1 ink; every side touches ink.
        top: Where the mask's first row stands over the baseline, pixels upwards.
    """

    mask: Floats
    top: float


def draw(file: FontFile, text: str, style: Style, shaped: bool = False) -> Lettering | None:
    """Draw a text on one line.

    Args:
        file: A font that has every character.
        text: What to draw; without line breaks.
        style: How.
        shaped: Letters must be shaped together, so they are never drawn one by one.

    Returns:
        The text cut to its ink, or None where it leaves none or would be unreasonably large.

    Raises:
        ConfigError: The script needs shaping and Pillow comes without raqm.
    """
    native = next((size for size in _SIZES if style.size <= 1.2 * size), _SIZES[-1])
    font, scale = _open(file.path, native, shaped), style.size / native
    alone = (style.tracking or style.wobble) and not shaped
    ink = _letters(font, text, style) if alone else _line(font, text, round(style.bold / scale))
    if ink is None:
        return None
    mask, top = ink
    if style.slant:
        mask = _shear(mask, style.slant)
    cut = _cut(mask, top)
    return _resize(cut, scale) if cut is not None else None


def spelling(file: FontFile, text: str) -> str | None:
    """The text as this font shows it, or None where it cannot show it.

    Fonts of one case draw "a" as "A", or "A" as "a": there the text is what one sees.
    """
    if _one_case(file):
        text = text.lower() if _descends(file.path, "P") else text.upper()
    if not file.has(text) or not all(c == " " or _leaves_ink(file.path, c) for c in text):
        return None
    return text


@lru_cache(maxsize=3000)
def _open(path: str, size: int, shaped: bool) -> ImageFont.FreeTypeFont:
    if shaped and not features.check("raqm"):
        raise ConfigError(
            "this script needs Pillow with raqm; install Pillow's own wheel, or libraqm (Debian: libraqm0)"
        )
    engine = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, layout_engine=engine)


def _line(font: ImageFont.FreeTypeFont, text: str, bold: int = 0) -> tuple[Floats, float] | None:
    """Mask and its first row over the baseline, in the font's own size."""
    left, top, right, bottom = font.getbbox(text, anchor="ls", stroke_width=bold)
    width, height = math.ceil(right - left) + 2, math.ceil(bottom - top) + 2
    if width * height > _LARGEST or width <= 2 or height <= 2:
        return None
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).text((1 - left, 1 - top), text, 255, font, anchor="ls", stroke_width=bold)
    return np.asarray(image, np.float32) / np.float32(255), 1 - top


def _letters(font: ImageFont.FreeTypeFont, text: str, style: Style) -> tuple[Floats, float] | None:
    """Letter by letter, each on its own place; the wobble follows from the text, so that equal calls draw equally."""
    size = round(font.size)
    steps = [font.getlength(c) + style.tracking * size for c in text]
    reach, height = 2 * size, 3 * size  # a letter is drawn in the middle of its own small picture
    width = math.ceil(sum(steps) + 2 * reach)
    if width * height > _LARGEST:
        return None
    rng = np.random.default_rng([len(text), *map(ord, text)])
    mask = np.zeros((height, width), np.float32)
    x = 0.0
    for letter, step in zip(text, steps, strict=True):
        image = Image.new("L", (2 * reach, height))
        y = height * 2 // 3 + rng.normal(0, style.wobble) * size
        ImageDraw.Draw(image).text((reach, round(y)), letter, 255, font, anchor="ls")
        part = np.asarray(image, np.float32) / 255
        if style.wobble:
            turn = cv2.getRotationMatrix2D((reach + step / 2, y - size * 0.3), rng.normal(0, 100 * style.wobble), 1.0)
            part = cv2.warpAffine(part, turn, (2 * reach, height))  # type: ignore[assignment]
        region = mask[:, max(0, round(x)) : round(x) + 2 * reach]
        np.maximum(region, part[:, : region.shape[1]], out=region)
        x = max(0.0, x + step)
    return mask.astype(np.float32, copy=False), float(height * 2 // 3)


def _resize(lettering: Lettering, scale: float) -> Lettering:
    if scale == 1:
        return lettering
    tall, wide = lettering.mask.shape
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    mask: Floats = cv2.resize(lettering.mask, size, interpolation=how)  # type: ignore[assignment]
    return Lettering(mask.clip(0, 1), lettering.top * scale)


def _shear(mask: Floats, slant: float) -> Floats:
    height, width = mask.shape
    extra = math.ceil(abs(slant) * height)
    matrix = np.array([[1, -slant, slant * height if slant > 0 else 0], [0, 1, 0]], np.float64)
    sheared: Floats = cv2.warpAffine(mask, matrix, (width + extra, height))  # type: ignore[assignment]
    return sheared


def _cut(mask: Floats, top: float) -> Lettering | None:
    rows, columns = np.flatnonzero(mask.max(axis=1) > 0.2), np.flatnonzero(mask.max(axis=0) > 0.2)
    if not len(rows):
        return None
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Lettering(np.ascontiguousarray(cut), top - float(rows[0]))


@lru_cache(maxsize=200_000)
def _leaves_ink(path: str, letter: str) -> bool:
    """Whether a glyph has ink and is not the font's box for missing glyphs."""
    font = _open(path, _PROBE, shaped=False)
    drawn = font.getmask(letter)
    if drawn.getbbox() is None:
        return letter.isspace() or 0x0300 <= ord(letter) < 0x0370 or letter in "\u200c\u200d"
    missing = font.getmask("\U0010fffe")
    return drawn.size != missing.size or bytes(drawn) != bytes(missing)


@lru_cache(maxsize=4096)
def _one_case(file: FontFile) -> bool:
    """Whether small letters look like capitals: the same pixels, or the same shape at a smaller size."""
    pairs = [(small, small.upper()) for small in "aegrntq" if file.has(small + small.upper())]
    return len(pairs) >= 5 and sum(_alike(file.path, *pair) for pair in pairs) > len(pairs) / 2


@lru_cache(maxsize=4096)
def _descends(path: str, letter: str) -> bool:
    ink = _line(_open(path, _PROBE, shaped=False), letter)
    cut = _cut(*ink) if ink else None
    return cut is not None and cut.mask.shape[0] - cut.top > 0.12 * cut.mask.shape[0]


def _alike(path: str, small: str, large: str) -> bool:
    shapes = []
    for letter in (small, large):
        ink = _line(_open(path, _PROBE, shaped=False), letter)
        cut = _cut(*ink) if ink else None
        if cut is None:
            return False
        shapes.append(cv2.resize(cut.mask, (24, 24), interpolation=cv2.INTER_AREA).ravel())
    return float(np.corrcoef(shapes[0], shapes[1])[0, 1]) > 0.9
