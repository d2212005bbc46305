"""Boxes that somebody drew, on a page that was read."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from wordsight.fields.tokens import Token
from wordsight.training.lesson import Example


def spans_in_boxes(tokens: Sequence[Token], example: Example, label: str) -> tuple[range, ...]:
    """For each box of a label the run of tokens whose middles lie in it; empty where there is none.

    Tokens that are not next to each other in reading order make several runs, of which the longest counts.
    """
    spans = []
    for box in example.boxes:
        if box.label != label or box.ignore:
            continue
        outline = np.array(box.quad, np.float32)
        inside = [
            i
            for i, token in enumerate(tokens)
            if cv2.pointPolygonTest(outline, tuple(map(float, token.quad.points.mean(axis=0))), False) >= 0
        ]
        runs = np.split(np.array(inside, int), np.flatnonzero(np.diff(inside) > 1) + 1) if inside else []
        if runs:
            longest = max(runs, key=len)
            spans.append(range(int(longest[0]), int(longest[-1]) + 1))
    return tuple(spans)
