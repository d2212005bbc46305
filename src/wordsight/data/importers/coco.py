"""COCO's object detection JSON, with a text where an annotation has one.

Layout: https://cocodataset.org/#format-data: ``images`` (id, file_name, width, height), ``annotations`` (image_id,
category_id, bbox ``[x, y, width, height]``, segmentation as polygons, iscrowd), ``categories`` (id, name). The text of
an annotation is looked for under the keys that text sets and tools use: ``text``, ``utf8_string``, ``transcription``,
``rec``, there or in ``attributes``.
"""

from __future__ import annotations

import mmap
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wordsight.data.collect import Entry
from wordsight.data.importers.places import box, numbers, outline, pairs
from wordsight.data.importers.source import Source, at, image_of, items, members, read_json, split_of, text
from wordsight.data.manifest import Points, Sample, TrueWord

_TEXTS = ("text", "utf8_string", "transcription", "rec")
PLAIN = "text"
"""The category that says no more than that there is text."""


def read(source: Source) -> Iterator[Entry]:
    """Pictures with the boxes of their annotations."""
    return source.each(_files(source), lambda name: _pictures(source, name))


def matches(source: Source) -> bool:
    """Whether there is a JSON file with the three lists."""
    return bool(_files(source))


def _files(source: Source) -> tuple[str, ...]:
    return tuple(name for name in source.named(".json") if has_keys(source.path(name), "images", "annotations"))


def has_keys(path: Path, *keys: str) -> bool:
    """Whether a file that may be JSON names all these keys somewhere, told without parsing it."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return all(data.find(f'"{key}"'.encode()) >= 0 for key in keys)
    except (OSError, ValueError):  # a file without a byte cannot be mapped
        return False


def _pictures(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    with at(path):
        whole = members(read_json(path), "the file")
        labels = _categories(whole)
        images = items(whole["images"], "'images'")
        annotations = items(whole["annotations"], "'annotations'")
    words: defaultdict[object, list[TrueWord]] = defaultdict(list)
    known = set()
    for index, image in enumerate(images):
        with at(path, f"images[{index}]"):
            known.add(members(image, "an image")["id"])
    for index, annotation in enumerate(annotations):
        with at(path, f"annotations[{index}]"):
            owner = members(annotation, "an annotation")["image_id"]
            if owner not in known:
                raise ValueError(f"image_id {owner!r} is no image of 'images'")
            words[owner].append(_word(annotation, labels))
    for index, image in enumerate(images):
        with at(path, f"images[{index}]"):
            yield _entry(source, name, image, tuple(words[image["id"]]))


def _entry(source: Source, name: str, image: dict[str, Any], words: tuple[TrueWord, ...]) -> Entry:
    picture = source.find(text(image["file_name"], "'file_name'"), near=name)
    said = image.get("text")
    sample = Sample(
        image=image_of(picture),
        path=source.path(picture),
        words=None if said is not None and not words else words,
        text=None if said is None else text(said, "'text'"),
        size=size_of(image.get("width"), image.get("height")),
        split=image["split"] if isinstance(image.get("split"), str) else split_of(name) or split_of(picture),
    )
    return Entry(sample)


def size_of(width: object, height: object) -> tuple[int, int] | None:
    """Width and height in whole pixels; None where a tool has left them out or at 0."""
    if not isinstance(width, (int, float)) or not isinstance(height, (int, float)) or not width or not height:
        return None
    if not 0 < width <= 1_000_000 or not 0 < height <= 1_000_000:
        raise ValueError(f"a picture of {width} x {height} pixels")
    return int(width), int(height)


def _categories(whole: dict[str, Any]) -> dict[object, str]:
    listed = [members(category, "a category") for category in items(whole.get("categories") or [], "'categories'")]
    return {category["id"]: text(category["name"], "a category's name") for category in listed}


def _word(annotation: dict[str, Any], labels: dict[object, str]) -> TrueWord:
    category = annotation.get("category_id")
    if labels and category not in labels:
        raise ValueError(f"category_id {category!r} is no category of 'categories'")
    quad, polygon = _place(annotation)
    said = _said(annotation)
    label = labels.get(category)
    ignore = bool(annotation.get("iscrowd")) or bool(annotation.get("ignore"))
    return TrueWord(quad=quad, polygon=polygon, text=said, ignore=ignore, label=None if label == PLAIN else label)


def _said(annotation: dict[str, Any]) -> str | None:
    attributes = annotation.get("attributes")
    for holder in (annotation, attributes if isinstance(attributes, dict) else {}):
        for key in _TEXTS:
            if isinstance(holder.get(key), str):
                return text(holder[key], f"{key!r}")
    return None


def _place(annotation: dict[str, Any]) -> tuple[Points, Points | None]:
    known = pairs(items(annotation.get("quad") or [], "'quad'"))  # written by wordsight's own export
    parts = annotation.get("segmentation")
    if isinstance(parts, list) and parts and not annotation.get("iscrowd"):
        rings = [pairs(items(part, "a part of 'segmentation'")) for part in parts]
        corners = tuple(corner for ring in rings for corner in ring)
        if known:
            return known, None if set(known) == set(corners) else corners
        quad, polygon = outline(corners)
        return quad, polygon if len(rings) == 1 else None
    x, y, width, height = numbers(items(annotation["bbox"], "'bbox'"))
    return box(x, y, x + width, y + height), None
