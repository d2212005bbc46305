"""The PP-OCRv6 recognizer: an SVTR head on an LCNetV4 backbone, trained with CTC.

SVTR: Du et al., "SVTR: Scene Text Recognition with a Single Visual Model" (IJCAI 2022).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.charset import Charset
from wordsight.models import cards
from wordsight.models.runtime import Network, compile_network
from wordsight.recognition.confidence import calibrated
from wordsight.recognition.ctc import BestPath, best_path, spell
from wordsight.stages import StageOptions
from wordsight.types import Floats, Picture, Reading

HEIGHT = 48
WIDTH_STEP = 16
MIN_WIDTH = 128
MAX_WIDTH = 3200
FOREIGN_CONFIDENCE = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class SvtrRecognizer:
    """Reads crops of one line each. Immutable; safe to call from many threads.

    A crop's width in the network is chosen from the crop alone, and only crops of equal width share a batch, so the
    text of a crop does not depend on its neighbours.

    Attributes:
        network: Takes (N, 3, 48, W) float32, BGR, -1..1; gives (N, W / 8, C) probabilities.
        charset: Its C classes.
        allowed: Classes that may be read, the blank among them; None reads Latin text unless the picture clearly
            shows another script.
        batch: Most crops in one run of the network.
    """

    network: Network
    charset: Charset
    allowed: NDArray[np.intp] | None = None
    batch: int = 8

    def recognize(self, crops: Sequence[Picture]) -> list[Reading]:
        """Read crops of single lines of upright text, any size; one reading each, in the same order."""
        by_width: dict[int, list[int]] = defaultdict(list)
        for index, crop in enumerate(crops):
            by_width[network_width(crop)].append(index)
        readings = [Reading((), 0.0)] * len(crops)
        for width, indices in sorted(by_width.items()):
            for group in _batches(indices, self.batch):
                inputs = np.stack([_normalize(crops[index], width) for index in group])
                for index, reading in zip(group, self.network.run(inputs, self._read), strict=True):
                    readings[index] = reading
        return readings

    def _read(self, outputs: list[Floats]) -> list[Reading]:
        return [self._reading(table) for table in outputs[0]]

    def _reading(self, table: Floats) -> Reading:
        """One crop's reading from its (T, C) probabilities."""
        path = best_path(table, self.allowed) if self.allowed is not None else self._either_script(table)
        spans = spell(path, self.charset)
        return Reading(spans, calibrated(spans))

    def _either_script(self, table: Floats) -> BestPath:
        """The free reading where it is sure of a script other than Latin, else the Latin one.

        The charset holds thousands of Chinese characters of which some look like a blurred Latin letter; a reading
        in Latin letters is right far more often than a doubtful mixture.
        """
        free = best_path(table)
        foreign = self.charset.is_foreign[free.classes]
        if not foreign.any():
            return free
        if float(free.probabilities[foreign].mean()) > FOREIGN_CONFIDENCE:
            return free
        return best_path(table, self.charset.latin)


def create(options: StageOptions) -> SvtrRecognizer:
    """The stock recognizer."""
    path = cards.locate(cards.PP_OCR_RECOGNIZER)
    charset = Charset.pp_ocr(cards.characters(path))
    network = compile_network(path, options.engine, options.precision, options.threads)
    return SvtrRecognizer(network, charset, charset.classes(options.allow) if options.allow else None)


def network_width(crop: Picture) -> int:
    """Width at which the network sees a crop: its own at 48 pixels of height, rounded to the step."""
    height, width = crop.shape[:2]
    steps: int = round(width * HEIGHT / max(height, 1) / WIDTH_STEP)
    return min(max(steps * WIDTH_STEP, MIN_WIDTH), MAX_WIDTH)


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
