"""Which classes of a recognizer a search looks at, and which it takes together."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wordsight.charset import BLANK, Charset
from wordsight.recognition.lattice import Lattice
from wordsight.types import Floats

Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Alphabet:
    """The columns of a lattice. Column 0 is the blank, with the symbols that are passed over.

    Attributes:
        columns: Column of each symbol that a search knows, folded.
        groups: Classes of every folded symbol of the charset.
        passed: Symbols that count as blanks.
        fold_case: Whether upper and lower case are one.
        classes, starts: The classes of all columns in a row, and where in it each column starts.
    """

    columns: Mapping[str, int]
    groups: Mapping[str, tuple[int, ...]]
    passed: frozenset[str]
    fold_case: bool
    classes: Ints
    starts: Ints

    @classmethod
    def of(
        cls, symbols: Iterable[str], passed: frozenset[str], charset: Charset, allowed: Ints | None, fold_case: bool
    ) -> Alphabet:
        """The alphabet of some symbols.

        Args:
            symbols: What a search knows, folded; what the charset or ``allowed`` lack is left out.
            passed: What counts as a blank.
            charset: The recognizer's.
            allowed: Its classes that may be read, the blank among them; None allows all.
            fold_case: Whether upper and lower case are one.
        """
        groups = grouped(charset, fold_case)
        may = None if allowed is None else set(allowed.tolist())
        members = [[BLANK, *(one for symbol in sorted(passed) for one in charset.classes([symbol]) if one != BLANK)]]
        columns = {}
        for symbol in symbols:
            found = [one for one in groups.get(symbol, ()) if may is None or one in may]
            if found:
                columns[symbol] = len(members)
                members.append(found)
        starts = np.cumsum([0, *map(len, members[:-1])])
        return cls(columns, groups, passed, fold_case, np.concatenate(members).astype(np.intp), starts)

    def fold(self, text: Iterable[str]) -> list[str]:
        """The symbols of a text as the search sees them, without those that are passed over."""
        return [fold(symbol) if self.fold_case else symbol for symbol in text if symbol not in self.passed]

    def lattice(self, table: Floats, text: Sequence[str]) -> tuple[Lattice, list[int]]:
        """The lattice of some frames, and the columns of a text in it.

        Args:
            table: (T, C) float32, the probabilities of all classes.
            text: Symbols of the charset; those that no search knows get columns behind the others.
        """
        sums = np.add.reduceat(table[:, self.classes], self.starts, axis=1)
        columns = dict(self.columns)
        labels = []
        for symbol in self.fold(text):
            if symbol not in columns:
                columns[symbol] = sums.shape[1]
                sums = np.column_stack([sums, table[:, list(self.groups[symbol])].sum(axis=1)])
            labels.append(columns[symbol])
        return Lattice.scaled(sums), labels


def fold(symbol: str) -> str:
    """A symbol without its case, if that is one symbol too."""
    for folded in (symbol.casefold(), symbol.lower()):
        if len(folded) == len(symbol):
            return folded
    return symbol


def is_sign(symbol: str) -> bool:
    """Whether a symbol is punctuation, a mathematical or other sign, or a space."""
    return all(unicodedata.category(character)[0] in "PSZ" for character in symbol)


@lru_cache(maxsize=16)
def grouped(charset: Charset, fold_case: bool) -> Mapping[str, tuple[int, ...]]:
    """The classes of each symbol of a charset, folded or not."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, symbol in enumerate(charset.symbols, BLANK + 1):
        groups[fold(symbol) if fold_case else symbol].append(number)
    return {symbol: tuple(classes) for symbol, classes in groups.items()}


@lru_cache(maxsize=16)
def signs(charset: Charset) -> frozenset[str]:
    """The signs of a charset, the space among them."""
    return frozenset(symbol for symbol in charset.symbols if is_sign(symbol))
