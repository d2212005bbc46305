"""YOLO: ``images/PART/``, ``labels/PART/NAME.txt``, ``data.yaml``, ``classes.txt``.

Layout: https://docs.ultralytics.com/datasets/detect/ and https://docs.ultralytics.com/datasets/obb/. Texts have no
place in it, and words to be ignored are left out, because a trainer would learn them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from wordsight.data.exporters.items import Item, bounds, label_of, labels_of
from wordsight.data.manifest import Points

PICTURES = "images/{part}/{name}"
PARTS = ("train", "val", "test")


def part_of(item: Item) -> str:
    """The part's folder: what belongs to none is trained on."""
    return item.sample.split if item.sample.split in PARTS else "train"


def write_boxes(folder: Path, items: Sequence[Item]) -> None:
    """Write axis-aligned boxes: class, centre x and y, width, height."""
    _write(folder, items, oriented=False)


def write_oriented(folder: Path, items: Sequence[Item]) -> None:
    """Write quads: class, and four corners."""
    _write(folder, items, oriented=True)


def _write(folder: Path, items: Sequence[Item], oriented: bool) -> None:
    labels = labels_of(items)
    for item in items:
        lines = []
        for word, quad in item.words:
            if not word.ignore:
                shares = _corners(quad, item.size) if oriented else _box(quad, item.size)
                lines.append(" ".join([str(labels.index(label_of(word))), *(f"{share:.8f}" for share in shares)]))
        place = folder / "labels" / part_of(item) / f"{item.stem}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n".join([*lines, ""]) if lines else "", encoding="utf-8")
    used = [part for part in PARTS if any(part_of(item) == part for item in items)]
    # JSON's texts are YAML's too, whatever stands in them.
    names = [f"  {index}: {json.dumps(label)}" for index, label in enumerate(labels)]
    lines = ["path: .", *(f"{part}: images/{part}" for part in used), "names:", *names, ""]
    (folder / "data.yaml").write_text("\n".join(lines), encoding="utf-8")
    (folder / "classes.txt").write_text("\n".join([*(" ".join(name.split()) for name in labels), ""]), encoding="utf-8")


def _box(quad: Points, size: tuple[int, int]) -> list[float]:
    left, top, right, bottom = bounds(quad)
    left, right = (min(max(x / size[0], 0.0), 1.0) for x in (left, right))
    top, bottom = (min(max(y / size[1], 0.0), 1.0) for y in (top, bottom))
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _corners(quad: Points, size: tuple[int, int]) -> list[float]:
    return [min(max(value / side, 0.0), 1.0) for corner in quad for value, side in zip(corner, size, strict=True)]
