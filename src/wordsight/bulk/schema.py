"""The rows that are written: one for each page, or for each picture that could not be read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from wordsight.errors import MissingExtra, WordsightError
from wordsight.fields.extract import Prediction
from wordsight.page import Page, encodable

if TYPE_CHECKING:
    from wordsight.types import Quad

SCHEMA = (
    ("image", "the picture, as the source names it"),
    ("page", "number of the page in its file, from 0; null where the file could not be read"),
    ("width", "of the upright page, pixels"),
    ("height", "of the upright page, pixels"),
    ("text", "the lines, in reading order; null with a model"),
    ("words", "text, confidence, detection_score, line, and quad: x and y of four corners; null with a model"),
    ("fields", "with a model: name, text, confidence, and quad (null where the whole picture is meant)"),
    ("error_type", "name of the error; null where there is none"),
    ("error_message", "what went wrong and what to do"),
    ("seconds", "time it took"),
)
"""Columns and what they hold."""


@cache
def arrow_schema() -> Any:
    """The columns as Arrow types.

    Raises:
        MissingExtra: The extra ``bulk`` is not installed.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        raise MissingExtra("pyarrow", "bulk") from error
    quad = pa.list_(pa.float32())
    word = [("text", pa.string()), ("confidence", pa.float32()), ("detection_score", pa.float32())]
    field = [("name", pa.string()), ("text", pa.string()), ("confidence", pa.float32()), ("quad", quad)]
    types = {
        "image": pa.string(),
        "page": pa.int32(),
        "width": pa.int32(),
        "height": pa.int32(),
        "text": pa.string(),
        "words": pa.list_(pa.struct([*word, ("line", pa.int32()), ("quad", quad)])),
        "fields": pa.list_(pa.struct(field)),
        "error_type": pa.string(),
        "error_message": pa.string(),
        "seconds": pa.float32(),
    }
    return pa.schema([(name, types[name]) for name, _ in SCHEMA])


def row(image: str, result: Page | Prediction | WordsightError, seconds: float) -> dict[str, Any]:
    """The row of a result."""
    found: dict[str, Any] = dict.fromkeys(name for name, _ in SCHEMA)
    found |= {"image": encodable(image), "seconds": seconds}
    if isinstance(result, WordsightError):
        return found | {"error_type": type(result).__name__, "error_message": encodable(str(result))}
    found |= {"page": result.page, "width": result.width, "height": result.height}
    if isinstance(result, Page):
        return found | {"text": encodable(result.text), "words": [_word(word) for word in result.words]}
    return found | {
        "fields": [
            {"name": v.name, "text": encodable(v.text), "confidence": v.confidence, "quad": _flat(v.quad)}
            for v in result.details
        ]
    }


def _word(word: Any) -> dict[str, Any]:
    return {
        "text": encodable(word.text),
        "confidence": word.confidence,
        "detection_score": word.detection_score,
        "line": word.line,
        "quad": _flat(word.quad),
    }


def _flat(quad: Quad | None) -> list[float] | None:
    return None if quad is None else [float(x) for x in quad.points.ravel()]
