"""Whether the picture supports the nearest text of a vocabulary, or says something else.

The answer is a probability by logistic regression. For a word of a list its form is that of Bayes' odds between "one of
these N words, each as likely" and "some other text, each letter of which is one of many": the log probability of the
word, a gain for each letter, a loss for the logarithm of N. Digits gain nothing: a letter can be told from the others
of its word, a digit of a code cannot. The coefficients were fitted on the crops of iiit5k_train, svt_words_train and
icdar2015_words_train whose file name has an even CRC-32, as they are and upside down, which is how text looks that is
none; `benchmarks/lexicon.py` measures on the others. For a pattern
only the ratio to the free reading counts, fitted likewise on icdar2015_words_train (`benchmarks/pattern.py`), the only
set whose labels have case and signs.
"""

from __future__ import annotations

import math

SCORE, LETTER, SIZE, WORDS = 0.557, 0.659, -0.556, 3.185
RATIO, PATTERN = 0.150, 0.394
ACCEPT_WORD, ACCEPT_PATTERN = 0.15, 0.45
"""Least probabilities with which a text that the free reading differs from is answered."""
CONTRADICTED = -10.0
"""Least log ratio to the free reading with which a word is answered. The lists of the fit were drawn at random, and so
hardly ever hold a near neighbour of a missing word; lists of users do: HOTELS where the picture clearly says HOTEL."""


def of_word(score: float, text: str, size: int) -> float:
    """Probability that a word of a list is what a picture says, where the free reading is another text.

    Args:
        score: Natural log of the word's probability.
        text: The word.
        size: Number of words in the list.
    """
    return _logistic(SCORE * score + LETTER * letters(text) + SIZE * math.log(size) + WORDS)


def letters(text: str) -> int:
    """How many characters of a word tell it from others."""
    return sum(map(str.isalpha, text))


def least_score(size: int) -> float:
    """The score that a word without letters needs in a list of some size; each letter makes it LETTER / SCORE less."""
    return (math.log(ACCEPT_WORD / (1 - ACCEPT_WORD)) - SIZE * math.log(size) - WORDS) / SCORE


def of_pattern(ratio: float) -> float:
    """Probability that the nearest text of a pattern is what a picture says, where the free reading is another.

    Args:
        ratio: Natural log of its probability over that of the free reading.
    """
    return _logistic(RATIO * ratio + PATTERN)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0
