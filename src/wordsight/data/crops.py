"""Crops of single words or lines with their texts: what a recognizer learns from and is measured on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zlib import crc32

import cv2
import numpy as np

from wordsight import geometry
from wordsight.data.manifest import Sample
from wordsight.data.transform import undo_squash
from wordsight.errors import ManifestError
from wordsight.image.load import load
from wordsight.rectify.crop import Pyramid
from wordsight.types import Picture

SILENCES = ("case", "punctuation")
"""What the labels of a set may be silent about."""
HEIGHT = 96
"""Taller crops are reduced to this: twice what a recognizer sees, so that an augmentation may still zoom in."""
PADDING = 0.05
"""Margin around a marked word, in shares of its height, as the reader cuts it."""
TALL = 1.5
"""A crop that is so many times taller than wide shows a turned line."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One crop.

    Attributes:
        picture: (H, W, 3) uint8, RGB, H at most 96.
        text: What it says; None where nobody has read it.
        silent: What the text does not tell ("case", "punctuation"), although the picture shows it.
        name: Where it comes from.
    """

    picture: Picture
    text: str | None = None
    silent: frozenset[str] = frozenset()
    name: str = ""

    def __post_init__(self) -> None:
        if wrong := self.silent - set(SILENCES):
            raise ManifestError(f"labels are silent about {' and '.join(SILENCES)}, not about {sorted(wrong)}")


def comparable(text: str, silent: Iterable[str]) -> str:
    """A text without what the labels do not tell: lower case, and no signs, spaces and accents left to compare."""
    if "case" in silent:
        text = text.casefold()
    if "punctuation" in silent:
        text = "".join(character for character in text if character.isalnum())
    return " ".join(text.split())


def examples(samples: Iterable[Sample], silent: Iterable[str] = ()) -> Iterator[Example]:
    """The crops of a manifest: whole pictures that have a text, else the marked words that have one.

    Turned crops (taller than wide, with several characters) are left out: which way they are turned is not told.

    Args:
        samples: Lines of a manifest; a line may name its own silences under the key ``silent``.
        silent: What the labels of the others do not tell.

    Raises:
        ManifestError: A silence is unknown.
        ImageError: A picture cannot be read.
    """
    for sample in samples:
        own = sample.extra.get("silent", list(silent))
        if not isinstance(own, list) or not all(isinstance(name, str) for name in own):
            raise ManifestError(f"{sample.image}: 'silent' is a list of {' and '.join(SILENCES)}")
        for example in _examples(sample, frozenset(own)):
            height, width = example.picture.shape[:2]
            if min(height, width) >= 2 and (height < TALL * width or len(example.text or "") == 1):
                yield example


def _examples(sample: Sample, silent: frozenset[str]) -> Iterator[Example]:
    if sample.words is None:
        if sample.text:
            yield Example(_shrunk(load(sample.path)), sample.text, silent, str(sample.path))
        return
    words = [word for word in sample.words if word.quad is not None and word.text and not word.ignore]
    if not words:
        return
    picture, moved = undo_squash(load(sample.path), sample)
    pyramid = Pyramid(picture)
    for number, word in enumerate(moved.words or ()):
        if word.quad is None or not word.text or word.ignore:
            continue
        quad = np.array([word.quad], np.float32)
        along, across = (float(side[0]) for side in geometry.sides(quad))
        if min(along, across) < 2:
            continue
        (grown,) = geometry.grow(quad, PADDING, PADDING)
        crop = pyramid.crop(grown, round(min(across * (1 + 2 * PADDING), HEIGHT)))
        yield Example(crop, word.text, silent, f"{sample.path}#{number}")


def _shrunk(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    if height <= HEIGHT:
        return picture
    size = (max(1, round(width * HEIGHT / height)), HEIGHT)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def split(samples: Iterable[Sample], share: float) -> tuple[list[Sample], list[Sample]]:
    """Samples to learn from, and samples held out, by a stable hash (CRC-32) of the group, else of the name.

    Args:
        samples: All of them.
        share: About this share, 0..1, is held out.
    """
    learn: list[Sample] = []
    held: list[Sample] = []
    for sample in samples:
        number = crc32((sample.group or sample.image).encode()) / 2**32
        (held if number < share else learn).append(sample)
    return learn, held
