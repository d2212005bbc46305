"""Reading with a vocabulary: search it in the lattice of a crop, and decide whether the picture supports what is found.

A word of the list is matched without regard to case, and signs that no word of the list has are passed over, so that
the crop ``Joe's,`` agrees with the word ``JOES``. Where the free reading agrees with what is found it stays as it is,
in the picture's own spelling; else the answer is spelt as in the list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wordsight.charset import Charset
from wordsight.errors import ConfigError
from wordsight.recognition.alphabet import Alphabet, fold, signs
from wordsight.recognition.automaton import Automaton, compile_pattern
from wordsight.recognition.confidence import product_for
from wordsight.recognition.ctc import Mark
from wordsight.recognition.lattice import Lattice
from wordsight.recognition.pattern import parse
from wordsight.recognition.search import Found, PatternSearch, Search, WordSearch
from wordsight.recognition.track import Tracks
from wordsight.types import Floats
from wordsight.vocabulary import Vocabulary

Ints = NDArray[np.intp]

ASCII = frozenset(map(chr, range(32, 127)))
KEPT = 64  # compiled vocabularies


@dataclass(frozen=True, slots=True)
class Followed:
    """What was read with a vocabulary: characters, and as in :class:`wordsight.types.Reading`."""

    marks: Sequence[Mark]
    matched: bool | None
    log_ratio: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Guide:
    """A vocabulary, made ready for a recognizer.

    Attributes:
        allowed: Classes that may be read, the blank among them; None leaves that to the recognizer.
        alphabet: Columns of the lattices that are searched.
        search: Finds words or texts of the pattern; None where the vocabulary has neither.
        longest: No text of the vocabulary has more characters.
        strict: Whether the answer must be one of them.
        product_for: Product of probabilities that stands for a confidence.
    """

    allowed: Ints | None
    alphabet: Alphabet
    search: Search | None
    longest: float
    strict: bool
    product_for: Callable[[float], float] = product_for

    def follow(self, table: Floats, marks: Sequence[Mark]) -> Followed:
        """Read a crop.

        Each word of a line is looked up by itself, and the whole line as well where not all words are found: an entry
        may hold spaces, and a space may be an error.

        Args:
            table: (T, C) probabilities.
            marks: The free reading.
        """
        if self.search is None:
            return Followed(marks, None, None)
        parts = list(_words(marks, len(table)))
        found = self._all(table, marks, parts, strict=False)
        if found.matched:
            return found
        if len(parts) > 1 and len(marks) <= self.longest + 3:
            whole = self._one(table, 0, len(table), marks, strict=False)
            if whole.matched:
                return whole
        if not self.strict:
            return found
        forced = [self._all(table, marks, parts, strict=True)]
        if len(parts) > 1:
            forced.append(self._one(table, 0, len(table), marks, strict=True))
        matched = [one for one in forced if one.matched] or [Followed((), False, None)]
        return max(matched, key=lambda one: one.log_ratio or 0.0)

    def _all(
        self, table: Floats, marks: Sequence[Mark], parts: Sequence[tuple[int, int, list[Mark]]], strict: bool
    ) -> Followed:
        """Each word by itself."""
        words = [self._one(table, start, end, part, strict) for start, end, part in parts]
        spaces = [mark for mark in marks if mark.symbol.isspace()]
        ratios = [word.log_ratio for word in words if word.log_ratio is not None]
        return Followed(
            sorted([*spaces, *(mark for word in words for mark in word.marks)], key=lambda mark: mark.start),
            all(word.matched for word in words),
            sum(ratios) if len(ratios) == len(words) else None,
        )

    def _one(self, table: Floats, start: int, end: int, marks: Sequence[Mark], strict: bool) -> Followed:
        """The frames ``start`` to ``end - 1`` as one text."""
        if self.search is None or not (marks or strict):
            return Followed(marks, False, None)  # where nothing was read, nothing is made up
        lattice, labels = self.alphabet.lattice(table[start:end], [mark.symbol for mark in marks])
        free = lattice.likelihood(labels)
        found = self.search.find(lattice, labels, free, strict)
        if found is None:
            return Followed(marks, False, None)
        if list(found.labels) == labels:
            inside = [mark for mark in marks if not (mark.symbol.isspace() and mark.symbol in self.alphabet.passed)]
            return Followed(inside, True, 0.0)
        ratio = found.score - free
        if not found.supported and not strict:
            return Followed(marks, False, ratio)
        return Followed(self._spelt(lattice, found, start), True, ratio)

    def _spelt(self, lattice: Lattice, found: Found, start: int) -> list[Mark]:
        """The characters of a found text in their frames, all as probable: together as probable as the text."""
        path = lattice.align(found.labels)
        each = self.product_for(found.probability) ** (1 / max(len(found.text), 1))
        marks = []
        for number, symbol in enumerate(found.text):
            frames = np.flatnonzero(path == number)
            marks.append(Mark(symbol, start + int(frames[0]), start + int(frames[-1]) + 1, each))
        return marks


def _words(marks: Sequence[Mark], frames: int) -> Iterator[tuple[int, int, list[Mark]]]:
    """The words between spaces, with the frames in which each stands; all frames where there is no text."""
    start, word = 0, list[Mark]()
    for mark in marks:
        if not mark.symbol.isspace():
            word.append(mark)
            continue
        if word:
            yield start, mark.start, word
        start, word = mark.end, []
    if word or not any(not mark.symbol.isspace() for mark in marks):
        yield (start if word else 0), frames, word


class Guides:
    """Makes guides for a recognizer, and keeps those of late.

    Args:
        charset: The recognizer's.
        allowed: Its classes that may be read, the blank among them; None allows all.
        for_confidence: Product of probabilities that the recognizer calibrates to a confidence.
    """

    def __init__(
        self, charset: Charset, allowed: Ints | None, for_confidence: Callable[[float], float] = product_for
    ) -> None:
        self._charset = charset
        self._allowed = allowed
        self._product_for = for_confidence
        self.guide = lru_cache(KEPT)(self._guide)

    def _guide(self, vocabulary: Vocabulary) -> Guide:
        """Make a vocabulary ready.

        Raises:
            ConfigError: Nothing in it can be read, or its pattern cannot be used.
        """
        allowed = self._allowed
        if vocabulary.allow:
            listed = self._charset.allowed("auto", vocabulary.allow)
            allowed = listed if allowed is None or listed is None else np.intersect1d(listed, allowed)
        if vocabulary.words:
            return self._words(vocabulary, allowed)
        if vocabulary.pattern:
            return self._pattern(vocabulary, allowed)
        nothing = Alphabet.of((), frozenset(), self._charset, allowed, fold_case=True)
        return Guide(allowed, nothing, None, 0, False, self._product_for)

    def _words(self, vocabulary: Vocabulary, allowed: Ints | None) -> Guide:
        folds = not vocabulary.match_case
        words = vocabulary.words
        if vocabulary.pattern:
            automaton = self._automaton(vocabulary.pattern, allowed, "(?i)" if folds else "")
            words = tuple(word for word in words if automaton.matches(word))
        keys = [[fold(symbol) if folds else symbol for symbol in word] for word in words]
        symbols = sorted({symbol for key in keys for symbol in key})
        passed = signs(self._charset).difference(symbols)
        alphabet = Alphabet.of(symbols, passed, self._charset, allowed, folds)
        columns = alphabet.columns
        legible = [n for n, key in enumerate(keys) if all(symbol in columns for symbol in key)]
        if not legible:
            raise ConfigError("no word of the list is left; allow their characters, or widen the pattern")
        labels = [tuple(columns[symbol] for symbol in keys[n]) for n in legible]
        search = WordSearch.of([words[n] for n in legible], labels)
        return Guide(allowed, alphabet, search, max(map(len, labels)), vocabulary.strict, self._product_for)

    def _pattern(self, vocabulary: Vocabulary, allowed: Ints | None) -> Guide:
        automaton = self._automaton(vocabulary.pattern, allowed)
        symbols = sorted({symbol for moves in automaton.edges for symbol in moves})
        passed = frozenset([" "] if " " in self._charset else []).difference(symbols)
        alphabet = Alphabet.of(symbols, passed, self._charset, allowed, fold_case=False)
        tracks = Tracks.of(automaton, alphabet.columns.__getitem__)
        search = PatternSearch(tracks, ["", *alphabet.columns])
        return Guide(allowed, alphabet, search, math.inf, vocabulary.strict, self._product_for)

    def _automaton(self, pattern: str, allowed: Ints | None, flags: str = "") -> Automaton:
        """A pattern's automaton; ``.`` and the like stand for ASCII where all characters are allowed."""
        symbols = self._charset.symbols if allowed is None else [self._charset.symbol(int(one)) for one in allowed]
        usual = ASCII.union(pattern) if allowed is None else frozenset(symbols)
        expression = parse(pattern if pattern.startswith(flags) else flags + pattern)
        return compile_pattern(expression, filter(None, symbols), usual)
