"""CASIA-HWDB 1.x: handwritten Chinese characters in ``.gnt`` files, one file a writer.

Layout: http://www.nlpr.ia.ac.cn/databases/handwriting/Offline_database.html, "GNT": one sample after another, each of
sample size (4 bytes, the whole sample), tag code (2 bytes, GB), width (2 bytes), height (2 bytes), and width x height
grey bytes, row by row, 255 for the background. Numbers are little endian; the tag's two bytes stand as in a text file,
a character of ASCII has a zero after it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from wordsight.data.collect import Entry
from wordsight.data.importers.source import Source, split_of
from wordsight.data.manifest import Sample
from wordsight.errors import ManifestError
from wordsight.types import Picture

_HEAD = struct.Struct("<I2sHH")
_MAX_SIDE = 4096  # pixels; the largest real character has under 500


def read(source: Source) -> Iterator[Entry]:
    """Crops of one character; pictures are read when they are wanted, one at a time."""
    for name in source.named(".gnt"):
        yield from _samples(source, name)


def matches(source: Source) -> bool:
    """Whether there are ``.gnt`` files."""
    return bool(source.named(".gnt"))


def _samples(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    try:
        with path.open("rb") as file:
            total = path.stat().st_size
            position = index = 0
            while position < total:
                tag, width, height = _head(file.read(_HEAD.size), f"{path}:{position}", total - position)
                said = _character(tag, f"{path}:{position}")
                stem = PurePosixPath(name).with_suffix("")
                sample = Sample(
                    image=f"images/{stem}/{index:05d}.png",
                    path=path,
                    text=said,
                    split=split_of(name),
                    group=str(stem),
                )
                yield Entry(sample, partial(_picture, path, position + _HEAD.size, width, height))
                position += _HEAD.size + width * height
                index += 1
                file.seek(position)
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    except ManifestError as error:
        if not source.lenient:
            raise
        source.faults.append(f"{error}; the rest of the file is left out")


def _head(data: bytes, place: str, left: int) -> tuple[bytes, int, int]:
    """Tag, width and height of a sample; its size must fit them and what is left of the file."""
    if len(data) < _HEAD.size:
        raise ManifestError(f"{place}: the file ends inside a sample's head; download it again")
    size, tag, width, height = _HEAD.unpack(data)
    if not 0 < width <= _MAX_SIDE or not 0 < height <= _MAX_SIDE:
        raise ManifestError(f"{place}: a character of {width} x {height} pixels; this is no .gnt")
    if size != _HEAD.size + width * height or size > left:
        raise ManifestError(f"{place}: a sample of {size} bytes for {width} x {height} pixels, {left} are left")
    return tag, width, height


def _character(tag: bytes, place: str) -> str:
    try:
        said = tag.rstrip(b"\0").decode("gb18030")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{place}: the tag {tag.hex()} is no character of GB; download the file again") from error
    if len(said) != 1:
        raise ManifestError(f"{place}: the tag {tag.hex()} is {len(said)} characters, not one")
    return said


def _picture(path: Path, start: int, width: int, height: int) -> Picture:
    with path.open("rb") as file:
        file.seek(start)
        grey = np.frombuffer(file.read(width * height), np.uint8).reshape(height, width)
    return np.repeat(grey[:, :, None], 3, axis=2)
