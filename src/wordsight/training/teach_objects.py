"""Teaching things in photos: find them with a single-shot detector, then read what they say."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from wordsight.data.crops import Example as Crop
from wordsight.data.manifest import Sample, TrueWord
from wordsight.detection.single_shot import SingleShot
from wordsight.evaluation.average_precision import Scene, average_precision
from wordsight.evaluation.fields import Case, Points, Said, folded
from wordsight.fields.confidence import Signals, fit, probability
from wordsight.fields.crops import BoxReader, whole_crop
from wordsight.fields.extract import Candidate, place, read_object
from wordsight.fields.model import LabelCard
from wordsight.fields.parts import DETECTOR, RECOGNIZER, Parts, open_recognizer, unpacked
from wordsight.fields.values import forms_of, plain
from wordsight.image.load import load
from wordsight.rectify.crop import Pyramid
from wordsight.stages import StageOptions
from wordsight.training.baseline import by_form
from wordsight.training.events import Doubt, Event, Noted, Outcome, Room, Working
from wordsight.training.lesson import Box, Example, Label, Split
from wordsight.training.lines import line_texts
from wordsight.training.loop import Event as Step
from wordsight.training.pages import read_page
from wordsight.training.runs import run, schedule
from wordsight.training.single_shot import export_single_shot, train_single_shot
from wordsight.training.teach_documents import find_doubts, points_of
from wordsight.training.teach_reading import SIGNS_DIFFER, Reading, better_reader, crop_of, teach_reading

FINDING = 0.6
"""Share of the time that finding gets where reading is taught too."""
ENOUGH_TEXTS = 20
"""A recognizer is taught where so many boxes have a text."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture with what was found in it."""

    example: Example
    candidates: tuple[Candidate, ...]


def teach_objects(labels: Sequence[Label], split: Split, stock: Parts, room: Room) -> Generator[Event, None, Outcome]:
    """Teach object labels.

    Args:
        labels: Of kind ``object``.
        split: The pictures.
        stock: Reader, detector of lines and recognizer without teaching.
        room: Where and how long.

    Raises:
        ManifestError: There is nothing to learn or to choose on.
        ImageError: A picture cannot be read.
    """
    reads = sum(box.text is not None for example in split.learn for box in example.boxes) >= ENOUGH_TEXTS
    finding = room.minutes * (FINDING if reads else 1.0)
    onnx = yield from _teach_finding(labels, split, replace(room, minutes=finding))
    members = {DETECTOR: onnx}
    finder = SingleShot.open(unpacked(onnx), StageOptions(threads=room.threads))
    reader = BoxReader(stock.lines, stock.recognizer)
    cards = [make_card(label, [*split.learn, *split.check], reader) for label in labels]
    before = stock_cases(split.test, cards, stock, room)
    plain_after = yield from _see(split.test, cards, finder, reader)
    seen = plain_after
    if reads:
        own = yield from _teach_texts(cards, split, reader, replace(room, minutes=room.minutes - finding))
        if own:
            members[RECOGNIZER] = own
            options = StageOptions(threads=room.threads)
            reader = replace(reader, recognizer=open_recognizer(unpacked(own), options))
            seen = yield from _see(split.test, cards, finder, reader)
            if _hits(seen, cards) < _hits(plain_after, cards):
                yield Noted("the stock recognizer reads the held-out pictures better than the taught one: it is kept")
                seen, reader = plain_after, replace(reader, recognizer=stock.recognizer)
                del members[RECOGNIZER]
    checked = yield from _see(split.check, cards, finder, reader)
    learnt = yield from _see(split.learn, cards, finder, reader)
    cards = [replace(card, calibration=fitted(checked, card)) for card in cards]
    doubts = (*find_doubts(cases([*learnt, *checked], cards)), *_missed([*learnt, *checked], cards))
    extra = {"box_ap50": {card.name: round(box_precision(seen, card), 4) for card in cards}}
    return Outcome(members, tuple(cards), before, cases(seen, cards), tuple(doubts), (), extra)


def _teach_finding(labels: Sequence[Label], split: Split, room: Room) -> Generator[Event, None, bytes]:
    names = [label.name for label in labels]
    folder, times = room.folder / "find", schedule(room.minutes, room.seed)
    learn, check = ([boxed(example, names) for example in part] for part in (split.learn, split.check))

    def train(resume: bool) -> Iterator[Step]:
        return train_single_shot(learn, names, check, folder, times, resume=resume)

    def deliver(path: Path) -> None:
        export_single_shot(folder, path)

    return (yield from run("find", folder, repr((names, times)), deliver, train))


def boxed(example: Example, labels: Sequence[str]) -> Sample:
    """A sample whose marked places are the boxes with these labels."""
    words = tuple(
        TrueWord(quad=box.quad, text=box.text, ignore=box.ignore, label=box.label)
        for box in example.boxes
        if box.label in labels
    )
    return replace(example.sample, words=words)


def make_card(label: Label, examples: Sequence[Example], reader: BoxReader) -> LabelCard:
    """What is known about an object label; how its boxes are read is chosen by what the stock reader gets right."""
    boxes = [(example, box) for example in examples for box in example.boxes if box.label == label.name]
    texts = [box.text for _, box in boxes if box.text]
    level = all(_is_level(box) for _, box in boxes)
    card = LabelCard(
        name=label.name, kind="object", many=label.many, texts=label.texts, forms=forms_of(texts), level=level
    )
    if not label.texts:
        return card
    right, exact = {"whole": 0, "lines": 0}, {"whole": 0, "lines": 0}
    for example, box in [pair for pair in boxes if pair[1].text][:60]:
        pyramid, quad = Pyramid(load(example.sample.path)), np.array(box.quad, np.float32)
        for way in (reader.whole, reader.lines):
            said = way(pyramid, quad, card.padding).text
            right[way.__name__] += plain(said) == plain(box.text or "")
            exact[way.__name__] += folded(said) == folded(box.text or "")
    reading: Literal["whole", "lines"] = "lines" if right["lines"] > right["whole"] else "whole"
    letters = right[reading] - exact[reading] > SIGNS_DIFFER * min(len(texts), 60)
    return replace(card, reading=reading, letters=letters)


