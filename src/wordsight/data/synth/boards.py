"""Flat pieces of a scene that carry text: signs, labels, posters, lists, lines of print."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from wordsight.data.synth import colours, paint, textures
from wordsight.data.synth.languages import LANGUAGES
from wordsight.data.synth.lettering import Lettering, Style, draw, spelling
from wordsight.data.synth.studio import Copy, Studio, draw_style
from wordsight.types import Floats

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, pixels."""

_MARGIN = 0.04  # of a word's height: people who mark words leave a little room around the ink


@dataclass(frozen=True, slots=True)
class Text:
    """Words set in lines.

    Attributes:
        mask: (H, W) float32, 0 to 1.
        words: What stands where in the mask.
        height: Typical height of its letters, pixels.
    """

    mask: Floats
    words: tuple[tuple[str, Box], ...]
    height: float


@dataclass(frozen=True, slots=True)
class _Row:
    """One line: its words, each with its left edge, and its extent over and under the baseline."""

    words: tuple[tuple[str, Lettering, float], ...]
    width: float
    up: float
    down: float


def set_text(studio: Studio, height: float, room: tuple[int, int], rng: np.random.Generator) -> Text | None:
    """Words in lines that fit into a room.

    Args:
        studio: Texts and fonts.
        height: Of capital letters, pixels.
        room: Largest width and height, pixels.
        rng: Source of all randomness.

    Returns:
        The text, or None where not even one word fits.
    """
    size = max(9, round(height / 0.72))
    language = studio.language(rng)
    lead = studio.copy(rng, language=language)
    style = draw_style(size, lead.file.hand, rng)
    rows: list[_Row] = []
    used, gap = 0.0, size * rng.uniform(0.12, 0.7)
    for _ in range(_lines(rng)):
        row = _set_row(studio, lead, style, language, room[0], rng)
        if row is None or used + row.up + row.down > room[1]:
            break
        rows.append(row)
        used += row.up + row.down + gap
        if rng.random() < 0.25:  # headline, then small print
            style = draw_style(max(9, round(size * rng.uniform(0.5, 1.3))), lead.file.hand, rng)
    return _assemble(rows, gap, rng) if rows else None


def board(text: Text, border: int, rng: np.random.Generator) -> Floats:
    """A surface of its own under a text, ``border`` pixels larger on every side: (H, W, 3) float32."""
    mask = np.pad(text.mask, border)
    height, width = mask.shape
    ink, ground = colours.draw_pair(rng)
    picture = textures.surface(height, width, ground, rng, rough=0.9)
    if rng.random() < 0.25:
        inset, thick = int(border * rng.uniform(0, 0.5)), max(1, int(border * rng.uniform(0.05, 0.25)))
        corner = (width - 1 - inset, height - 1 - inset)
        cv2.rectangle(picture, (inset, inset), corner, tuple(map(float, ink)), thick, cv2.LINE_AA)
    return paint.inscribe(picture, mask, ink, rng, text.height)


def _lines(rng: np.random.Generator) -> int:
    return int(rng.choice((1, 2, 3, 4, 6, 9), p=(0.34, 0.24, 0.17, 0.11, 0.09, 0.05)))


def _set_row(
    studio: Studio, lead: Copy, style: Style, language: str, room: int, rng: np.random.Generator
) -> _Row | None:
    """As many words as a line gets or has room for."""
    wanted = int(rng.choice((1, 2, 3, 4, 6), p=(0.36, 0.26, 0.18, 0.12, 0.08)))
    space = style.size * (rng.uniform(0.25, 0.5) + max(0.0, style.tracking))
    if rng.random() < 0.06:  # columns, as in price lists
        space *= rng.uniform(3, 8)
    words: list[tuple[str, Lettering, float]] = []
    x = 0.0
    for _ in range(wanted + 3):
        copy = studio.copy(rng, lead.file, language)
        shown = spelling(lead.file, copy.text)
        if shown is None or " " in shown:
            continue
        lettering = draw(lead.file, shown, style, LANGUAGES[language].shaped)
        if lettering is None or x + lettering.mask.shape[1] > room:
            continue
        words.append((shown, lettering, x))
        x += lettering.mask.shape[1] + space
        if len(words) == wanted:
            break
    if not words:
        return None
    up = max(lettering.top for _, lettering, _ in words)
    down = max(lettering.mask.shape[0] - lettering.top for _, lettering, _ in words)
    return _Row(tuple(words), x - space, up, down)


def _assemble(rows: list[_Row], gap: float, rng: np.random.Generator) -> Text:
    width = math.ceil(max(row.width for row in rows)) + 2
    tall = math.ceil(sum(row.up + row.down + gap for row in rows) + 2)
    mask = np.zeros((tall, width), np.float32)
    align = rng.choice((0.0, 0.5, 1.0), p=(0.45, 0.45, 0.1))
    found: list[tuple[str, Box]] = []
    y = 0.0
    for row in rows:
        y += row.up
        shift = (width - 2 - row.width) * align
        for text, lettering, x in row.words:
            found.append((text, _place(mask, lettering, x + shift, y)))
        y += row.down + gap
    bottom = math.ceil(max(box[3] for _, box in found)) + 1
    heights = [box[3] - box[1] for _, box in found]
    return Text(mask[:bottom], tuple(found), float(np.median(heights)))


def _place(mask: Floats, lettering: Lettering, x: float, baseline: float) -> Box:
    """Put one word on the mask; the box is that of its ink."""
    top, left = max(0, round(baseline - lettering.top)), max(0, round(x))
    tall, wide = lettering.mask.shape
    region = mask[top : top + tall, left : left + wide]
    np.maximum(region, lettering.mask[: region.shape[0], : region.shape[1]], out=region)
    return float(left), float(top), float(left + wide), float(top + tall)


def padded(box: Box) -> Floats:
    """Corners (4, 2) of a word's quad: its ink with a little room."""
    left, top, right, bottom = box
    room = _MARGIN * (bottom - top)
    return np.array(
        [
            [left - room, top - room],
            [right + room, top - room],
            [right + room, bottom + room],
            [left - room, bottom + room],
        ],
        np.float32,
    )
