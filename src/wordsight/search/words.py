"""Words as a search sees them: without case and accents, and with look-alikes as one character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from wordsight.edits import edit_distance

ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "5": "s", "8": "b", "ı": "l"})
"""Characters that recognizers take for each other, after capitals and accents are gone."""
JOINED = (("rn", "m"), ("vv", "w"))
"""Pairs that look like one letter."""
WORD = re.compile(r"\w+")
PIPE = re.compile(r"(?<=\w)[|!](?=\w)")
"""Signs inside of words that were an l."""
QUOTED = re.compile(r'"([^"]*)"|(\S+)')
FUZZY = 4
"""Words of so many letters may differ by one, of twice as many by two."""


def fold(text: str) -> str:
    """A text as it is compared: ``Modern`` and ``M0dem`` are one."""
    plain = unicodedata.normalize("NFKD", PIPE.sub("l", text).casefold())
    letters = "".join(character for character in plain if not unicodedata.combining(character)).translate(ALIKE)
    for pair, one in JOINED:
        letters = letters.replace(pair, one)
    return letters


def folded_words(text: str) -> list[str]:
    """The words of a text, folded."""
    return WORD.findall(fold(text))


def query_words(text: str) -> list[list[str]]:
    """What somebody looks for: runs of words that must all occur, folded.

    A word is a run of its own; what stands in quotes, or is joined by signs as in ``INV-2041``, is one run.
    """
    chunks = QUOTED.findall(text.replace("“", '"').replace("”", '"'))
    return [words for quoted, single in chunks if (words := folded_words(quoted or single))]


def errors_allowed(word: str) -> int:
    """How many letters of a word may be wrong."""
    return min(len(word) // FUZZY, 2) if len(word) > FUZZY else 0


def distance(one: str, other: str, most: int) -> int:
    """Letters that have to be put in, left out or changed to make one word of another; ``most + 1`` where more.

    Words whose lengths alone are too far apart are not compared.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    return min(edit_distance(one, other), most + 1)


def trigrams(word: str) -> set[str]:
    """All runs of three letters."""
    return {word[at : at + 3] for at in range(len(word) - 2)}


def near(word: str, known: Iterable[str]) -> list[str]:
    """Those of some words that a word may have been read as, the nearest first."""
    most = errors_allowed(word)
    measured = sorted((distance(word, other, most), other) for other in known)
    return [other for far, other in measured if far <= most]
