"""Letters as coverage masks, in any script that a font on the machine has.

Where the letters come from, first that has the character:

1. OpenCV 5's built-in fonts: Rubik (OFL-1.1; Latin, Cyrillic, Hebrew, a slashed zero) and, for what Rubik lacks,
   WenQuanYi Micro Hei (Apache-2.0; Chinese, Japanese, Korean, Greek). They come with the wheel, so a fresh install
   shows the same picture on every machine. OpenCV 4 has none, and begins with step 2.
2. Fonts of the system, wide ones such as Noto (OFL-1.1) and DejaVu (Bitstream Vera licence) first.
3. Pillow's built-in font (Aileron, CC0-1.0), basic Latin only.
4. A crossed box, which stands for a character that no font has.

Letters are set one by one: no ligatures, no joined Arabic.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Mask = NDArray[np.uint8]

EM = 64  # pixels; text is enlarged or reduced from here
WEIGHT = 450  # of Rubik: a little over regular, to stay legible when small
ORIGIN = EM // 2  # x of a letter's start in its mask; marks reach to the left of it
ROWS, COLUMNS, BASELINE = 2 * EM, 3 * EM, EM + EM // 3
MAX_LETTERS = 200
MAX_FONTS = 300
WIDE_FONTS = (
    "notosanscjk", "notosans-", "notosans", "dejavusans.", "pingfang", "hiragino", "msyh", "arialuni", "malgun",
    "segoeui", "yugoth", "unifont",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Glyph:
    """One letter.

    Attributes:
        mask: (ROWS, COLUMNS) coverage, start at ORIGIN, baseline at BASELINE.
        advance: Pixels to the start of the next letter.
    """

    mask: Mask
    advance: int


def text_mask(text: str, stacked: bool = False) -> Mask:
    """The letters of a text as coverage, cropped to their ink.

    Args:
        text: Any text; only the first 200 letters are drawn. Control characters become boxes.
        stacked: Whether the letters stand below each other instead of side by side.

    Returns:
        (height, width) uint8, 0 to 255, at 64 pixels an em; (0, 0) where there is no ink.
    """
    glyphs = [glyph(char) for char in unicodedata.normalize("NFC", text[:MAX_LETTERS])]
    return _crop(_column(glyphs) if stacked else _row(glyphs))


@lru_cache(maxsize=2048)
def glyph(char: str) -> Glyph:
    """One character, from the first font that has it."""
    if unicodedata.category(char) in ("Cf", "Zl", "Zp"):
        return Glyph(np.zeros((ROWS, COLUMNS), np.uint8), 0)
    if char.isspace():
        return Glyph(np.zeros((ROWS, COLUMNS), np.uint8), EM // 3)
    if char.isprintable():  # OpenCV crashes on a lone surrogate, so nothing else goes to it
        return _from_opencv(char) or _from_system(char) or _box()
    return _box()


def _row(glyphs: list[Glyph]) -> Mask:
    row = np.zeros((ROWS, sum(g.advance for g in glyphs) + COLUMNS), np.uint8)
    x = 0
    for g in glyphs:
        part = row[:, x : x + COLUMNS]
        np.maximum(part, g.mask, out=part)
        x += g.advance
    return row


def _column(glyphs: list[Glyph]) -> Mask:
    inks = [ink for ink in (_crop(g.mask) for g in glyphs) if ink.size]
    gap = EM // 6
    column = np.zeros((sum(len(ink) + gap for ink in inks), COLUMNS), np.uint8)
    y = 0
    for ink in inks:
        left = (COLUMNS - ink.shape[1]) // 2
        column[y : y + len(ink), left : left + ink.shape[1]] = ink
        y += len(ink) + gap
    return column


def _crop(mask: Mask) -> Mask:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return mask[:0, :0]
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _from_opencv(char: str) -> Glyph | None:
    if not hasattr(cv2, "FontFace"):
        return None
    drawn = _opencv_glyph(char)
    if char != "?" and np.array_equal(drawn.mask, _opencv_glyph("?").mask):
        return None  # OpenCV draws a question mark where it has no glyph
    return drawn


def _opencv_glyph(char: str) -> Glyph:
    mask = np.zeros((ROWS, COLUMNS), np.uint8)
    # A face holds the variations last used; a new one for each letter costs microseconds and is safe among threads.
    end, _ = cv2.putText(mask, char, (ORIGIN, BASELINE), (255,), cv2.FontFace("sans"), EM, WEIGHT)
    return Glyph(mask, int(np.clip(end[0] - ORIGIN, 0, 2 * EM)))


def _from_system(char: str) -> Glyph | None:
    for path in _font_files():
        font = _font(path)
        if font is not None and _has(font, char):
            return _pillow_glyph(font, char)
    built_in = ImageFont.load_default(EM)
    if isinstance(built_in, ImageFont.FreeTypeFont) and _has(built_in, char):
        return _pillow_glyph(built_in, char)
    return None


def _pillow_glyph(font: ImageFont.FreeTypeFont, char: str) -> Glyph:
    picture = Image.new("L", (COLUMNS, ROWS))
    ImageDraw.Draw(picture).text((ORIGIN, BASELINE), char, fill=255, font=font, anchor="ls")
    return Glyph(np.asarray(picture), int(np.clip(round(font.getlength(char)), 0, 2 * EM)))


def _has(font: ImageFont.FreeTypeFont, char: str) -> bool:
    """Whether a font has a character: its picture is not that of a place which Unicode leaves empty for ever."""
    return bytes(font.getmask(char)) != bytes(font.getmask("\U000effff"))


@lru_cache(maxsize=MAX_FONTS)
def _font(path: Path) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(str(path), EM, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return None  # a damaged file among the system's fonts is not our user's fault


@lru_cache(maxsize=1)
def _font_files() -> tuple[Path, ...]:
    """Font files of the system, wide ones first, in an order that depends on their names alone."""
    files = [path for folder in _font_folders() if folder.is_dir() for path in folder.rglob("*")
             if path.suffix.lower() in (".ttf", ".otf", ".ttc")]  # fmt: skip

    def rank(path: Path) -> tuple[int, str]:
        name = path.name.lower()
        return next((i for i, start in enumerate(WIDE_FONTS) if name.startswith(start)), len(WIDE_FONTS)), str(path)

    return tuple(sorted(files, key=rank)[:MAX_FONTS])


def _font_folders() -> Iterator[Path]:
    home = Path.home()
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"
        yield home / "AppData/Local/Microsoft/Windows/Fonts"
    elif sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts")
    else:
        yield from (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local/share/fonts")


def _box() -> Glyph:
    mask = np.zeros((ROWS, COLUMNS), np.uint8)
    left, top, right, bottom = ORIGIN + 4, BASELINE - EM * 3 // 4, ORIGIN + EM // 2, BASELINE
    cv2.rectangle(mask, (left, top), (right, bottom), (255,), 4)
    cv2.line(mask, (left, top), (right, bottom), (255,), 3, cv2.LINE_AA)
    cv2.line(mask, (left, bottom), (right, top), (255,), 3, cv2.LINE_AA)
    return Glyph(mask, EM // 2 + 8)
