"""Teaching things in photos: find them with a single-shot detector, then read what they say."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from wordsight.data.crops import Example as Crop
from wordsight.data.manifest import Sample, TrueWord
from wordsight.detection.single_shot import SingleShot
from wordsight.evaluation.fields import folded
from wordsight.fields.crops import BoxReader, whole_crop
from wordsight.fields.forms import pattern_of
from wordsight.fields.model import LabelCard
from wordsight.fields.parts import DETECTOR, RECOGNIZER, Parts, open_recognizer, unpacked
from wordsight.fields.values import forms_of, plain
from wordsight.image.load import load
from wordsight.rectify.crop import Pyramid
from wordsight.stages import StageOptions
from wordsight.training.events import Event, Noted, Outcome, Room, Working
from wordsight.training.lesson import Box, Example, Label, Split
from wordsight.training.lines import line_texts
from wordsight.training.loop import Event as Step
from wordsight.training.object_cases import Sight, box_precision, cases, fitted, look, missed, placed_share, stock_cases
from wordsight.training.runs import run, schedule
from wordsight.training.single_shot import export_single_shot, train_single_shot
from wordsight.training.teach_documents import find_doubts
from wordsight.training.teach_reading import SIGNS_DIFFER, Reading, better_reader, crop_of, teach_reading

READING = ((0.5, 0.4), (0.8, 0.25))
"""Share of the time that reading gets where the stock recognizer reads less than this share of the boxes right."""
ENOUGH_TEXTS = 20
"""A recognizer is taught where so many boxes have a text."""
LOOKED_AT = 60
"""So many boxes are read to find out how they are read best."""


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
    reader = BoxReader(stock.lines, stock.recognizer)
    yield Working("measure", 0.0, 20.0, "labelled boxes")
    cards, agreed = [], 1.0
    for label in labels:
        card, right = make_card(label, [*split.learn, *split.check], reader)
        cards.append(card)
        agreed = min(agreed, right)
    texts = sum(box.text is not None for example in split.learn for box in example.boxes)
    share = next((share for least, share in READING if agreed < least), 0.0) if texts >= ENOUGH_TEXTS else 0.0
    reading = room.minutes * share
    onnx = yield from _teach_finding(labels, split, replace(room, minutes=room.minutes - reading))
    members = {DETECTOR: onnx}
    finder = SingleShot.open(unpacked(onnx), StageOptions(threads=room.threads))
    if reading:
        own = yield from _teach_texts(cards, split, reader, replace(room, minutes=reading))
        if own:
            members[RECOGNIZER] = own
            reader = replace(reader, recognizer=open_recognizer(unpacked(own), StageOptions(threads=room.threads)))
    sight = Sight(finder, reader, stock.reader, room.folder / "pages")
    before = stock_cases(split.test, cards, stock, room)
    checked = yield from look(split.check, cards, sight)
    cards = [fitted(checked, card) for card in cards]
    seen = yield from look(split.test, cards, sight)
    learnt = yield from look(split.learn, cards, sight)
    doubts = (*find_doubts(cases([*learnt, *checked], cards)), *missed([*learnt, *checked], cards))
    extra = {"box_ap50": {card.name: round(box_precision(seen, card), 4) for card in cards}}
    placed = {card.name: round(placed_share(checked, card), 4) for card in cards}
    return Outcome(members, tuple(cards), before, cases(seen, cards), tuple(doubts), (), extra, placed)


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
    # The boxes are those of the picture as it is in the folder, and so it will be when the model is asked.
    words = tuple(
        TrueWord(quad=box.quad, text=box.text, ignore=box.ignore, label=box.label)
        for box in example.boxes
        if box.label in labels
    )
    return replace(example.sample, words=words, original_size=None)


def make_card(label: Label, examples: Sequence[Example], reader: BoxReader) -> tuple[LabelCard, float]:
    """What is known about an object label, and the share of its boxes that the reader reads right as it is.

    How its boxes are read is chosen by what is right then.
    """
    boxes = [(example, box) for example in examples for box in example.boxes if box.label == label.name]
    texts = [box.text for _, box in boxes if box.text]
    level = all(_is_level(box) for _, box in boxes)
    card = LabelCard(
        name=label.name,
        kind="object",
        many=label.many,
        texts=label.texts,
        forms=forms_of(texts),
        pattern=pattern_of(texts),
        level=level,
    )
    if not texts:
        return card, 1.0
    ways = (card, replace(card, reading="lines"))
    right, exact = [0, 0], [0, 0]
    some = [pair for pair in boxes if pair[1].text][:LOOKED_AT]
    for example, box in some:
        pyramid, quad = Pyramid(load(example.sample.path)), np.array(box.quad, np.float32)
        for number, way in enumerate(ways):
            said = reader.read(pyramid, quad, way).text
            right[number] += plain(said) == plain(box.text or "")
            exact[number] += folded(said) == folded(box.text or "")
    best = int(right[1] > right[0])
    letters = right[best] - exact[best] > SIGNS_DIFFER * len(some)
    return replace(ways[best], letters=letters), right[best] / len(some)


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
