"""What the document tagger knows about a token: names (of words, shapes, places) and numbers.

Nothing here knows a field or a language: which words stand before a total is learned from the labelled documents.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from wordsight.fields.tokens import Token
from wordsight.types import Floats

AMOUNT = re.compile(r"\d{1,3}(?:[.,]\d{3})*[.,]\d{2}|\d+[.,]\d{2}")
DATE = re.compile(r"\d{1,4}[/.\-]\d{1,2}[/.\-]\d{2,4}")
TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
_YEAR = "january february march april may june july august september october november december"
MONTH_NAMES = frozenset([*_YEAR.split(" "), "sept"])
MONTHS = frozenset(name[:3] for name in MONTH_NAMES)
NUMBERS = 31
"""How many numbers there are about each token."""
FAR = 6
"""Words of a row that are looked at on the left of a token."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Tokens by row and by line.

    Attributes:
        rows: Indices of each row's tokens from left to right.
        lines: Indices of each line's tokens.
        place: For each token its place in its row.
    """

    rows: dict[int, list[int]]
    lines: dict[int, list[int]]
    place: dict[int, int]

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> Layout:
        """Sort tokens into rows and lines."""
        rows: defaultdict[int, list[int]] = defaultdict(list)
        lines: defaultdict[int, list[int]] = defaultdict(list)
        for i, token in enumerate(tokens):
            rows[token.row].append(i)
            lines[token.line].append(i)
        for row in rows.values():
            row.sort(key=lambda i: tokens[i].box[0])
        place = {i: k for row in rows.values() for k, i in enumerate(row)}
        return cls(dict(rows), dict(lines), place)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is known about the tokens of a page.

    Attributes:
        names: For each token the names of what it is and what stands around it.
        numbers: (tokens, ``NUMBERS``) float32.
    """

    names: list[list[str]]
    numbers: Floats

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> Seen:
        """Look at the tokens of a page."""
        if not tokens:
            return cls([], np.zeros((0, NUMBERS), np.float32))
        layout = Layout.of(tokens)
        return cls(names(tokens, layout), numbers(tokens, layout))


def shape(text: str) -> str:
    """Its look, runs collapsed: ``Abc`` is Aa, ``12.50`` is 9.9, decimals of an amount kept."""
    if AMOUNT.fullmatch(text):
        return "9.99"
    if DATE.fullmatch(text):
        return "9/9/9"
    if TIME.fullmatch(text):
        return "9:99"
    if text[:3].casefold() in MONTHS and (len(text) == 3 or text.casefold() in MONTH_NAMES):
        return "MON"
    kinds = ("A" if c.isupper() else "a" if c.isalpha() else "9" if c.isdigit() else c for c in text)
    return "".join(kind for kind, _ in groupby(kinds))


def word_of(text: str) -> str:
    """A word as it is compared: folded, digits made equal."""
    return re.sub(r"\d", "0", text.casefold())


def names(tokens: Sequence[Token], layout: Layout) -> list[list[str]]:
    """For each token the names of what it is and what stands around it."""
    words = [word_of(token.text) for token in tokens]
    shapes = [shape(token.text) for token in tokens]
    line_words = {n: sorted({words[i] for i in line if words[i].isalpha()}) for n, line in layout.lines.items()}
    line_shapes = {n: "".join(k for k, _ in groupby(shapes[i] for i in line))[:24] for n, line in layout.lines.items()}
    numbers = sorted(layout.lines)
    rank = {n: k for k, n in enumerate(numbers)}
    found = []
    for i, token in enumerate(tokens):
        own = [f"w={words[i]}", f"s={shapes[i]}", f"l={min(len(token.text), 12)}", f"p={words[i][:3]}"]
        own += [f"ls={line_shapes[token.line]}", *(f"in={word}" for word in line_words[token.line])]
        own += _row_names(i, tokens, layout, words, shapes)
        own += _line_names(token, numbers, rank, line_words, line_shapes)
        own += [f"{shapes[i]}|{name}" for name in own if name.startswith(("left=", "up="))]
        found.append(own)
    return found


