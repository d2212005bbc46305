"""Where results go: standard output, files that appear only when they are complete, folders."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from wordsight.errors import ConfigError

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
