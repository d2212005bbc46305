"""What all exporters share: pictures under flat, unique names, boxes, and labels."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wordsight.data.collect import fit, picture_bytes, picture_header
from wordsight.data.manifest import Points, Sample, TrueWord
from wordsight.errors import ImageError

PLAIN = "text"
"""The label of words that have none: these formats want one."""

_SQUARE = 1e-3  # pixels by which the corners of a rectangle may be off


@dataclass(frozen=True, slots=True)
class Item:
    """A picture to export.

    Attributes:
        sample: Its truth; ``size`` is known.
        name: Its file name in the export, without a folder.
        size: (width, height) of the picture, pixels.
    """

    sample: Sample
    name: str
    size: tuple[int, int]

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.name).stem

    @property
    def words(self) -> tuple[tuple[TrueWord, Points], ...]:
        """The words that have a place, with it."""
        return tuple((word, word.quad) for word in self.sample.words or () if word.quad is not None)

    @property
    def is_crop(self) -> bool:
        """Whether the whole picture is one text."""
        return self.sample.words is None and self.sample.text is not None


def items_of(samples: Iterable[Sample]) -> list[Item]:
    """Pictures with their sizes and names.

    Raises:
        ImageError: A picture cannot be read.
        ManifestError: A picture has another size than its line says.
    """
    found = []
    taken: set[str] = set()
    for sample in samples:
        try:
            known = fit(sample, picture_header(picture_bytes(sample.path)))
        except ImageError as error:
            raise type(error)(f"{sample.path}: {error}") from error
        assert known.size is not None  # fit has looked at the picture
        found.append(Item(known, _name(sample.image, taken), known.size))
    return found


def place_picture(item: Item, target: Path, link: bool) -> None:
    """Copy a picture, or make a symbolic link to it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if link:
        target.symlink_to(os.path.abspath(item.sample.path))  # noqa: PTH100 (resolve would follow the links)
    else:
        target.write_bytes(picture_bytes(item.sample.path))


def label_of(word: TrueWord) -> str:
    """The word's label, or PLAIN."""
    return word.label or PLAIN


def labels_of(items: Sequence[Item]) -> list[str]:
    """All labels, sorted; PLAIN first where it occurs."""
    names = {label_of(word) for item in items for word, _ in item.words}
    return sorted(names, key=lambda name: (name != PLAIN, name))


def bounds(points: Points) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the box around corners."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def is_upright(quad: Points) -> bool:
    """Whether a quad is the box around it, with upright text."""
    left, top, right, bottom = bounds(quad)
    return quad == ((left, top), (right, top), (right, bottom), (left, bottom))


def as_rectangle(quad: Points) -> tuple[float, float, float, float, float] | None:
    """X and y of the first corner, width, height, degrees clockwise, of a quad that is a rectangle; None otherwise."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = quad
    along, down = (x1 - x0, y1 - y0), (x3 - x0, y3 - y0)
    width, height = math.hypot(*along), math.hypot(*down)
    if not width or not height or along[0] * down[1] - along[1] * down[0] <= 0:
        return None
    leaning = abs(along[0] * down[0] + along[1] * down[1]) / max(width, height)
    off = math.hypot(x0 + along[0] + down[0] - x2, y0 + along[1] + down[1] - y2)
    if max(leaning, off) > _SQUARE:
        return None
    return x0, y0, width, height, math.degrees(math.atan2(along[1], along[0]))


def _name(image: str, taken: set[str]) -> str:
    """The picture's base name where that is free, else its folders and name, else with a number."""
    path = PurePosixPath(image)
    joined = "_".join(part for part in path.parts[:-1] if part != "images")
    choices = [path.stem, f"{joined}_{path.stem}"]
    stem = next((choice for choice in choices if choice.casefold() not in taken), None)
    number = 2
    while stem is None:
        stem = None if f"{choices[1]}-{number}".casefold() in taken else f"{choices[1]}-{number}"
        number += 1
    taken.add(stem.casefold())
    return stem + path.suffix
