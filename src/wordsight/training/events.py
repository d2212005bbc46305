"""What a teaching tells while it runs, and what its stages hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wordsight.evaluation.fields import Case
from wordsight.fields.model import LabelCard


@dataclass(frozen=True, slots=True)
class Checked:
    """The data were looked through.

    Attributes:
        pictures: How many are labelled.
        test: How many of them are held out for the report; 0 where every picture is held out once (cross-validation).
        labels: How each label will be found.
        warnings: What was left out, and why.
    """

    pictures: int
    test: int
    labels: Mapping[str, str]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Working:
    """A stage goes on; sent at least every few seconds.

    Attributes:
        stage: "read pages", "find", "read", "tag" or "measure".
        done: Share of the stage that is done, 0..1.
        remaining: Seconds to its end, as far as known.
        message: Losses, or what is looked at.
    """

    stage: str
    done: float
    remaining: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """A stage was measured on pictures that it does not learn from."""

    stage: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that the user should know."""

    message: str


@dataclass(frozen=True, slots=True)
class Taught:
    """The end.

    Attributes:
        adopted: Whether the new model was kept and made the active one.
        reason: Why, or why not, in a sentence.
        model: Its name and version, such as ``plates@2``; None where it was not kept.
        path: Its file; None where it was not kept.
        report: All figures, as plain values for JSON.
        page: The report as a page.
    """

    adopted: bool
    reason: str
    model: str | None
    path: Path | None
    report: Mapping[str, Any]
    page: Path


Event = Checked | Working | Scored | Noted | Taught


@dataclass(frozen=True, slots=True)
class Doubt:
    """A label that looks wrong."""

    image: str
    label: str
    labelled: str
    found: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stage leaves.

    Attributes:
        members: Parts of the model file.
        labels: What the model knows about each of its labels.
        before: Held-out cases, answered without the teaching.
        after: The same cases, answered with it.
        doubts: Labels that look wrong.
        curve: Figures by number of pictures.
        extra: More figures for the report.
        placed: Of each label that a stock reader has no means to find: F of its places on pictures that were not
            learnt from and are not among the cases.
    """

    members: Mapping[str, bytes]
    labels: tuple[LabelCard, ...]
    before: tuple[Case, ...]
    after: tuple[Case, ...]
    doubts: tuple[Doubt, ...] = ()
    curve: tuple[Mapping[str, float], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    placed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Room:
    """Where and how long a teaching may work.

    Attributes:
        folder: For checkpoints and caches; a teaching that was stopped goes on from it.
        minutes: Time for its trainings together.
        seed: Of everything that is drawn.
        quality: At which pages are read.
        threads: Most threads; None takes all.
    """

    folder: Path
    minutes: float
    seed: int
    quality: str
    threads: int | None = None
