"""Street View House Numbers: full numbers in ``digitStruct.mat``, or single digits in ``train_32x32.mat``.

Layout: http://ufldl.stanford.edu/housenumbers/. Format 1: ``digitStruct.mat`` (MATLAB 7.3, which is HDF5) beside
``1.png``, ``2.png`` ...; ``digitStruct/name`` and ``digitStruct/bbox`` hold one reference a picture; a box has height,
left, top, width and label, each one number, or references to numbers where there are several digits. Format 2: ``X``
(32, 32, 3, N) uint8 and ``y`` (N, 1). In both the digit 0 has the label 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from wordsight.data.collect import Entry
from wordsight.data.importers.matlab import read_matlab, require
from wordsight.data.importers.places import box, rectangle
from wordsight.data.importers.source import Source, at, image_of, split_of
from wordsight.data.manifest import Sample, TrueWord
from wordsight.errors import MissingExtra
from wordsight.types import Picture

if TYPE_CHECKING:
    import h5py

_BOX = ("left", "top", "width", "height", "label")
_MAX_PICTURES = 5_000_000
_MAX_NAME = 4096  # characters
_MAX_DIGITS = 64  # of one house number
_HDF5 = b"\x89HDF\r\n\x1a\n"


def read(source: Source) -> Iterator[Entry]:
    """House numbers as whole words with their digits' places, or crops of one digit."""
    structs, crops = _files(source)
    yield from source.each(structs, lambda name: _numbers(source, name))
    yield from source.each(crops, lambda name: _digits(source, name))


def matches(source: Source) -> bool:
    """Whether a file has the name of one of the two formats."""
    return any(_files(source))


def _files(source: Source) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = source.named(".mat")
    structs = tuple(name for name in names if PurePosixPath(name).name.lower().endswith("digitstruct.mat"))
    crops = tuple(name for name in names if PurePosixPath(name).name.lower().endswith("32x32.mat"))
    return structs, crops


def _numbers(source: Source, name: str) -> Iterator[Entry]:
    try:
        import h5py
    except ImportError:
        raise MissingExtra("h5py", "datasets") from None
    path = source.path(name)
    with at(path):
        if not h5py.is_hdf5(path):
            raise ValueError("no HDF5, which digitStruct.mat is; download it again")
        try:
            with h5py.File(path, "r") as file:
                yield from list(_pictures(source, name, file))
        except (OSError, RuntimeError) as error:
            raise ValueError(f"the HDF5 is broken ({error}); download it again") from error


def _pictures(source: Source, name: str, file: h5py.File) -> Iterator[Entry]:
    names, boxes = _column(file, "name"), _column(file, "bbox")
    if len(names) != len(boxes):
        raise ValueError(f"{len(names)} names and {len(boxes)} boxes; download it again")
    for index, (name_reference, box_reference) in enumerate(zip(names, boxes, strict=True)):
        with at(source.path(name), f"digitStruct[{index}]"):
            codes = _small(file, name_reference, _MAX_NAME)
            picture = source.find("".join(map(chr, codes.astype(np.uint32))), near=name)
            word, digits = _word(file, box_reference)
            split = split_of(name) or split_of(picture)
            extra = {"digits": digits}
            sample = Sample(
                image=image_of(picture), path=source.path(picture), words=(word,), split=split, level="word",
                fields={"number": word.text or ""}, extra=extra,
            )  # fmt: skip
            yield Entry(sample)


def _column(file: h5py.File, key: str) -> Any:
    """The references of all pictures."""
    import h5py

    table = _inside(file, f"digitStruct/{key}")
    if not isinstance(table, h5py.Dataset) or h5py.check_ref_dtype(table.dtype) is not h5py.Reference:
        raise ValueError(f"digitStruct/{key} holds no references")
    if table.size > _MAX_PICTURES:
        raise ValueError(f"{table.size} pictures; over {_MAX_PICTURES} are refused")
    return np.asarray(_plain(table)[()]).reshape(-1)


