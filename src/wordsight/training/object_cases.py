"""What a model of things would say about labelled pictures, and how right that is."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from wordsight.detection.single_shot import SingleShot
from wordsight.evaluation.average_precision import Scene, average_precision
from wordsight.evaluation.fields import Case, Points, Said, folded
from wordsight.evaluation.protocols import Counts
from wordsight.fields.candidate import Candidate
from wordsight.fields.confidence import Signals, fit, probability
from wordsight.fields.crops import BoxReader
from wordsight.fields.extract import judged
from wordsight.fields.model import LabelCard
from wordsight.fields.objects import object_candidates
from wordsight.fields.parts import Parts
from wordsight.image.load import load
from wordsight.page import Page
from wordsight.reader import Reader
from wordsight.training.baseline import by_form
from wordsight.training.events import Doubt, Event, Room, Working
from wordsight.training.lesson import Example
from wordsight.training.pages import read_page
from wordsight.training.teach_documents import points_of


@dataclass(frozen=True, slots=True)
class Sight:
    """What looks at pictures.

    Attributes:
        finder: Finds things.
        reader: Reads them.
        whole: Reads pages.
        pages: Folder of the pages that were read.
    """

    finder: SingleShot
    reader: BoxReader
    whole: Reader
    pages: Path

    def page(self, path: Path) -> Page:
        """A picture as a page."""
        return read_page(self.whole, path, self.pages)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture with what was found in it."""

    example: Example
    candidates: tuple[Candidate, ...]


def look(examples: Sequence[Example], cards: Sequence[LabelCard], sight: Sight) -> Generator[Event, None, list[Seen]]:
    """What is found and read in pictures."""
    seen = []
    for number, example in enumerate(examples):
        path = example.sample.path
        found = object_candidates(sight.finder, sight.reader, cards, load(path), partial(sight.page, path))
        seen.append(Seen(example, tuple(found)))
        yield Working("measure", (number + 1) / len(examples), 0.3 * (len(examples) - number), example.name)
    return seen


def cases(seen: Sequence[Seen], cards: Sequence[LabelCard]) -> tuple[Case, ...]:
    """What was wanted and what was found."""
    return tuple(_case(one, card) for one in seen for card in cards)


def _case(one: Seen, card: LabelCard) -> Case:
    return wanted_case(one.example, card, said_of(one, card))


def said_of(one: Seen, card: LabelCard) -> tuple[Said, ...]:
    """What a model with this card tells."""
    values = judged(one.candidates, card)
    return tuple(
        Said(v.text, v.confidence, tuple((x, y) for x, y in v.quad.tolist()) if v.quad else None) for v in values
    )


def wanted_case(example: Example, card: LabelCard, said: tuple[Said, ...]) -> Case:
    """A case of an object label: texts are compared where it has texts, else boxes."""
    own = [box for box in example.boxes if box.label == card.name]
    silent: tuple[Points, ...] = tuple(box.quad for box in own if box.ignore or (card.texts and not box.text))
    if card.texts:
        texts = tuple(box.text for box in own if box.text)
        return Case(example.name, card.name, texts, said, None, silent, card.letters)
    return Case(example.name, card.name, (), said, tuple(box.quad for box in own if not box.ignore), silent)


def stock_cases(examples: Sequence[Example], cards: Sequence[LabelCard], stock: Parts, room: Room) -> tuple[Case, ...]:
    """What can be had without teaching."""
    found = []
    for example in examples:
        page = read_page(stock.reader, example.sample.path, room.folder / "pages")
        found += [wanted_case(example, card, by_form(page, card) if card.texts else ()) for card in cards]
    return tuple(found)


def placed_share(seen: Sequence[Seen], card: LabelCard) -> float:
    """F of a label's boxes at an IoU of 0.5, whatever they say."""
    counts = [wanted_case(one.example, replace(card, texts=False), said_of(one, card)).counts() for one in seen]
    return sum(counts, Counts()).f


def box_precision(seen: Sequence[Seen], card: LabelCard) -> float:
    """Average precision of the boxes that are told of a label, at an IoU of 0.5."""
    scenes = []
    for one in seen:
        found = [value for value in judged(one.candidates, card) if value.quad is not None]
        own = [box for box in one.example.boxes if box.label == card.name]
        scenes.append(
            Scene(
                wanted=_quads([box.quad for box in own if not box.ignore]),
                ignored=_quads([box.quad for box in own if box.ignore]),
                found=_quads([value.quad.tolist() for value in found if value.quad is not None]),
                scores=np.array([value.score for value in found], np.float32),
            )
        )
    return average_precision(scenes)


def _quads(points: Sequence[object]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(points, np.float32).reshape(-1, 4, 2)


def fitted(seen: Sequence[Seen], card: LabelCard) -> LabelCard:
    """The card with weights of confidence, from pictures that were not learnt from."""
    signals: list[Signals] = []
    right: list[bool] = []
    for one in seen:
        texts = {folded(box.text, card.letters) for box in one.example.boxes if box.label == card.name and box.text}
        for candidate in one.candidates:
            if candidate.label != card.name:
                continue
            said = (Said(candidate.text, 1.0, points_of(candidate)),)
            if not wanted_case(one.example, card, said).counted:
                continue
            signals.append(candidate.signals)
            there = Case("", "", (), said, tuple(box.quad for box in one.example.boxes if box.label == card.name))
            right.append(folded(candidate.text, card.letters) in texts if card.texts else there.verdicts()[0])
    return replace(card, calibration=fit(signals, right))


def missed(seen: Sequence[Seen], cards: Sequence[LabelCard]) -> list[Doubt]:
    """Things that were found with great confidence where nobody drew a box."""
    doubts = []
    for one in seen:
        for candidate in one.candidates:
            card = next((card for card in cards if card.name == candidate.label), None)
            if card is None or candidate.quad is None or candidate.signals.found < 2.0:
                continue
            said = (Said("", 1.0, points_of(candidate)),)
            boxes = tuple(box.quad for box in one.example.boxes if box.label == card.name)
            if not Case(one.example.name, card.name, (), said, boxes).verdicts()[0]:
                chance = probability(candidate.signals, card.calibration)
                doubts.append(Doubt(one.example.name, card.name, "no box", candidate.text or "a box", chance))
    return doubts
