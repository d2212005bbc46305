"""What the written forms share: paragraphs of a page, and texts and numbers that XML can say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from wordsight.layout.paragraphs import group
from wordsight.page import Page, encodable
from wordsight.types import Quad

UNSPEAKABLE = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Characters that XML 1.0 has no way to write."""


def paragraphs(page: Page) -> list[list[int]]:
    """Indices into ``page.lines``, grouped by what looks like one block of text, in reading order."""
    return group(page.lines)


def width(quad: Quad) -> float:
    """Length of a text, in pixels, at least a hundredth of one."""
    points = quad.points
    sides = np.linalg.norm(points[1] - points[0]), np.linalg.norm(points[2] - points[3])
    return max(float(np.mean(sides)), 0.01)


def around(quads: Sequence[Quad]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the box around some quads."""
    bounds = np.array([quad.bounds for quad in quads])
    left, top = bounds[:, :2].min(axis=0)
    right, bottom = bounds[:, 2:].max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def box(page: Page, bounds: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """A box in whole pixels, inside the page, at least one pixel wide and high."""
    left, top = min(max(int(bounds[0]), 0), page.width - 1), min(max(int(bounds[1]), 0), page.height - 1)
    right, bottom = min(max(round(bounds[2]), left + 1), page.width), min(max(round(bounds[3]), top + 1), page.height)
    return left, top, right, bottom


def corners(page: Page, quad: Quad) -> list[tuple[int, int]]:
    """The corners of a quad in whole pixels, inside the page."""
    points = np.clip(np.round(quad.points), 0, [page.width, page.height]).astype(int)
    return [(int(x), int(y)) for x, y in points]


def text(value: str) -> str:
    """A text between XML tags; what XML cannot say becomes U+FFFD."""
    return escape(UNSPEAKABLE.sub("\ufffd", encodable(value)))


def attribute(value: object) -> str:
    """A value of an XML attribute, with its quotes."""
    return quoteattr(UNSPEAKABLE.sub("\ufffd", encodable(str(value))))
