"""The tokens of a page: what the document tagger gives labels to.

A token is a run of letters, a number with its inner signs (12.50, 25/12/2018, 12:30) or a single other sign, so that
``Date:25/12/2018`` and ``RM9.00`` fall into parts of which one can be the value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wordsight import geometry
from wordsight.fields.values import plain
from wordsight.page import Page
from wordsight.types import Floats, Quad

PARTS = re.compile(r"\d+(?:[.,/:\-]\d+)*|[^\W\d_]+|[^\w\s]|_")
"""Numbers with inner signs, runs of letters, other signs one by one."""
SAME_ROW = 0.5
"""Tokens whose middles differ by less than this share of their height stand in one row."""


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a word.

    Attributes:
        text: Never empty.
        quad: Where it stands.
        box: Left, top, right, bottom on the page turned level, pixels.
        space: Whether a space stands before it when it is joined to the token before.
        line: Index of its line in ``Page.lines``.
        row: Number of its row from the top; a row runs over the whole width of the page and holds several lines.
        confidence: Its word's.
    """

    text: str
    quad: Quad
    box: tuple[float, float, float, float]
    space: bool
    line: int
    row: int
    confidence: float


def tokens_of(page: Page) -> list[Token]:
    """The tokens of a page in reading order."""
    found: list[Token] = []
    for word in page.words:
        for match in PARTS.finditer(word.text):
            start, end = (place / len(word.text) for place in match.span())
            quad = Quad(geometry.cut(word.quad.points, start, end))
            space = match.start() == 0 and bool(found) and word.text != ""
            found.append(Token(match[0], quad, (0.0, 0.0, 0.0, 0.0), space, word.line, 0, word.confidence))
    return _with_rows(found)


def join(tokens: Sequence[Token]) -> str:
    """The text of tokens that follow each other."""
    return "".join((" " if token.space and i else "") + token.text for i, token in enumerate(tokens))


def letters_of(tokens: Sequence[Token]) -> tuple[str, list[int]]:
    """Letters and digits of all tokens, folded, and for each of them the index of its token."""
    text, owners = "", []
    for i, token in enumerate(tokens):
        part = plain(token.text)
        text += part
        owners += [i] * len(part)
    return text, owners


def _with_rows(tokens: list[Token]) -> list[Token]:
    """Tokens with their boxes on the level page and their rows."""
    if not tokens:
        return []
    boxes = _level_boxes(np.stack([token.quad.points for token in tokens]))
    rows = _rows(boxes)
    return [
        replace(token, box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])), row=int(row))
        for token, box, row in zip(tokens, boxes, rows, strict=True)
    ]


def _level_boxes(quads: Floats) -> Floats:
    """Boxes (N, 4) of quads (N, 4, 2) after the page was turned by the text's own median angle."""
    widths, _ = geometry.sides(quads)
    along = quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]
    long = widths >= np.median(widths)
    angle = float(np.median(np.arctan2(along[long, 1], along[long, 0])))
    cos, sin = np.cos(-angle), np.sin(-angle)
    turned = quads @ np.array([[cos, sin], [-sin, cos]], np.float32)
    boxes: Floats = np.concatenate([turned.min(axis=1), turned.max(axis=1)], axis=1)
    return boxes


def _rows(boxes: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Row numbers (N,) of boxes (N, 4), from the top."""
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    heights = np.maximum(boxes[:, 3] - boxes[:, 1], 1.0)
    rows = np.zeros(len(boxes), dtype=np.intp)
    row, anchor, height = -1, -np.inf, 1.0
    for i in np.argsort(middles, kind="stable"):
        if row < 0 or middles[i] - anchor > SAME_ROW * min(height, float(heights[i])):
            row, anchor, height = row + 1, float(middles[i]), float(heights[i])
        else:  # the row follows its text, so that a slight slope does not break it
            anchor, height = 0.7 * anchor + 0.3 * float(middles[i]), max(height, float(heights[i]))
        rows[i] = row
    return rows
