"""Teaching fields of documents: read the pages, find the values in them, train the tagger, measure by turns."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

from wordsight.errors import ManifestError
from wordsight.evaluation.fields import Case, Said, folded
from wordsight.fields.candidate import Candidate
from wordsight.fields.confidence import Signals, fit, probability
from wordsight.fields.document import Tagger
from wordsight.fields.document_values import document_candidates
from wordsight.fields.extract import DOUBT
from wordsight.fields.model import LabelCard
from wordsight.fields.parts import TAGGER
from wordsight.fields.tokens import tokens_of
from wordsight.fields.values import forms_of, names_of
from wordsight.page import Page
from wordsight.reader import Reader
from wordsight.training.baseline import by_form
from wordsight.training.boxes import spans_in_boxes
from wordsight.training.events import Doubt, Event, Outcome, Room, Scored, Working
from wordsight.training.fields import Document, train_tagger
from wordsight.training.lesson import Example, Label, Split, folds
from wordsight.training.pages import read_page

FOLDS = 5
USUAL = (-1.9, 0.17, 0.06, 0.35, 2.0, 0.0, 0.0, 0.67)
"""What weights of confidences start from: fitted to what taggers taught from 5 to 25 receipts said about others."""
TOGETHER, APART = 1.0, 3.0
"""How strongly weights of confidences are held: those of all labels, and those of each label to them."""
SURE = 0.9
"""A value that is so sure and differs from the label makes the label doubtful."""


@dataclass(frozen=True, slots=True)
class ReadExample:
    """A labelled picture that was read."""

    example: Example
    page: Page
    document: Document


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tagger that has not seen a picture says about it."""

    read: ReadExample
    candidates: tuple[Candidate, ...]


def teach_documents(
    labels: Sequence[Label], split: Split, reader: Reader, room: Room
) -> Generator[Event, None, Outcome]:
    """Teach the document labels.

    Without a test part that somebody named, every picture is held out once (cross-validation), and the model that is
    kept has learnt from all of them: labelled documents are too few to give any away.

    Args:
        labels: Of kind ``document``.
        split: The pictures.
        reader: Reads the pages; the model will read with the same.
        room: Where and how long.

    Raises:
        ManifestError: The values of a label were found on no page.
        ImageError: A picture cannot be read.
    """
    test = split.test if split.told else ()
    learn = [*split.learn, *split.check, *(() if split.told else split.test)]
    read = yield from read_examples([*learn, *test], labels, reader, room)
    learnt, tested = read[: len(learn)], read[len(learn) :]
    labels = readable(labels, learnt)
    yield Working("tag", 0.0, 10.0)
    parts = folds(learn, FOLDS)
    answers: list[Answer] = []
    by_name = {one.example.name: one for one in learnt}
    turns: list[int] = []
    for number, (some, others) in enumerate(parts):
        fold = [by_name[e.name] for e in some]
        answers += _answers(fold, [by_name[e.name] for e in others], labels)
        turns += [number] * len(others)
        yield Working("tag", (number + 1) / (len(parts) + 1), 5.0)
    tagger = train_tagger([one.document for one in learnt], [label.name for label in labels])
    cards = calibrated(answers, make_cards(labels, learn))
    by_turns = _by_turns(answers, turns, cards)
    if split.told:
        final = _answers(learnt, tested, labels, tagger)
        after = cases(final, cards)
    else:
        final, after = answers, by_turns
    before = tuple(
        Case(a.read.example.name, card.name, wanted(a.read.example, card.name), by_form(a.read.page, card))
        for a in final
        for card in cards
    )
    total = sum((case.counts() for case in after[1:]), after[0].counts()) if after else None
    if total is not None:
        yield Scored("tag", {"f": total.f, "precision": total.precision, "recall": total.recall})
    doubts = find_doubts(by_turns)  # a wrong label must not lower the confidence in what speaks against it
    curve = learning_curve(learnt, labels, answers, cards) if len(learnt) >= 2 * FOLDS else ()
    return Outcome({TAGGER: tagger.dump()}, tuple(cards), before, tuple(after), doubts, curve)


def read_examples(
    examples: Sequence[Example], labels: Sequence[Label], reader: Reader, room: Room
) -> Generator[Event, None, list[ReadExample]]:
    """Read the pages of examples and find the values in them."""
    cache, names, done = room.folder / "pages", [label.name for label in labels], []
    begun = time.monotonic()
    for number, example in enumerate(examples):
        page = read_page(reader, example.sample.path, cache)
        tokens = tokens_of(page)
        boxed = {name: spans_in_boxes(tokens, example, name) for name in names}
        values = {name: example.values.get(name, ()) for name in names if not boxed[name]}
        document = Document.of(example.name, tokens, values)
        document = replace(document, spans={**document.spans, **{n: s for n, s in boxed.items() if s}})
        done.append(ReadExample(example, page, document))
        rate = (time.monotonic() - begun) / (number + 1)
        yield Working("read pages", (number + 1) / len(examples), rate * (len(examples) - number - 1), example.name)
    return done


def readable(labels: Sequence[Label], learnt: Sequence[ReadExample]) -> list[Label]:
    """The labels whose values were found on at least two pages.

    Raises:
        ManifestError: None was.
    """
    found = {label.name: sum(bool(one.document.spans.get(label.name)) for one in learnt) for label in labels}
    kept = [label for label in labels if found[label.name] >= 2]
    if not kept:
        raise ManifestError(
            "the values of the labels were not found in the text of the pages; check that they say what is printed, "
            "or draw boxes around them"
        )
    return kept


