"""A foreign data set on disk: its files, its pictures, and how they are opened without trusting them.

Names inside foreign files are looked up below the data set's own folder and nowhere else. A symbolic link in that
folder may lead anywhere: whoever made the folder wanted that.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath
from reprlib import repr as short
from typing import Any, NoReturn

from wordsight.data.collect import PICTURES, Entry
from wordsight.errors import ManifestError

MAX_TEXT = 64 << 20  # bytes of a text or XML file; the annotations of a picture have under a megabyte
MAX_JSON = 1 << 30  # bytes of a JSON file; COCO's largest has 450 MB
MAX_LINE = 1 << 20  # bytes of one line
MAX_FILES = 20_000_000  # in one folder; the largest known set has nine million
_SPLITS = {
    "train": "train", "training": "train", "trn": "train", "trainval": "train", "extra": "train", "test": "test",
    "testing": "test", "tst": "test", "val": "val", "valid": "val", "validation": "val", "dev": "val",
}  # fmt: skip


class Source:
    """A folder of a foreign data set, or one annotation file in it.

    Attributes:
        folder: Where the data set's files lie.
        file: The annotation file, where one was named instead of a folder.
        lenient: Leave out annotations with faults instead of raising.
        faults: What was left out, a sentence each.
    """

    def __init__(self, path: str | Path, lenient: bool = False) -> None:
        path = Path(path)
        if not path.exists():
            raise ManifestError(f"{path} is not there; name the folder of a data set, or its annotation file")
        self.folder = path if path.is_dir() else path.parent
        self.file = None if path.is_dir() else path.name
        self.lenient = lenient
        self.faults: list[str] = []

    @cached_property
    def files(self) -> tuple[str, ...]:
        """All files below the folder, linked folders too, as sorted paths with ``/``; hidden ones are left out."""
        return tuple(sorted(_walk(self.folder)))

    @cached_property
    def pictures(self) -> tuple[str, ...]:
        """The files with a picture's suffix."""
        return tuple(name for name in self.files if PurePosixPath(name).suffix.lower() in PICTURES)

    def named(self, *suffixes: str) -> tuple[str, ...]:
        """The files with one of these suffixes, such as ``.xml``; the file itself where one was named."""
        if self.file is not None:
            return (self.file,) if self.file.lower().endswith(suffixes) else ()
        return tuple(name for name in self.files if name.lower().endswith(suffixes))

    def path(self, name: str) -> Path:
        """The place of a file below the folder."""
        return self.folder / name

    def find(self, name: str, near: str = "") -> str:
        """The picture that a foreign file names, as a path below the folder.

        It is looked for below the folder, beside the annotation file ``near`` and in the folder above that, then
        anywhere by its base name. A name that fits nowhere comes back as it is, for a picture that is missing.

        Raises:
            ValueError: The name leads out of the folder, or several pictures have it.
        """
        inside = inner(name)
        parent = PurePosixPath(near).parent
        for candidate in (inside, str(parent / inside), str(parent.parent / inside)):
            if (self.folder / candidate).is_file():
                return candidate
        return self._only(self._by_name[PurePosixPath(inside).name], inside)

    def of_stem(self, stem: str, near: str = "") -> str | None:
        """The picture with this name without its suffix; the one beside the file ``near`` first; None where none is.

        Raises:
            ValueError: Several pictures have it.
        """
        found = self._by_stem[stem]
        beside = [name for name in found if PurePosixPath(name).parent == PurePosixPath(near).parent]
        if not found:
            return None
        return self._only(beside or found, stem)

    def each(self, names: Iterable[str], parse: Callable[[str], Iterable[Entry]]) -> Iterator[Entry]:
        """What ``parse`` makes of each annotation file; one with a fault is left out where that was asked for."""
        for name in names:
            try:
                entries = list(parse(name))
            except ManifestError as error:
                if not self.lenient:
                    raise
                self.faults.append(str(error))
            else:
                yield from entries

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        return _index(self.pictures, lambda path: path.name)

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        return _index(self.pictures, lambda path: path.stem)

    def _only(self, found: list[str], wanted: str) -> str:
        if len(found) > 1:
            raise ValueError(f"{short(wanted)} may be {found[0]} or {found[1]}; give them different names")
        return found[0] if found else wanted


