"""SROIE 2019: scanned receipts with lines and four fields.

Layout: https://rrc.cvc.uab.es/?ch=13&com=tasks: ``X51005255805.txt`` with ``x1,y1,x2,y2,x3,y3,x4,y4,text`` a line (task
1), and in another folder ``X51005255805.txt`` or ``.json`` with ``{"company", "date", "address", "total"}`` (task 3).
Which file is which is told by its first character. A few lines are not UTF-8; they are read as Latin-1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from wordsight.data.collect import Entry
from wordsight.data.importers.icdar import word_of_quad, words_of
from wordsight.data.importers.source import Source, at, image_of, members, read_json, read_lines, split_of, text
from wordsight.data.manifest import Sample
from wordsight.errors import ManifestError

_FIELDS = {"company", "date", "address", "total"}
_COPY = re.compile(r"\(\d+\)$")  # the set comes with second copies, "X51005255805(1).txt"


def read(source: Source) -> Iterator[Entry]:
    """Receipts with quads of lines, and fields where they are given."""
    fields = {_stem(name): name for name in source.named(".txt", ".json") if _start(source, name) == "{"}
    boxes = {_stem(name): name for name in source.named(".txt") if _start(source, name).isdecimal()}
    stems = sorted(boxes.keys() | fields.keys())
    return source.each(stems, lambda stem: _receipt(source, boxes.get(stem), fields.get(stem)))


def matches(source: Source) -> bool:
    """Whether a file has the four fields."""
    for name in source.named(".txt", ".json")[:2000]:
        if _start(source, name) == "{":
            try:
                return bool(_FIELDS & read_json(source.path(name)).keys())
            except (ManifestError, AttributeError):
                return False
    return False


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _start(source: Source, name: str) -> str:
    """The first character of a file; empty where there is none."""
    if _COPY.search(_stem(name)):
        return ""
    try:
        return next((line.lstrip()[:1] for _, line in read_lines(source.path(name), fallback="latin-1")), "")
    except ManifestError:
        return ""


def _receipt(source: Source, boxes: str | None, fields: str | None) -> Iterator[Entry]:
    name = boxes or fields or ""
    with at(source.path(name)):
        picture = source.of_stem(_stem(name), near=name) or str(PurePosixPath(name).with_suffix(".jpg"))
    sample = Sample(
        image=image_of(picture),
        path=source.path(picture),
        words=words_of(source, boxes, word_of_quad, fallback="latin-1") if boxes else None,
        fields=_fields(source, fields) if fields else {},
        level="line",
        split=split_of(name),
    )
    yield Entry(sample)


def _fields(source: Source, name: str) -> dict[str, str]:
    path = source.path(name)
    with at(path):
        found = members(read_json(path), "the file")
        return {key: text(value, f"{key!r}") for key, value in found.items() if value is not None}
