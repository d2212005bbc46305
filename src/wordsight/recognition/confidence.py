"""From the probabilities of characters to the probability that a text is right.

The named aggregation is the **product**: the probability that every character is right, were they independent. It is
then calibrated by beta calibration (Kull, Silva Filho, Flach, "Beta calibration", AISTATS 2017):
``1 / (1 + exp(-(a ln p - b ln(1 - p) + c)))``. The coefficients were fitted on the crops of iiit5k_train,
svt_words_train and icdar2015_words_train whose file name has an even CRC-32; `benchmarks/recognition.py`
shows the reliability on the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from wordsight.types import Span

A, B, C = 1.014, 0.696, 0.047
LEAST = 1e-5
"""Products are kept this far from 0 and 1."""


def product(spans: Sequence[Span]) -> float:
    """Product of the characters' probabilities; 0 for no text."""
    return math.prod(span.probability for span in spans) if spans else 0.0


def calibrated(spans: Sequence[Span]) -> float:
    """Probability that a text is right, from its characters; 0 for no text."""
    return beta(product(spans), A, B, C) if spans else 0.0


def beta(probability: float, a: float, b: float, c: float) -> float:
    """A probability after beta calibration with these coefficients."""
    p = min(max(probability, LEAST), 1 - LEAST)
    return 1 / (1 + math.exp(-(a * math.log(p) - b * math.log(1 - p) + c)))


def product_for(confidence: float) -> float:
    """The product of probabilities that :func:`calibrated` maps to a confidence; 0 for 0. By bisection."""
    low, high = LEAST, 1 - LEAST
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if beta(middle, A, B, C) < confidence else (low, middle)
    return high if confidence else 0.0