def make_cards(labels: Sequence[Label], examples: Sequence[Example]) -> list[LabelCard]:
    """What is known about document labels from their values."""
    cards = []
    for label in labels:
        values = [value for example in examples for value in example.values.get(label.name, ())]
        cards.append(
            LabelCard(
                name=label.name,
                kind="document",
                many=label.many,
                forms=dict(list(forms_of(values).items())[:300]),
                values=names_of(values),
            )
        )
    return cards


def wanted(example: Example, label: str) -> tuple[str, ...]:
    """The values of a label in a picture."""
    return tuple(value for value in example.values.get(label, ()) if value.strip())


def cases(answers: Sequence[Answer], cards: Sequence[LabelCard]) -> tuple[Case, ...]:
    """What was wanted and what is said, with the confidences of the cards."""
    return tuple(_case(answer, card) for answer in answers for card in cards)


def _case(answer: Answer, card: LabelCard) -> Case:
    said = [
        Said(c.text, probability(c.signals, card.calibration), points_of(c))
        for c in answer.candidates
        if c.label == card.name
    ]
    said.sort(key=lambda one: -one.confidence)
    kept = [one for one in said if one.confidence >= DOUBT]
    kept = kept if card.many else kept[:1]
    return Case(answer.read.example.name, card.name, wanted(answer.read.example, card.name), tuple(kept))


def points_of(candidate: Candidate) -> tuple[tuple[float, float], ...] | None:
    """A candidate's corners as plain numbers."""
    if candidate.quad is None:
        return None
    return tuple((x, y) for x, y in candidate.quad.tolist())


def find_doubts(answered: Sequence[Case]) -> tuple[Doubt, ...]:
    """Labels that differ from what is said with great confidence, the surest first."""
    found = [
        Doubt(case.image, case.label, " | ".join(case.wanted), case.said[0].text, case.said[0].confidence)
        for case in answered
        if case.said and case.said[0].confidence >= SURE and not case.right(letters=True)
    ]
    return tuple(sorted(found, key=lambda doubt: -doubt.confidence))


def learning_curve(
    learnt: Sequence[ReadExample], labels: Sequence[Label], answers: Sequence[Answer], cards: Sequence[LabelCard]
) -> tuple[Mapping[str, float], ...]:
    """F on held-out pictures by number of pictures learnt from: 5, 10, 20, 40 ... and all but one fold."""
    parts = folds([one.example for one in learnt], FOLDS)
    by_name = {one.example.name: one for one in learnt}
    some, others = ([by_name[e.name] for e in part] for part in parts[0])
    points: list[Mapping[str, float]] = []
    count = 5
    while count < len(some):
        points.append({"pictures": count, "f": _f(cases(_answers(some[:count], others, labels), cards))})
        count *= 2
    return (*points, {"pictures": len(some), "f": _f(cases(_answers(some, others, labels), cards))})


def _f(answered: Sequence[Case]) -> float:
    total = sum((case.counts() for case in answered[1:]), answered[0].counts())
    return round(total.f, 4)


def _answers(
    learnt: Sequence[ReadExample],
    asked: Sequence[ReadExample],
    labels: Sequence[Label],
    tagger: Tagger | None = None,
) -> list[Answer]:
    """What a tagger taught from some pictures says about others."""
    found = [label for label in labels if any(one.document.spans.get(label.name) for one in learnt)]
    if tagger is None and found:
        tagger = train_tagger([one.document for one in learnt], [label.name for label in found])
    cards = make_cards(found, [one.example for one in learnt])
    return [
        Answer(one, tuple(document_candidates(tagger, one.page, cards)) if tagger is not None else ()) for one in asked
    ]


def calibrated(answers: Sequence[Answer], cards: Sequence[LabelCard]) -> list[LabelCard]:
    """Cards with weights of the confidences, from answers about pictures that were not learnt from.

    The weights are fitted to the values of all labels first, and those of each label are drawn to these: a few dozen
    values of one label alone would not do.
    """
    judged = {card.name: _judged(answers, card.name) for card in cards}
    common = fit(*_columns([one for own in judged.values() for one in own]), USUAL, TOGETHER)
    return [replace(card, calibration=fit(*_columns(judged[card.name]), common, APART)) for card in cards]


def _judged(answers: Sequence[Answer], label: str) -> list[tuple[Signals, bool]]:
    """Of each value that was proposed its signals, and whether it is right."""
    return [
        (candidate.signals, folded(candidate.text) in {folded(value) for value in wanted(answer.read.example, label)})
        for answer in answers
        for candidate in answer.candidates
        if candidate.label == label
    ]


def _columns(judged: Sequence[tuple[Signals, bool]]) -> tuple[list[Signals], list[bool]]:
    return [signals for signals, _ in judged], [right for _, right in judged]


def _by_turns(answers: Sequence[Answer], turns: Sequence[int], cards: Sequence[LabelCard]) -> tuple[Case, ...]:
    """Cases whose confidences were fitted on the other parts, so that they are measured honestly."""
    done: list[Case] = []
    for turn in dict.fromkeys(turns):
        others = [answer for answer, own in zip(answers, turns, strict=True) if own != turn]
        fitted = calibrated(others, cards)
        done += cases([answer for answer, own in zip(answers, turns, strict=True) if own == turn], fitted)
    return tuple(done)
