"""Where results go, and in which form: standard output, files that appear only when they are complete, folders."""

from __future__ import annotations

import csv
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TextIO, TypeVar, get_args

import typer

from wordsight.config import Format, check_choice
from wordsight.errors import ConfigError

if TYPE_CHECKING:
    from wordsight.page import Failure

UNICODE = "backslashreplace"
"""What is done with a file name that is no Unicode: its odd bytes are written as in JSON."""


@contextmanager
def target(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file in UTF-8 that appears only when it is complete.

    Raises:
        ConfigError: The file cannot be made.
    """
    if path is None:
        yield sys.stdout
        return
    check_file(path)
    if path.exists() and not path.is_file():
        # A device or a pipe: renamed over, it would be gone.
        with _open(path, "w") as file:
            yield file
        return
    whole = path.resolve()  # of a link the file is replaced, not the link
    part = whole.with_name(f".{whole.name}.{uuid.uuid4().hex}")
    try:
        with _open(part, "x") as file:
            yield file
        part.replace(whole)
    finally:
        part.unlink(missing_ok=True)


class Result(Protocol):
    """What is written, one after the other."""

    def to_json(self) -> str:
        """Its record."""


R = TypeVar("R", bound=Result)


@dataclass(frozen=True, slots=True)
class Form(Generic[R]):
    """How results look outside of JSON.

    Attributes:
        header: First row of a CSV file.
        rows: The rows of one result.
        lines: Its lines of text.
    """

    header: Sequence[str]
    rows: Callable[[R], Iterable[Sequence[object]]]
    lines: Callable[[R], Iterable[str]]


def write_results(results: Iterable[R | Failure], form: Format, out: TextIO, look: Form[R]) -> int:
    """Write results as text, JSON, JSON lines or CSV, and failures to standard error; how many failed.

    Text and CSV leave failures out; JSON keeps them in their places.

    Raises:
        ConfigError: No such format.
    """
    from wordsight.page import Failure

    check_choice("format", form, get_args(Format))
    rows = csv.writer(out, lineterminator="\n")
    if form == "csv":
        rows.writerow(look.header)
    failed, before = 0, "["
    for result in results:
        if isinstance(result, Failure):
            failed += 1
            typer.echo(str(result), err=True)
        if form in ("json", "jsonl"):
            out.write((before if form == "json" else "") + result.to_json() + "\n")
            before = ","
        elif isinstance(result, Failure):
            continue
        elif form == "csv":
            rows.writerows(look.rows(result))
        else:
            out.writelines(look.lines(result))
    if form == "json":
        out.write("]\n" if before == "," else "[]\n")
    return failed


def check_file(path: Path) -> None:
    """Refuse what cannot be a file to write, before any work is done for it.

    Raises:
        ConfigError: It is a folder, or in a folder that is not there.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise ConfigError(f"there is no folder {path.parent}; make it first")


def make_folder(path: Path) -> None:
    """Make a folder, unless it is there.

    Raises:
        ConfigError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the folder {path} cannot be made ({error.strerror}); name another") from error


def _open(path: Path, mode: str) -> TextIO:
    try:
        return path.open(mode, encoding="utf-8", errors=UNICODE, newline="")  # type: ignore[return-value]
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}); name another file") from error
