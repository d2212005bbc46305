"""Crops for the training of a recognizer: sources, and endless batches of them that can be resumed anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset

from wordsight.data.crops import Example, examples
from wordsight.data.manifest import Manifest
from wordsight.data.spoil import bend, spoil, warp
from wordsight.data.synth.config import SynthConfig
from wordsight.data.synth.words import word
from wordsight.errors import ManifestError
from wordsight.recognition.svtr import HEIGHT, MIN_WIDTH, network_width
from wordsight.types import Picture

GROUP = 4
"""So many batches are drawn together and sorted by width, so that the crops of a batch are of nearly one width."""
GENERAL_SEED = 2**31
"""Series of ``general_set``; trainings draw from others."""
LONGEST = 640
"""Wider crops are squeezed to this width in training, pixels."""


class CropSource(Protocol):
    """Where crops come from."""

    @property
    def weight(self) -> float:
        """Share of the crops, relative to the other sources."""

    @property
    def bends(self) -> float:
        """How far the letters of its crops may be moved, 0..1; see ``wordsight.data.spoil.bend``."""

    @property
    def spoils(self) -> float:
        """How much its crops are changed, 0..1; see ``wordsight.data.spoil.spoil``."""

    def draw(self, number: int, rng: np.random.Generator) -> Example:
        """A crop; it depends on the number and the generator alone."""


@dataclass(frozen=True, slots=True)
class RealCrops:
    """Crops of manifests, held in memory.

    Attributes:
        crops: All of them, at least one.
        weight: Share of the crops, relative to the other sources.
        bends: As in ``CropSource``.
        spoils: As in ``CropSource``.
        warps: How far the shape of the letters may change, 0..1: handwriting; see ``wordsight.data.spoil.warp``.
    """

    crops: tuple[Example, ...]
    weight: float = 1.0
    bends: float = 1.0
    spoils: float = 1.0
    warps: float = 0.0

    def __post_init__(self) -> None:
        if not self.crops or not self.weight > 0:
            raise ManifestError("a source to learn from needs crops with a text and a weight above 0")

    def draw(self, number: int, rng: np.random.Generator) -> Example:
        """One of the crops, drawn at random."""
        example = self.crops[int(rng.integers(len(self.crops)))]
        return replace(example, picture=warp(example.picture, rng, self.warps)) if self.warps else example


@dataclass(frozen=True, slots=True)
class MadeCrops:
    """Crops made as they are needed.

    Attributes:
        make: A picture (H, W, 3) uint8 and its text by number; the same for equal numbers. It is sent to another
            process, so it is a function of a module, or a partial one.
        weight: Share of the crops, relative to the other sources.
        bends: As in ``CropSource``.
        spoils: As in ``CropSource``.
    """

    make: Callable[[int], tuple[Picture, str]]
    weight: float = 1.0
    bends: float = 0.3
    spoils: float = 0.5

    def draw(self, number: int, rng: np.random.Generator) -> Example:
        """Make the crop of this number."""
        picture, text = self.make(number)
        return Example(picture, text)


def open_crops(folder: str | Path, weight: float = 1.0, silent: Sequence[str] = ()) -> RealCrops:
    """All readable crops of a manifest folder as one source.

    Raises:
        ManifestError: The manifest is broken, or has no crop with a text.
        ImageError: A picture cannot be read.
    """
    return RealCrops(tuple(examples(Manifest.open(folder), silent)), weight)


def synthesized(weight: float = 1.0, seed: int = 0, config: SynthConfig | None = None) -> MadeCrops:
    """Words made by :mod:`wordsight.data.synth` without end, in four fifths of the fonts.

    Args:
        weight: Share of the crops, relative to the other sources.
        seed: Number of the series.
        config: What to make; default: English words, numbers, prices, dates and codes.
    """
    return MadeCrops(partial(word, seed=seed, config=config or SynthConfig(font_part="train")), weight)


def general_set(count: int = 300, config: SynthConfig | None = None) -> list[Example]:
    """Made words in the fonts that ``synthesized`` leaves out: what every recognizer should go on reading.

    Args:
        count: How many; equal numbers give equal words.
        config: What to make; default: English words, numbers, prices, dates and codes.
    """
    chosen = config or SynthConfig(font_part="held-out")
    made = (word(number, GENERAL_SEED, chosen) for number in range(count))
    return [Example(picture, text, name=f"made {number}") for number, (picture, text) in enumerate(made)]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step learns from.

    Attributes:
        step: Its number.
        clean: (N, 48, W, 3) uint8, RGB: the crops before they are spoilt, for the teacher.
        spoilt: (N, 48, W, 3) uint8, RGB: the same afterwards, for the student.
        texts: What each says, or None.
        silences: What each text does not tell.
    """

    step: int
    clean: NDArray[np.uint8]
    spoilt: NDArray[np.uint8]
    texts: tuple[str | None, ...]
    silences: tuple[frozenset[str], ...]


