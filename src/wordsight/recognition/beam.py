"""Prefix beam search: the most probable text, where greedy decoding gives the text of the most probable path.

Hannun, Maas, Jurafsky and Ng, "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent
DNNs" (2014), algorithm 1, without a language model.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wordsight.charset import BLANK
from wordsight.config import check_whole
from wordsight.types import Floats


@dataclass(frozen=True, slots=True)
class Labelling:
    """A text as classes, and the natural log of its probability: the sum over its paths that the beam kept."""

    classes: tuple[int, ...]
    score: float


def beam_search(
    probabilities: Floats, width: int, allowed: NDArray[np.intp] | None = None, least: float = 1e-4
) -> list[Labelling]:
    """The most probable texts, the best first.

    Args:
        probabilities: (T, C) float32, rows sum to 1.
        width: Beginnings that are kept from frame to frame, and most texts that are returned. With room for all of
            them, and ``least`` 0, the first text is the most probable one and its score is exact.
        allowed: Classes that may be chosen, the blank among them; None allows all.
        least: Classes that are less probable in a frame are not tried there, unless none is more.

    Raises:
        ConfigError: ``width`` is no whole number from 1 to 1,000,000.
    """
    check_whole("width", width, 1, 1_000_000)
    classes = np.arange(probabilities.shape[1]) if allowed is None else allowed
    beams: dict[tuple[int, ...], list[float]] = {(): [1.0, 0.0]}  # probability that it ends in a blank, in a label
    scale = 0.0
    for frame in probabilities:
        values = frame[classes].astype(np.float64)
        tried = np.flatnonzero(values >= min(least, values.max()))
        steps = [(int(classes[one]), float(values[one])) for one in tried if values[one] > 0]
        found: dict[tuple[int, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for prefix, (blank, label) in beams.items():
            for column, value in steps:
                if column == BLANK:
                    found[prefix][0] += (blank + label) * value
                elif prefix and prefix[-1] == column:
                    found[prefix][1] += label * value
                    found[*prefix, column][1] += blank * value
                else:
                    found[*prefix, column][1] += (blank + label) * value
        kept = sorted(found.items(), key=lambda item: -sum(item[1]))[:width]
        most = sum(kept[0][1]) if kept else 0.0
        if most <= 0:
            return []
        beams = {prefix: [blank / most, label / most] for prefix, (blank, label) in kept}
        scale += math.log(most)
    ranked = sorted(((sum(ends), prefix) for prefix, ends in beams.items()), key=lambda item: -item[0])
    return [Labelling(prefix, math.log(total) + scale) for total, prefix in ranked if total > 0]
