"""From the characters of a line to its words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wordsight.types import Span


def split(spans: Sequence[Span]) -> Iterator[tuple[Span, ...]]:
    """The words of a line: its characters cut at white space."""
    word: list[Span] = []
    for span in spans:
        if not span.text.isspace():
            word.append(span)
        elif word:
            yield tuple(word)
            word = []
    if word:
        yield tuple(word)
