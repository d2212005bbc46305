"""The crops of `wordsight recognize`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TextIO

from wordsight.cli.output import Form, write_results
from wordsight.cli.sources import Sources
from wordsight.config import Format
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
    return write_results(results, form, out, Form(("image", "text", "confidence"), _rows, _lines))


def _rows(crop: CropReading) -> Iterator[list[object]]:
    yield [encodable(crop.image), crop.reading.text, round(crop.reading.confidence, 4)]


def _lines(crop: CropReading) -> Iterator[str]:
    yield f"{encodable(crop.image)}\t{crop.reading.text}\n"


def _load(reader: Reader, name: str, source: ImageSource) -> Picture | Failure:
    try:
        return load(source, reader.limits)
    except WordsightError as error:
        return Failure(name, error)
