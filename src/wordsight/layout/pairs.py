"""Pairs of a name and a value: "Total: 9.00", and the same without a colon or one below the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from wordsight.layout import bands
from wordsight.layout.parts import Pair
from wordsight.types import Floats, Line, Quad, Word

FAR = 12.0
"""A value stands at most so far to the right of its name, in heights."""
BELOW = 1.0
"""A value under its name stands at most so far down, in heights."""
WIDE = 12.0
"""A value that is so wide, in heights, may go on in the lines below it."""
SPACE = 1.0
"""A name without a colon ends where a space in its line is so wide, in heights."""
STEP = 0.6
"""The lines of a value stand at most so far apart, in heights."""
NAME = 60
"""A name has at most so many characters."""
LONGEST = 24
"""A value without a colon before it has at most so many characters."""
LABEL = 40
"""A name in capitals without a colon has at most so many."""
COLON = re.compile(r"[:：][_.]*$")
CLOCK = re.compile(r"^\d{1,2}:$")


def pairs(words: Sequence[Word], lines: Sequence[Line]) -> tuple[Pair, ...]:
    """The pairs of a page that lies level, in the order of their names.

    A name ends with a colon; its value is what follows in the line up to the next name, else the next line to the
    right, else the line below. Where the texts of a row are by turns without and with digits, they are pairs too, and
    so is a text in capitals with what stands beside it that is not.

    Args:
        words: The page's words.
        lines: The page's lines, with indices into ``words``.
    """
    pieces = [piece for line in lines for piece in _pieces(line, words)]
    bounds = np.array([_bounds(piece, words) for piece in pieces], np.float32).reshape(-1, 4)
    rows = bands.rows(bounds)
    used: set[int] = set()
    found: dict[int, int] = {}
    for row in rows:
        for place, index in enumerate(row):
            if _is_name(pieces[index], words):
                value = _beside(row, place, pieces, bounds, words)
                if value is not None and value not in used:
                    found[index] = value
                    used.add(value)
        if not {*row} & {*found, *used} and _alternate([_text(pieces[i], words) for i in row]):
            found.update(zip(row[::2], row[1::2], strict=True))
            used.update(row[1::2])
    for row in rows:
        for place, index in enumerate(row):
            if index not in {*found, *used} and _is_label(pieces[index], words):
                value = _beside(row, place, pieces, bounds, words)
                if value is not None and value not in {*found, *used} and not _is_label(pieces[value], words):
                    found[index] = value
                    used.add(value)
    for index in range(len(pieces)):
        if index not in found and _is_name(pieces[index], words):
            value = _under(index, bounds, used)
            if value is not None and not _is_name(pieces[value], words):
                found[index] = value
                used.add(value)
    values = {name: _whole(name, found[name], pieces, bounds, used, words) for name in sorted(found)}
    return tuple(_pair(pieces[name], value, words) for name, value in values.items())


def _pieces(line: Line, words: Sequence[Word]) -> Iterator[tuple[int, ...]]:
    """A line, cut before and behind each name: indices of words."""
    for run in _runs(line.words, words):
        yield from _cut(run, words)


def _runs(line: Sequence[int], words: Sequence[Word]) -> Iterator[tuple[int, ...]]:
    """The words of a line between wide spaces."""
    bounds = bands.boxes(words[i].quad for i in line)
    wide = bounds[1:, 0] - bounds[:-1, 2] > SPACE * np.median(bounds[:, 3] - bounds[:, 1])
    for part in np.split(np.array(line, np.intp), np.flatnonzero(wide) + 1):
        yield tuple(int(index) for index in part)


def _cut(run: tuple[int, ...], words: Sequence[Word]) -> Iterator[tuple[int, ...]]:
    """Words side by side, cut before and behind each name."""
    start = 0
    for end, index in enumerate(run, 1):
        text = words[index].text
        if COLON.search(text) and not CLOCK.search(text):
            name = end - 1
            if start == 0:
                name = 0
            # Behind another name there is its value; the next name starts with the last words that have capitals.
            while start < name - 1 and words[run[name - 1]].text[:1].isupper():
                name -= 1
            if start < name:
                yield run[start:name]
            yield run[name:end]
            start = end
    if start < len(run):
        yield run[start:]


def _is_name(piece: Sequence[int], words: Sequence[Word]) -> bool:
    text = _text(piece, words)
    return bool(COLON.search(text)) and len(text) <= NAME and any(c.isalpha() for c in text)


def _is_label(piece: Sequence[int], words: Sequence[Word]) -> bool:
    """Whether a text is in capitals, as forms print names that have no colon."""
    text = _text(piece, words)
    letters = [c for c in text if c.isalpha()]
    return len(letters) > 1 and "".join(letters).isupper() and len(text) <= LABEL and not any(c.isdigit() for c in text)


def _alternate(texts: Sequence[str]) -> bool:
    """Whether a row is a name, its value, perhaps another name and its value: only values have digits."""
    values = [any(c.isdigit() for c in text) and len(text) <= LONGEST for text in texts]
    named = all(any(c.isalpha() for c in text) and len(text) <= NAME for text in texts[::2])
    return named and values == [False, True] * (len(texts) // 2)


def _beside(
    row: Sequence[int], place: int, pieces: Sequence[Sequence[int]], bounds: Floats, words: Sequence[Word]
) -> int | None:
    """The piece right of a name in its row, if it is near and no name itself."""
    if place + 1 == len(row):
        return None
    name, value = row[place], row[place + 1]
    high = max(float(bounds[name, 3] - bounds[name, 1]), 1e-3)
    if bounds[value, 0] - bounds[name, 2] > FAR * high or _is_name(pieces[value], words):
        return None
    return value


def _under(name: int, bounds: Floats, used: set[int]) -> int | None:
    """The piece just below a name, that begins about where it does."""
    left, _, right, bottom = bounds[name]
    high = max(float(bottom - bounds[name, 1]), 1e-3)
    gaps = bounds[:, 1] - bottom
    near = (gaps > -0.3 * high) & (gaps < BELOW * high) & (bounds[:, 0] < right) & (bounds[:, 0] > left - 2 * high)
    candidates = [int(i) for i in np.flatnonzero(near) if i != name and int(i) not in used]
    return min(candidates, key=lambda i: float(gaps[i]), default=None)


def _whole(
    name: int, value: int, pieces: Sequence[Sequence[int]], bounds: Floats, used: set[int], words: Sequence[Word]
) -> tuple[int, ...]:
    """A value with the lines in which it goes on: words."""
    high = max(float(bounds[value, 3] - bounds[value, 1]), 1e-3)
    whole = tuple(pieces[value])
    if bounds[value, 2] - bounds[value, 0] < WIDE * high:
        return whole
    last: int | None = value
    while last is not None:
        gaps = bounds[:, 1] - bounds[last, 3]
        starts = np.abs(bounds[:, :1] - bounds[[value, name], 0]).min(axis=1)
        near = (starts < high) & (gaps > -0.5 * high) & (gaps < STEP * high)
        after = [int(i) for i in np.flatnonzero(near) if int(i) not in used and int(i) != last]
        last = min(after, key=lambda i: float(gaps[i]), default=None)
        if last is not None and _is_name(pieces[last], words):
            last = None
        if last is not None:
            used.add(last)
            whole += tuple(pieces[last])
    return whole


def _pair(name: Sequence[int], value: Sequence[int], words: Sequence[Word]) -> Pair:
    return Pair(
        COLON.sub("", _text(name, words)).strip(),
        _text(value, words),
        _hull(name, words),
        _hull(value, words),
        tuple(value),
    )


def _text(piece: Sequence[int], words: Sequence[Word]) -> str:
    return " ".join(words[i].text for i in piece)


def _hull(piece: Sequence[int], words: Sequence[Word]) -> Quad:
    return bands.hull(bands.boxes(words[i].quad for i in piece))


def _bounds(piece: Sequence[int], words: Sequence[Word]) -> tuple[float, float, float, float]:
    return _hull(piece, words).bounds
