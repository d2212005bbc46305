"""JSON lines: one object a line, in UTF-8. Reading checks, writing is all or nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Any, NoReturn

from wordsight.errors import ManifestError


def read_jsonl(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number (from 1) and object of every line that is not empty.

    Raises:
        ManifestError: The file cannot be opened, or a line is not one JSON object in UTF-8.
    """
    try:
        with Path(path).open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, parse_line(line, f"{path}:{number}")
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror}); name a file of JSON lines") from error


def write_jsonl(path: str | Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write one line a record; a reader meets the old file or the new one, never a part of one.

    Raises:
        ManifestError: A record holds what JSON cannot say, such as an infinite number; the old file stays.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            for number, record in enumerate(records, 1):
                file.write(_render(record, f"{path}:{number}") + "\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def parse_line(line: bytes, place: str) -> dict[str, Any]:
    """The object of one line.

    Args:
        line: The line's bytes.
        place: Where it stands, for the error's message, such as ``labels.jsonl:3``.

    Raises:
        ManifestError: It is not one JSON object in UTF-8.
    """
    try:
        # Editors on Windows put a byte order mark before the first line.
        record = json.loads(line.decode().removeprefix("\ufeff"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{place}: not JSON ({error}); write one object a line, in UTF-8") from error
    if not isinstance(record, dict):
        raise ManifestError(f"{place}: {short(record)} is not an object; write one {{...}} a line")
    return record


def _render(record: Mapping[str, Any], place: str) -> str:
    try:
        line = json.dumps(record, ensure_ascii=False, allow_nan=False)
        line.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise ManifestError(f"{place}: JSON cannot say this ({error}); mend the record") from error
    return line


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
