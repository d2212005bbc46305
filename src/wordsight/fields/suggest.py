"""Which pictures to label next: those that the model doubts, and that differ from each other.

Doubt alone would name ten pictures of one kind. So each picture after the first is chosen by its doubt times its
distance from those that were chosen already (k-centre greedy, weighted by uncertainty).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from wordsight.errors import WordsightError
from wordsight.fields.candidate import Candidate
from wordsight.fields.extract import TaughtModel
from wordsight.fields.model import LabelCard
from wordsight.fields.values import form, plain
from wordsight.image.load import ImageSource, load
from wordsight.reader import source_name
from wordsight.types import Floats, Picture

SIDE = 12
"""Pictures are compared at this many pixels a side."""


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A picture as the model sees it.

    Attributes:
        image: Its path as given.
        doubt: Mean over the fields of how improbable the answer is, 0..1.
        fields: What the model would say.
        look: (D,) what the picture and its values look like; near ones are alike.
    """

    image: str
    doubt: float
    fields: Mapping[str, str]
    look: Floats


def examine(model: TaughtModel, sources: Iterable[ImageSource]) -> Iterator[Looked | None]:
    """Look at pictures; None stands for what cannot be read."""
    for source in sources:
        try:
            picture = load(source, model.parts.reader.limits)
            candidates = model.candidates(picture)
        except WordsightError:
            yield None
            continue
        yield looked(model, source_name(source), picture, candidates)


def looked(model: TaughtModel, name: str, picture: Picture, candidates: Sequence[Candidate]) -> Looked:
    """What a model makes of a picture.

    Args:
        model: The model.
        name: The picture's path.
        picture: (H, W, 3) uint8, RGB.
        candidates: What the model found in it.
    """
    values = {value.name: value for value in reversed(model.judge(candidates))}
    sure = [_sureness(model, candidates, label) for label in model.card.labels]
    fields = {label: value.text for label, value in values.items()}
    return Looked(name, 1.0 - float(np.mean(sure)), fields, describe(picture, fields))


def _sureness(model: TaughtModel, candidates: Sequence[Candidate], label: LabelCard) -> float:
    """How sure the answer for a label is: as its least sure value; not at all where there is none."""
    values = [v.confidence for v in model.judge(candidates) if v.name == label.name]
    return min(values, default=0.0)


def describe(picture: Picture, fields: Mapping[str, str]) -> Floats:
    """What a picture looks like: small, grey, normalised; and the forms of its values, hashed."""
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    small = grey.astype(np.float32).ravel()
    small = (small - small.mean()) / (small.std() + 1e-3) / SIDE
    marks = np.zeros(32, np.float32)
    for text in fields.values():
        for word in [form(plain(text)), *text.casefold().split()]:
            marks[sum(map(ord, word)) % 32] += 1
    marks /= max(float(np.linalg.norm(marks)), 1.0)
    return np.concatenate([small, marks]).astype(np.float32)


def rank(among: Sequence[Looked], count: int, labelled: Sequence[Floats] = ()) -> list[Looked]:
    """The pictures to label, the most helpful first.

    Args:
        among: Among which is chosen.
        count: How many are wanted.
        labelled: (D,) each; what pictures look like that are labelled already, and need no second one of their kind.
    """
    left = list(range(len(among)))
    if not left:
        return []
    looks = np.stack([one.look for one in among])
    doubts = np.array([one.doubt for one in among]) + 1e-3
    far = np.full(len(among), np.inf)
    for look in labelled:
        far = np.minimum(far, np.linalg.norm(looks - look, axis=1))
    chosen: list[int] = []
    while left and len(chosen) < count:
        worth = doubts[left] * (np.minimum(far[left], 2.0) if chosen or len(labelled) else 1.0)
        best = left.pop(int(np.argmax(worth)))
        chosen.append(best)
        far = np.minimum(far, np.linalg.norm(looks - looks[best], axis=1))
    return [among[i] for i in chosen]
