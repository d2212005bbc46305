"""Texts to draw: words of a language, made-up words, numbers, prices, dates, times, codes; or texts that are given.

Words come from the lists of the ``wordfreq`` package (Robyn Speer, 2022; code Apache-2.0, lists CC BY-SA 4.0). The
lists are read where they are installed and are no part of wordsight.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from wordsight.data.synth.config import SynthConfig
from wordsight.data.synth.languages import ASCII_DIGITS, LANGUAGES, Language
from wordsight.data.synth.numerals import KINDS
from wordsight.errors import ConfigError, MissingExtra

_WORDS_PER_LIST = 60_000
_WORDS_BESIDE = 20_000  # of a list that gives a small share of the words: reading a list takes a quarter of a second
_LONGEST = 24  # characters; longer words are glued tokens, or links
_TRIES = 60
_FILE_LIMIT = 64_000_000  # bytes of a text file
_SIGNS = (".", ",", ":", "!", "?", ";", "'s", "-", "...", "*", "®", "™", "!!")


@dataclass(frozen=True)
class Vocabulary:
    """The words of one list, most frequent first."""

    words: tuple[str, ...]
    syllables: tuple[str, ...] = ()

    def word(self, rng: np.random.Generator) -> str:
        """A word: half are drawn as often as they are used (rank r with weight 1/r), half with equal chances."""
        share = rng.random()
        rank = len(self.words) ** share if rng.random() < 0.5 else 1 + len(self.words) * share
        return self.words[min(int(rank) - 1, len(self.words) - 1)]

    def pseudo(self, rng: np.random.Generator) -> str:
        """A word that need not exist: letters follow each other as in the list, or syllables at random."""
        if self.syllables:
            drawn = rng.integers(len(self.syllables), size=int(rng.integers(1, 5)))
            return "".join(self.syllables[i] for i in drawn)
        text = "^^"
        while len(text) < _LONGEST:
            following = self._followers.get(text[-2:], "$")
            text += following[rng.integers(len(following))]
            if text[-1] == "$":
                break
        return text.strip("^$")

    @cached_property
    def _followers(self) -> dict[str, str]:
        """After each pair of characters, the characters that come next, as often as they do; ``$`` is a word's end."""
        found: dict[str, list[str]] = defaultdict(list)
        for word in self.words[:8000]:
            marked = f"^^{word}$"
            for place in range(len(marked) - 2):
                found[marked[place : place + 2]].append(marked[place + 2])
        return {pair: "".join(following) for pair, following in found.items()}


class TextSource:
    """Draws the texts that a configuration asks for."""

    def __init__(self, config: SynthConfig) -> None:
        self._config = config
        self._allowed = set(config.chars + (" " if config.lines else "")) if config.chars else None
        self._given: tuple[str, ...] = _read_texts(config.text_file) if config.text_file else ()
        if config.pattern is not None:
            _check_pattern(config.pattern)

    def draw(self, language: str, rng: np.random.Generator) -> str:
        """A text in a language, in Unicode's composed form, without space at its ends.

        Raises:
            ConfigError: No text of the wanted characters came up in many tries.
        """
        for _ in range(_TRIES):
            text = unicodedata.normalize("NFC", self._text(LANGUAGES[language], rng)).strip()
            if text and self.allows(text):
                return text
        raise ConfigError(f"no text of the characters {self._config.chars!r} came up in {_TRIES} tries; name more")

    @cached_property
    def given_letters(self) -> str:
        """Characters of the given texts that are in at least one of a hundred; empty where none are given."""
        counts = Counter(letter for text in self._given for letter in set(text) if not letter.isspace())
        return "".join(sorted(letter for letter, count in counts.items() if count * 100 >= len(self._given)))

    def allows(self, text: str) -> bool:
        """Whether a text has no other characters than the configured ones."""
        return self._allowed is None or self._allowed.issuperset(text)

    def _text(self, language: Language, rng: np.random.Generator) -> str:
        if self._given:
            return self._given[rng.integers(len(self._given))]
        if self._config.pattern is not None:
            return _from_pattern(self._config.pattern, rng)
        if rng.random() < self._config.lines:
            return " ".join(self.single(language, rng) for _ in range(rng.integers(2, 7)))
        return self.single(language, rng)

    def single(self, language: Language, rng: np.random.Generator) -> str:
        """One word or number of a language, whatever else the configuration asks for."""
        if rng.random() < self._config.lexicon:
            return _decorate(self._word(language, rng), language, rng)
        weights = np.cumsum([weight for weight, _ in KINDS])
        make = KINDS[int(np.searchsorted(weights, rng.random() * weights[-1], side="right"))][1]
        text = make(language, rng)
        digits = language.digits[rng.integers(len(language.digits))]
        if digits == ASCII_DIGITS or any("A" <= c <= "z" for c in text):  # nobody mixes these with Latin letters
            return text
        return text.translate(str.maketrans(ASCII_DIGITS, digits))

    def _word(self, language: Language, rng: np.random.Generator) -> str:
        names = tuple(language.lists)
        shares = np.cumsum([language.lists[name] for name in names])
        name = names[int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))]
        words = vocabulary(name, _WORDS_PER_LIST if language.lists[name] >= 0.5 else _WORDS_BESIDE, language.syllables)
        if self._allowed is not None and len(self._allowed) < 20:  # few letters: only made-up words have no others
            letters = sorted(self._allowed - {" "})
            return "".join(letters[i] for i in rng.integers(len(letters), size=int(rng.integers(1, 10))))
        word = words.pseudo(rng) if rng.random() < self._config.invented else words.word(rng)
        return _in_case(word, rng) if language.cased else word


