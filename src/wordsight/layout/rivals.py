"""Two readings of the same picture: wherever both found text, the surer one counts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from wordsight import geometry
from wordsight.types import Floats, Word, mean_confidence

SHARED = 0.3
"""Words that have more than this share of the smaller one's area in common are readings of the same text."""
ALONE = 0.8
"""What only the second reading found must be at least so sure."""


def surer(
    units: Sequence[Sequence[Word]], quads: Floats, others: Sequence[Sequence[Word]], other_quads: Floats
) -> tuple[list[list[Word]], Floats]:
    """The words of two readings, without those that the other reading has better.

    Words that lie upon each other, however many on either side, are compared as one group: by their mean confidence,
    each word weighted by its length, times the logarithm of their length, so that a clear part of a text does not beat
    the whole of it. The first reading wins ties. SHARED and ALONE were chosen on icdar2015_train, img_N.jpg with
    N % 10 == 0.

    Args:
        units: For each text of the first reading its words.
        quads: (N, 4, 2) these texts' places.
        others: The same of the second reading.
        other_quads: (M, 4, 2).

    Returns:
        The texts that are left, each with its words, and their places (K, 4, 2). Where only some of a text's words are
        left, each of these is a text of its own.
    """
    together = [list(unit) for unit in (*units, *others)]
    words = [word for unit in together for word in unit]
    first = sum(len(unit) for unit in units)
    kept: set[int] = set()
    for group in _groups(words):
        one, other = [i for i in group if i < first], [i for i in group if i >= first]
        if not one:
            kept.update(i for i in other if words[i].confidence >= ALONE)
        else:
            kept.update(max((one, other), key=lambda side: _weight([words[i] for i in side])))
    start = 0
    units_left: list[list[Word]] = []
    places: list[Floats] = []
    for unit, place in zip(together, np.concatenate([quads, other_quads]), strict=True):
        left = [word for number, word in enumerate(unit, start) if number in kept]
        start += len(unit)
        if len(left) == len(unit):
            units_left.append(left)
            places.append(place)
        else:  # what was between them may be another's now
            units_left += [[word] for word in left]
            places += [word.quad.points for word in left]
    return units_left, np.array(places, np.float32).reshape(-1, 4, 2)


def _groups(words: Sequence[Word]) -> list[list[int]]:
    """Indices of words that lie upon each other, directly or by way of others."""
    if not words:
        return []
    group = list(range(len(words)))
    for i, j, share, _ in geometry.overlaps(np.stack([word.quad.points for word in words])):
        if share > SHARED:
            old, new = sorted((group[i], group[j]), reverse=True)
            group = [new if number == old else number for number in group]
    return [[i for i, number in enumerate(group) if number == one] for one in sorted(set(group))]


def _weight(words: Sequence[Word]) -> float:
    """How much was read and how surely; 0 without words."""
    if not words:
        return 0.0
    return mean_confidence(words) * math.log1p(sum(len(word.text) for word in words))
