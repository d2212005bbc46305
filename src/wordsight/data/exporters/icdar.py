"""ICDAR 2015: ``PART/gt_NAME.txt`` beside the pictures, and for word crops ``PART/gt.txt``.

Layout: https://rrc.cvc.uab.es/?ch=4&com=tasks: whole pixels, clockwise from the text's own top left, ``###`` for what
does not count or nobody has read, UTF-8 with a byte order mark.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from wordsight.data.exporters.items import Item
from wordsight.data.manifest import Points, TrueWord

PICTURES = "{part}/{name}"
_UNREAD = "###"


def part_of(item: Item) -> str:
    """The part's folder."""
    return item.sample.split if item.sample.split in ("train", "val", "test") else "all"


def write(folder: Path, items: Sequence[Item]) -> None:
    """Write a text file for each picture with words, and a list of the crops."""
    crops: defaultdict[str, list[str]] = defaultdict(list)
    for item in items:
        if item.is_crop:
            crops[part_of(item)].append(f"{item.name}, {_quoted(item.sample.text or '')}")
        else:
            lines = [_line(word, quad) for word, quad in item.words]
            _save(folder / part_of(item) / f"gt_{item.stem}.txt", lines)
    for part, lines in crops.items():
        _save(folder / part / "gt.txt", lines)


def _save(path: Path, lines: Sequence[str]) -> None:
    path.write_text("\r\n".join([*lines, ""]) if lines else "", encoding="utf-8-sig", newline="")


def _line(word: TrueWord, quad: Points) -> str:
    said = _UNREAD if word.ignore or not word.text else " ".join(word.text.split())
    return ",".join([*(str(round(value)) for corner in quad for value in corner), said or _UNREAD])


def _quoted(text: str) -> str:
    text = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