def inner(name: str) -> str:
    """A path that a foreign file names, with ``/`` between its parts; a ValueError where it leads out of the folder."""
    path = PurePosixPath(name.strip().replace("\\", "/"))
    if (
        not path.parts
        or path.is_absolute()
        or PureWindowsPath(name.strip()).drive
        or ".." in path.parts
        or "\0" in name
    ):
        raise ValueError(f"{short(name)} is no path inside the data set; write the picture's name")
    return str(path)


def image_of(name: str) -> str:
    """The future name of a picture in a manifest: below ``images/``, in the folders that it has now."""
    return name if name.startswith("images/") else f"images/{name}"


def split_of(name: str) -> str | None:
    """The part of the set that a path tells by a word of its own: "train" of ``ch4_training_images/img_1.jpg``."""
    for part in reversed(PurePosixPath(name).parts):
        words = "".join(c if c.isalpha() else " " for c in part.lower()).split()
        for word in words:
            if word in _SPLITS:
                return _SPLITS[word]
    return None


@contextmanager
def at(path: str | Path, place: int | str | None = None) -> Iterator[None]:
    """Turn what is wrong with a part of a file into a ManifestError that names the file and the line or key."""
    try:
        yield
    except (ValueError, OverflowError, KeyError, IndexError, TypeError, AttributeError) as error:
        where = f"{path}" if place is None else f"{path}:{place}"
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ManifestError(f"{where}: {what}") from error


def read_bytes(path: Path, most: int = MAX_TEXT) -> bytes:
    """All of a file; a ManifestError where it is no regular file or over the limit."""
    try:
        if not path.is_file():  # a pipe would be waited for
            raise ManifestError(f"{path} is not there, or no file")
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    if len(data) > most:
        raise ManifestError(f"{path} is over the limit of {most} bytes; split it")
    return data


def read_lines(path: Path, encoding: str = "utf-8", fallback: str | None = None) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line that is not empty, without its end and without a byte order mark.

    Args:
        path: The file.
        encoding: How it is written.
        fallback: What a line that is not so written is read as; an error without it.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE):
                number += 1
                if len(line) == MAX_LINE:
                    raise ManifestError(f"{path}:{number}: a line of over {MAX_LINE} bytes; this is another file")
                text = _decode(line, encoding, fallback, f"{path}:{number}")
                text = text.removeprefix("\ufeff") if number == 1 else text
                if text.strip():
                    yield number, text.rstrip("\r\n")
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror}); check the path") from error


def read_json(path: Path) -> Any:
    """The value in a JSON file; a ManifestError names the line that is broken."""
    data = read_bytes(path, MAX_JSON)
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ManifestError(f"{path}:{error.lineno}: not JSON ({error.msg}); export it again") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: not JSON ({error}); export it again") from error


def members(value: object, what: str) -> dict[str, Any]:
    """The value, if it is a JSON object; a ValueError otherwise."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is an object, not {short(value)}")
    return value


def items(value: object, what: str) -> list[Any]:
    """The value, if it is a JSON list; a ValueError otherwise."""
    if not isinstance(value, list):
        raise ValueError(f"{what} is a list, not {short(value)}")
    return value


def text(value: object, what: str) -> str:
    """The value, if it is a text without half characters; a ValueError otherwise."""
    if not isinstance(value, str):
        raise ValueError(f"{what} is a text, not {short(value)}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{what} holds half a character (a lone surrogate): {short(value)}")
    return value


def _decode(line: bytes, encoding: str, fallback: str | None, place: str) -> str:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError as error:
        if fallback is None:
            raise ManifestError(f"{place}: not {encoding} ({error.reason}); save the file as {encoding}") from error
        return line.decode(fallback, errors="replace")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _walk(folder: Path) -> Iterator[str]:
    """Files below a folder; a linked folder is entered once, so that a ring of links ends."""
    seen: set[tuple[int, int]] = set()
    count = 0
    for place, folders, names in os.walk(folder, followlinks=True):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        for name in names:
            if not name.startswith("."):
                count += 1
                yield (Path(place) / name).relative_to(folder).as_posix()
        if count > MAX_FILES:
            raise ManifestError(f"{folder} holds over {MAX_FILES} files; name a folder with less")


def _index(names: Iterable[str], key: Callable[[PurePosixPath], str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        found[key(PurePosixPath(name))].append(name)
    return found
