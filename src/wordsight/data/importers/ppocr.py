"""PaddleOCR's label files, as PPOCRLabel writes them: a picture, a tab, and its boxes as JSON, or its text.

Layout: https://github.com/PaddlePaddle/PaddleOCR/blob/main/docs/datasets/ocr_datasets.en.md and
https://github.com/PFCCLab/PPOCRLabel: ``Label.txt`` with ``folder/x.jpg<TAB>[{"transcription", "points", "difficult",
"key_cls"}]``, ``rec_gt.txt`` with ``crop_img/x_crop_0.jpg<TAB>text``. UTF-8; ``###`` marks what cannot be read, and so
does ``difficult``. Points go clockwise from the text's own top left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from wordsight.data.collect import Entry
from wordsight.data.importers.icdar import UNREAD
from wordsight.data.importers.places import outline, pairs
from wordsight.data.importers.source import Source, at, image_of, items, members, read_lines, split_of, text
from wordsight.data.manifest import Sample, TrueWord
from wordsight.errors import ManifestError

_NO_LABELS = ("filestate.txt",)
_PICTURE = re.compile(r"^[^\t]+\.\w{3,4}\t")


def read(source: Source) -> Iterator[Entry]:
    """Pictures with quads of words, and crops with their text; where both are there, only the pictures."""
    files = _files(source)
    pages = tuple(name for name in files if _is_boxes(_first(source, name)))
    return source.each(pages or files, lambda name: _pictures(source, name))


def matches(source: Source) -> bool:
    """Whether the first line of a text file is a picture, a tab and something."""
    return any(_PICTURE.match(_first(source, name)) for name in _files(source)[:4])


def _files(source: Source) -> tuple[str, ...]:
    names = (name for name in source.named(".txt") if PurePosixPath(name).name.lower() not in _NO_LABELS)
    return tuple(name for name in names if source.file is not None or _PICTURE.match(_first(source, name)))


def _first(source: Source, name: str) -> str:
    try:
        return next((line for _, line in read_lines(source.path(name))), "")
    except ManifestError:
        return ""


def _is_boxes(line: str) -> bool:
    return line.partition("\t")[2].lstrip().startswith("[")


def _pictures(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    boxes = _is_boxes(_first(source, name))
    for number, line in read_lines(path):
        with at(path, number):
            file, tab, rest = line.partition("\t")
            if not tab:
                raise ValueError(f"a line has a picture, a tab and its truth, not {line[:60]!r}")
            picture = source.find(file, near=name)
            truth: dict[str, Any] = {"words": _words(rest)} if boxes else {"text": text(rest, "the text")}
            split = split_of(picture) or split_of(name)
            yield Entry(Sample(image=image_of(picture), path=source.path(picture), split=split, **truth))


def _words(rest: str) -> tuple[TrueWord, ...]:
    try:
        entries = json.loads(rest)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the boxes are no JSON ({error})") from error
    return tuple(_word(members(entry, "a box")) for entry in items(entries, "the boxes"))


def _word(entry: dict[str, Any]) -> TrueWord:
    said = text(entry.get("transcription", ""), "'transcription'")
    corners = pairs(items(entry["points"], "'points'"))
    quad, polygon = (corners, None) if len(corners) == 4 else outline(corners)
    label = entry.get("key_cls")
    return TrueWord(
        quad=quad,
        polygon=polygon,
        text=said or None,
        ignore=said == UNREAD or bool(entry.get("difficult")),
        label=label if isinstance(label, str) and label not in ("", "None") else None,
    )
