"""Whether the picture supports the nearest text of a vocabulary, or says something else.

The answer is a probability by logistic regression. For a word of a list its form is that of Bayes' odds between "one of
these N words, each as likely" and "some other text, each character of which is one of many": the log probability of the
word, a gain for each character, a loss for the logarithm of N. One more piece of evidence is what each character costs
in which the word differs from the free reading: where the picture is blurred it costs little, and a neighbour that a
list happens to hold, HOTELS where the picture clearly says HOTEL, costs much. The coefficients were fitted on the crops
of iiit5k_train, svt_words_train and icdar2015_words_train whose file name has an even CRC-32
(`benchmarks/lexicon.py --fit`, which prints nearly the same: there more lists of neighbours count), and are measured on
the others. For a pattern only the ratio to the free reading counts, fitted likewise on icdar2015_words_train
(`benchmarks/pattern.py`), the only set whose labels have case and signs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SCORE, CHARACTER, SIZE, CHANGE, WORDS = 0.267, 0.401, -0.216, 0.348, 1.014
RATIO, PATTERN = 0.150, 0.394
ACCEPT_WORD, ACCEPT_PATTERN = 0.25, 0.45
"""Least probabilities with which a text that the free reading differs from is answered."""
CONTRADICTED = -10.0
"""Least log ratio to the free reading with which a word is answered, however many characters differ."""
RELIEF = CHARACTER / SCORE
"""By so much less a word may score for each of its characters."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a word of a list that the free reading is not.

    Attributes:
        score: Natural log of the word's probability.
        ratio: The same over that of the free reading.
        length: Number of its characters.
        changes: Edits between it and the free reading, 1 or more.
    """

    score: float
    ratio: float
    length: int
    changes: int

    def features(self, size: int) -> tuple[float, float, float, float, float]:
        """What the coefficients multiply, in their order, for a list of some size."""
        return self.score, self.length, math.log(size), min(self.ratio / self.changes, 0.0), 1.0

    def probability(self, size: int) -> float:
        """Probability that the word is what a picture says, in a list of some size."""
        weights = (SCORE, CHARACTER, SIZE, CHANGE, WORDS)
        return _logistic(sum(w * x for w, x in zip(weights, self.features(size), strict=True)))

    def supports(self, size: int) -> bool:
        """Whether that is enough for an answer."""
        return self.probability(size) >= ACCEPT_WORD and self.ratio >= CONTRADICTED


def least_score(size: int) -> float:
    """The score that a word without characters needs in a list of some size; each character makes it RELIEF less."""
    return (math.log(ACCEPT_WORD / (1 - ACCEPT_WORD)) - SIZE * math.log(size) - WORDS) / SCORE


def of_pattern(ratio: float) -> float:
    """Probability that the nearest text of a pattern is what a picture says, where the free reading is another.

    Args:
        ratio: Natural log of its probability over that of the free reading.
    """
    return _logistic(RATIO * ratio + PATTERN)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0
