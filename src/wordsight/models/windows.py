"""What the sliding-window and the region-based detector look at: known to their networks and to what runs them.

The networks need torch, reading does not; so this stands apart from both.
"""

from __future__ import annotations

import math

STRIDE = 4
"""Pixels of a network's input per cell of its maps."""

WINDOW = 64
"""Side of a sliding window, pixels."""
MIDDLE = 7
"""A window of its own gives 16 x 16 cells; this one, across and down, has seen nothing but the window."""
TEXT = 16.0
"""Height of the text that a window answers for, pixels."""
STEP = math.sqrt(2)
"""Between two sizes of the pyramid."""
LEVELS = 9
"""Most sizes: the largest text that is found is 16 times as high as the smallest."""

POOLED = (4, 12)
"""Rows and columns to which the features of a region are brought: text is wider than high."""
MARGIN = 0.15
"""A region is judged with so much around it, in shares of its height: a word's end shows in what follows it."""


def pyramid(width: int, height: int) -> list[tuple[int, int]]:
    """Width and height of each copy of a picture, from its own size down: multiples of 4, half a window or more."""
    sizes: list[tuple[int, int]] = []
    for level in range(LEVELS):
        wide, high = (max(STRIDE, STRIDE * round(side / STEP**level / STRIDE)) for side in (width, height))
        if level and min(wide, high) < WINDOW // 2:
            break
        sizes.append((wide, high))
    return sizes
