"""The PP-OCRv6 recognizer: an SVTR head on an LCNetV4 backbone, trained with CTC.

SVTR: Du et al., "SVTR: Scene Text Recognition with a Single Visual Model" (IJCAI 2022).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.charset import Charset
from wordsight.models import cards
from wordsight.models.runtime import Network, compile_network
from wordsight.recognition.confidence import calibrated
from wordsight.recognition.ctc import BestPath, best_path, marks, place, spell
from wordsight.recognition.guide import Guide, Guides
from wordsight.stages import StageOptions
from wordsight.types import Floats, Picture, Reading
from wordsight.vocabulary import Vocabulary

HEIGHT = 48
STEP = 16
"""Widths are rounded to this up to 256 pixels, and to twice as much with every doubling from there, so that the
engine compiles few shapes and no text is stretched by more than a sixteenth."""
MIN_WIDTH = 128
"""Narrower crops are stretched to this. The network gives a frame for every 8 pixels, and CTC needs several frames a
character: a short word at its natural width has too few."""
NATURAL_WIDTH = 64
"""What a stretched crop is at least as wide as in its second look."""
MAX_WIDTH = 3200
ALONE = 176
"""Wider crops are run one by one: together they are no faster, and each number of them is one more shape for the
engine to prepare and to remember."""


@dataclass(frozen=True, slots=True, eq=False)
class SvtrRecognizer:
    """Reads crops of one line each. Immutable; safe to call from many threads.

    A crop's width in the network is chosen from the crop alone, and only crops of equal width share a batch, so the
    text of a crop does not depend on its neighbours.

    Attributes:
        network: Takes (N, 3, 48, W) float32, BGR, -1..1; gives (N, W / 8, C) probabilities.
        charset: Its C classes.
        allowed: Classes that may be read, the blank among them; None reads ASCII unless the crop clearly shows
            something else.
        foreign: Mean probability from which characters outside of ASCII are believed.
        min_width: Narrower crops are stretched to this width.
        second_look: A stretched crop read with less confidence is read at its natural width too; the surer reading
            counts. 0 switches it off.
        batch: Most crops in one run of the network; wide ones are run one by one.
    """

    network: Network
    charset: Charset
    allowed: NDArray[np.intp] | None = None
    foreign: float = 0.7
    min_width: int = MIN_WIDTH
    second_look: float = 0.8
    batch: int = 8
    _guides: Guides = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_guides", Guides(self.charset, self.allowed))

    def recognize(self, crops: Sequence[Picture]) -> list[Reading]:
        """Read crops of single lines of upright text, any size; one reading each, in the same order."""
        return self.recognize_with(crops, [None] * len(crops))

    def recognize_with(self, crops: Sequence[Picture], vocabularies: Sequence[Vocabulary | None]) -> list[Reading]:
        """See :class:`wordsight.stages.GuidedRecognizer`."""
        guides = [self._guides.guide(vocabulary) if vocabulary else None for vocabulary in vocabularies]
        widths = [network_width(crop, self.min_width) for crop in crops]
        readings = self._recognize(crops, widths, guides)
        natural = [network_width(crop, NATURAL_WIDTH) for crop in crops]
        again = [
            index
            for index, reading in enumerate(readings)
            if (reading.confidence < self.second_look or reading.bent) and natural[index] != widths[index]
        ]
        second = self._recognize(
            [crops[index] for index in again], [natural[index] for index in again], [guides[index] for index in again]
        )
        for index, reading in zip(again, second, strict=True):
            readings[index] = max(readings[index], reading, key=lambda reading: reading.rank)
        return readings

    def tables(self, crops: Sequence[Picture]) -> list[Floats]:
        """The probabilities behind readings: of each crop (T, C) float32, frames from left to right, rows sum to 1.

        Args:
            crops: As for :meth:`recognize`.
        """
        found: list[Floats] = []
        for crop in crops:
            inputs = _normalize(crop, network_width(crop, self.min_width))[None]
            found.append(self.network.run(inputs, lambda outputs: np.array(outputs[0][0], np.float32)))
        return found

    def _recognize(
        self, crops: Sequence[Picture], widths: Sequence[int], guides: Sequence[Guide | None]
    ) -> list[Reading]:
        by_width: dict[int, list[int]] = defaultdict(list)
        for index, width in enumerate(widths):
            by_width[width].append(index)
        readings = [Reading((), 0.0)] * len(crops)
        for width, indices in sorted(by_width.items()):
            for group in _batches(indices, 1 if width > ALONE else self.batch):
                inputs = np.stack([_normalize(crops[index], width) for index in group])
                read = partial(self._read, guides=[guides[index] for index in group])
                for index, reading in zip(group, self.network.run(inputs, read), strict=True):
                    readings[index] = reading
        return readings

    def _read(self, outputs: list[Floats], guides: Sequence[Guide | None]) -> list[Reading]:
        return [self._reading(table, guide) for table, guide in zip(outputs[0], guides, strict=True)]

    def _reading(self, table: Floats, guide: Guide | None) -> Reading:
        """One crop's reading from its (T, C) probabilities."""
        allowed = self.allowed if guide is None else guide.allowed
        path = self._free_or_ascii(table) if allowed is None else best_path(table, allowed)
        if guide is None:
            spans = spell(path, self.charset)
            return Reading(spans, calibrated(spans))
        found = guide.follow(table, marks(path, self.charset))
        spans = place(found.marks, len(table))
        return Reading(spans, calibrated(spans), found.matched, found.log_ratio)

    def _free_or_ascii(self, table: Floats) -> BestPath:
        """The free reading where it is sure of what it has beyond ASCII, else the one in ASCII.

        The charset holds thousands of Chinese characters, of which some look like a blurred letter: a reading in
        ASCII is right far more often than a doubtful mixture.
        """
        free = best_path(table)
        foreign = self.charset.is_foreign[free.classes]
        if not foreign.any() or float(free.probabilities[foreign].mean()) > self.foreign:
            return free
        return best_path(table, self.charset.ascii)


def create(options: StageOptions) -> SvtrRecognizer:
    """The stock recognizer; for Russian, Korean and Hindi the one of the same network that was taught their scripts."""
    path = cards.locate(cards.recognizer(options.language))
    charset = Charset.pp_ocr(cards.characters(path))
    network = compile_network(path, options.engine, options.precision, options.threads)
    return SvtrRecognizer(network, charset, charset.allowed(options.language, options.allow))


def network_width(crop: Picture, least: int) -> int:
    """Width at which the network sees a crop: its own at 48 pixels of height, rounded, within bounds."""
    height, width = crop.shape[:2]
    natural = width * HEIGHT / max(height, 1)
    step = STEP * 2 ** max(0, int(np.log2(max(natural, 1) / 256)) + 1 if natural > 256 else 0)
    rounded: int = round(natural / step) * step
    return min(max(rounded, least), MAX_WIDTH)


def _normalize(crop: Picture, width: int) -> Floats:
    """A crop as the network takes it: (3, 48, width) float32, BGR, -1..1."""
    shrinks = crop.shape[0] > HEIGHT
    resized = cv2.resize(crop, (width, HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return (resized[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) - 127.5) / 127.5


def _batches(indices: list[int], most: int) -> Iterator[list[int]]:
    """Runs of a power of two, so that the engine compiles few shapes."""
    at = 0
    while at < len(indices):
        size = min(most, 1 << ((len(indices) - at).bit_length() - 1))
        yield indices[at : at + size]
        at += size
