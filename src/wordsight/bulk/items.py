"""What there is to read: folders, patterns, lists, tar shards, Parquet files, on anything that fsspec opens."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from wordsight.errors import ConfigError, MissingExtra
from wordsight.fetch import WEB, is_url
from wordsight.image.load import SUFFIXES

LISTS = (".txt", ".lst")
TAR, PARQUET = ".tar", ".parquet"
BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
MOST_SHARDS = 1_000_000
"""Names that braces may stand for."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture that is to be read.

    Attributes:
        image: What the result calls it: its path under the source as given; ``shard.tar/member``, ``file.parquet#row``.
        path: The file it is in: an absolute path or a URL.
        offset: Where it starts in a tar file, bytes; its row in a Parquet file; None where the file is the picture.
        size: Its bytes in a tar file.
    """

    image: str
    path: str
    offset: int | None = None
    size: int | None = None


def filesystem(path: str) -> tuple[Any, str]:
    """The file system of a path or URL, and the path in it.

    Raises:
        MissingExtra: The extra ``bulk``, or what the URL's kind needs, is not installed.
        ConfigError: No file system has such URLs.
    """
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError as error:
        raise MissingExtra("fsspec", "bulk") from error
    try:
        found, inside = url_to_fs(path)
    except (ImportError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return found, str(inside)


def list_items(source: str, column: str = "image") -> Iterator[Item]:
    """The pictures of a source, in a fixed order.

    Args:
        source: A folder (with all below it), a pattern (``*``, ``**``, ``{000..099}``), a list of paths or URLs
            (``.txt``, ``.lst``; one a line, relative to the list), a picture, a tar file or a Parquet file.
        column: The column of Parquet files that holds pictures: binary, or a struct with ``bytes``.

    Raises:
        ConfigError: There is no such thing, or it cannot be listed.
    """
    for name in _braces(source):
        files, path = filesystem(name)
        try:
            yield from _listed(files, path, name, column)
        except OSError as error:
            raise ConfigError(f"{name} cannot be listed ({error}); check it") from error


def _braces(source: str) -> Iterator[str]:
    """``shard-{000..002}.tar`` as three names, as in WebDataset."""
    found = BRACES.search(source)
    if found is None:
        yield source
        return
    first, last = found[1], found[2]
    if not 0 <= int(last) - int(first) < MOST_SHARDS:
        raise ConfigError(f"{found[0]} in {source} names too many files, or none")
    for number in range(int(first), int(last) + 1):
        yield from _braces(source[: found.start()] + str(number).zfill(len(first)) + source[found.end() :])


def _listed(files: Any, path: str, name: str, column: str) -> Iterator[Item]:
    if any(sign in name for sign in "*?[") and not files.exists(path):
        found = sorted(files.glob(path))
        if not found:
            raise ConfigError(f"nothing matches {name}")
        for one in found:
            yield from _file(files, str(one), str(one), column)
    elif files.isdir(path):
        for one in _below(files, path):
            yield from _file(files, one, name.rstrip("/") + one[len(path.rstrip("/")) :], column)
    elif path.lower().endswith(LISTS):
        yield from _in_list(files, path, name, column)
    elif files.exists(path):
        yield from _file(files, path, name, column, named=True)
    else:
        raise ConfigError(f"{name} is not there; check the path")


def _below(files: Any, folder: str) -> Iterator[str]:
    """Files below a folder, folder by folder, so that millions are never held at once."""
    for root, folders, names in files.walk(folder, on_error="raise"):
        folders.sort()
        for one in sorted(names):
            # A run's own files, where its destination lies in the source; they are no pictures for anybody.
            if not (one.startswith("_") and one.endswith(PARQUET)):
                yield f"{str(root).rstrip('/')}/{one}"


def _in_list(files: Any, path: str, name: str, column: str) -> Iterator[Item]:
    with files.open(path, "r", encoding="utf-8") as lines:
        try:
            for line in map(str.strip, lines):
                if not line:
                    continue
                whole = line if is_url(line) or line.startswith("/") else f"{name.rpartition('/')[0] or '.'}/{line}"
                if urlsplit(whole).scheme in WEB:
                    yield Item(line, whole)  # opened when its turn comes, not before
                else:
                    yield from _file(*filesystem(whole), line, column, named=True)
        except UnicodeDecodeError as error:
            raise ConfigError(f"{name} is no list of paths in UTF-8") from error


def _file(files: Any, path: str, name: str, column: str, named: bool = False) -> Iterator[Item]:
    """The pictures in one file; a file that was named itself is taken for a picture whatever its suffix."""
    suffix = PurePosixPath(path.lower()).suffix
    full = str(files.unstrip_protocol(path)) if "file" not in files.protocol else path
    if suffix == TAR:
        yield from _members(files, path, name, full)
    elif suffix == PARQUET:
        yield from (Item(f"{name}#{row}", full, row) for row in range(_rows(files, path, name, column)))
    elif path.lower().endswith((".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz")):
        raise ConfigError(f"{name} is compressed as a whole, so no picture in it can be reached; unpack it to a .tar")
    elif named or suffix in SUFFIXES:
        yield Item(name, full)


def _members(files: Any, path: str, name: str, full: str) -> Iterator[Item]:
    """Pictures of a tar file: only its headers are read."""
    try:
        with files.open(path, "rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            while (member := archive.next()) is not None:
                if member.isreg() and not member.sparse and PurePosixPath(member.name.lower()).suffix in SUFFIXES:
                    yield Item(f"{name}/{member.name}", full, member.offset_data, member.size)
                archive.members = []  # type: ignore[attr-defined]  # or millions of headers would stay
    except tarfile.TarError as error:
        raise ConfigError(f"{name} is no tar file that can be read ({error}); make it again") from error


def _holds_bytes(kind: Any) -> bool:
    """Whether an Arrow type is binary, or a struct with ``bytes``."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and _holds_bytes(kind.field("bytes").type)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _rows(files: Any, path: str, name: str, column: str) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with files.open(path, "rb") as file:
            about = pq.ParquetFile(file)
            if column not in about.schema_arrow.names:
                found = ", ".join(about.schema_arrow.names[:20])
                raise ConfigError(f"{name} has no column {column!r} (but {found}); name it with --column")
            if not _holds_bytes(about.schema_arrow.field(column).type):
                raise ConfigError(f"the column {column!r} of {name} holds no bytes; name another with --column")
            return int(about.metadata.num_rows)
    except pa.ArrowException as error:
        raise ConfigError(f"{name} is no Parquet file that can be read ({error})") from error
