"""Folders of crops: the text stands in the file name, or in a text file beside the picture.

* ``wc2bd.jpg``: the name is the text, as captcha sets have it (https://www.kaggle.com/datasets/fournierp/captcha-version-2-images);
  a number after the last ``_`` is a counter and dropped where all names have one, as TextRecognitionDataGenerator
  writes them (https://github.com/Belval/TextRecognitionDataGenerator, ``--name_format 0``).
* ``line.png`` with ``line.gt.txt`` or ``line.txt``: the file's first line is the text, as tesstrain has it
  (https://github.com/tesseract-ocr/tesstrain#provide-ground-truth-data).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from wordsight.data.collect import Entry
from wordsight.data.importers.source import Source, at, image_of, read_lines, split_of, text
from wordsight.data.manifest import Sample
from wordsight.errors import ManifestError

_SISTERS = (".gt.txt", ".txt")
_COUNTED = re.compile(r"^(.+)_\d+$")
_CAMERA = re.compile(r"^(img|image|dsc|dscn|pic|photo|scan|page|frame|crop|word|line)?[ _-]*\d+$", re.IGNORECASE)


def read(source: Source) -> Iterator[Entry]:
    """Crops with their texts."""
    if source.file is not None:
        raise ManifestError(f"{source.path(source.file)} is a file; name the folder that holds the pictures")
    files = set(source.files)
    if any(_sister(name, files) for name in source.pictures):
        return source.each(source.pictures, lambda name: _with_sister(source, name, files))
    stems = [PurePosixPath(name).stem for name in source.pictures]
    counted = bool(stems) and all(_COUNTED.match(stem) for stem in stems)
    return source.each(source.pictures, lambda name: _by_name(source, name, counted))


def matches(source: Source) -> bool:
    """Whether every picture has a text file of a line or two, or there are pictures alone with telling names."""
    if source.file is not None or not source.pictures:
        return False
    files = set(source.files)
    sisters = [_sister(name, files) for name in source.pictures]
    if all(sisters):
        return all(_short(source, sister) for sister in sisters[:4] if sister)
    names = [PurePosixPath(name).stem for name in source.pictures]
    alone = len(source.files) == len(source.pictures)
    return alone and not all(_CAMERA.match(name) for name in names)


def _sister(picture: str, files: set[str]) -> str | None:
    stem = str(PurePosixPath(picture).with_suffix(""))
    return next((stem + suffix for suffix in _SISTERS if stem + suffix in files), None)


def _short(source: Source, name: str) -> bool:
    try:
        lines = [line for _, line in read_lines(source.path(name))]
    except ManifestError:
        return False
    return len(lines) == 1 and lines[0].count(",") < 8


def _with_sister(source: Source, name: str, files: set[str]) -> Iterator[Entry]:
    sister = _sister(name, files)
    if sister is None:
        raise ManifestError(f"{source.path(name)} has no text file beside it; write one, or move the picture away")
    lines = [line for _, line in read_lines(source.path(sister))]
    with at(source.path(sister), 1):
        if len(lines) > 1:
            raise ValueError(f"{len(lines)} lines of text for one crop; a crop shows one line")
        said = text(lines[0] if lines else "", "the text")
    yield _entry(source, name, said)


def _by_name(source: Source, name: str, counted: bool) -> Iterator[Entry]:
    stem = PurePosixPath(name).stem
    found = _COUNTED.match(stem) if counted else None
    with at(source.path(name)):
        yield _entry(source, name, text(found[1] if found else stem, "the file's name"))


def _entry(source: Source, name: str, said: str) -> Entry:
    split = split_of(str(PurePosixPath(name).parent))
    return Entry(Sample(image=image_of(name), path=source.path(name), text=said, split=split))
