"""COCO-Text (``cocotext.v2.json``, and version 1) and TextOCR, which has the same layout.

Layout: https://bgshih.github.io/cocotext/ and https://github.com/andreasveit/coco-text: ``imgs`` by id (file_name,
width, height, set), ``anns`` by id (image_id, bbox ``[x, y, width, height]``, ``mask`` or in version 1 ``polygon`` as a
flat list, utf8_string, legibility, language, class). TextOCR (https://textvqa.org/textocr/dataset/) names its outline
``points`` and writes "." for what cannot be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from wordsight.data.collect import Entry
from wordsight.data.importers.coco import has_keys, size_of
from wordsight.data.importers.places import box, numbers, outline, pairs
from wordsight.data.importers.source import Source, at, image_of, items, members, read_json, split_of, text
from wordsight.data.manifest import Sample, TrueWord


def read(source: Source) -> Iterator[Entry]:
    """Pictures with words; those without any text are left out, as the set has thousands of them."""
    return source.each(_files(source), lambda name: _pictures(source, name))


def matches(source: Source) -> bool:
    """Whether there is such a JSON file."""
    return bool(_files(source))


def _files(source: Source) -> tuple[str, ...]:
    return tuple(name for name in source.named(".json") if has_keys(source.path(name), "imgs", "anns"))


def _pictures(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    with at(path):
        whole = members(read_json(path), "the file")
        images, annotations = members(whole["imgs"], "'imgs'"), members(whole["anns"], "'anns'")
    words: defaultdict[str, list[TrueWord]] = defaultdict(list)
    for key, annotation in annotations.items():
        with at(path, f"anns[{key}]"):
            owner = str(members(annotation, "an annotation")["image_id"])
            if owner not in images:
                raise ValueError(f"image_id {owner} is no image of 'imgs'")
            words[owner].append(_word(annotation))
    for key, image in images.items():
        if key not in words:
            continue
        with at(path, f"imgs[{key}]"):
            file = text(members(image, "an image")["file_name"], "'file_name'")
            picture = source.find(file, near=name)
            split = split_of(image["set"]) if isinstance(image.get("set"), str) else split_of(file)
            size = size_of(image.get("width"), image.get("height"))
            sample = Sample(
                image=image_of(picture), path=source.path(picture), words=tuple(words[key]), split=split, size=size
            )
            yield Entry(sample)


def _word(annotation: dict[str, Any]) -> TrueWord:
    said = annotation.get("utf8_string")
    said = None if said is None else text(said, "'utf8_string'")
    unread = annotation.get("legibility") == "illegible" or (said in ("", ".") and "points" in annotation)
    extra = {key: annotation[key] for key in ("language", "class") if isinstance(annotation.get(key), str)}
    corners = next((annotation[key] for key in ("points", "mask", "polygon") if annotation.get(key)), None)
    if corners is not None:
        quad, polygon = outline(pairs(items(corners, "an outline")))
    else:
        x, y, width, height = numbers(items(annotation["bbox"], "'bbox'"))
        quad, polygon = box(x, y, x + width, y + height), None
    text_or_none = None if unread or not said else said
    return TrueWord(quad=quad, polygon=polygon, text=text_or_none, ignore=unread, extra=extra)