def _row_names(
    i: int, tokens: Sequence[Token], layout: Layout, words: Sequence[str], shapes: Sequence[str]
) -> list[str]:
    """Neighbours in the token's row, and what stands right above it."""
    row, at = layout.rows[tokens[i].row], layout.place[i]
    found = []
    for step in (-2, -1, 1, 2):
        there = 0 <= at + step < len(row)
        found.append(f"{step}w={words[row[at + step]]}" if there else f"{step}w=")
        found.append(f"{step}s={shapes[row[at + step]]}" if there else f"{step}s=")
    found += [f"left={words[k]}" for k in row[max(0, at - FAR) : at] if words[k].isalpha()]
    above = layout.rows.get(tokens[i].row - 1, [])
    left, _, right, _ = tokens[i].box
    found += [f"up={words[k]}" for k in above if tokens[k].box[0] < right and tokens[k].box[2] > left]
    found += [f"uprow={words[k]}" for k in above if words[k].isalpha()]
    found += [f"downrow={words[k]}" for k in layout.rows.get(tokens[i].row + 1, []) if words[k].isalpha()]
    return found


def _line_names(
    token: Token,
    numbers: Sequence[int],
    rank: dict[int, int],
    line_words: dict[int, list[str]],
    line_shapes: dict[int, str],
) -> list[str]:
    """Where the token's line stands among the lines, and what the lines before and after say."""
    at = rank[token.line]
    found = [f"top={min(at, 8)}", f"end={min((len(numbers) - 1 - at) // 2, 8)}"]
    for step, name in ((-1, "before"), (1, "after")):
        if 0 <= at + step < len(numbers):
            other = numbers[at + step]
            found += [f"{name}s={line_shapes[other]}", *(f"{name}={word}" for word in line_words[other])]
        else:
            found.append(f"{name}=")
    return found


def numbers(tokens: Sequence[Token], layout: Layout) -> Floats:
    """For each token what can be counted and measured: (N, D) float32, most of it in 0..1."""
    boxes = np.array([token.box for token in tokens], np.float32).reshape(-1, 4)
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    width, height = max(right - left, 1.0), max(bottom - top, 1.0)
    high = boxes[:, 3] - boxes[:, 1]
    usual = max(float(np.median(high)), 1.0)
    alike = Counter(token.text for token in tokens)
    amounts = [_amount(token.text) for token in tokens]
    largest = sorted({value for value in amounts if value is not None}, reverse=True)
    line_ids = sorted(layout.lines)
    rank = {n: k / max(len(line_ids) - 1, 1) for k, n in enumerate(line_ids)}
    rows = max(layout.rows) or 1
    lines = {
        n: (float(boxes[line, 0].min()), float(boxes[line, 2].max()), float(np.median(high[line])), *_mix(tokens, line))
        for n, line in layout.lines.items()
    }
    table = []
    for i, token in enumerate(tokens):
        line = layout.lines[token.line]
        first, last, line_high, wordy, numeric = lines[token.line]
        row, at = layout.rows[token.row], layout.place[i]
        table.append(
            [
                (boxes[i, 0] - left) / width,
                (boxes[i, 2] - left) / width,
                (boxes[i, 1] - top) / height,
                high[i] / usual,
                line_high / usual,
                (first - left) / width,
                (last - left) / width,
                abs((first + last) / 2 - (left + right) / 2) / width,
                (i - line[0]) / 10,
                (line[-1] - i) / 10,
                len(line) / 10,
                rank[token.line],
                len(line_ids) / 100,
                token.row / rows,
                at / 10,
                (len(row) - 1 - at) / 10,
                token.confidence,
                *_letters(token.text),
                min(alike[token.text], 6) / 6,
                *_money(amounts[i], largest),
                wordy,
                numeric,
            ]
        )
    return np.array(table, np.float32)


def _money(amount: float | None, largest: Sequence[float]) -> tuple[float, float]:
    """Rank of an amount among those of the page, and how large it is; -1 where a token is none."""
    return (-1.0, -1.0) if amount is None else (largest.index(amount) / 10, math.log1p(amount) / 10)


def _mix(tokens: Sequence[Token], line: Sequence[int]) -> tuple[float, float]:
    """Shares of a line's tokens that are words, and that hold digits."""
    words = sum(tokens[k].text.isalpha() for k in line)
    return words / len(line), sum(any(c.isdigit() for c in tokens[k].text) for k in line) / len(line)


def _letters(text: str) -> list[float]:
    size = len(text)
    return [
        size / 20,
        sum(c.isdigit() for c in text) / size,
        sum(c.isalpha() for c in text) / size,
        sum(c.isupper() for c in text) / size,
        float(AMOUNT.fullmatch(text) is not None),
        float(DATE.fullmatch(text) is not None),
        float(TIME.fullmatch(text) is not None),
        float(text[:3].casefold() in MONTHS),
        float(len(text) == 1 and not text.isalnum()),
    ]


def _amount(text: str) -> float | None:
    """The number that an amount of money means; None for other texts."""
    if not AMOUNT.fullmatch(text):
        return None
    return float(re.sub(r"\D", "", text)) / 100
