"""Teaching whole pictures that say one thing: captchas, cropped plates, meter displays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import replace

from wordsight.evaluation.fields import Case, Said, folded
from wordsight.fields.candidate import familiarity
from wordsight.fields.confidence import Signals, chance, fit, logit, probability
from wordsight.fields.extract import DOUBT, read_whole
from wordsight.fields.forms import even_pattern
from wordsight.fields.model import LabelCard
from wordsight.fields.parts import RECOGNIZER, open_recognizer, unpacked
from wordsight.fields.values import forms_of
from wordsight.image.load import load
from wordsight.stages import Recognizer, StageOptions
from wordsight.training.events import Event, Noted, Outcome, Room, Working
from wordsight.training.lesson import Example, Label, Split
from wordsight.training.teach_documents import find_doubts
from wordsight.training.teach_reading import SIGNS_DIFFER, Reading, crop_of, teach_reading
from wordsight.types import Picture

MOST_ALLOWED = 64
"""Where more different characters occur, others may occur too."""
SEEN_OFTEN = 3
"""A list of characters is believed where each of them occurs so often on average, or more."""


def teach_crops(label: Label, split: Split, stock: Recognizer, room: Room) -> Generator[Event, None, Outcome]:
    """Teach a label that is the whole picture.

    Args:
        label: Of kind ``crop``.
        split: The pictures.
        stock: Reads without teaching.
        room: Where and how long.

    Raises:
        ImageError: A picture cannot be read.
    """
    texts = [value for example in (*split.learn, *split.check) for value in said_in(example, label)]
    few = allowed(texts)
    card = LabelCard(name=label.name, kind="crop", forms=forms_of(texts), allow=few, pattern=even_pattern(texts, few))
    learn = [crop_of(load(e.sample.path), t, e.name) for e in split.learn for t in said_in(e, label)[:1]]
    check = [crop_of(load(e.sample.path), t, e.name) for e in split.check for t in said_in(e, label)[:1]]
    task = Reading(tuple(learn), tuple(check), stock)
    agreed = task.agreement()
    card = replace(card, letters=agreed["folded"] - agreed["right"] > SIGNS_DIFFER)
    before = tuple(
        _case(example, card, text, chance(one.read))
        for example, (text, one) in zip(split.test, judged(stock, split.test, card), strict=True)
    )
    if agreed["right"] == 1.0 and all(case.right() for case in before):
        yield Noted("the stock recognizer reads all of these pictures right: there is nothing to teach")
        return Outcome({}, (card,), before, before)
    onnx = yield from teach_reading(task, room.folder / "read", room.minutes, room.seed)
    own = open_recognizer(unpacked(onnx), StageOptions(threads=room.threads, allow=card.allow))
    yield Working("measure", 0.0, 5.0)
    examples = [*split.test, *split.check, *split.learn]
    signals = judged(own, examples, card)
    tested, checked = len(split.test), len(split.test) + len(split.check)
    card = replace(card, calibration=_fitted(signals[tested:checked], examples[tested:checked], card))
    after = [
        _case(example, card, text, probability(one, card.calibration))
        for example, (text, one) in zip(examples, signals, strict=True)
    ]
    return Outcome({RECOGNIZER: onnx}, (card,), before, tuple(after[:tested]), find_doubts(after))


def said_in(example: Example, label: Label | LabelCard) -> tuple[str, ...]:
    """The texts of a label in a picture."""
    return tuple(text for text in example.values.get(label.name, ()) if text.strip())


def allowed(texts: Sequence[str]) -> str:
    """The characters of the texts where they are few and each occurs often; else nothing, which allows all."""
    counted = Counter(c for text in texts for c in text if not c.isspace())
    if len(counted) > MOST_ALLOWED or sum(counted.values()) < 20 * len(counted) or min(counted.values()) < SEEN_OFTEN:
        return ""
    return "".join(sorted(counted))


def judged(reader: Recognizer, examples: Sequence[Example], card: LabelCard) -> list[tuple[str, Signals]]:
    """What a recognizer reads in whole pictures, with signals."""
    found = []
    for start in range(0, len(examples), 32):
        pictures: list[Picture] = [load(example.sample.path) for example in examples[start : start + 32]]
        for reading in read_whole(reader, pictures, card):
            familiar = familiarity(reading.text, card)
            found.append((reading.text, Signals(0.0, logit(reading.confidence), 0.0, familiar)))
    return found


def _case(example: Example, card: LabelCard, text: str, confidence: float) -> Case:
    said = (Said(text, confidence),) if text and confidence >= DOUBT else ()
    return Case(example.name, card.name, said_in(example, card), said, letters=card.letters)


def _fitted(signals: Sequence[tuple[str, Signals]], examples: Sequence[Example], card: LabelCard) -> tuple[float, ...]:
    right = [
        folded(text, card.letters) in {folded(value, card.letters) for value in said_in(example, card)}
        for (text, _), example in zip(signals, examples, strict=True)
    ]
    return fit([one for _, one in signals], right)
