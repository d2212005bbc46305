"""docTR's ``labels.json`` for detection, recognition, or both, with the pictures in ``images/`` beside it.

Layout: https://mindee.github.io/doctr/latest/training/datasets.html and the classes DetectionDataset,
RecognitionDataset and OCRDataset: by picture ``{"img_dimensions": [height, width], "img_hash", "polygons": [[[x, y] x
4]]}`` (a list, or lists by class), a text, or ``{"typed_words": [{"value", "geometry"}]}`` with left, top, right,
bottom as shares of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from wordsight.data.collect import Entry, picture_size
from wordsight.data.importers.coco import has_keys
from wordsight.data.importers.places import box, numbers, outline, pairs
from wordsight.data.importers.source import Source, at, image_of, items, members, read_json, split_of, text
from wordsight.data.manifest import Sample, TrueWord
from wordsight.errors import ImageError, ManifestError


def read(source: Source) -> Iterator[Entry]:
    """Pictures with polygons, or with words, or crops with texts."""
    return source.each(_files(source), lambda name: _pictures(source, name))


def matches(source: Source) -> bool:
    """Whether there is a labels.json of this form."""
    return any(
        has_keys(source.path(name), "polygons")
        or has_keys(source.path(name), "typed_words")
        or any(has_keys(source.path(name), PurePosixPath(picture).name) for picture in source.pictures[:1])
        for name in _files(source)
    )


def _files(source: Source) -> tuple[str, ...]:
    names = source.named(".json")
    return names if source.file is not None else tuple(n for n in names if PurePosixPath(n).name == "labels.json")


def _pictures(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    with at(path):
        whole = members(read_json(path), "the file")
    for file, truth in whole.items():
        with at(path, file):
            picture = source.find(file, near=name)
            split = split_of(picture) or split_of(name)
            known = _truth(truth, source, picture)
            yield Entry(Sample(image=image_of(picture), path=source.path(picture), split=split, **known))


def _truth(truth: object, source: Source, picture: str) -> dict[str, Any]:
    if isinstance(truth, str):
        return {"text": text(truth, "the text")}
    record = members(truth, "a picture's truth")
    if "typed_words" in record:
        return {"words": _typed(items(record["typed_words"], "'typed_words'"), source, picture)}
    polygons = record["polygons"]
    by_label = polygons if isinstance(polygons, dict) else {None: polygons}
    words = tuple(_word(corners, label) for label, group in by_label.items() for corners in items(group, "'polygons'"))
    dimensions = record.get("img_dimensions")
    size = None
    if isinstance(dimensions, list) and len(dimensions) >= 2 and all(type(side) is int for side in dimensions[:2]):
        size = (dimensions[1], dimensions[0])
    return {"words": words, "size": size}


def _word(corners: object, label: str | None) -> TrueWord:
    points = pairs(items(corners, "a polygon"))
    quad, polygon = (points, None) if len(points) == 4 else outline(points)
    return TrueWord(quad=quad, polygon=polygon, label=None if label == "words" else label)


def _typed(entries: list[Any], source: Source, picture: str) -> tuple[TrueWord, ...]:
    try:
        width, height = picture_size(source.path(picture))
    except ImageError as error:
        raise ManifestError(str(error)) from error
    words = []
    for entry in entries:
        said = text(members(entry, "a word")["value"], "'value'")
        geometry = items(entry["geometry"], "'geometry'")
        flat = [value for part in geometry for value in (part if isinstance(part, list) else [part])]
        left, top, right, bottom = numbers(flat[:4])
        words.append(TrueWord(quad=box(left * width, top * height, right * width, bottom * height), text=said))
    return tuple(words)
