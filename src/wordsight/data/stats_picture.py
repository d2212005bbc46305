"""The distributions of a manifest as one picture."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from wordsight.data.stats import Stats
from wordsight.image.glyphs import BASELINE, COLUMNS, EM, ORIGIN, ROWS, glyph
from wordsight.types import Picture

_WIDTH, _HEIGHT = 560, 300  # of a panel, pixels
_COLUMNS = 2
_PAPER, _INK, _PALE = (255, 255, 255), (40, 44, 52), (130, 134, 142)
_BAR = (0, 114, 178)  # Okabe and Ito's blue, as in wordsight.image.draw
_LEFT, _RIGHT, _TOP, _BOTTOM = 24, 20, 52, 36  # margins inside a panel
_MOST_BARS = 24
_LONGEST = 18  # characters of a name; the rest is cut off
_BINS = 24


@dataclass(frozen=True, slots=True)
class _Panel:
    """Bars with a title: names and counts, and whether the names stand in a column or below upright bars."""

    title: str
    names: Sequence[str]
    counts: Sequence[int]
    rows: bool = False


def draw_stats(stats: Stats) -> Picture:
    """A panel for each distribution that says something.

    Returns:
        (height, width, 3) uint8, RGB: two panels a row.
    """
    panels = [panel for panel in _panels(stats) if panel.counts]
    rows = max(1, math.ceil(len(panels) / _COLUMNS))
    canvas = np.full((rows * _HEIGHT, _COLUMNS * _WIDTH, 3), _PAPER, np.uint8)
    for index, panel in enumerate(panels):
        y, x = index // _COLUMNS * _HEIGHT, index % _COLUMNS * _WIDTH
        _draw(canvas[y : y + _HEIGHT, x : x + _WIDTH], panel)
    return canvas


def _panels(stats: Stats) -> list[_Panel]:
    return [
        _named(f"{stats.pictures} pictures by part", Counter({k or "(none)": v for k, v in stats.splits.items()})),
        _named(f"{sum(stats.labels.values())} places by label", stats.labels),
        _named(f"{sum(stats.fields.values())} values by field", stats.fields),
        _binned(f"Height of {len(stats.heights)} places, pixels", stats.heights, logarithmic=True),
        _binned("Angle of their text, degrees", stats.angles, ends=(-180, 180)),
        _binned(f"Characters of {len(stats.lengths)} texts", stats.lengths),
        _binned("Places of each picture", stats.per_picture),
        _binned("Longer side of each picture, pixels", stats.sides),
        _letters(stats.characters),
    ]


def _named(title: str, counts: Counter[str]) -> _Panel:
    most = counts.most_common(8)
    return _Panel(title, [name for name, _ in most], [count for _, count in most], rows=True)


def _letters(counts: Counter[str]) -> _Panel:
    most = counts.most_common(_MOST_BARS)
    title = f"The most frequent of {len(counts)} characters"
    return _Panel(title, [name for name, _ in most], [count for _, count in most])


def _binned(
    title: str,
    values: Sequence[float],
    *,
    logarithmic: bool = False,
    ends: tuple[float, float] | None = None,
) -> _Panel:
    """Values counted in equal steps, or in equal ratios; only the first, middle and last step are named."""
    if not values:
        return _Panel(title, (), ())
    to: Callable[[float], float] = (lambda v: math.log(max(v, 1.0))) if logarithmic else float
    back: Callable[[float], float] = math.exp if logarithmic else float
    low, high = ends or (min(values), max(values))
    first, last = to(low), max(to(high), to(low) + 1e-9)
    bins = _BINS
    if not ends and not logarithmic and float(low).is_integer() and float(high).is_integer() and high - low < _BINS:
        bins, last = int(high - low) + 1, first + (high - low) + 1  # a bar for each whole number
    counts, edges = np.histogram([min(max(to(v), first), last) for v in values], bins=bins, range=(first, last))
    shown = {0: 0, bins // 2: bins // 2, bins - 1: bins - 1 if last - first == bins else bins}
    names = [f"{back(float(edges[shown[i]])):.0f}" if i in shown else "" for i in range(bins)]
    return _Panel(title, names, [int(count) for count in counts])


def _draw(area: Picture, panel: _Panel) -> None:
    _write(area, panel.title, (_LEFT, 30), 17, _INK)
    most = max(1, *panel.counts)
    if panel.rows:
        _draw_rows(area, panel, most)
        return
    step = min(80.0, (_WIDTH - _LEFT - _RIGHT) / len(panel.counts))
    floor = _HEIGHT - _BOTTOM
    for index, (name, count) in enumerate(zip(panel.names, panel.counts, strict=True)):
        x0, x1 = round(_LEFT + index * step), round(_LEFT + (index + 1) * step)
        tall = round((floor - _TOP) * count / most)
        if count:
            cv2.rectangle(area, (x0 + 1, floor - max(tall, 1)), (max(x1 - 2, x0 + 1), floor - 1), _BAR, -1)
        _write(area, name, ((x0 + x1) / 2, floor + 20), 14, _INK, centred=True)
    cv2.line(area, (_LEFT, floor), (_WIDTH - _RIGHT, floor), _PALE, 1)
    _write(area, f"most: {most}", (_WIDTH - _RIGHT - 110, 30), 14, _PALE)


def _draw_rows(area: Picture, panel: _Panel, most: int) -> None:
    step = min(30.0, (_HEIGHT - _TOP - 10) / len(panel.counts))
    start = 190
    for index, (name, count) in enumerate(zip(panel.names, panel.counts, strict=True)):
        y = _TOP + index * step
        long = round((_WIDTH - start - 80) * count / most)
        short = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
        _write(area, short, (_LEFT, y + step * 0.68), 14, _INK)
        cv2.rectangle(area, (start, round(y + step * 0.2)), (start + max(long, 1), round(y + step * 0.8)), _BAR, -1)
        _write(area, str(count), (start + long + 8, y + step * 0.68), 14, _INK)


def _write(
    area: Picture,
    text: str,
    place: tuple[float, float],
    size: int,
    colour: tuple[int, int, int],
    centred: bool = False,
) -> None:
    """Write a text whose letters are ``size`` pixels an em, from a point on its baseline, or centred there."""
    letters = [glyph(char) for char in text]
    if not letters:
        return
    row = np.zeros((ROWS, ORIGIN + sum(letter.advance for letter in letters) + COLUMNS), np.uint8)
    x = 0
    for letter in letters:
        np.maximum(row[:, x : x + COLUMNS], letter.mask, out=row[:, x : x + COLUMNS])
        x += letter.advance
    scale = size / EM
    row = row[:, : ORIGIN + x + ORIGIN]
    small = cv2.resize(row, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    left = place[0] - (ORIGIN + (x / 2 if centred else 0)) * scale
    left, top = max(0, round(left)), max(0, round(place[1] - BASELINE * scale))
    part = area[top : top + small.shape[0], left : left + small.shape[1]]
    cover = small[: part.shape[0], : part.shape[1], None]
    part[:] = np.round(part + (np.array(colour, np.float32) - part) * cover).astype(np.uint8)
