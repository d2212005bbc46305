"""The crops of `wordsight recognize`."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TextIO, get_args

import typer

from wordsight.config import Format, check_choice
from wordsight.errors import WordsightError
from wordsight.image.load import load
from wordsight.page import Failure
from wordsight.reader import Reader
from wordsight.types import Picture, Reading

TOGETHER = 64
"""So many crops are in memory at a time; among them those of equal width share a batch."""


@dataclass(frozen=True, slots=True)
class CropReading:
    """What a crop says."""

    image: str
    reading: Reading

    def to_json(self) -> str:
        """The record of ``wordsight recognize --format jsonl``."""
        record = {"image": self.image, "text": self.reading.text, "confidence": round(self.reading.confidence, 4)}
        return json.dumps(record, ensure_ascii=False)


def recognize_crops(reader: Reader, names: Sequence[str]) -> Iterator[CropReading | Failure]:
    """Read crops in order, a number at a time."""
    left = iter(names)
    while some := list(islice(left, TOGETHER)):
        loaded = [_load(reader, name) for name in some]
        crops = [crop for crop in loaded if not isinstance(crop, Failure)]
        readings = iter(reader.recognize(crops))
        for name, crop in zip(some, loaded, strict=True):
            yield crop if isinstance(crop, Failure) else CropReading(name, next(readings))


def write_crops(results: Iterable[CropReading | Failure], form: Format, out: TextIO) -> int:
    """Write readings as text (name, tab, reading), JSON, JSON lines or CSV; how many crops failed.

    Raises:
        ConfigError: No such format.
    """
    check_choice("format", form, get_args(Format))
    rows = csv.writer(out, lineterminator="\n")
    if form == "csv":
        rows.writerow(["image", "text", "confidence"])
    failed, before = 0, "["
    for result in results:
        if isinstance(result, Failure):
            failed += 1
            typer.echo(f"{result.image}: {result.error}", err=True)
        if form in ("json", "jsonl"):
            out.write((before if form == "json" else "") + result.to_json() + "\n")
            before = ","
        elif isinstance(result, CropReading) and form == "csv":
            rows.writerow([result.image, result.reading.text, round(result.reading.confidence, 4)])
        elif isinstance(result, CropReading):
            out.write(f"{result.image}\t{result.reading.text}\n")
    if form == "json":
        out.write("]\n" if before == "," else "[]\n")
    return failed


def _load(reader: Reader, name: str) -> Picture | Failure:
    try:
        return load(sys.stdin.buffer if name == "-" else name, reader.limits)
    except WordsightError as error:
        return Failure(name, error)
