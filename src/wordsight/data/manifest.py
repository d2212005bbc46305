"""Manifests: a folder of pictures whose truth stands in ``labels.jsonl``, one JSON object a line, one line a picture.

Only ``image`` is required. Positions are kept as float64 exactly as the file has them, because scores must not change
by rounding; keys that this module does not know (flags such as ``in_1015``) are kept in ``extra``.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath, PureWindowsPath
from reprlib import repr as short
from typing import Any

from wordsight.data.jsonl import read_jsonl, write_jsonl
from wordsight.errors import ManifestError

LABELS = "labels.jsonl"
"""Name of the file with the truth in a manifest folder."""

Points = tuple[tuple[float, float], ...]
"""(x, y) pairs in pixels of the picture in the folder, x to the right, y down."""

_LONGEST_SIDE = 1_000_000  # pixels; no decoder here makes a larger picture, so a larger number is a mistake


@dataclass(frozen=True, slots=True)
class TrueWord:
    """One marked place of a picture, and what it says.

    Attributes:
        quad: Four corners TL TR BR BL of the text's own up; None where only the text is known.
        text: What it says; None where nobody has read it.
        ignore: Finding it or missing it counts neither way ("don't care").
        label: The field it belongs to, such as "total".
        polygon: Three or more corners, for a text that a quad fits badly.
        extra: Keys that wordsight does not know.

    Raises:
        ValueError: A quad or polygon has another number of corners, or one that is not finite.
    """

    quad: Points | None = None
    text: str | None = None
    ignore: bool = False
    label: str | None = None
    polygon: Points | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.quad is not None and len(self.quad) != 4:
            raise ValueError(f"a quad has 4 corners, not {len(self.quad)}; write other outlines as 'polygon'")
        if self.polygon is not None and len(self.polygon) < 3:
            raise ValueError(f"a polygon has 3 or more corners, not {len(self.polygon)}")
        if not all(math.isfinite(v) for points in (self.quad, self.polygon) for xy in points or () for v in xy):
            raise ValueError("a corner is not a finite number; write pixels of the picture")

    @classmethod
    def from_record(cls, record: object) -> TrueWord:
        """The word that one entry of ``words`` describes; a ValueError tells what is wrong with the entry."""
        if not isinstance(record, dict):
            raise ValueError(f"a word is an object such as {{'quad': ..., 'text': ...}}, not {short(record)}")
        ignore = record.get("ignore") or False
        if not isinstance(ignore, bool):
            raise ValueError(f"'ignore' is true or false, not {short(ignore)}")
        return cls(
            quad=_points(record, "quad"),
            text=_text(record, "text"),
            ignore=ignore,
            label=_text(record, "label"),
            polygon=_points(record, "polygon"),
            extra=_unknown(record, cls),
        )

    def to_record(self) -> dict[str, Any]:
        """The JSON object of this word."""
        return _record(self)


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture of a manifest, and all that is known about it.

    Attributes:
        image: Path of the picture inside the folder, with ``/`` between its parts.
        path: The same as a path that can be opened.
        words: Marked places; None where nobody has marked the picture, empty where there is no text in it.
        fields: A text, or texts where a field occurs several times, by the field's name.
        split: Part of the set that it belongs to, such as "train".
        size: (width, height) of the picture, pixels.
        original_size: (width, height) before the picture was squashed to ``size``.
        level: What a marked place is: "word", "line" or "plate".
        group: Pictures of one group (one page, one car) must not be parted by a split.
        lexicon: The only words that can stand in the picture.
        text: What the whole picture says: a word crop's text.
        extra: Keys that wordsight does not know.

    Raises:
        ValueError: ``image`` is not a path inside the folder.
    """

    image: str
    path: Path
    words: tuple[TrueWord, ...] | None = None
    fields: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, hash=False)
    split: str | None = None
    size: tuple[int, int] | None = None
    original_size: tuple[int, int] | None = None
    level: str | None = None
    group: str | None = None
    lexicon: tuple[str, ...] | None = None
    text: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        # A symbolic link inside the folder may point anywhere: whoever made the folder wanted that. A path may not.
        parts = PurePosixPath(self.image).parts
        if not parts or self.image.startswith("/") or PureWindowsPath(self.image).drive:
            raise ValueError(f"'image' is a path inside the folder, such as images/a.jpg, not {short(self.image)}")
        if ".." in parts or "\\" in self.image or "\0" in self.image:
            raise ValueError(f"'image' may not hold '..', a backslash or a NUL: {short(self.image)}; use a plain path")

    @classmethod
    def from_record(cls, record: Mapping[str, Any], folder: Path) -> Sample:
        """The sample that one line describes; a ValueError tells what is wrong with the line."""
        image = _text(record, "image")
        if image is None:
            raise ValueError("'image' is missing; add the path of the picture inside the folder")
        words = record.get("words")
        return cls(
            image=image,
            path=folder / image,
            words=None if words is None else tuple(map(TrueWord.from_record, _list(record, "words"))),
            fields=_fields(record),
            split=_text(record, "split"),
            size=_size(record, "size"),
            original_size=_size(record, "original_size"),
            level=_text(record, "level"),
            group=_text(record, "group"),
            lexicon=None if record.get("lexicon") is None else tuple(_texts(record["lexicon"], "lexicon")),
            text=_text(record, "text"),
            extra=_unknown(record, cls),
        )

    def to_record(self) -> dict[str, Any]:
        """The JSON object of this sample."""
        record = _record(self)
        if self.words is not None:
            record["words"] = [word.to_record() for word in self.words]
        return record

    def has(self, flag: str) -> bool:
        """Whether the line has a true (not empty, not zero) value under this key."""
        return bool(getattr(self, flag) if flag in _keys(Sample) else self.extra.get(flag))


