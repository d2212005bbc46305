"""Things in a photo, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from wordsight import geometry
from wordsight.detection.single_shot import Found, SingleShot
from wordsight.fields.candidate import Candidate
from wordsight.fields.confidence import Signals, logit
from wordsight.fields.crops import BoxReader
from wordsight.fields.forms import familiar
from wordsight.fields.model import LabelCard
from wordsight.page import Page
from wordsight.rectify.crop import Pyramid
from wordsight.types import Picture, Quad

FAINT = 0.05
"""Things with a lower score are not looked at."""
MOST_ONE, MOST_MANY = 6, 100
"""So many things of a label are read in a picture, where it occurs once, and where it may occur often."""
KNOWN = 0.25
"""What is at least so familiar has a form that values have."""
BY_FORM = 0.2
"""Score of a place that was found by the form of its text alone."""
GROWN = 0.3
"""By so much of its height a line of text is smaller than the thing that it stands on."""


def object_candidates(
    finder: SingleShot, reader: BoxReader, labels: Sequence[LabelCard], picture: Picture, page: Callable[[], Page]
) -> list[Candidate]:
    """Things in a picture with what they say. Doubtful ones too: what they say may show which of them is meant.

    Where none says what values look like, the whole page is read: text of that form is a candidate too.

    Args:
        finder: Finds things.
        reader: Reads them.
        labels: What is known about them.
        picture: (H, W, 3) uint8, RGB.
        page: Reads the picture as a page; called at most once.
    """
    cards = {label.name: label for label in labels if label.kind == "object"}
    pyramid, left = Pyramid(picture), {name: MOST_MANY if label.many else MOST_ONE for name, label in cards.items()}
    found = []
    for thing in replace(finder, min_score=FAINT).find(picture):
        if left.get(thing.label, 0):
            left[thing.label] -= 1
            label = cards[thing.label]
            found.append(read_object(reader, pyramid, label, place(thing, label), thing.score))
    known = {candidate.label for candidate in found if candidate.signals.familiar >= KNOWN}
    unread = [label for label in cards.values() if label.pattern and label.name not in known]
    if unread:
        whole = page()
        found += [candidate for label in unread for candidate in on_page(whole, label)]
    return found


def on_page(page: Page, label: LabelCard) -> list[Candidate]:
    """Lines and words of a page that look like values of a label."""
    found = []
    for text, confidence, quad in (
        *((line.text, line.confidence, line.quad) for line in page.lines),
        *((word.text, word.confidence, word.quad) for word in page.words),
    ):
        known = familiar(text, label.forms)
        if known >= KNOWN:
            grown = Quad(geometry.grow(np.asarray(quad.points)[None], GROWN, GROWN)[0])
            box = Quad.from_box(*grown.bounds) if label.level else grown
            found.append(
                Candidate(label.name, text, box, Signals(logit(BY_FORM), logit(confidence), 0.0, known), BY_FORM)
            )
    return found


def place(thing: Found, label: LabelCard) -> Quad:
    """Where a thing is: its level box where the labels are level boxes, else its quad."""
    return Quad.from_box(*thing.box) if label.level else thing.quad


def read_object(reader: BoxReader, pyramid: Pyramid, label: LabelCard, quad: Quad, score: float) -> Candidate:
    """The text in a box that was found with a score."""
    reading = reader.read(pyramid, np.asarray(quad.points), label)
    read = logit(reading.confidence) if label.texts else 0.0
    known = familiar(reading.text, label.forms) if label.pattern else 1.0
    return Candidate(label.name, reading.text, quad, Signals(logit(score), read, 0.0, known), score)
