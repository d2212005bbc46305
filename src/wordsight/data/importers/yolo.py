"""YOLO: a text file for each picture, positions as shares of the picture's width and height.

Layout: https://docs.ultralytics.com/datasets/detect/ (``class cx cy w h``), https://docs.ultralytics.com/datasets/obb/
(``class x1 y1 x2 y2 x3 y3 x4 y4``) and https://docs.ultralytics.com/datasets/segment/ (``class`` and three or more
corners). Classes are numbers; their names stand in ``data.yaml`` (``names:``), ``classes.txt`` or ``obj.names``.
Pictures lie beside the text files, or in ``images/`` where those are in ``labels/``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from wordsight.data.collect import Entry, picture_size
from wordsight.data.importers.coco import PLAIN
from wordsight.data.importers.places import number, numbers, outline, rectangle
from wordsight.data.importers.source import Source, at, image_of, inner, read_bytes, read_lines, split_of
from wordsight.data.manifest import Sample, TrueWord
from wordsight.errors import ImageError, ManifestError, MissingExtra

_NAMES = ("classes.txt", "obj.names", "labels.txt")
_NO_LABELS = (*_NAMES, "train.txt", "val.txt", "test.txt", "readme.txt", "readme.dataset.txt", "readme.roboflow.txt")
_MAX_YAML = 1 << 20


def read(source: Source) -> Iterator[Entry]:
    """Pictures with the boxes of their labels; a picture without a file of labels has none, which YOLO allows."""
    names = class_names(source)
    return source.each(_pictures(source), lambda name: _picture(source, name, names))


def matches(source: Source) -> bool:
    """Whether class names are listed, and label files have this form."""
    if not any(PurePosixPath(name).name in (*_NAMES, "data.yaml", "dataset.yaml") for name in source.files):
        return False
    try:
        lines = [line for name in _labels(source)[:3] for _, line in read_lines(source.path(name))]
        return bool(lines) and all(_shares(line) is not None for line in lines)
    except (ValueError, ManifestError):
        return False


def class_names(source: Source) -> list[str]:
    """The classes' names in order; empty where nothing names them.

    Raises:
        ManifestError: The file that should name them is broken.
        MissingExtra: They stand in YAML, and PyYAML is not installed.
    """
    for name in source.files:
        base = PurePosixPath(name).name
        path = source.path(name)
        if base in _NAMES:
            return [line.strip() for _, line in read_lines(path)]
        if base in ("data.yaml", "dataset.yaml"):
            with at(path):
                return _yaml_names(read_bytes(path, _MAX_YAML))
    return []


def _yaml_names(data: bytes) -> list[str]:
    try:
        import yaml
    except ImportError:
        raise MissingExtra("PyYAML", "datasets") from None
    try:
        whole: Any = yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ValueError(f"not YAML ({error})") from error
    names = whole.get("names") if isinstance(whole, dict) else None
    if isinstance(names, dict) and sorted(names) == list(range(len(names))):
        names = [names[i] for i in range(len(names))]
    if not isinstance(names, list) or not all(isinstance(name, (str, int)) for name in names):
        raise ValueError("'names' is a list of class names, or an object from 0, 1, 2 ... to names")
    return [str(name) for name in names]


def _labels(source: Source) -> list[str]:
    paths = map(PurePosixPath, source.named(".txt"))
    return [str(path) for path in paths if path.parent.name == "labels" or path.name.lower() not in _NO_LABELS]


def _pictures(source: Source) -> tuple[str, ...]:
    if source.file is not None:
        raise ManifestError(f"{source.path(source.file)} is a file; name the folder that holds labels and pictures")
    return source.pictures


def _label_file(picture: str) -> tuple[str, str]:
    """Where the labels of a picture may be: in the folder ``labels`` for ``images``, or beside it."""
    path = PurePosixPath(picture)
    parts = list(path.parent.parts)
    for index in reversed(range(len(parts))):
        if parts[index] == "images":
            parts[index] = "labels"
            break
    return str(PurePosixPath(*parts) / f"{path.stem}.txt"), str(path.with_suffix(".txt"))


def _picture(source: Source, picture: str, names: list[str]) -> Iterator[Entry]:
    path = source.path(picture)
    try:
        size = picture_size(path)
    except ImageError as error:
        raise ManifestError(str(error)) from error
    words = []
    place = next((name for name in _label_file(inner(picture)) if source.path(name).is_file()), None)
    if place is not None:
        for line_number, line in read_lines(source.path(place)):
            with at(source.path(place), line_number):
                words.append(_word(line, size, names))
    yield Entry(Sample(image=image_of(picture), path=path, words=tuple(words), size=size, split=split_of(picture)))


def _shares(line: str) -> list[float]:
    """Class and positions of a line; a ValueError tells what is wrong."""
    parts = line.split()
    if len(parts) != 5 and (len(parts) < 7 or len(parts) % 2 == 0):
        raise ValueError(f"a line has a class and 4 numbers, or a class and 3 or more corners, not {line[:60]!r}")
    values = numbers(parts)
    if values[0] < 0 or values[0] != int(values[0]):
        raise ValueError(f"a class is a whole number from 0, not {parts[0]}")
    if max(map(abs, values[1:])) > 2:
        raise ValueError(
            f"positions are shares from 0 to 1, not {max(values[1:])}; divide pixels by the picture's size"
        )
    return values


def _word(line: str, size: tuple[int, int], names: list[str]) -> TrueWord:
    kind, *shares = _shares(line)
    if names and kind >= len(names):
        raise ValueError(f"class {int(kind)} has no name; there are {len(names)}")
    label = names[int(kind)] if names else f"class {int(kind)}"
    width, height = size
    if len(shares) == 4:
        cx, cy, w, h = shares
        quad, polygon = rectangle((cx - w / 2) * width, (cy - h / 2) * height, number(w * width), h * height), None
    else:
        corners = tuple((x * width, y * height) for x, y in zip(shares[::2], shares[1::2], strict=True))
        quad, polygon = (corners, None) if len(corners) == 4 else outline(corners)
    return TrueWord(quad=quad, polygon=polygon, label=None if label == PLAIN else label)
