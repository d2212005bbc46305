"""MJSynth (Synth90k): millions of rendered words, named in ``annotation_train.txt`` and its like.

Layout: https://www.robots.ox.ac.uk/~vgg/data/text/: lines ``./2425/1/115_Lube_45484.jpg 45484``. The text is the part
between the underscores of the file name, in the case in which it is drawn; the number is its line in ``lexicon.txt``,
from 0. ``annotation.txt`` is the sum of the others and read only where they are not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from wordsight.data.collect import Entry
from wordsight.data.importers.source import Source, at, image_of, inner, read_lines, split_of
from wordsight.data.manifest import Sample
from wordsight.errors import ManifestError

_PARTS = ("annotation_train.txt", "annotation_val.txt", "annotation_test.txt")
_ALL = "annotation.txt"


def read(source: Source) -> Iterator[Entry]:
    """Crops with their text, line by line: the lists are never held whole."""
    for path in _lists(source):
        yield from _crops(source, path)


def matches(source: Source) -> bool:
    """Whether a list has the set's name and form."""
    try:
        return any(_text_of(line.split(" ")[0]) for path in _lists(source) for _, line in _first(path))
    except (ValueError, ManifestError):
        return False


def _first(path: Path) -> Iterator[tuple[int, str]]:
    return islice(read_lines(path), 1)


def _lists(source: Source) -> list[Path]:
    """The lists, looked for at their places: walking through nine million files would take minutes."""
    if source.file is not None:
        return [source.path(source.file)] if source.file in (*_PARTS, _ALL) else []
    for folder in (source.folder, source.folder / "mnt/ramdisk/max/90kDICT32px", source.folder / "90kDICT32px"):
        parts = [folder / name for name in _PARTS if (folder / name).is_file()]
        if parts or (folder / _ALL).is_file():
            return parts or [folder / _ALL]
    return []


def _crops(source: Source, path: Path) -> Iterator[Entry]:
    for number, line in read_lines(path):
        try:
            with at(path, number):
                name, _, entry = line.strip().rpartition(" ")
                if not name or not entry.isascii() or not entry.isdecimal():
                    raise ValueError(f"a line has a picture and a number, not {line[:60]!r}")
                inside = inner(name)
                split = split_of(path.stem)
                sample = Sample(image=image_of(inside), path=path.parent / inside, text=_text_of(inside), split=split)
        except ManifestError as error:
            if not source.lenient:
                raise
            source.faults.append(str(error))
            continue
        yield Entry(sample)


def _text_of(name: str) -> str:
    parts = PurePosixPath(name).stem.split("_")
    if len(parts) != 3 or not parts[1]:
        raise ValueError(f"a picture is named like 115_Lube_45484.jpg, not {PurePosixPath(name).name!r}")
    return parts[1]
