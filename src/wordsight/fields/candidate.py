"""A value that may stand in a picture, before it is judged."""

from __future__ import annotations

from dataclasses import dataclass

from wordsight.fields.confidence import Signals
from wordsight.fields.model import LabelCard
from wordsight.fields.values import form, plain
from wordsight.types import Quad


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value before it is judged: what, where, and the signals of the stages."""

    label: str
    text: str
    quad: Quad | None
    signals: Signals
    score: float | None = None


def familiarity(text: str, label: LabelCard) -> float:
    """1 where a text has a form that training values have, or where none is known."""
    return float(not label.forms or form(plain(text)) in label.forms)
