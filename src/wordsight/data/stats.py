"""Figures of a manifest: how many pictures, words, labels and characters, and how they are distributed."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from wordsight.data.manifest import Points, Sample

_LISTED = 50  # characters and labels in the JSON's lists


@dataclass(slots=True)
class Stats:
    """Counts and measures of a set.

    Attributes:
        pictures: Lines of the manifest.
        splits: Pictures by part; "" for those in none.
        levels: Pictures by level; "" where none is said.
        words: Marked places.
        ignored: Places that count neither way.
        read: Places and whole crops with a text.
        labels: Places by label.
        fields: Values by field.
        characters: Characters by how often they occur, in NFC.
        lengths: Characters of each text.
        heights: Height of each place across its text, pixels.
        angles: Direction of each place's text, degrees in (-180, 180], 90 downwards.
        sides: Longer side of each picture whose size is said, pixels.
        per_picture: Places of each picture.
    """

    pictures: int = 0
    splits: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    words: int = 0
    ignored: int = 0
    read: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)
    lengths: list[int] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    angles: list[float] = field(default_factory=list)
    sides: list[int] = field(default_factory=list)
    per_picture: list[int] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON; of distributions least, median and most."""
        return {
            "pictures": self.pictures,
            "splits": dict(self.splits.most_common()),
            "levels": dict(self.levels.most_common()),
            "words": self.words,
            "ignored": self.ignored,
            "read": self.read,
            "labels": dict(self.labels.most_common(_LISTED)),
            "fields": dict(self.fields.most_common(_LISTED)),
            "distinct_characters": len(self.characters),
            "characters": dict(self.characters.most_common(_LISTED)),
            "text_length": _range(self.lengths),
            "word_height": _range(self.heights),
            "picture_side": _range(self.sides),
            "words_a_picture": _range(self.per_picture),
        }


def measure(samples: Iterable[Sample]) -> Stats:
    """Count and measure a set; the pictures are not opened."""
    stats = Stats()
    for sample in samples:
        stats.pictures += 1
        stats.splits[sample.split or ""] += 1
        stats.levels[sample.level or ""] += 1
        if sample.size is not None:
            stats.sides.append(max(sample.size))
        if sample.text is not None:
            _add_text(stats, sample.text)
        for name, said in sample.fields.items():
            stats.fields[name] += 1 if isinstance(said, str) else len(said)
        _add_words(stats, sample)
    return stats


def _add_words(stats: Stats, sample: Sample) -> None:
    if sample.words is None:
        return
    stats.per_picture.append(len(sample.words))
    stats.words += len(sample.words)
    for word in sample.words:
        stats.ignored += word.ignore
        if word.label is not None:
            stats.labels[word.label] += 1
        if word.quad is not None:
            height, angle = _shape(word.quad)
            stats.heights.append(height)
            stats.angles.append(angle)
        if word.text is not None and not word.ignore:
            _add_text(stats, word.text)


def _add_text(stats: Stats, said: str) -> None:
    characters = unicodedata.normalize("NFC", said)
    stats.read += 1
    stats.lengths.append(len(characters))
    stats.characters.update(c for c in characters if not c.isspace())


def _shape(quad: Points) -> tuple[float, float]:
    """Mean height across the text in pixels, and the text's direction in degrees."""
    a, b, c, d = quad
    x, y = b[0] - a[0] + c[0] - d[0], b[1] - a[1] + c[1] - d[1]
    return (math.dist(a, d) + math.dist(b, c)) / 2, math.degrees(math.atan2(y, x))


def _range(values: list[int] | list[float]) -> dict[str, float] | None:
    if not values:
        return None
    return {"least": round(min(values), 1), "median": round(median(values), 1), "most": round(max(values), 1)}
