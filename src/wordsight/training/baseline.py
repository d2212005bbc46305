"""What can be had without teaching: the stock reader, and of what it reads that which has the form of a value."""

from __future__ import annotations

from collections.abc import Mapping

from wordsight.evaluation.fields import Said
from wordsight.fields.model import LabelCard
from wordsight.fields.values import form, plain
from wordsight.page import Page


def by_form(page: Page, label: LabelCard) -> tuple[Said, ...]:
    """The lines and words of a page whose form the label's values have: the surest, or all where it may occur often.

    This is what a careful user would do with the stock reader and a regular expression made of the same labels.
    """
    found = [
        (form_share(text, label.forms), confidence, text, quad.tolist())
        for text, confidence, quad in (
            *((line.text, line.confidence, line.quad) for line in page.lines),
            *((word.text, word.confidence, word.quad) for word in page.words),
        )
    ]
    found = sorted((row for row in found if row[0] > 0), key=lambda row: row[:2], reverse=True)
    said: dict[str, Said] = {}
    for _, confidence, text, quad in found:
        points = tuple((x, y) for x, y in quad)
        said.setdefault(plain(text), Said(text, min(max(confidence, 0.0), 1.0), points))
    answers = tuple(said.values())
    return answers if label.many else answers[:1]


def form_share(text: str, forms: Mapping[str, int]) -> float:
    """Share of the training values that have the form of a text."""
    return forms.get(form(plain(text)), 0) / max(sum(forms.values()), 1)
