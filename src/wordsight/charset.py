"""Charsets: which character is which class of a recognizer. The only place that knows the CTC blank."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wordsight import languages
from wordsight.config import check_choice
from wordsight.errors import ConfigError

BLANK = 0
"""Class of the CTC blank in every recognizer of this package."""

SCRIPTS = {
    "LATIN": "latin",
    "GREEK": "greek",
    "CYRILLIC": "cyrillic",
    "CJK": "han",
    "HIRAGANA": "kana",
    "KATAKANA": "kana",
    "KATAKANA-HIRAGANA": "kana",
    "HANGUL": "hangul",
    "DEVANAGARI": "devanagari",
    "ARABIC": "arabic",
    "HEBREW": "hebrew",
    "THAI": "thai",
}
"""First word of a character's Unicode name -> its script."""

STOCK_SCRIPTS = frozenset(["latin", "greek", "han", "kana"])
"""Scripts whose letters the stock recognizer has."""
LANGUAGES: dict[str, tuple[str, ...]] = {
    code: language.scripts
    for code, language in languages.LANGUAGES.items()
    if STOCK_SCRIPTS.issuperset(language.scripts)
}
"""Languages whose letters the stock recognizer has -> the scripts they are written in."""


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
            raise ConfigError("the recognizer knows none of the allowed characters; allow some that it can read")
        return np.array(sorted(known | {BLANK}), dtype=np.intp)

    def missing(self, letters: Iterable[str]) -> str:
        """The letters that the charset lacks, in their order."""
        return "".join(letter for letter in letters if letter not in self)

    @cached_property
    def ascii(self) -> NDArray[np.intp]:
        """Classes of printable ASCII, with the blank."""
        return self.classes(chr(code) for code in range(32, 127))

    @cached_property
    def is_foreign(self) -> NDArray[np.bool_]:
        """For each class, whether it lies outside of ASCII; (classes,) bool."""
        foreign = np.ones(len(self), dtype=bool)
        foreign[self.ascii] = False
        return foreign

    def language(self, name: str) -> NDArray[np.intp]:
        """Classes of the characters that a language is written with, with digits and signs and the blank.

        Args:
            name: ISO 639-1 or 639-2 code of a language.

        Raises:
            ConfigError: No such language, or this charset has none of its letters.
        """
        found = languages.find(name)
        if found is None:
            found = languages.LANGUAGES[check_choice("language", name, languages.LANGUAGES)]
        scripts = {symbol: script(symbol) for symbol in self.symbols}
        if found.scripts[0] not in scripts.values():
            raise ConfigError(
                f"this recognizer has no letters of {found.name}; name another with --recognizer, or teach one with: "
                f"wordsight train script {found.code}"
            )
        return self.classes(symbol for symbol, own in scripts.items() if own in (*found.scripts, None))

    def allowed(self, language: str, allow: str) -> NDArray[np.intp] | None:
        """Classes that a language (or ``auto``) and a list of characters leave, sorted; None where they leave all.

        The space is always left, as the blank is: it parts words, and no list of characters is meant to join them.

        Raises:
            ConfigError: No such language, or none of the listed characters is left.
        """
        named = None if language == "auto" else self.language(language)
        if not allow:
            return named
        listed = self.classes(allow.replace(" ", ""))
        left = listed if named is None else np.intersect1d(listed, named)
        if (left == BLANK).all():
            raise ConfigError(f"language {language!r} has none of the allowed characters; drop one of the two")
        return np.union1d(left, self.classes(" ")) if " " in self else left


def script(symbol: str) -> str | None:
    """Name of a character's script as in ``SCRIPTS``; None for digits and signs that many scripts share."""
    name = unicodedata.name(symbol[0], "") if symbol else ""
    return SCRIPTS.get(name.split(" ")[0])
