"""Lines to paragraphs, headings and columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wordsight.layout.bands import boxes, hull
from wordsight.layout.parts import Paragraph
from wordsight.types import Floats, Line, Quad

GAP = 0.9
"""Lines of one paragraph stand at most so far apart, in heights of the upper."""
WIDER = 0.3
"""The space between two of its lines is at most so much wider than that between its first two, in heights."""
RATIO = 1.35
"""The larger of two neighbouring lines of a paragraph is at most so many times as high."""
LEAN = 10.0
"""They differ in direction by at most so many degrees."""
LARGE, LARGER = 1.35, 1.8
"""A paragraph whose letters are so many times as high as the page's is a heading, of the second or the first order."""
SHORT = 3
"""A heading has at most so many lines."""


def paragraphs(lines: Sequence[Line]) -> tuple[Paragraph, ...]:
    """The paragraphs of a page, in reading order.

    Args:
        lines: The page's lines, in reading order.
    """
    if not lines:
        return ()
    heights = [height(line.quad) for line in lines]
    # Weighted by length: a page of small print under one long title has small letters.
    usual = float(np.median(np.repeat(heights, [len(line.text) for line in lines]) if any(heights) else heights))
    bounds = boxes(line.quad for line in lines)
    groups = group(lines)
    found = []
    for members, column in zip(groups, columns([bounds[members] for members in groups]), strict=True):
        text = "\n".join(lines[i].text for i in members)
        size = float(np.median([heights[i] for i in members])) / max(usual, 0.01)
        level = 0 if size < LARGE or len(members) > SHORT else 1 if size >= LARGER else 2
        found.append(Paragraph(hull(bounds[members]), text, tuple(members), level, column))
    return tuple(found)


def group(lines: Sequence[Line]) -> list[list[int]]:
    """Indices of lines, grouped by what looks like one block of text, in reading order."""
    groups: list[list[int]] = []
    for index, line in enumerate(lines):
        if groups and _follows([lines[i] for i in groups[-1]], line):
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def columns(blocks: Sequence[Floats]) -> list[int]:
    """For each block the number of its column: a new one begins where reading goes up again, beside what was read.

    Args:
        blocks: In reading order, the boxes (N, 4) of the lines of each. Single lines may stand beside each other in
            one row, and begin no column.
    """
    number, numbers = 0, []
    lowest: Quad | None = None
    for block in blocks:
        here = hull(block)
        if len(block) > 1 and lowest is not None and here.bounds[1] < lowest.bounds[3] and not _overlap(here, lowest):
            number, lowest = number + 1, here
        elif len(block) > 1:
            lowest = here
        numbers.append(number)
    return numbers


def height(quad: Quad) -> float:
    """Height of a text, in pixels, at least a hundredth of one."""
    points = quad.points
    sides = np.linalg.norm(points[3] - points[0]), np.linalg.norm(points[2] - points[1])
    return max(float(np.mean(sides)), 0.01)


def _follows(above: Sequence[Line], lower: Line) -> bool:
    """Whether a paragraph goes on in a line."""
    upper = above[-1]
    lean = abs((upper.quad.angle - lower.quad.angle + 180) % 360 - 180)
    high, other = height(upper.quad), height(lower.quad)
    if lean > LEAN or abs(upper.quad.angle) > LEAN or max(high, other) > RATIO * min(high, other):
        return False
    if not _overlap(upper.quad, lower.quad) or lower.quad.bounds[3] <= upper.quad.bounds[3]:
        return False
    gap = _gap(upper.quad, lower.quad)
    if len(above) > 1 and gap > _gap(above[0].quad, above[1].quad) + WIDER * high:
        return False
    return gap < GAP * high


def _gap(upper: Quad, lower: Quad) -> float:
    return lower.bounds[1] - upper.bounds[3]


def _overlap(first: Quad, second: Quad) -> bool:
    return min(first.bounds[2], second.bounds[2]) > max(first.bounds[0], second.bounds[0])
