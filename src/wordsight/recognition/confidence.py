"""From the probabilities of characters to the probability that a text is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wordsight.types import Span


def calibrated(spans: Sequence[Span]) -> float:
    """Probability that a text is right, from its characters; 0 for no text."""
    if not spans:
        return 0.0
    return float(np.exp(np.mean(np.log([max(span.probability, 1e-6) for span in spans]))))
