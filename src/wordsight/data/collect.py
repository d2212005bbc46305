"""Writes a manifest folder with its pictures, whole or not at all, in memory that does not grow with their number."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from wordsight.data.jsonl import write_jsonl
from wordsight.data.manifest import LABELS, Points, Sample, TrueWord
from wordsight.data.transform import Affine, map_sample
from wordsight.errors import ImageError, ManifestError
from wordsight.image.header import Header, read_header
from wordsight.image.load import DEFAULT_LIMITS
from wordsight.image.tiff import MAGICS, read_tiff
from wordsight.types import Picture

PICTURES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif", ".pbm", ".pgm", ".ppm")
)
"""Suffixes, in lower case, of the files that count as pictures in a folder."""

_TURNED = 5  # EXIF orientations from here on swap width and height


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture on its way into a manifest.

    Attributes:
        sample: Its truth. ``image`` is its future name in the new folder, ``path`` where it lies now.
        pixels: Makes the picture where no file holds it alone.
    """

    sample: Sample
    pixels: Callable[[], Picture] | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """What was written.

    Attributes:
        pictures: How many pictures the new manifest has.
        left_out: Why others are not in it, a sentence each.
    """

    pictures: int
    left_out: tuple[str, ...] = ()


def collect(
    out: str | Path,
    entries: Callable[[], Iterable[Entry]],
    *,
    link: bool = False,
    lenient: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Collected:
    """Write a manifest folder with its pictures in one step: it appears when all is there.

    Args:
        out: A folder that is not there yet, or an empty one.
        entries: Gives the pictures; called twice, first to look for faults before anything is written.
        link: Make symbolic links to the pictures instead of copies.
        lenient: Leave out pictures that are missing or cannot be read instead of raising.
        progress: Called after each picture with the number of pictures done and of all.

    Raises:
        ManifestError: ``out`` is in use, there is no picture, one is missing, two have one name, or a line says
            another size than its picture has.
        ImageError: A picture cannot be read.
    """
    left_out: list[str] = []
    with new_folder(out) as part:
        total, missing = _survey(entries, lenient)
        left_out += missing
        written = _records(entries(), part, link, left_out if lenient else None)
        write_jsonl(part / LABELS, _counted(written, total - len(missing), progress))
    return Collected(total - len(left_out), tuple(left_out))


@contextmanager
def new_folder(out: str | Path) -> Iterator[Path]:
    """A folder to fill, which appears under its name when the block ends without an error, and else is gone.

    Raises:
        ManifestError: There is something of that name already, other than an empty folder.
    """
    out = Path(out)
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise ManifestError(f"{out} is there already; name a new folder")
    part = out.absolute().with_name(f".{out.name}.{uuid.uuid4().hex}")
    part.mkdir(parents=True)
    try:
        yield part
        if out.exists():
            out.rmdir()
        part.replace(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def picture_header(data: bytes) -> Header:
    """What a picture file says about itself; an ImageError where no decoder knows it."""
    if data.startswith(MAGICS):
        return read_tiff(data, DEFAULT_LIMITS.pages, 1)[1][0]
    return read_header(data)


def picture_bytes(path: Path) -> bytes:
    """A picture file; an ImageError where it is no regular file or over the limit."""
    try:
        if not path.is_file():
            raise ImageError(f"{path} is not there, or no file")
        with path.open("rb") as file:
            data = file.read(DEFAULT_LIMITS.file_bytes + 1)
    except OSError as error:
        raise ImageError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    if len(data) > DEFAULT_LIMITS.file_bytes:
        raise ImageError(f"{path} is over the limit of {DEFAULT_LIMITS.file_bytes} bytes; make it smaller")
    return data


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture file after it is turned upright, without decoding it."""
    try:
        header = picture_header(picture_bytes(path))
    except ImageError as error:
        raise type(error)(f"{path}: {error}") from error
    return upright_size(header)


def upright_size(header: Header) -> tuple[int, int]:
    """Width and height after the picture is turned as EXIF says."""
    turned = header.orientation >= _TURNED
    return (header.height, header.width) if turned else (header.width, header.height)


def truth_of(sample: Sample) -> dict[str, object]:
    """What a sample says about its picture, without its name, part and group."""
    record = sample.to_record()
    return {key: record.get(key) for key in ("words", "fields", "text")}


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _survey(entries: Callable[[], Iterable[Entry]], lenient: bool) -> tuple[int, list[str]]:
    total = 0
    missing = []
    for entry in entries():
        total += 1
        if entry.pixels is None and not entry.sample.path.is_file():
            missing.append(f"{entry.sample.path} is not there")
    if total == 0:
        raise ManifestError("there is no picture in it; check the folder and its layout (wordsight dataset info)")
    if missing and (not lenient or total == len(missing)):
        more = f", and {len(missing) - 1} others" if len(missing) > 1 else ""
        raise ManifestError(f"{missing[0]}{more}; copy the pictures there, or leave such ones out with --lenient")
    return total, missing


def _records(entries: Iterable[Entry], folder: Path, link: bool, left_out: list[str] | None) -> Iterator[Sample]:
    for entry in entries:
        if left_out is not None and entry.pixels is None and not entry.sample.path.is_file():
            continue  # the survey has told of it
        try:
            yield _place(entry, folder / entry.sample.image, link)
        except ImageError as error:
            if left_out is None:
                raise
            left_out.append(str(error))


def _counted(
    samples: Iterable[Sample], total: int, progress: Callable[[int, int], None] | None
) -> Iterator[dict[str, object]]:
    for done, sample in enumerate(samples, 1):
        yield sample.to_record()
        if progress is not None:
            progress(done, total)


def _place(entry: Entry, target: Path, link: bool) -> Sample:
    """Put a picture where it belongs, and check its truth against it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() or target.is_symlink():
        raise ManifestError(f"two pictures have the name {entry.sample.image}; give one of them another name")
    if entry.pixels is not None:
        picture = entry.pixels()
        Image.fromarray(picture).save(target)
        return replace(entry.sample, size=(picture.shape[1], picture.shape[0]))
    path = entry.sample.path
    data = picture_bytes(path)
    try:
        header = picture_header(data)
    except ImageError as error:
        raise type(error)(f"{path}: {error}") from error
    sample = fit(entry.sample, header)
    if link:
        target.symlink_to(os.path.abspath(path))  # noqa: PTH100 (resolve would follow the link of a moved folder)
    else:
        target.write_bytes(data)
    return sample


def fit(sample: Sample, header: Header) -> Sample:
    """The sample with its picture's size; positions in the picture as stored are turned upright with it.

    Raises:
        ManifestError: The sample says another size.
    """
    size = upright_size(header)
    if sample.size in (None, size):
        return replace(sample, size=size)
    if sample.size == (header.width, header.height):
        return _turned(sample, header)
    said = "x".join(map(str, sample.size or ()))
    raise ManifestError(
        f"{sample.path} is {size[0]}x{size[1]}, its annotations say {said}; use the pictures that were annotated"
    )


def _turned(sample: Sample, header: Header) -> Sample:
    """The truth of the stored picture, turned with it; boxes begin at the top left again."""
    width, height = float(header.width), float(header.height)
    moves = {
        5: [[0, 1, 0], [1, 0, 0]],
        6: [[0, -1, height], [1, 0, 0]],
        7: [[0, -1, height], [-1, 0, width]],
        8: [[0, 1, 0], [-1, 0, width]],
    }
    affine: Affine = np.array(moves[header.orientation], np.float64)
    moved = map_sample(sample, affine, upright_size(header))
    words = None if moved.words is None else tuple(map(_straight, moved.words))
    return replace(moved, words=words, original_size=sample.original_size)


def _straight(word: TrueWord) -> TrueWord:
    if word.quad is None:
        return word
    xs, ys = sorted({x for x, _ in word.quad}), sorted({y for _, y in word.quad})
    if len(xs) != 2 or len(ys) != 2:
        return word
    corners: Points = ((xs[0], ys[0]), (xs[1], ys[0]), (xs[1], ys[1]), (xs[0], ys[1]))
    return replace(word, quad=corners)