def _inside(file: h5py.File, path: str) -> Any:
    """What stands under a path of the file itself; links to other files are refused."""
    import h5py

    found: Any = file
    for part in path.split("/"):
        link = found.get(part, getlink=True) if part in found else None
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"there is no {path} in it; this is no digitStruct.mat")
        found = found[part]
    return found


def _plain(table: Any) -> Any:
    """The table, if its numbers stand in this file."""
    if table.external or table.is_virtual:
        raise ValueError("its numbers stand in other files, which are not opened")
    return table


def _small(file: h5py.File, reference: Any, most: int) -> Any:
    """The numbers behind a reference, as many as ``most``; the size is looked at before anything is read."""
    import h5py

    found = file[reference] if reference else None
    if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "uif":
        raise ValueError("a reference that leads to no numbers")
    if found.size > most:
        raise ValueError(f"{found.size} numbers where {most} are the most")
    values = np.asarray(_plain(found)[()]).reshape(-1)
    if not np.isfinite(values).all() or not (np.abs(values.astype(np.float64)) < 1e6).all():
        raise ValueError("a number out of all bounds")
    return values


def _word(file: h5py.File, reference: Any) -> tuple[TrueWord, list[dict[str, Any]]]:
    """The whole number, and its digits."""
    import h5py

    group = file[reference] if reference else None
    if not isinstance(group, h5py.Group):
        raise ValueError("a reference that leads to no box")
    columns = [_box_column(file, group, key) for key in _BOX]
    if len({len(column) for column in columns}) != 1:
        raise ValueError("the sides and labels of the digits differ in number")
    quads = [rectangle(left, top, width, height) for left, top, width, height, _ in zip(*columns, strict=True)]
    texts = [_digit(label) for label in columns[-1]]
    corners = np.array(quads).reshape(-1, 2)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    whole = box(float(left), float(top), float(right), float(bottom))
    digits = [{"text": said, "quad": [list(xy) for xy in quad]} for said, quad in zip(texts, quads, strict=True)]
    return TrueWord(quad=whole, text="".join(texts), label="number"), digits


def _box_column(file: h5py.File, group: h5py.Group, key: str) -> list[float]:
    import h5py

    table = _inside(group, key)
    if not isinstance(table, h5py.Dataset) or not 0 < table.size <= _MAX_DIGITS:
        raise ValueError(f"{key!r} of a box holds no number, or over {_MAX_DIGITS}")
    values = np.asarray(_plain(table)[()]).reshape(-1)
    if table.dtype.kind in "uif":
        return [float(value) for value in values]
    return [float(_small(file, reference, 1)[0]) for reference in values]


def _digit(label: float) -> str:
    if label != int(label) or not 0 <= label <= 10:
        raise ValueError(f"{label} is no label of a digit; those go from 1 to 10, where 10 means 0")
    return str(int(label) % 10)


def _digits(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    found = read_matlab(path, ("X", "y"))
    pictures, labels = require(found, "X", path), require(found, "y", path)
    with at(path):
        if not isinstance(pictures, np.ndarray) or pictures.ndim != 4 or pictures.shape[:3] != (32, 32, 3):
            raise ValueError("'X' is no array of (32, 32, 3, N) numbers")
        if pictures.dtype != np.uint8 or labels.size != pictures.shape[3]:
            raise ValueError("'X' is not of bytes, or 'y' has another number of labels")
        texts = [_digit(float(label)) for label in labels.reshape(-1)]
    stem = PurePosixPath(name).stem
    for index, said in enumerate(texts):
        image = f"images/{stem}/{index + 1:06d}.png"
        sample = Sample(image=image, path=path, text=said, split=split_of(name))
        yield Entry(sample, partial(_picture, pictures, index))


def _picture(pictures: Any, index: int) -> Picture:
    return np.ascontiguousarray(pictures[..., index])
