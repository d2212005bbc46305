"""Connectionist temporal classification, decoded: which characters, where, how probable.

Greedy ("best path") decoding of Graves et al., "Connectionist Temporal Classification" (ICML 2006), section 3.2:
take the most probable class of each frame, join repeats, drop blanks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wordsight.charset import BLANK, Charset
from wordsight.types import Floats, Span


@dataclass(frozen=True, slots=True, eq=False)
class BestPath:
    """The best class of each frame of one crop.

    Attributes:
        classes: (T,) class of each frame.
        probabilities: (T,) float32, the network's own probability of that class: where only some classes are
            allowed it is not raised to make up for the others, so a forced reading shows that it was forced.
    """

    classes: NDArray[np.intp]
    probabilities: Floats


def best_path(probabilities: Floats, allowed: NDArray[np.intp] | None = None) -> BestPath:
    """The best path through frames.

    Args:
        probabilities: (T, C) float32, rows sum to 1.
        allowed: Classes that may be chosen, the blank among them; None allows all.
    """
    table = probabilities if allowed is None else probabilities[:, allowed]
    best = table.argmax(axis=1)
    values = np.take_along_axis(table, best[:, None], axis=1)[:, 0]
    return BestPath(best if allowed is None else allowed[best], values)


def spell(path: BestPath, charset: Charset) -> tuple[Span, ...]:
    """The characters of a path, with their places.

    A character is as probable as its best frame. CTC marks a character by a peak that is narrower than the glyph,
    so each character reaches to half way to its neighbours, at most one typical pitch to either side.
    """
    classes, frames = path.classes, len(path.classes)
    starts = np.flatnonzero(np.diff(classes, prepend=-1))
    ends = np.append(starts[1:], frames)
    written = classes[starts] != BLANK
    starts, ends = starts[written], ends[written]
    if not len(starts):
        return ()
    centres = (starts + ends) / 2
    gaps = np.diff(centres)
    reach = float(np.median(gaps)) / 2 if len(gaps) else frames / 2
    before = np.minimum(np.concatenate([[reach], gaps / 2]), reach)
    after = np.minimum(np.concatenate([gaps / 2, [reach]]), reach)
    lefts = np.clip(np.minimum(centres - before, starts), 0, frames) / frames
    rights = np.clip(np.maximum(centres + after, ends), 0, frames) / frames
    return tuple(
        Span(
            charset.symbol(int(classes[start])),
            float(left),
            float(right),
            float(path.probabilities[start:end].max()),
        )
        for start, end, left, right in zip(starts, ends, lefts, rights, strict=True)
    )
