"""Nanonets' annotation JSON: the ``data`` of its upload calls, or what its export and PyPI client hold.

Layout: https://nanonets.com/documentation (UploadFile) and the public sample nanonets-ocr-sample-python: a list, or one
such object a line, of ``{"filename", "object": [{"name", "bndbox": {"xmin", "ymin", "xmax", "ymax"}, "ocr_text"}]}`` in
pixels of the original picture. ``object`` may be one object, empty or absent; keys of Pascal VOC may stand beside;
boxes may reach a little out of the picture, and are cut at its edges.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from wordsight.data.collect import Entry, picture_size
from wordsight.data.importers.coco import has_keys
from wordsight.data.importers.places import box, number
from wordsight.data.importers.source import Source, at, image_of, items, members, read_bytes, read_json, split_of, text
from wordsight.data.manifest import Sample, TrueWord
from wordsight.errors import ImageError, ManifestError


def read(source: Source) -> Iterator[Entry]:
    """Pictures with labelled boxes, and fields where boxes have texts."""
    return source.each(_files(source), lambda name: _pictures(source, name))


def matches(source: Source) -> bool:
    """Whether a JSON file names files and their objects."""
    return bool(_files(source))


def _files(source: Source) -> tuple[str, ...]:
    names = source.named(".json", ".jsonl", ".txt")
    return tuple(name for name in names if has_keys(source.path(name), "filename", "bndbox"))


def _pictures(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    for index, record in enumerate(_records(source, name)):
        with at(path, f"[{index}]"):
            file = text(members(record, "a picture's truth")["filename"], "'filename'")
            # A name may be a path of another machine, or a URL.
            picture = source.find(PurePosixPath(file.replace("\\", "/")).name, near=name)
            yield Entry(_sample(source, picture, record))


def _records(source: Source, name: str) -> list[Any]:
    path = source.path(name)
    try:
        whole = read_json(path)
    except ManifestError:
        lines = read_bytes(path).splitlines()
        if len(lines) < 2:
            raise
        records: list[Any] = []
        for number_, line in enumerate(lines, 1):
            with at(path, number_):
                found = json.loads(line) if line.strip() else []
                records += found if isinstance(found, list) else [found]
        return records
    if isinstance(whole, dict):
        whole = whole.get("Data", [whole])
    with at(path):
        return items(whole, "the file")


def _sample(source: Source, picture: str, record: dict[str, Any]) -> Sample:
    objects = record.get("object") or []
    objects = [objects] if isinstance(objects, dict) else items(objects, "'object'")
    size = _size(source, picture)
    words = tuple(_word(members(found, "an object"), size) for found in objects)
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        if word.label and word.text:
            fields[word.label].append(word.text)
    return Sample(
        image=image_of(picture),
        path=source.path(picture),
        words=words,
        fields={name: said[0] if len(said) == 1 else tuple(said) for name, said in fields.items()},
        size=size,
        split=split_of(picture),
    )


def _size(source: Source, picture: str) -> tuple[int, int] | None:
    try:
        return picture_size(source.path(picture))
    except ImageError:
        return None  # whoever collects the pictures tells of it


def _word(record: dict[str, Any], size: tuple[int, int] | None) -> TrueWord:
    place = members(record["bndbox"], "'bndbox'")
    left, top, right, bottom = (number(place[key], f"{key!r}") for key in ("xmin", "ymin", "xmax", "ymax"))
    if size is not None:
        left, right = (min(max(x, 0.0), float(size[0])) for x in (left, right))
        top, bottom = (min(max(y, 0.0), float(size[1])) for y in (top, bottom))
    said = record.get("ocr_text")
    return TrueWord(
        quad=box(left, top, right, bottom),
        text=text(said, "'ocr_text'") if said else None,
        label=text(record["name"], "'name'"),
    )
