"""The crops of `wordsight recognize`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TextIO, get_args

import typer

from wordsight.cli.sources import Sources
from wordsight.config import Format, check_choice
from wordsight.errors import WordsightError
from wordsight.image.load import ImageSource, load
from wordsight.page import Failure, encodable
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
        reading = self.reading
        record: dict[str, Any] = {"image": self.image, "text": reading.text, "confidence": round(reading.confidence, 4)}
        if reading.matched is not None:
            ratio = None if reading.log_ratio is None else round(reading.log_ratio, 2)
            record |= {"matched": reading.matched, "log_ratio": ratio}
        return encodable(json.dumps(record, ensure_ascii=False))


def recognize_crops(reader: Reader, sources: Sources) -> Iterator[CropReading | Failure]:
    """Read crops in order, a number at a time."""
    left = zip(sources.names, sources, strict=True)
    while some := list(islice(left, TOGETHER)):
        loaded = [_load(reader, name, source) for name, source in some]
        crops = [crop for crop in loaded if not isinstance(crop, Failure)]
        readings = iter(reader.recognize(crops))
        for (name, _), crop in zip(some, loaded, strict=True):
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
            typer.echo(str(result), err=True)
        if form in ("json", "jsonl"):
            out.write((before if form == "json" else "") + result.to_json() + "\n")
            before = ","
        elif isinstance(result, CropReading) and form == "csv":
            rows.writerow([encodable(result.image), result.reading.text, round(result.reading.confidence, 4)])
        elif isinstance(result, CropReading):
            out.write(f"{encodable(result.image)}\t{result.reading.text}\n")
    if form == "json":
        out.write("]\n" if before == "," else "[]\n")
    return failed


def _load(reader: Reader, name: str, source: ImageSource) -> Picture | Failure:
    try:
        return load(source, reader.limits)
    except WordsightError as error:
        return Failure(name, error)
