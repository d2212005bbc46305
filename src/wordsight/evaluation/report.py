"""Scores predictions against a manifest: pairs pictures with predictions, applies a protocol, adds up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, assert_never, get_args

from wordsight.config import Task
from wordsight.data.jsonl import read_jsonl
from wordsight.data.manifest import Sample
from wordsight.edits import edit_distance
from wordsight.errors import ConfigError, ManifestError
from wordsight.evaluation.protocols import (
    Counts,
    Prediction,
    count_boxes,
    count_fields,
    count_page_words,
    fold,
    said_text,
)

TASKS: tuple[str, ...] = get_args(Task)
"""What is asked of the predictions; the rules are in :mod:`wordsight.evaluation.protocols`."""

Pair = tuple[Sample, Prediction]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one evaluation.

    Attributes:
        task: Which protocol was applied.
        totals: Figures over all pictures, by name.
        rows: Figures of each picture, in the manifest's order; each has ``image``.
    """

    task: Task
    totals: Row
    rows: list[Row]


def read_predictions(path: str | Path) -> list[Prediction]:
    """Every line of a predictions file; a ManifestError names the line that is no JSON object."""
    return [record for _, record in read_jsonl(path)]


def evaluate(
    samples: Iterable[Sample],
    predictions: Iterable[Prediction],
    task: Task,
    *,
    min_score: float = 0.0,
    missing_ok: bool = False,
) -> Report:
    """Score predictions with one of the field's protocols.

    Args:
        samples: A manifest, or a part of one (``manifest.split("test").where("in_1015")``).
        predictions: Parsed lines of ``wordsight read --format jsonl``; pictures are matched by the last parts of
            their paths, as many as the manifest and the prediction share.
        task: The protocol.
        min_score: Words with a lower ``detection_score`` (end to end: or ``confidence``) are left out; only the tasks
            with boxes look at it.
        missing_ok: A picture without a prediction counts as one where nothing was found.

    Raises:
        ConfigError: The task is unknown.
        ManifestError: There is no sample; a picture has no prediction or several; truth or prediction lack what the
            task needs.
    """
    if task not in TASKS:
        raise ConfigError(f"unknown task {task!r}; choose one of {', '.join(TASKS)}")
    pairs = pair(list(samples), predictions, missing_ok=missing_ok)
    if not pairs:
        raise ManifestError("no picture to evaluate; check the manifest, the split and the flag")
    match task:
        case "detection" | "end-to-end":
            with_text = task == "end-to-end"
            counts = [count_boxes(s, p, with_text=with_text, min_score=min_score) for s, p in pairs]
            totals, rows = _total(counts).to_dict(), [count.to_dict() for count in counts]
        case "page-words":
            counts = [count_page_words(s, p) for s, p in pairs]
            totals, rows = _total(counts).to_dict(), [count.to_dict() for count in counts]
        case "recognition":
            pairs = [(s, p) for s, p in pairs if s.text is not None]
            totals, rows = _recognition(pairs)
        case "fields":
            totals, rows = _fields(pairs)
        case _:
            assert_never(task)
    named = [{"image": s.image} | row for (s, _), row in zip(pairs, rows, strict=True)]
    return Report(task, totals, named)


def pair(samples: Sequence[Sample], predictions: Iterable[Prediction], *, missing_ok: bool = False) -> list[Pair]:
    """Each sample with its prediction, ``{}`` where there is none.

    A prediction belongs to the sample with which it shares the most path parts, counted from the file name; either
    path may be the longer one.

    Raises:
        ManifestError: A sample has several predictions, or (unless ``missing_ok``) none.
    """
    by_tail: defaultdict[tuple[str, ...], list[Prediction]] = defaultdict(list)
    for prediction in predictions:
        for tail in _tails(_image(prediction)):
            by_tail[tail].append(prediction)
    pairs: list[Pair] = []
    double, missing = [], []
    for sample in samples:
        found = next((by_tail[tail] for tail in _tails(sample.image) if tail in by_tail), [])
        if len(found) > 1:
            double.append(sample.image)
        elif not found:
            missing.append(sample.image)
        pairs.append((sample, found[0] if found else {}))
    if double:
        raise ManifestError(f"{_some(double)} with several predictions; leave one line a picture")
    if missing and not missing_ok:
        raise ManifestError(f"{_some(missing)} without a prediction; predict them too, or allow missing pictures")
    return pairs


def _tails(path: str) -> list[tuple[str, ...]]:
    """The last parts of a path, most parts first."""
    parts = PurePosixPath(path).parts
    return [parts[start:] for start in range(len(parts))]


def _image(prediction: Prediction) -> str:
    image = prediction.get("image")
    if not isinstance(image, str):
        raise ManifestError(f"a prediction has no 'image': {str(prediction)[:80]}; each line names its picture")
    return image.replace("\\", "/")


def _some(images: Sequence[str]) -> str:
    return f"{len(images)} {'picture' if len(images) == 1 else 'pictures'} (first: {images[0]})"


def _total(counts: Iterable[Counts]) -> Counts:
    return sum(counts, Counts())


def _recognition(pairs: Sequence[Pair]) -> tuple[Row, list[Row]]:
    rows = [_crop(sample.text or "", said_text(sample, prediction)) for sample, prediction in pairs]
    compared = [row["accurate"] for row in rows if row["accurate"] is not None]
    totals = {
        "accuracy": sum(compared) / max(len(compared), 1),
        "words": len(compared),
        "exact": sum(row["exact"] for row in rows) / max(len(rows), 1),
        "crops": len(rows),
        "cer": sum(row["edits"] for row in rows) / max(sum(len(row["text"]) for row in rows), 1),
    }
    confidences = ({"confidence": p["confidence"]} if "confidence" in p else {} for _, p in pairs)
    return totals, [row | confidence for row, confidence in zip(rows, confidences, strict=True)]


def _crop(text: str, said: str) -> Row:
    """Figures of one crop; ``accurate`` is None where the truth has no letter or digit to compare after folding."""
    accurate = fold(text) == fold(said) if fold(text) else None
    return {"text": text, "said": said, "accurate": accurate, "exact": text == said, "edits": edit_distance(text, said)}


def _fields(pairs: Sequence[Pair]) -> tuple[Row, list[Row]]:
    documents = [count_fields(sample, prediction) for sample, prediction in pairs]
    by_name: dict[str, Counts] = {}
    for document in documents:
        for name, counts in document.items():
            by_name[name] = by_name.get(name, Counts()) + counts
    sums = [_total(document.values()) for document in documents]
    whole = [counts.hits == counts.detected == counts.wanted for counts in sums]
    totals: Row = _total(sums).to_dict() | {
        "whole_documents": sum(whole) / len(whole),
        "by_field": {name: by_name[name].f for name in sorted(by_name)},
    }
    return totals, [counts.to_dict() | {"whole": right} for counts, right in zip(sums, whole, strict=True)]
