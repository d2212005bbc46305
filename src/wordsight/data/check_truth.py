"""Faults of one picture's truth: its places and texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from reprlib import repr as short

import numpy as np

from wordsight.data.faults import Fault
from wordsight.data.manifest import Points, Sample, TrueWord
from wordsight.geometry import overlaps

_EDGE = 2.0  # pixels by which a place may reach over the edge: who marks by hand does
_FLAT = 1.0  # square pixels
_SAME = 0.9  # intersection over union
_MOST_WORDS = 5000  # of one picture, among which equal places are looked for


def check_truth(line: int, sample: Sample, size: tuple[int, int] | None) -> Iterator[Fault]:
    """What is wrong with the words, fields and text of one picture.

    Args:
        line: Its line in the manifest.
        sample: The picture's truth.
        size: Width and height of the picture; None where it is not known.
    """
    for index, word in enumerate(sample.words or ()):
        where = f"words[{index}]" + (f" {short(word.text)}" if word.text else "")
        if word.quad is not None:
            for kind, what in _place(word.quad, size):
                yield Fault(kind, line, f"{where}: {what}")
        if not word.ignore:
            for kind, what in _text(word.text, sample):
                yield Fault(kind, line, f"{where}: {what}")
    for kind, what in _text(sample.text, sample):
        yield Fault(kind, line, f"text: {what}")
    for name, said in sample.fields.items():
        for value in (said,) if isinstance(said, str) else said:
            if not value.strip():
                yield Fault("empty-field", line, f"field {short(name)} is empty")
    for first, second in _same_places(sample.words or ()):
        yield Fault("same-place", line, f"words[{first}] and words[{second}] have the same place")


def signed_area(quad: Points) -> float:
    """Area of a ring of corners, positive where it goes clockwise as seen."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(quad, (*quad[1:], quad[0]), strict=True)) / 2


def crosses(quad: Points) -> bool:
    """Whether two opposite sides of a quad cross."""
    a, b, c, d = quad
    return _cut(a, b, c, d) or _cut(b, c, d, a)


def _place(quad: Points, size: tuple[int, int] | None) -> Iterator[tuple[str, str]]:
    if crosses(quad):
        yield "quad-crossed", "two sides of the quad cross"
    elif abs(signed_area(quad)) < _FLAT:
        yield "quad-flat", "the quad has no area"
    elif signed_area(quad) < 0:
        yield "quad-mirrored", "the corners go anticlockwise, as of text in a mirror"
    if size is None:
        return
    xs, ys = [x for x, _ in quad], [y for _, y in quad]
    over = max(-min(xs), -min(ys), max(xs) - size[0], max(ys) - size[1])
    if max(xs) <= 0 or max(ys) <= 0 or min(xs) >= size[0] or min(ys) >= size[1]:
        yield "quad-outside", f"the quad is outside of the picture's {size[0]}x{size[1]} pixels"
    elif over > _EDGE:
        yield "quad-over-edge", f"the quad reaches {over:.0f} pixels over the edge"


def _text(said: str | None, sample: Sample) -> Iterator[tuple[str, str]]:
    if said is None:
        return
    if not said.strip():
        yield "empty-text", "the text is empty"
    elif said != said.strip() or any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in said):
        yield "text-space", f"{short(said)} has white space at an end, or control characters"
    if sample.lexicon is not None and said.strip() and said not in sample.lexicon:
        yield "not-in-lexicon", f"{short(said)} is not in the picture's lexicon"


def _same_places(words: tuple[TrueWord, ...]) -> Iterator[tuple[int, int]]:
    placed = [(i, word.quad) for i, word in enumerate(words) if word.quad is not None and not crosses(word.quad)]
    placed = [(i, quad) for i, quad in placed if abs(signed_area(quad)) >= _FLAT]
    if 1 < len(placed) <= _MOST_WORDS:
        quads = np.array([quad for _, quad in placed], np.float32)
        for first, second, _, iou in overlaps(quads):
            if iou > _SAME:
                yield placed[first][0], placed[second][0]


def _cut(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    """Whether the sides from a to b and from c to d have an inner point in common."""

    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
