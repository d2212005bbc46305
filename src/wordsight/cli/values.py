"""Writes the values of fields, as `predict` and `read --fields` give them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TextIO

from wordsight.cli.output import Form, write_results

if TYPE_CHECKING:
    from wordsight.config import Format
    from wordsight.fields.extract import Prediction
    from wordsight.page import Failure


def write(results: Iterable[Prediction | Failure], form: Format, out: TextIO, many: bool) -> int:
    """Write predictions as text, JSON, JSON lines or CSV; how many pictures failed.

    Raises:
        ConfigError: No such format.
    """
    header = ("image", "page", "field", "text", "confidence", "quad")
    return write_results(results, form, out, Form(header, _rows, partial(_lines, many=many)))


def _rows(result: Prediction) -> Iterator[list[object]]:
    from wordsight.page import encodable

    for value in result.details:
        quad = json.dumps(value.quad.tolist()) if value.quad else ""
        image = encodable(result.image)
        yield [image, result.page, value.name, encodable(value.text), round(value.confidence, 4), quad]


def _lines(result: Prediction, many: bool) -> Iterator[str]:
    from wordsight.page import encodable

    start = f"{encodable(result.image)}\t" if many else ""
    for value in result.details:
        yield f"{start}{encodable(value.name)}\t{encodable(value.text)}\t{value.confidence:.2f}\n"
