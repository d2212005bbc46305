"""A label of several lines, parted among the lines that were seen: two-line plates are labelled as one text."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from wordsight.fields.values import plain

ALIKE = 0.5
"""What was read must agree with the label at least so well, or nothing is learnt from the picture."""


def line_texts(label: str, said: Sequence[str]) -> list[str]:
    """The part of a label that each line says; empty texts where that cannot be told.

    Args:
        label: The whole text.
        said: What was read in each line, from top to bottom.
    """
    label = " ".join(label.split())
    if len(said) == 1:
        return [label]
    read = "".join(plain(text) for text in said)
    places = [i for i, c in enumerate(label) if plain(c)]
    letters = "".join(plain(label[i]) for i in places)
    nothing = [""] * len(said)
    if not read or not letters or len(letters) != len(places):
        return nothing
    matcher = SequenceMatcher(None, read, letters, autojunk=False)
    if matcher.ratio() < ALIKE:
        return nothing
    cuts, at = [0], 0
    for text in said[:-1]:
        at += len(plain(text))
        cuts.append(_moved(matcher, at))
    cuts.append(len(letters))
    if any(b < a for a, b in pairwise(cuts)):
        return nothing
    ends = [places[cut] if cut < len(places) else len(label) for cut in cuts]
    return [label[a:b].strip(" -./") for a, b in pairwise(ends)]


def _moved(matcher: SequenceMatcher[str], at: int) -> int:
    """Where a place in the first text lies in the second."""
    end = 0
    for tag, a, b, c, d in matcher.get_opcodes():
        if a <= at < b:
            return c + (at - a) if tag == "equal" else min(c + (at - a), d)
        end = d
    return end
