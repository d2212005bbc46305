"""The bytes of pictures, wherever they are."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wordsight.bulk.items import PARQUET, Item, filesystem
from wordsight.errors import ImageError, ImageTooLarge
from wordsight.fetch import WEB, download
from wordsight.image.load import Limits

TRIES = 3
"""How often a file is asked for that cannot be had."""
PAUSE = 0.5
"""Seconds before the second try; twice as long before each further one."""


@contextmanager
def opened(item: Item, column: str, limits: Limits, allow_private: bool) -> Iterator[str | bytes]:
    """A picture as the reader takes it: the path of a local file, else its bytes.

    Raises:
        ImageError: It cannot be had, or is over a limit.
    """
    if urlsplit(item.path).scheme in WEB:
        path = download(item.path, allow_private, limits.file_bytes)
        try:
            yield str(path)
        finally:
            path.unlink(missing_ok=True)
        return
    if item.offset is None and os.path.isabs(item.path):  # noqa: PTH117 (a path or a URL)
        yield item.path
        return
    yield _again(item, column, limits)


def _again(item: Item, column: str, limits: Limits) -> bytes:
    """The bytes of a picture; what may be a fault of the moment is tried again."""
    for number in range(TRIES):
        try:
            return _bytes(item, column, limits)
        except FileNotFoundError as error:
            raise ImageError(f"{item.image}: there is no such file any more") from error
        except (OSError, ValueError) as error:
            if number == TRIES - 1:
                raise ImageError(f"{item.image}: cannot be read ({error})") from error
            time.sleep(PAUSE * 2**number)
    raise AssertionError("the last try returns or raises")


def _bytes(item: Item, column: str, limits: Limits) -> bytes:
    if item.offset is not None and item.size is None and item.path.lower().endswith(PARQUET):
        return _cell(item, column)
    files, path = filesystem(item.path)
    start = item.offset or 0
    size = files.size(path) if item.size is None else item.size
    if size is not None and size > limits.file_bytes:
        raise ImageTooLarge(f"{item.image}: the file is over the limit of {limits.file_bytes} bytes")
    return bytes(files.cat_file(path, start=start, end=None if size is None else start + size))


def _cell(item: Item, column: str) -> bytes:
    ends = _groups(item.path)
    row = item.offset or 0
    group = next(number for number, end in enumerate(ends) if row < end)
    before = ends[group - 1] if group else 0
    value = _group(item.path, column, group)[row - before].as_py()
    data = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(data, bytes):
        raise ImageError(f"{item.image}: there are no bytes in the column {column!r}")
    return data


@lru_cache(maxsize=1)
def _groups(path: str) -> Sequence[int]:
    """After which row each row group of a Parquet file ends."""
    import pyarrow.parquet as pq

    files, inside = filesystem(path)
    with files.open(inside, "rb") as file:
        about = pq.ParquetFile(file).metadata
        ends, total = [], 0
        for number in range(about.num_row_groups):
            total += about.row_group(number).num_rows
            ends.append(total)
    return ends


@lru_cache(maxsize=1)
def _group(path: str, column: str, number: int) -> Any:
    """The pictures of one row group; the last one is kept, because its rows come one after the other."""
    import pyarrow.parquet as pq

    files, inside = filesystem(path)
    with files.open(inside, "rb") as file:
        return pq.ParquetFile(file).read_row_group(number, columns=[column]).column(0).combine_chunks()


def write_atomically(folder: str, name: str, data: bytes) -> None:
    """Write a file that is there whole or not at all.

    On disk it is written under a name that starts with ``_`` and renamed; object stores put whole objects anyway.
    """
    files, inside = filesystem(folder)
    if "file" not in files.protocol:
        files.pipe_file(f"{inside}/{name}", data)
        return
    part = Path(inside) / f"_{name}.{os.getpid()}.{time.monotonic_ns()}"
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(Path(inside) / name)
    finally:
        part.unlink(missing_ok=True)
