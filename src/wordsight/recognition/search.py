"""The nearest text of a vocabulary in a lattice, and whether the picture supports it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from wordsight.edits import edit_distance
from wordsight.recognition import rejection
from wordsight.recognition.lattice import Lattice
from wordsight.recognition.lexicon import Hit, Trie
from wordsight.recognition.track import Tracks

REACH = 16.0
"""Where a word of the list must be the answer, those less probable than the free reading by a factor of exp(REACH) are
looked for only when there is no other."""


@dataclass(frozen=True, slots=True)
class Found:
    """The nearest text of a vocabulary.

    Attributes:
        labels: Its columns in the lattice.
        text: Its spelling.
        score: Natural log of its probability.
        probability: That it is what the picture says, where the free reading is another.
        supported: Whether that is enough for an answer.
    """

    labels: Sequence[int]
    text: str
    score: float
    probability: float
    supported: bool


class Search(Protocol):
    """Finds the nearest text of a vocabulary."""

    def find(self, lattice: Lattice, labels: Sequence[int], free: float, strict: bool) -> Found | None:
        """The nearest text, if there is one.

        Args:
            lattice: Where to look.
            labels: Columns of the free reading.
            free: Natural log of its probability.
            strict: Whether a text that is far off is wanted too.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class WordSearch:
    """A list of words: spellings, and the trie of their columns."""

    words: Sequence[str]
    labels: Sequence[tuple[int, ...]]
    known: frozenset[tuple[int, ...]]
    trie: Trie

    @classmethod
    def of(cls, words: Sequence[str], labels: Sequence[tuple[int, ...]]) -> WordSearch:
        """A list of spellings with their columns."""
        return cls(words, labels, frozenset(labels), Trie.of(labels, [*map(len, labels)]))

    def find(self, lattice: Lattice, labels: Sequence[int], free: float, strict: bool) -> Found | None:
        """See :class:`Search`."""
        size = len(self.words)
        if tuple(labels) in self.known:
            hit = self.trie.search(lattice, free)  # nothing less probable than this word is of interest
        elif strict:
            far = (REACH, 4 * REACH, math.inf)
            hit = next(filter(None, (self.trie.search(lattice, free - reach) for reach in far)), None)
        else:
            hit = self.trie.search(
                lattice, rejection.least_score(size), rejection.RELIEF, free + rejection.CONTRADICTED
            )
        if hit is None:
            return None
        evidence = self.evidence(hit, labels, free)
        chance, supported = evidence.probability(size), evidence.supports(size)
        return Found(self.labels[hit.word], self.words[hit.word], hit.score, chance, supported)

    def evidence(self, hit: Hit, labels: Sequence[int], free: float) -> rejection.Evidence:
        """What speaks for a word, where the free reading has these columns and this natural log of its probability."""
        found = self.labels[hit.word]
        return rejection.Evidence(hit.score, hit.score - free, len(found), max(_edits(found, labels), 1))


@dataclass(frozen=True, slots=True, eq=False)
class PatternSearch:
    """A pattern: its tracks, and the symbol of each column."""

    tracks: Tracks
    symbols: Sequence[str]

    def find(self, lattice: Lattice, labels: Sequence[int], free: float, strict: bool) -> Found | None:
        """See :class:`Search`."""
        best = self.tracks.best(lattice)
        if best is None:
            return None
        score = lattice.likelihood(best)
        text = "".join(self.symbols[label] for label in best)
        chance = rejection.of_pattern(score - free)
        return Found(best, text, score, chance, chance >= rejection.ACCEPT_PATTERN)


def _edits(one: Sequence[int], other: Sequence[int]) -> int:
    """Least number of columns to change, add or leave out between two texts."""
    return edit_distance("".join(map(chr, one)), "".join(map(chr, other)))
