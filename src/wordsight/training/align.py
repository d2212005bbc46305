"""Which tokens of a page are the value of a field: the labels that a document tagger learns from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from wordsight.fields.tokens import Token, letters_of
from wordsight.fields.values import plain

ENOUGH = 80.0
"""Least similarity, 0..100, of a value of several words to what was read."""
SHORT = 12
"""Values up to so many letters and digits must be read exactly: 9.00 and 9.50 are 75 % alike."""


def find_value(tokens: Sequence[Token], value: str) -> list[range]:
    """Where a value stands among the tokens of a page; a short one may stand there several times.

    Spaces, signs and case are not compared, because a reader errs there first.

    Args:
        tokens: In reading order.
        value: The text of the field.

    Returns:
        Ranges of token indices, the best first; empty where the value was not read.
    """
    wanted = plain(value)
    if not wanted:
        return []
    text, owners = letters_of(tokens)
    exact = [range(owners[m.start()], owners[m.end() - 1] + 1) for m in re.finditer(re.escape(wanted), text)]
    whole = [found for found in exact if plain("".join(tokens[i].text for i in found)) == wanted]
    if whole:
        return whole if len(wanted) <= SHORT else whole[:1]
    if len(wanted) <= SHORT or not text:
        return []
    best = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=ENOUGH)
    if best is None or best.dest_end <= best.dest_start:
        return []
    return [range(owners[best.dest_start], owners[best.dest_end - 1] + 1)]


def with_signs(tokens: Sequence[Token], found: range, value: str) -> range:
    """A range grown by the signs after it that the value ends with, such as the full stop of an address."""
    end, tail = found.stop, re.search(r"[^\w\s]*$", value.strip())
    signs = tail[0] if tail else ""
    while signs and end < len(tokens) and tokens[end].text == signs[0] and not tokens[end].space:
        signs, end = signs[1:], end + 1
    start, lead = found.start, re.match(r"[^\w\s]*", value.strip())
    signs = lead[0] if lead else ""
    while signs and start > 0 and tokens[start - 1].text == signs[-1]:
        signs, start = signs[:-1], start - 1
    return range(start, end)
