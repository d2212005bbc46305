"""Teaching to read: a recognizer fine-tuned on the crops of a label, boldly where the stock one fails on them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from wordsight.data.crops import HEIGHT as CROP_ROOM
from wordsight.data.crops import Example as Crop
from wordsight.evaluation.compare import figures, read_all
from wordsight.evaluation.fields import Change
from wordsight.fields.values import plain
from wordsight.stages import Recognizer
from wordsight.training.crops import RealCrops
from wordsight.training.events import Event
from wordsight.training.export_ctc import export_recognizer
from wordsight.training.loop import Event as Step
from wordsight.training.networks import LATIN
from wordsight.training.recognizer import RecognizerConfig, train_recognizer
from wordsight.training.runs import run, schedule
from wordsight.types import Picture

FAILS = 0.5
"""Where the stock recognizer reads less than this share right, the crops are a world of their own."""
SIGNS_DIFFER = 0.1
"""Where so many more crops are right without spaces and signs, the labels do not tell these."""
LOOKS, PATIENCE = 20, 6
"""A training is validated so often, and ends early where it has not become better so many times."""
LOOKED_AT = 200
"""So many crops are read to find that out."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is to learn to read.

    Attributes:
        learn: Crops with texts.
        check: Crops to choose on.
        stock: Reads them without teaching.
    """

    learn: tuple[Crop, ...]
    check: tuple[Crop, ...]
    stock: Recognizer

    def agreement(self) -> Mapping[str, float]:
        """Shares of some of the crops that the stock recognizer reads right, exactly and in letters and digits."""
        some = self.learn[:: max(1, len(self.learn) // LOOKED_AT)]
        return figures(some, read_all(self.stock, some))


def teach_reading(task: Reading, folder: Path, minutes: float, seed: int) -> Generator[Event, None, bytes]:
    """Train a recognizer; gives its ONNX file."""
    agreed = task.agreement()
    if agreed["folded"] - agreed["right"] > SIGNS_DIFFER:
        # Labels that set spaces and hyphens as they like would only teach to guess.
        task = replace(task, learn=_silent(task.learn), check=_silent(task.check))
    config, times = settings(task, agreed["folded"]), schedule(minutes, seed, LOOKS, PATIENCE)

    def train(resume: bool) -> Iterator[Step]:
        return train_recognizer([RealCrops(task.learn)], task.check, folder, times, config, resume)

    def deliver(path: Path) -> None:
        export_recognizer(folder, path)

    return (yield from run("read", folder, repr((config, times)), deliver, train))


def _silent(crops: Sequence[Crop]) -> tuple[Crop, ...]:
    return tuple(replace(crop, silent=frozenset({"punctuation"})) for crop in crops)


def settings(task: Reading, agreed: float) -> RecognizerConfig:
    """Careful steps near the stock recognizer, or bold ones away from it.

    Args:
        task: What there is to learn.
        agreed: Share of the crops that the stock recognizer reads right.
    """
    texts = "".join(crop.text or "" for crop in task.learn)
    charset = "latin" if set(texts) <= {*LATIN, " "} else "keep"
    batch = min(32, max(8, len(task.learn) // 4))
    if agreed >= FAILS:
        return RecognizerConfig(charset=charset, batch=batch)
    return RecognizerConfig(
        charset=charset,
        batch=batch,
        backbone_rate=4e-4,
        neck_rate=1e-3,
        out_rate=1e-3,
        frozen=(),
        distil=0.0,
        hint=0.0,
        blends=(1.0,),
    )


def crop_of(picture: Picture, text: str, name: str) -> Crop:
    """A crop to learn from, reduced to twice the height that a recognizer sees."""
    height, width = picture.shape[:2]
    if height > CROP_ROOM:
        size = (max(1, round(width * CROP_ROOM / height)), CROP_ROOM)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Crop(picture, text, name=name)


def better_reader(stock: Recognizer, own: Recognizer, crops: Sequence[Crop]) -> bool:
    """Whether the own recognizer reads more crops right than the stock one, and hardly by chance."""
    pairs = zip(crops, read_all(stock, crops), read_all(own, crops), strict=True)
    verdicts = [(_right(crop, old), _right(crop, new)) for crop, old, new in pairs]
    return Change(sum(new > old for old, new in verdicts), sum(old > new for old, new in verdicts)).better


def _right(crop: Crop, text: str) -> bool:
    return plain(text) == plain(crop.text or "")
