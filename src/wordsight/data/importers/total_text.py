"""Total-Text: curved words as polygons, in text files or ``.mat``.

Layout: https://github.com/cs-chan/Total-Text-Dataset (Groundtruth/Text and Groundtruth/Polygon): ``poly_gt_img11.txt``
or ``gt_img11.txt`` with lines ``x: [[206 251 386]], y: [[633 811 931]], ornt: [u'm'], transcriptions: [u'PETROSAINS']``
that may run on; ``.mat`` with ``polygt`` or ``gt``, a row a word: 'x:', numbers, 'y:', numbers, text, orientation.
``#`` marks what cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from wordsight.data.collect import Entry
from wordsight.data.importers.matlab import array, one_text, read_matlab
from wordsight.data.importers.places import number, outline
from wordsight.data.importers.source import Source, at, image_of, read_lines, split_of
from wordsight.data.manifest import Points, Sample, TrueWord
from wordsight.errors import ManifestError

_STEM = re.compile(r"^(?:poly_)?(?:gt_)?(img\d+)$")
_LINE = re.compile(
    r"^x:\s*\[\[(?P<x>[^\]]*)\]\],\s*y:\s*\[\[(?P<y>[^\]]*)\]\],\s*ornt:\s*\[(?P<turn>[^\]]*)\],\s*"
    r"transcriptions:\s*\[(?P<text>.*)\]\s*$"
)
_QUOTED = re.compile(r"""u?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")""")
_ESCAPES = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\(.)")
_COLUMNS = 6


def read(source: Source) -> Iterator[Entry]:
    """Photos with polygons of words, and the smallest rectangle around each."""
    return source.each(_files(source), lambda name: _picture(source, name))


def matches(source: Source) -> bool:
    """Whether a text file has lines of this form, or a ``.mat`` has the set's name."""
    if any(name.endswith(".mat") for name in _files(source)):
        return True
    try:
        return any(
            line.startswith("x: [[")
            for name in _files(source)[:2]
            if name.endswith(".txt")
            for _, line in read_lines(source.path(name))
        )
    except ManifestError:
        return False


def _files(source: Source) -> tuple[str, ...]:
    """The text files; the ``.mat`` files where there are none."""
    found = [name for name in source.named(".txt", ".mat") if _STEM.match(PurePosixPath(name).stem)]
    return tuple(name for name in found if name.endswith(".txt")) or tuple(found)


def _picture(source: Source, name: str) -> Iterator[Entry]:
    stem = _STEM.match(PurePosixPath(name).stem)
    if stem is None:
        raise ManifestError(f"{source.path(name)} is not named like poly_gt_img11.txt; name the set's folder")
    with at(source.path(name)):
        picture = source.of_stem(stem[1], near=name) or f"{stem[1]}.jpg"
    words = _matlab(source, name) if name.endswith(".mat") else _text(source, name)
    split = split_of(name) or split_of(picture)
    yield Entry(Sample(image=image_of(picture), path=source.path(picture), words=tuple(words), split=split))


def _text(source: Source, name: str) -> Iterator[TrueWord]:
    for line_number, record in _joined(source, name):
        with at(source.path(name), line_number):
            found = _LINE.match(record)
            if found is None:
                raise ValueError(f"a word has x, y, ornt and transcriptions, not {record[:60]!r}")
            xs, ys = ([number(part) for part in re.split(r"[\s,]+", found[key].strip())] for key in ("x", "y"))
            said = [_unescaped(single or double) for single, double in _QUOTED.findall(found["text"])]
            yield _word(xs, ys, ",".join(said))


def _joined(source: Source, name: str) -> Iterator[tuple[int, str]]:
    """Words with the number of their first line; long ones are wrapped."""
    first, record = 0, ""
    for line_number, line in read_lines(source.path(name)):
        if line.startswith("x:") and record:
            yield first, record
            record = ""
        first = line_number if not record else first
        record = f"{record} {line.strip()}".strip()
    if record:
        yield first, record


def _unescaped(literal: str) -> str:
    """The text of a Python literal, without evaluating anything."""

    def one(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else found[3]

    return _ESCAPES.sub(one, literal)


def _matlab(source: Source, name: str) -> Iterator[TrueWord]:
    path = source.path(name)
    found = read_matlab(path, ("polygt", "gt"))
    cells = found.get("polygt", found.get("gt"))
    with at(path):
        if not isinstance(cells, tuple) or len(cells) % _COLUMNS:
            raise ValueError(f"there is no 'polygt' with {_COLUMNS} columns in it")
    count = len(cells) // _COLUMNS
    for row in range(count):
        with at(path, f"polygt({row + 1})"):
            columns: list[Any] = [cells[column * count + row] for column in range(_COLUMNS)]
            xs, ys = (array(columns[i], "a side").reshape(-1).tolist() for i in (1, 3))
            yield _word(xs, ys, one_text(columns[4], "the text"))


def _word(xs: list[float], ys: list[float], said: str) -> TrueWord:
    if len(xs) != len(ys):
        raise ValueError(f"{len(xs)} x and {len(ys)} y; one is missing")
    corners: Points = tuple(zip(xs, ys, strict=True))
    quad, polygon = outline(corners)
    unread = said in ("#", "")
    return TrueWord(quad=quad, polygon=polygon, text=None if unread else said, ignore=unread)
