"""Label Studio's JSON export: positions in per cent of the picture, texts tied to boxes by an id.

Layout: https://labelstud.io/guide/export#Label-Studio-JSON-format-of-annotated-tasks and, for the OCR template,
https://labelstud.io/templates/optical_character_recognition: a list of tasks with ``data`` (the picture's address) and
``annotations`` of which each has ``result``: regions of type ``rectangle(labels)`` (x, y, width, height, rotation in
degrees clockwise around the top left corner) or ``polygon(labels)``, and ``textarea`` with the same ``id``. Of several
annotations of a task the last that was not cancelled counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from wordsight.data.collect import Entry, picture_size
from wordsight.data.importers.coco import has_keys, size_of
from wordsight.data.importers.places import number, outline, pairs, rectangle
from wordsight.data.importers.source import Source, at, image_of, items, members, read_json, text
from wordsight.data.manifest import Points, Sample, TrueWord
from wordsight.errors import ImageError, ManifestError

_UPLOADED = re.compile(r"^[0-9a-f]{8}-(.+)$")  # what Label Studio puts before the name of an uploaded file
_PLACES = ("rectangle", "polygon")


def read(source: Source) -> Iterator[Entry]:
    """Pictures with the regions of their last annotation; a task that nobody has annotated has no words."""
    return source.each(_files(source), lambda name: _tasks(source, name))


def matches(source: Source) -> bool:
    """Whether a JSON file has tasks."""
    return bool(_files(source))


def _files(source: Source) -> tuple[str, ...]:
    return tuple(name for name in source.named(".json") if has_keys(source.path(name), "annotations", "data"))


def _tasks(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    with at(path):
        tasks = items(read_json(path), "the file")
    for index, task in enumerate(tasks):
        with at(path, f"[{index}]"):
            yield _entry(source, name, members(task, "a task"))


def _entry(source: Source, name: str, task: dict[str, Any]) -> Entry:
    data = members(task["data"], "'data'")
    picture = _picture(source, name, data)
    said = data.get("text")
    sample = Sample(
        image=image_of(picture),
        path=source.path(picture),
        text=None if said is None else text(said, "'text'"),
        split=data["split"] if isinstance(data.get("split"), str) else None,
    )
    done = [members(a, "an annotation") for a in items(task.get("annotations") or [], "'annotations'")]
    done = [annotation for annotation in done if not annotation.get("was_cancelled")]
    if not done:
        return Entry(sample)
    result = [members(region, "a region") for region in items(done[-1]["result"], "'result'")]
    return Entry(_with_words(sample, result))


def _with_words(sample: Sample, result: list[dict[str, Any]]) -> Sample:
    size = _said_size(result)
    if size is None:
        try:
            size = picture_size(sample.path)
        except ImageError as error:
            raise ManifestError(str(error)) from error
    regions: dict[str, list[dict[str, Any]]] = {}
    for index, region in enumerate(result):
        regions.setdefault(str(region.get("id", index)), []).append(region)
    words = tuple(word for parts in regions.values() for word in _word(parts, size))
    record = {"words": None if sample.text is not None and not words else words, "size": size}
    return Sample(image=sample.image, path=sample.path, text=sample.text, split=sample.split, **record)  # type: ignore[arg-type]


def _word(parts: list[dict[str, Any]], size: tuple[int, int]) -> Iterator[TrueWord]:
    """The word of the regions with one id: its place, its label and its text come one by one."""
    place = next((_place(part, size) for part in parts if _kind(part) in _PLACES), None)
    if place is None:
        return
    label = said = None
    ignore = False
    for part in parts:
        value = members(part.get("value", {}), "'value'")
        for key, found in value.items():
            if key.endswith("labels") and isinstance(found, list) and found:
                label = text(found[0], f"{key!r}")
        if isinstance(value.get("text"), (str, list)):
            lines = value["text"] if isinstance(value["text"], list) else [value["text"]]
            said = " ".join(text(line, "'text'") for line in lines)
        if part.get("type") == "choices" and "ignore" in items(value.get("choices", []), "'choices'"):
            ignore = True
    plain = label is not None and label.lower() in ("text", "word")
    quad, polygon = place
    yield TrueWord(quad=quad, polygon=polygon, text=said, label=None if plain else label, ignore=ignore)


def _kind(part: dict[str, Any]) -> str | None:
    value = part.get("value")
    if not isinstance(value, dict):
        return None
    if "points" in value:
        return "polygon"
    return "rectangle" if {"x", "y", "width", "height"} <= value.keys() else None


def _place(part: dict[str, Any], size: tuple[int, int]) -> tuple[Points, Points | None]:
    value = part["value"]
    across, down = size[0] / 100, size[1] / 100
    if "points" in value:
        corners = tuple((x * across, y * down) for x, y in pairs(items(value["points"], "'points'")))
        meta = part.get("meta")
        if isinstance(meta, dict) and meta.get("quad_order") == ["text"] and len(corners) == 4:
            return corners, None
        return outline(corners)
    x, y, width, height = (number(value[key], f"{key!r}") for key in ("x", "y", "width", "height"))
    degrees = number(value.get("rotation") or 0, "'rotation'")
    # The angle is one of the picture as shown: it holds in pixels, not in per cent.
    return rectangle(x * across, y * down, width * across, height * down, degrees), None


def _said_size(result: list[dict[str, Any]]) -> tuple[int, int] | None:
    for region in result:
        size = size_of(region.get("original_width"), region.get("original_height"))
        if size is not None:
            return size
    return None


def _picture(source: Source, near: str, data: dict[str, Any]) -> str:
    """The picture behind an address: an uploaded file, a local one, or a URL of which only the name counts."""
    addresses = [value for key, value in data.items() if isinstance(value, str) and key not in ("text", "split")]
    address = data.get("ocr") or data.get("image") or data.get("captioning") or next(iter(addresses), None)
    if not isinstance(address, str) or address.startswith("data:"):
        raise ValueError("'data' names no picture; export the task with its file")
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d")
    path = unquote(local[0] if local else parts.path)
    remote = bool(parts.scheme or local) or path.startswith("/")
    name = PurePosixPath(path).name if remote else path
    found = source.find(name, near=near)
    uploaded = _UPLOADED.match(PurePosixPath(name).name)
    if uploaded and not source.path(found).is_file():
        return source.find(uploaded[1], near=near)
    return found
