"""COCO's object detection JSON: ``annotations/PART.json`` and ``images/``.

Layout: https://cocodataset.org/#format-data. Beside COCO's own keys an annotation has ``text`` and ``quad`` (eight
numbers, the text's own top left first), which other programs pass over.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wordsight.data.exporters.items import Item, bounds, label_of, labels_of
from wordsight.data.manifest import Points, TrueWord

PICTURES = "images/{name}"


def write(folder: Path, items: Sequence[Item]) -> None:
    """Write a JSON file for each part of the set; all have the same categories."""
    ids = {label: index for index, label in enumerate(labels_of(items), 1)}
    parts: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        parts[item.sample.split or "all"].append(item)
    (folder / "annotations").mkdir()
    for index, (part, members) in enumerate(sorted(parts.items())):
        safe = part if part.replace("_", "").replace("-", "").isalnum() else f"part{index}"
        path = folder / "annotations" / f"{safe}.json"
        path.write_text(json.dumps(_part(members, ids), ensure_ascii=False), encoding="utf-8")


def _part(items: Sequence[Item], ids: dict[str, int]) -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    for number, item in enumerate(items, 1):
        for word, quad in item.words:
            annotations.append(_annotation(word, quad, len(annotations) + 1, number, ids[label_of(word)]))
    return {
        "info": {"description": "exported by wordsight"},
        "images": [_image(item, number) for number, item in enumerate(items, 1)],
        "annotations": annotations,
        "categories": [{"id": number, "name": name, "supercategory": "text"} for name, number in ids.items()],
    }


def _image(item: Item, number: int) -> dict[str, Any]:
    image: dict[str, Any] = {"id": number, "file_name": item.name, "width": item.size[0], "height": item.size[1]}
    if item.sample.split is not None:
        image["split"] = item.sample.split
    if item.sample.text is not None:
        image["text"] = item.sample.text
    return image


def _annotation(word: TrueWord, quad: Points, number: int, image: int, category: int) -> dict[str, Any]:
    outline = word.polygon or quad
    left, top, right, bottom = bounds(outline)
    record: dict[str, Any] = {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": [left, top, right - left, bottom - top],
        "area": _area(outline),
        "segmentation": [[value for corner in outline for value in corner]],
        "iscrowd": 0,
        "quad": [value for corner in quad for value in corner],
    }
    if word.ignore:
        record["ignore"] = 1
    if word.text is not None:
        record["text"] = word.text
    return record


def _area(points: Points) -> float:
    ring = zip(points, (*points[1:], points[0]), strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in ring)) / 2