@dataclass(frozen=True, slots=True)
class Manifest:
    """The samples of one folder, in the order of its lines; frozen, so that selecting makes another manifest."""

    folder: Path
    samples: tuple[Sample, ...]

    @classmethod
    def open(cls, folder: str | Path) -> Manifest:
        """Read the manifest of a folder; the pictures are not opened.

        Raises:
            ManifestError: There is no labels.jsonl, or a line of it does not follow the format.
        """
        folder = Path(folder)
        return cls(folder, tuple(_samples(folder)))

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def __len__(self) -> int:
        return len(self.samples)

    def split(self, name: str) -> Manifest:
        """The samples whose split has this name."""
        return Manifest(self.folder, tuple(s for s in self.samples if s.split == name))

    def part(self, split: str = "", flag: str = "") -> Manifest:
        """The pictures of a split that have a flag; an empty name leaves all."""
        named = self.split(split) if split else self
        return named.where(flag) if flag else named

    def where(self, flag: str) -> Manifest:
        """The samples whose line has a true value under this key, such as ``in_1015``."""
        return Manifest(self.folder, tuple(s for s in self.samples if s.has(flag)))

    def choose(self, count: int, seed: int = 0) -> Manifest:
        """At most ``count`` samples drawn at random, in the manifest's order; equal seeds draw equal samples."""
        drawn = random.Random(seed).sample(range(len(self)), min(count, len(self)))
        return Manifest(self.folder, tuple(self.samples[i] for i in sorted(drawn)))


def write_manifest(folder: str | Path, samples: Iterable[Sample]) -> None:
    """Write ``labels.jsonl`` in one step, making the folder where needed; no picture is copied.

    Raises:
        ManifestError: A sample holds what JSON cannot say, such as an infinite number; the old file stays.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_jsonl(folder / LABELS, (sample.to_record() for sample in samples))


def _samples(folder: Path) -> Iterator[Sample]:
    path = folder / LABELS
    if not path.is_file():
        raise ManifestError(f"{path} is not there; a manifest is a folder with pictures and {LABELS}")
    for number, record in read_jsonl(path):
        try:
            yield Sample.from_record(record, folder)
        except (ValueError, OverflowError) as error:
            raise ManifestError(f"{path}:{number}: {error}") from error


def _keys(kind: type[Any]) -> tuple[str, ...]:
    """Keys of a record that the class has an attribute for."""
    return tuple(f.name for f in fields(kind) if f.name not in ("path", "extra"))


def _unknown(record: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    known = _keys(kind)
    return {key: value for key, value in record.items() if key not in known}


def _record(item: Sample | TrueWord) -> dict[str, Any]:
    """The attributes that say something, then the unknown keys."""
    known = {key: getattr(item, key) for key in _keys(type(item))}
    return {key: value for key, value in known.items() if value is not None and value != {}} | dict(item.extra)


def _list(record: Mapping[str, Any], key: str) -> list[Any]:
    value = record[key]
    if not isinstance(value, list):
        raise ValueError(f"{key!r} is a list, not {short(value)}")
    return value


def _text(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    return None if value is None else next(_texts([value], key))


def _texts(values: object, key: str) -> Iterator[str]:
    if not isinstance(values, list):
        raise ValueError(f"{key!r} is a list of texts, not {short(values)}")
    for value in values:
        if not isinstance(value, str):
            raise ValueError(f"{key!r} holds {short(value)}, which is no text; put it in quotes")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError(f"{key!r} holds half a character (a lone surrogate): {short(value)}; write it whole")
        yield value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{short(value)} is not a number of pixels")
    return float(value)


def _points(record: Mapping[str, Any], key: str) -> Points | None:
    if record.get(key) is None:
        return None
    pairs: Sequence[Any] = _list(record, key)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ValueError(f"{key!r} is a list of [x, y], not {short(pairs)}")
    return tuple((_number(x), _number(y)) for x, y in pairs)


def _size(record: Mapping[str, Any], key: str) -> tuple[int, int] | None:
    value = record.get(key)
    if value is None:
        return None
    sides = _list(record, key)
    if len(sides) != 2 or not all(type(side) is int and 0 < side <= _LONGEST_SIDE for side in sides):
        raise ValueError(f"{key!r} is [width, height] in whole pixels, not {short(value)}")
    return sides[0], sides[1]


def _fields(record: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    value = record.get("fields")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"'fields' is an object of texts by name, not {short(value)}")
    return {
        name: tuple(_texts(said, name)) if isinstance(said, list) else next(_texts([said], name))
        for name, said in value.items()
        if said is not None
    }
