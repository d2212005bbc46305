"""Charsets: which character is which class of a recognizer. The only place that knows the CTC blank."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wordsight.config import check_choice
from wordsight.errors import ConfigError

BLANK = 0
"""Class of the CTC blank in every recognizer of this package."""

LATIN_SIGNS = "€£¥§°±²³µ·×÷–—‘’“”„…•«»¡¿©®™№"
"""Signs that go with Latin letters, beyond printable ASCII."""

SCRIPTS = {
    "LATIN": "latin",
    "GREEK": "greek",
    "CYRILLIC": "cyrillic",
    "CJK": "chinese",
    "HIRAGANA": "japanese",
    "KATAKANA": "japanese",
    "HANGUL": "korean",
    "DEVANAGARI": "devanagari",
    "ARABIC": "arabic",
}


@dataclass(frozen=True)
class Charset:
    """The characters of a recognizer, in the order of its classes after the blank.

    Attributes:
        symbols: Class ``i + 1`` is ``symbols[i]``.
    """

    symbols: tuple[str, ...]
    _classes: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_classes", {symbol: i + 1 for i, symbol in enumerate(self.symbols)})

    @classmethod
    def pp_ocr(cls, characters: Iterable[str]) -> Charset:
        """The charset of a PP-OCR recognizer: its list, and the space as the last class."""
        return cls((*characters, " "))

    def __len__(self) -> int:
        """Number of classes, the blank included."""
        return len(self.symbols) + 1

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._classes

    def symbol(self, index: int) -> str:
        """The character of a class; empty for the blank."""
        return "" if index == BLANK else self.symbols[index - 1]

    def classes(self, symbols: Iterable[str]) -> NDArray[np.intp]:
        """Sorted classes of some characters, with the blank; what the charset lacks is left out.

        Raises:
            ConfigError: The charset has none of the characters.
        """
        known = {self._classes[symbol] for symbol in symbols if symbol in self._classes}
        if not known:
            raise ConfigError("the recognizer knows none of the allowed characters; see `wordsight languages`")
        return np.array(sorted(known | {BLANK}), dtype=np.intp)

    @cached_property
    def latin(self) -> NDArray[np.intp]:
        """Classes of everything that text in Latin letters is written with, with the blank."""
        return self.classes(symbol for symbol in self.symbols if is_latin(symbol))

    @cached_property
    def is_foreign(self) -> NDArray[np.bool_]:
        """For each class, whether it is a letter or sign outside of Latin text; (classes,) bool."""
        foreign = np.ones(len(self), dtype=bool)
        foreign[self.latin] = False
        return foreign

    def named(self, name: str) -> NDArray[np.intp]:
        """Classes of a named set: ``digits``, ``ascii``, ``latin``, or a script in ``SCRIPTS``, each with the blank.

        A script other than Latin comes with digits and signs, as its texts do.

        Raises:
            ConfigError: No such set.
        """
        name = check_choice("character set", name, {"digits", "ascii", *SCRIPTS.values()})
        if name == "latin":
            return self.latin
        if name == "digits":
            return self.classes("0123456789")
        if name == "ascii":
            return self.classes(chr(code) for code in range(32, 127))
        return self.classes(s for s in self.symbols if script(s) in (name, None))


def script(symbol: str) -> str | None:
    """Name of a character's script as in ``SCRIPTS``; None for digits and signs that many scripts share."""
    return SCRIPTS.get(unicodedata.name(symbol[:1], "").split(" ")[0])


def is_latin(symbol: str) -> bool:
    """Whether a character belongs to text in Latin letters: printable ASCII, Latin letters, and their signs."""
    return (symbol.isascii() and symbol.isprintable()) or script(symbol) == "latin" or symbol in LATIN_SIGNS
