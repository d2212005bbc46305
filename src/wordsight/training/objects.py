"""Marked pictures as a single-shot training takes them: objects with labels, and random views of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from wordsight.data.augment import ViewConfig, mosaic, random_view
from wordsight.data.manifest import Sample
from wordsight.data.transform import undo_squash
from wordsight.errors import ManifestError
from wordsight.evaluation.protocols import DONT_CARE
from wordsight.image.load import load
from wordsight.training.cells import IGNORED, NOTHING
from wordsight.training.east import visible_share
from wordsight.types import Floats, Picture

VISIBLE = 0.8
"""Objects of which less than this share lies inside a view count neither way: nobody would box half of one."""
TINY = 4.0
"""Objects lower or narrower than this in a view, pixels, count neither way."""
MOST = 200
"""Largest number of objects of a view that are learnt, the largest of them."""
SPREAD = (0.1, 0.95)
"""Smallest and largest size to which an object is brought in views that are drawn by size, in shares of the view."""
ZOOMS = (0.6, 4.0)
"""Bounds of the zoom of such views."""
QUARTER = 0.6
"""The views that a mosaic is made of are zoomed by this besides, so that they still show an object's surroundings."""

SEEN = 16.0
"""Pixels of the working size that the shorter side of an object should have: two cells of the finest grid."""
SMALLEST = 0.05
"""Share of the objects that may be smaller."""
SIDES_CHOSEN = (320, 1280)
"""Smallest and largest working size that is chosen without being asked for."""

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scenery:
    """What the labels are, and what a place without a label is.

    Attributes:
        labels: What is learnt, in the order of the classes.
        unnamed: Whether places without a label are objects of the one label: so in sets in which no place has one.
    """

    labels: tuple[str, ...]
    unnamed: bool

    @classmethod
    def of(cls, labels: Sequence[str], samples: Sequence[Sample]) -> Scenery:
        """The rule for a set.

        Raises:
            ManifestError: A label is empty or comes twice, a picture has not been marked, or nothing is left to learn.
        """
        if not labels or not all(labels) or len(set(labels)) < len(labels):
            raise ManifestError(f"labels are different texts, not {list(labels)}")
        unmarked = next((sample for sample in samples if sample.words is None), None)
        if unmarked is not None:
            raise ManifestError(f"{unmarked.image} has no 'words'; mark them, or say that there are none: []")
        words = [word for sample in samples for word in sample.words or () if word.quad is not None]
        made = cls(tuple(labels), len(labels) == 1 and all(word.label is None for word in words))
        if not any(made.label(word.label) >= 0 and not word.ignore for word in words):
            raise ManifestError(f"no picture to learn from has a place with a label of {list(labels)}")
        return made

    def label(self, name: str | None) -> int:
        """Index of a place's label; ``NOTHING`` where it is none of those that are learnt."""
        if name is None:
            return 0 if self.unnamed else NOTHING
        return self.labels.index(name) if name in self.labels else NOTHING


@dataclass(frozen=True, slots=True)
class Picked:
    """A picture in memory with its objects.

    Attributes:
        picture: (H, W, 3) uint8, RGB, at its original size.
        quads: (N, 4, 2) of the places that have one of the labels.
        labels: (N,) index of the label, or ``IGNORED``.
    """

    picture: Picture
    quads: Floats
    labels: Labels

    @classmethod
    def open(cls, sample: Sample, scenery: Scenery) -> Picked:
        """Read a sample's picture and undo its squash.

        Raises:
            ImageError: The picture cannot be read.
            ManifestError: Its size is not the one in the manifest.
        """
        picture, sample = undo_squash(load(sample.path), sample)
        places = [
            (word.quad, IGNORED if word.ignore or word.text == DONT_CARE else scenery.label(word.label))
            for word in sample.words or ()
            if word.quad is not None and scenery.label(word.label) >= 0
        ]
        quads = np.array([quad for quad, _ in places], np.float32).reshape(-1, 4, 2)
        return cls(picture, quads, np.array([label for _, label in places], np.int64))


@dataclass(frozen=True, slots=True)
class ObjectViewConfig:
    """How views are drawn.

    Attributes:
        view: How far they go from the picture; zooms are those of the picture at its working size.
        mosaic: Share of views that are put together of four.
        by_size: Share of views whose zoom is drawn by the size that an object gets, all sizes alike, and not by the
            picture's: a few dozen pictures show most of their objects at much the same size.
        side: Longer side of a picture at its working size, pixels.
    """

    view: ViewConfig
    mosaic: float
    by_size: float
    side: int


