"""What is known beforehand about a text: the words it can be, its form, its characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from wordsight.config import check_type
from wordsight.errors import ConfigError

MOST_WORDS = 250_000
LONGEST_WORD = 200
LONGEST_PATTERN = 1000
LARGEST_FILE = 50_000_000  # bytes


@dataclass(frozen=True)
class Vocabulary:
    """What a text can be. What is left empty says nothing; what is given must hold all together.

    Attributes:
        words: The words it can be, in any order. White space at their ends is dropped, and what is inside counts as one
            space; doubles and empty ones are left out.
        pattern: Regular expression that the whole text matches; docs/vocabulary.md has the syntax.
        allow: The only characters.
        strict: Whether the answer is one of the words, or matches the pattern, however improbable that is.
        match_case: Whether upper and lower case of ``words`` differ.

    Raises:
        ConfigError: A setting is of another type or out of bounds, or the pattern is no regular expression.
    """

    words: tuple[str, ...] = ()
    pattern: str = ""
    allow: str = ""
    strict: bool = False
    match_case: bool = False
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.words, str):
            raise ConfigError("words must be a list, not one text; put it in brackets, or use read_words(file)")
        object.__setattr__(self, "words", tidy(self.words))
        check_type("pattern", self.pattern, str, "a regular expression")
        check_type("allow", self.allow, str, "a text of characters")
        if len(self.pattern) > LONGEST_PATTERN:
            raise ConfigError(f"the pattern has {len(self.pattern)} characters; {LONGEST_PATTERN} are the most")
        try:
            re.compile(self.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise ConfigError(f"the pattern {self.pattern!r} is no regular expression: {error}") from error
        if self.strict and not self.words and not self.pattern:
            raise ConfigError("strict needs a list of words or a pattern; give one of them")
        # Hashing 90,000 words takes longer than finding one of them.
        known = (self.words, self.pattern, self.allow, self.strict, self.match_case)
        object.__setattr__(self, "_hash", hash(known))

    def __hash__(self) -> int:
        return self._hash

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self.words or self.pattern or self.allow)


def tidy(words: Iterable[str]) -> tuple[str, ...]:
    """Words in Unicode's composed form, with single spaces, without doubles and empty ones, in their order.

    Raises:
        ConfigError: There are too many, one is too long, or one is no text.
    """
    found: dict[str, None] = {}
    for word in words:
        if not isinstance(word, str):
            raise ConfigError(f"a word must be a text, not {word!r}")
        whole = unicodedata.normalize("NFC", " ".join(word.split()))
        if len(whole) > LONGEST_WORD:
            raise ConfigError(f"the word {whole[:30]!r}... is longer than {LONGEST_WORD} characters")
        if whole:
            found[whole] = None
        if len(found) > MOST_WORDS:
            raise ConfigError(f"a list has at most {MOST_WORDS} words; divide it by what a picture can show")
    return tuple(found)


def read_words(path: str | Path) -> tuple[str, ...]:
    """The words of a text file in UTF-8, one a line; empty lines count for nothing.

    Raises:
        ConfigError: The file is not there, is no text, holds no word, or holds too many.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"the list of words {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text in UTF-8 (byte {error.start}); save it as UTF-8") from error
    if len(raw) > LARGEST_FILE:
        raise ConfigError(f"{path} is larger than {LARGEST_FILE // 1_000_000} MB; give a list of words, one a line")
    words = tidy(text.splitlines())
    if not words:
        raise ConfigError(f"{path} holds no word; write one a line")
    return words
