"""The report of a teaching: before and after on held-out pictures, as plain values and as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wordsight.evaluation import page
from wordsight.evaluation.summary import summarize
from wordsight.training.events import Outcome
from wordsight.training.lesson import Lesson, Split


def make_report(name: str, lesson: Lesson, split: Split, outcomes: Sequence[Outcome], reason: str) -> dict[str, Any]:
    """All figures of a teaching as plain values.

    Returns:
        What ``evaluation.summary.summarize`` tells, and ``curve``, ``doubts``, ``warnings`` and what was held out.
    """
    before = [case for outcome in outcomes for case in outcome.before]
    after = [case for outcome in outcomes for case in outcome.after]
    turns = not split.told and all(label.kind == "document" for label in lesson.labels)
    return {
        "name": name,
        "reason": reason,
        "pictures": len(lesson.examples),
        "labels": {label.name: {"kind": label.kind, "pictures": label.pictures} for label in lesson.labels},
        "held_out": "each picture once, by cross-validation" if turns else f"{len(split.test)} pictures",
        "warnings": list(lesson.warnings),
        **summarize(before, after),
        "extra": {key: value for outcome in outcomes for key, value in outcome.extra.items()},
        "curve": [dict(point) for outcome in outcomes for point in outcome.curve],
        "doubts": [
            {"image": d.image, "label": d.label, "labelled": d.labelled, "found": d.found, "confidence": d.confidence}
            for outcome in outcomes
            for d in outcome.doubts
        ],
    }


def write_page(path: Path, report: Mapping[str, Any], lesson: Lesson) -> Path:
    """Write the report as one page that needs nothing else, and beside it as JSON; gives the page's path."""
    return page.write_page(path, report, {example.name: example.sample.path for example in lesson.examples})