@lru_cache(maxsize=32)
def vocabulary(code: str, most: int, syllables: tuple[str, ...] = ()) -> Vocabulary:
    """The most frequent words of a ``wordfreq`` list that can stand in a picture; at most ``most``.

    Raises:
        MissingExtra: wordfreq is not installed.
    """
    try:
        from wordfreq import top_n_list
    except ImportError as error:
        raise MissingExtra("wordfreq", "train") from error
    words = (_spell(word, code) for word in top_n_list(code, most) if len(word) <= _LONGEST)
    return Vocabulary(tuple(word for word in words if _drawable(word)), syllables)


def _spell(word: str, code: str) -> str:
    """The lists are case-folded, which turns the Greek letter at the end of a word into another."""
    return re.sub("σ$", "ς", word) if code == "el" else word


def _drawable(word: str) -> bool:
    return all(unicodedata.category(c)[0] in "LMN" or c in "'’-.&" for c in word)


def _in_case(word: str, rng: np.random.Generator) -> str:
    """Signs are written in capitals more often than books are: 57, 26, 15 and 2 % of the ICDAR 2015 training labels."""
    share = rng.random()
    if share < 0.48:
        return _capitals(word)
    if share < 0.77:
        return word[:1].upper() + word[1:]
    if share < 0.97:
        return word
    return "".join(c.upper() if rng.random() < 0.5 else c for c in word)


def _capitals(word: str) -> str:
    """In capitals; Greek ones lose the accent, and keep the two dots that part vowels."""
    letters = unicodedata.normalize("NFD", word.upper())
    if any("\u0391" <= c <= "\u03a9" for c in letters):
        letters = letters.replace("\u0301", "")
    return unicodedata.normalize("NFC", letters)


def _decorate(word: str, language: Language, rng: np.random.Generator) -> str:
    """Now and then punctuation, brackets, a second word after a hyphen, or a number."""
    share = rng.random()
    if share < 0.05:
        return word + _SIGNS[rng.integers(len(_SIGNS))]
    if share < 0.065:
        opening, closing = ("()", "“”", '""', "[]", "''", "«»", "‘’", "//")[rng.integers(8)]
        return opening + word + closing
    if share < 0.08 and not language.shaped:
        return f"{word}{'-/&@._'[rng.integers(6)]}{rng.integers(1, 100)}"
    return word


def _from_pattern(pattern: str, rng: np.random.Generator) -> str:
    from rstr import Rstr

    # Open repeats (* and +) go up to 100 there, which no picture shows: short ones are waited for.
    chance = random.Random(int(rng.integers(2**63)))
    drawn = Rstr(chance).xeger(pattern)
    for _ in range(10):
        if len(drawn) <= _LONGEST:
            break
        drawn = min(drawn, Rstr(chance).xeger(pattern), key=len)
    return drawn


def _check_pattern(pattern: str) -> None:
    try:
        import rstr  # noqa: F401
    except ImportError as error:
        raise MissingExtra("rstr", "train") from error
    try:
        re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"{pattern!r} is no regular expression: {error}") from error


def _read_texts(path: Path) -> tuple[str, ...]:
    """The lines of a file that are not empty.

    Raises:
        ConfigError: The file cannot be read, is no UTF-8, too large, or empty.
    """
    try:
        if path.stat().st_size > _FILE_LIMIT:
            raise ConfigError(f"{path} is over {_FILE_LIMIT // 10**6} MB; cut it")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); name a text file in UTF-8, one text a line") from error
    texts = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not texts:
        raise ConfigError(f"{path} has no line with text; write one text a line")
    return texts