class ObjectViews(Dataset[dict[str, NDArray[Any]]]):
    """Random views with their objects. View k depends on the seed and k alone, so a run can go on anywhere.

    Args:
        samples: Pictures to learn from.
        scenery: What their labels mean.
        config: How views are drawn.
        seed: Of all randomness.
        cache_mb: Memory for decoded pictures.
    """

    def __init__(
        self, samples: Sequence[Sample], scenery: Scenery, config: ObjectViewConfig, seed: int, cache_mb: int = 2000
    ) -> None:
        self.samples = tuple(samples)
        self.scenery = scenery
        self.config = config
        self.seed = seed
        self.room = cache_mb * 2**20
        self.cache: dict[Path, Picked] = {}

    def __getitem__(self, index: int) -> dict[str, NDArray[Any]]:
        rng = np.random.default_rng((self.seed, index))
        view = self.config.view
        if rng.random() < self.config.mosaic:
            low, high = view.scale
            small = replace(view, size=view.size // 2, scale=(low * QUARTER, high * QUARTER))
            parts = [self._view(self._draw(rng), small, rng) for _ in range(4)]
            picture, moved = mosaic([(part, quads) for part, quads, _ in parts])
            return packed(picture, np.concatenate(moved), np.concatenate([labels for _, _, labels in parts]))
        return packed(*self._view(self._draw(rng), view, rng))

    def _draw(self, rng: np.random.Generator) -> Picked:
        sample = self.samples[rng.integers(len(self.samples))]
        known = self.cache.get(sample.path)
        if known is None:
            known = Picked.open(sample, self.scenery)
            if known.picture.nbytes <= self.room:
                self.room -= known.picture.nbytes
                self.cache[sample.path] = known
        return known

    def _view(self, picked: Picked, view: ViewConfig, rng: np.random.Generator) -> tuple[Picture, Floats, Labels]:
        """A view, and the quads and labels of what is in it."""
        wanted = picked.quads[picked.labels != IGNORED]
        natural = self.config.side / max(picked.picture.shape[:2])
        if len(wanted) and rng.random() < self.config.by_size:
            wanted = wanted[rng.integers(len(wanted))][None]
            size = view.size * math.exp(rng.uniform(*np.log(SPREAD)))
            zoom = natural * float(np.clip(size / natural / max(np.ptp(wanted[0], axis=0).max(), 1), *ZOOMS))
            zoomed = replace(view, scale=(zoom, zoom), focus=1.0, whole=True)
        else:
            zoomed = replace(view, scale=(view.scale[0] * natural, view.scale[1] * natural), whole=True)
        picture, quads = random_view(picked.picture, picked.quads, wanted, zoomed, rng)
        return picture, *seen(quads, picked.labels, view.size)


def seen(quads: Floats, labels: Labels, size: int) -> tuple[Floats, Labels]:
    """The objects that a square view shows; those that it hardly shows become regions that do not count.

    Args:
        quads: (N, 4, 2) in the view's pixels; parts may lie outside.
        labels: (N,).
        size: Side of the view.
    """
    share = visible_share(quads, size)
    sides = np.ptp(quads, axis=1)
    vague = (share < VISIBLE) | (sides.min(axis=1, initial=np.inf) < TINY)
    labels = np.where(vague, IGNORED, labels)
    quads = np.where((labels == IGNORED)[:, None, None], quads.clip(0, size), quads)
    return quads[share > 0], labels[share > 0]


def packed(picture: Picture, quads: Floats, labels: Labels) -> dict[str, NDArray[Any]]:
    """A view as one item: ``view``, and ``quads`` and ``labels`` in a fixed number of rows."""
    order = np.argsort(-np.ptp(quads, axis=1).prod(axis=1), kind="stable")[:MOST]
    rows = np.zeros((MOST, 4, 2), np.float32)
    names = np.full(MOST, NOTHING, np.int64)
    rows[: len(order)], names[: len(order)] = quads[order], labels[order]
    return {"view": picture, "quads": rows, "labels": names}


def typical_aspect(samples: Sequence[Sample], scenery: Scenery) -> float:
    """Width over height of the median object, in 0.2..8."""
    sides, _ = object_sides(samples, scenery)
    return float(np.clip(np.median(sides[:, 0] / sides[:, 1]), 0.2, 8))


def suitable_side(samples: Sequence[Sample], scenery: Scenery) -> int:
    """The working size at which all but the smallest objects are ``SEEN`` pixels high or wide, a multiple of 32.

    A larger one finds no more and costs time; objects that fill the picture are even found worse, because no cell sees
    so far.
    """
    sides, longest = object_sides(samples, scenery)
    small = float(np.percentile(sides.min(axis=1) / longest, 100 * SMALLEST))
    return int(np.clip(round(SEEN / small / 32), SIDES_CHOSEN[0] // 32, SIDES_CHOSEN[1] // 32)) * 32


def object_sides(samples: Sequence[Sample], scenery: Scenery) -> tuple[Floats, Floats]:
    """Width and height (N, 2) of all objects, and the longer side (N,) of the picture that each is in, pixels.

    Where a line does not tell its picture's size, the picture is opened.
    """
    rows = []
    for sample in samples:
        for word in sample.words or ():
            if word.quad is not None and scenery.label(word.label) >= 0:
                wide, high = np.ptp(np.array(word.quad), axis=0)
                rows.append((max(wide, 1.0), max(high, 1.0), max(_size(sample))))
    table = np.array(rows, np.float32).reshape(-1, 3)
    return table[:, :2], table[:, 2]


def _size(sample: Sample) -> tuple[int, int]:
    """Width and height in which the sample's positions are."""
    if sample.size is not None:
        return sample.size
    height, width = load(sample.path).shape[:2]
    return width, height