class Batches(IterableDataset[Batch]):
    """Endless batches from step ``start`` on. Batch k depends on the seed and k alone."""

    def __init__(self, sources: Sequence[CropSource], size: int, seed: int, start: int = 0) -> None:
        self.sources = tuple(sources)
        self.shares = np.cumsum([source.weight for source in sources])
        self.size = size
        self.seed = seed
        self.start = start

    def __iter__(self) -> Iterator[Batch]:
        group, skip = divmod(self.start, GROUP)
        while True:
            for place, batch in enumerate(self._group(group)):
                if place >= skip:
                    yield batch
            group, skip = group + 1, 0

    def _group(self, group: int) -> list[Batch]:
        rng = np.random.default_rng((self.seed, group))
        drawn = []
        for place in range(GROUP * self.size):
            choice = int(np.searchsorted(self.shares, rng.uniform(0, self.shares[-1]), side="right"))
            source = self.sources[min(choice, len(self.sources) - 1)]
            drawn.append((source, source.draw(group * GROUP * self.size + place, rng)))
        widths = [min(network_width(example.picture, MIN_WIDTH), LONGEST) for _, example in drawn]
        order = np.argsort(widths, kind="stable")
        starts = rng.permutation(GROUP) * self.size
        return [
            self._batch(group * GROUP + k, [drawn[i] for i in order[s : s + self.size]], widths[order[s]], rng)
            for k, s in enumerate(starts)
        ]

    def _batch(self, step: int, drawn: list[tuple[CropSource, Example]], least: int, rng: np.random.Generator) -> Batch:
        natural = max(network_width(example.picture, MIN_WIDTH) for _, example in drawn)
        # Between the narrowest and the widest, and a little about it: how far a crop is stretched must not matter.
        width = round((least + min(natural, LONGEST)) / 2 * rng.uniform(0.9, 1.15) / 16) * 16
        clean, spoilt = [], []
        for source, example in drawn:
            bent = bend(example.picture, rng, source.bends)
            clean.append(fitted(bent, width))
            spoilt.append(fitted(spoil(bent, rng, source.spoils), width))
        texts = tuple(example.text for _, example in drawn)
        return Batch(step, np.stack(clean), np.stack(spoilt), texts, tuple(example.silent for _, example in drawn))


def fitted(crop: Picture, width: int) -> Picture:
    """A crop at the network's height and the given width."""
    method = cv2.INTER_AREA if crop.shape[0] > HEIGHT else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, (width, HEIGHT), interpolation=method), np.uint8)


def loader(batches: Batches, beside: bool) -> Iterator[Batch]:
    """The batches, prepared in a process of its own where ``beside`` is set."""
    made: DataLoader[Any] = DataLoader(
        batches,
        batch_size=None,
        num_workers=1 if beside else 0,
        prefetch_factor=4 if beside else None,
        worker_init_fn=_start_worker,
        collate_fn=_as_is,
        # A forked worker inherits the locks of OpenCV's threads but not the threads, and hangs.
        multiprocessing_context="spawn" if beside else None,
    )
    return iter(made)


def _as_is(batch: Any) -> Any:
    return batch


def _start_worker(_: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
