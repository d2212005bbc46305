"""Keeps an index in step with folders: reads what is new or changed, skips the rest, forgets what is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wordsight.errors import ConfigError, WordsightError
from wordsight.image.load import SUFFIXES
from wordsight.models.cards import sha256
from wordsight.reader import Reader
from wordsight.search.index import FileState, SearchIndex, Sheet

ReadFile = Callable[[str], Iterator[Sheet]]
"""Reads the pages of a file, with their fields."""


@dataclass(frozen=True, slots=True)
class Step:
    """What was done about one file: ``read``, ``copied``, ``unchanged``, ``failed`` or ``gone``, and why it failed."""

    path: str
    what: str
    pages: int = 0
    error: str = ""


def index_folder(index: SearchIndex, folder: str | Path, reader: Reader | None = None) -> list[Step]:
    """Bring an index up to date with all pictures and PDFs in a folder; what was done about each file.

    Raises:
        ConfigError: There is no such folder.
    """
    return list(update(index, [folder], read_with(reader or Reader())))


def read_with(reader: Reader) -> ReadFile:
    """Reads files with a reader; their pages have no fields."""
    return lambda path: (Sheet(page, {}) for page in reader.read_pages(path))


def update(
    index: SearchIndex, folders: Sequence[str | Path], read: ReadFile, setting: str = "", keep: bool = False
) -> Iterator[Step]:
    """Bring an index up to date, one file after the other; each is in the index as soon as its step is given.

    A file whose size and time are those of the last visit is skipped. Where they differ but the content does not, or
    where another file of the index has the same content, nothing is read.

    Args:
        index: The index.
        folders: Folders with all below them, or single files.
        read: Reads a file.
        setting: Names how it reads; what was read in another way is read anew.
        keep: Whether files that are gone from the folders stay in the index.

    Raises:
        ConfigError: There is no such folder.
    """
    roots = [Path(folder).resolve() for folder in folders]
    for root in roots:
        if not root.exists():
            raise ConfigError(f"there is no {root}; name a folder with pictures")
    present: set[str] = set()
    for path in (path for root in roots for path in _files(root)):
        if str(path) not in present:
            present.add(str(path))
            yield _visit(index, path, read, setting)
    if keep:
        return
    for known in index.paths():
        if known not in present and any(Path(known).is_relative_to(root) for root in roots):
            index.remove(known)
            yield Step(known, "gone")


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            yield path


def _visit(index: SearchIndex, path: Path, read: ReadFile, setting: str) -> Step:
    name = str(path)
    try:
        status = path.stat()
        known = index.state(name)
        same_way = known is not None and known.setting == setting
        if known and same_way and (known.size, known.modified) == (status.st_size, status.st_mtime_ns):
            return Step(name, "unchanged", error=known.error)
        state = FileState(status.st_size, status.st_mtime_ns, sha256(path), setting)
    except OSError as error:
        return Step(name, "failed", error=str(error))
    if known and same_way and known.digest == state.digest:
        index.touch(name, state)
        return Step(name, "unchanged", error=known.error)
    if index.copy(name, state):
        return Step(name, "copied")
    try:
        return Step(name, "read", index.add(name, state, list(read(name))))
    except WordsightError as error:
        index.add(name, FileState(state.size, state.modified, state.digest, setting, str(error)), ())
        return Step(name, "failed", error=str(error))
