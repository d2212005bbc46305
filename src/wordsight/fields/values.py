"""What the values of a field look like, learned from its labels: forms, characters, values that repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

ALIKE = 0.9
"""Similarity, 0..1, from which a text that was read is taken for a value that is known."""
NAME = 8
"""Values with fewer letters are never corrected: they are numbers, or too short to tell apart."""
MOST_VALUES = 1000


def plain(text: str) -> str:
    """Letters and digits only, folded."""
    return "".join(c for c in text.casefold() if c.isalnum())


def form(text: str) -> str:
    """Letters as A, digits as 9, white space as a single space, other signs as they are: ``AA99 AA``."""
    kinds = ("A" if c.isalpha() else "9" if c.isdigit() else c for c in " ".join(text.split()))
    return "".join(kinds)


def forms_of(values: Iterable[str]) -> dict[str, int]:
    """Forms of letters and digits alone, and how often each occurs, the most frequent first."""
    return dict(Counter(form(plain(value)) for value in values if plain(value)).most_common())


def names_of(values: Iterable[str]) -> tuple[str, ...]:
    """Values that are names, with more letters than digits, the most frequent first; others cannot be corrected."""
    counted = Counter(" ".join(value.split()) for value in values)
    named = [value for value, _ in counted.most_common(MOST_VALUES) if _is_name(value)]
    return tuple(named)


def correct(text: str, names: Sequence[str]) -> str | None:
    """The known value that a text is nearly equal to; None where there is none."""
    said = plain(text)
    if len(said) < NAME:
        return None
    best, most = None, ALIKE
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(said)
    for name in names:
        matcher.set_seq1(plain(name))
        if matcher.real_quick_ratio() > most and matcher.quick_ratio() > most and matcher.ratio() > most:
            best, most = name, matcher.ratio()
    return best


def _is_name(value: str) -> bool:
    letters = sum(c.isalpha() for c in value)
    return letters >= NAME and letters > sum(c.isdigit() for c in value)
