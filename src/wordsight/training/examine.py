"""The report of `wordsight evaluate --report`: what a model or a reader says on labelled pictures, right or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wordsight.evaluation.fields import Case, Said, folded
from wordsight.evaluation.protocols import DONT_CARE
from wordsight.fields.extract import FieldValue, TaughtModel, read_whole
from wordsight.fields.model import LabelCard
from wordsight.fields.parts import Parts
from wordsight.image.load import load
from wordsight.training.baseline import by_form
from wordsight.training.lesson import Example
from wordsight.types import Picture

WORDS = "words"
"""Name of what is compared where a picture has no fields."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One picture's cases: answered by the stock reader, and by the model."""

    before: tuple[Case, ...]
    after: tuple[Case, ...]


def compare_model(model: TaughtModel, stock: Parts, examples: Sequence[Example]) -> Iterator[Compared]:
    """What a taught model and the stock reader say on labelled pictures, one after the other.

    Raises:
        ImageError: A picture cannot be read.
    """
    kinds = {label.kind for label in model.card.labels}
    for example in examples:
        picture = load(example.sample.path)
        page = stock.reader.read(picture) if kinds != {"crop"} else None
        values = model.judge(model.candidates(picture, page))
        before, after = [], []
        for label in model.card.labels:
            after.append(_case(example, label, _said([v for v in values if v.name == label.name])))
            told = _whole(stock, picture, label) if page is None or label.kind == "crop" else by_form(page, label)
            before.append(_case(example, label, told if label.texts else ()))
        yield Compared(tuple(before), tuple(after))


def _whole(stock: Parts, picture: Picture, label: LabelCard) -> tuple[Said, ...]:
    (reading,) = read_whole(stock.recognizer, [picture], label)
    return (Said(reading.text, min(max(reading.confidence, 0.0), 1.0)),)


def _said(values: Sequence[FieldValue]) -> tuple[Said, ...]:
    return tuple(
        Said(v.text, v.confidence, tuple((x, y) for x, y in v.quad.tolist()) if v.quad else None) for v in values
    )


def _case(example: Example, label: LabelCard, said: tuple[Said, ...]) -> Case:
    """Texts are compared where a label has texts, else boxes."""
    own = [box for box in example.boxes if box.label == label.name]
    silent = tuple(box.quad for box in own if box.ignore or (label.texts and not box.text))
    if not label.texts:
        boxes = tuple(box.quad for box in own if not box.ignore)
        return Case(example.name, label.name, (), said, boxes, silent)
    return Case(example.name, label.name, _wanted(example, label.name), said, None, silent, label.letters)


def _wanted(example: Example, label: str) -> tuple[str, ...]:
    return tuple(text for text in example.values.get(label, ()) if text.strip())


def cases_of_record(example: Example, record: Mapping[str, Any]) -> tuple[Case, ...]:
    """What a record of `wordsight predict`, `read` or `recognize` says on a picture.

    Fields are compared where the manifest has some, else the text of a crop, else all words of a page.

    Args:
        example: The labelled picture.
        record: A parsed line; ``{}``: nothing was said.
    """
    if example.sample.text is not None and not example.sample.words:
        read = (Said(str(record["text"]), _sure(record)),) if "text" in record else ()
        return (Case(example.name, "text", (example.sample.text,), read),)
    if example.values:
        return tuple(
            Case(example.name, name, _wanted(example, name), _told(record, name)) for name in sorted(example.values)
        )
    words = [word for word in example.sample.words or () if word.text and word.quad is not None]
    kept = [word for word in words if not word.ignore and word.text != DONT_CARE]
    ignored = tuple(word.quad for word in words if word not in kept and word.quad is not None)
    told = tuple(
        Said(str(word["text"]), _sure(word), tuple((float(x), float(y)) for x, y in word["quad"]))
        for word in record.get("words", ())
    )
    return (Case(example.name, WORDS, tuple(word.text or "" for word in kept), told, None, ignored),)


def _told(record: Mapping[str, Any], name: str) -> tuple[Said, ...]:
    """A field's values of a record, each with the confidence that is told beside it."""
    fields = record.get("fields") or {}
    texts = fields.get(name, ())
    sure = {folded(str(p.get("text", ""))): _sure(p) for p in record.get("predictions", ()) if p.get("label") == name}
    return tuple(
        Said(text, sure.get(folded(text), _sure(record))) for text in ([texts] if isinstance(texts, str) else texts)
    )


def _sure(record: Mapping[str, Any]) -> float:
    """A record's confidence in 0..1; 1 where it has none."""
    return min(max(float(record.get("confidence", 1.0)), 0.0), 1.0)