def _is_level(box: Box) -> bool:
    points = np.array(box.quad)
    return bool(np.ptp(points[:2, 1]) < 1 and np.ptp(points[2:, 1]) < 1 and abs(points[0, 0] - points[3, 0]) < 1)


def _teach_texts(
    cards: Sequence[LabelCard], split: Split, reader: BoxReader, room: Room
) -> Generator[Event, None, bytes | None]:
    """A recognizer taught on the boxes' lines; None where it is not better than the stock one."""
    learn, check = (list(_crops(part, cards, reader)) for part in (split.learn, split.check))
    if len(learn) < ENOUGH_TEXTS or not check:
        return None
    onnx = yield from teach_reading(
        Reading(tuple(learn), tuple(check), reader.recognizer), room.folder / "read", room.minutes, room.seed
    )
    own = open_recognizer(unpacked(onnx), StageOptions(threads=room.threads))
    if not better_reader(reader.recognizer, own, check):
        yield Noted("the stock recognizer reads the labelled boxes as well as the taught one: it is kept")
        return None
    return onnx


def _crops(examples: Sequence[Example], cards: Sequence[LabelCard], reader: BoxReader) -> Iterator[Crop]:
    """Crops of single lines with their texts, cut as they will be when the model reads."""
    by_name = {card.name: card for card in cards}
    for example in examples:
        texts = [box for box in example.boxes if box.text and box.label in by_name]
        if not texts:
            continue
        pyramid = Pyramid(load(example.sample.path))
        for number, box in enumerate(texts):
            quad, card = np.array(box.quad, np.float32), by_name[box.label]
            name = f"{example.sample.path}#{number}"
            lines = reader.line_crops(pyramid, quad) if card.reading == "lines" else []
            lines = lines or [whole_crop(pyramid, quad, card.padding)]
            said = [reading.text for reading in reader.recognizer.recognize(lines)]
            for k, text in enumerate(line_texts(box.text or "", said)):
                if text:
                    yield crop_of(lines[k], text, f"{name}.{k}")


def _see(
    examples: Sequence[Example], cards: Sequence[LabelCard], finder: SingleShot, reader: BoxReader
) -> Generator[Event, None, list[Seen]]:
    """What is found and read in pictures."""
    by_name = {card.name: card for card in cards}
    seen = []
    for number, example in enumerate(examples):
        picture = load(example.sample.path)
        pyramid = Pyramid(picture)
        found = tuple(
            read_object(reader, pyramid, by_name[thing.label], place(thing, by_name[thing.label]), thing.score)
            for thing in finder.find(picture)
        )
        seen.append(Seen(example, found))
        yield Working("measure", (number + 1) / len(examples), 0.3 * (len(examples) - number), example.name)
    return seen


def cases(seen: Sequence[Seen], cards: Sequence[LabelCard]) -> tuple[Case, ...]:
    """What was wanted and what was found."""
    return tuple(_case(one, card) for one in seen for card in cards)


def _case(one: Seen, card: LabelCard) -> Case:
    said = [
        Said(c.text, probability(c.signals, card.calibration), points_of(c))
        for c in one.candidates
        if c.label == card.name
    ]
    said.sort(key=lambda s: -s.confidence)
    return wanted_case(one.example, card, tuple(said if card.many else said[:1]))


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


def _hits(seen: Sequence[Seen], cards: Sequence[LabelCard]) -> int:
    return sum(case.counts(letters=True).hits for case in cases(seen, cards))


def box_precision(seen: Sequence[Seen], card: LabelCard) -> float:
    """Average precision of a label's boxes at an IoU of 0.5."""
    scenes = []
    for one in seen:
        found = [c for c in one.candidates if c.label == card.name and c.quad is not None]
        own = [box for box in one.example.boxes if box.label == card.name]
        scenes.append(
            Scene(
                wanted=_quads([box.quad for box in own if not box.ignore]),
                ignored=_quads([box.quad for box in own if box.ignore]),
                found=_quads([c.quad.tolist() for c in found if c.quad is not None]),
                scores=np.array([c.score for c in found], np.float32),
            )
        )
    return average_precision(scenes)


def _quads(points: Sequence[object]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(points, np.float32).reshape(-1, 4, 2)


def fitted(seen: Sequence[Seen], card: LabelCard) -> tuple[float, ...]:
    """Weights of a label's confidence, from pictures that were not learnt from."""
    signals: list[Signals] = []
    right: list[bool] = []
    for one in seen:
        own = (box.text for box in one.example.boxes if box.label == card.name and box.text)
        texts = {folded(text, card.letters) for text in own}
        for candidate in one.candidates:
            if candidate.label != card.name:
                continue
            case = wanted_case(one.example, card, (Said(candidate.text, 1.0, points_of(candidate)),))
            if case.counted:
                signals.append(candidate.signals)
                right.append(folded(candidate.text, card.letters) in texts if card.texts else case.verdicts()[0])
    return fit(signals, right)


def _missed(seen: Sequence[Seen], cards: Sequence[LabelCard]) -> list[Doubt]:
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
