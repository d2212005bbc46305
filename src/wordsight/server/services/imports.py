"""Annotated sets from elsewhere: a zip of pictures and what is marked in them becomes pictures of a model."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

import cv2
import numpy as np

from wordsight.data.importers.formats import FORMATS, import_dataset, recognise
from wordsight.data.importers.source import Source
from wordsight.data.manifest import LABELS, Manifest, Sample, TrueWord
from wordsight.errors import ManifestError
from wordsight.server.errors import BadRequest, TooLarge
from wordsight.server.forms import Upload
from wordsight.server.security import Caller
from wordsight.server.services.pictures import Box, Marking, Pictures

AT_ONCE = 16
"""Pictures that are in memory at a time."""
MOST_FILES = 100_000
DEEPEST = 30
"""Folders in folders."""
CHUNK = 1 << 20


@dataclass(slots=True)
class ImportedSet:
    """What came of an import.

    Attributes:
        format: The layout that was found.
        pictures: How many pictures were taken.
        boxes: How many boxes are marked in them.
        failed: (name, reason) of what was left out.
    """

    format: str
    pictures: int = 0
    boxes: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Marked:
    """A picture of a set on its way into a model.

    Attributes:
        image: Its name in the set.
        path: Where it lies.
        boxes: What is marked in it; None where the set does not say.
        left_out: Why boxes were left out, a sentence each.
    """

    image: str
    path: Path
    boxes: tuple[Box, ...] | None
    left_out: tuple[str, ...]


def import_set(pictures: Pictures, caller: Caller, model_id: str, labels: Sequence[str], data: bytes) -> ImportedSet:
    """Take the pictures of an annotated set, with their boxes.

    Args:
        pictures: Where they go.
        caller: Who sends them.
        model_id: The model that they are for.
        labels: Its labels. A box without a label gets the only one where there is only one.
        data: A zip with a manifest, or with any layout that ``wordsight dataset import`` knows.

    Raises:
        BadRequest: It is no zip, a broken one, or holds no layout that is known.
        TooLarge: It unpacks to too much.
        NotThere: There is no such model.
        OutOfSpace: The quota or the disk is full.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "source", Path(folder) / "set"
        unpack(data, source, pictures.context.settings.max_request_bytes)
        done, manifest = _opened(_inner(source), made)
        for start in range(0, len(manifest), AT_ONCE):
            samples = manifest.samples[start : start + AT_ONCE]
            _take(pictures, caller, model_id, [marked(sample, labels) for sample in samples], done)
        return done


def unpack(data: bytes, folder: Path, most: int) -> None:
    """Unpack a zip whose names and sizes are not to be trusted.

    Args:
        data: The zip.
        folder: Where its files go.
        most: Bytes that they may have together.

    Raises:
        BadRequest: It is no zip, or a broken one, or a name in it leads out of the folder.
        TooLarge: It holds too many files, or unpacks to too many bytes.
    """
    try:
        with ZipFile(BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MOST_FILES:
                raise TooLarge(f"the zip holds {len(entries)} files, {MOST_FILES} are allowed; send it in parts")
            for entry in entries:
                most -= _unpack_one(archive, entry, folder, most)
    except (BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise BadRequest(f"the file cannot be unpacked ({error}); send a zip without a password") from error


def _unpack_one(archive: ZipFile, entry: ZipInfo, folder: Path, most: int) -> int:
    """Write one file; gives its size. What a system adds by itself, and links, are passed over."""
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or "\0" in entry.filename or ":" in entry.filename:
        raise BadRequest(f"the name {entry.filename[:100]!r} leads out of the zip; pack the folder again")
    if len(name.parts) > DEEPEST:
        raise BadRequest(f"the zip has folders more than {DEEPEST} deep; pack the pictures and what belongs to them")
    if "__MACOSX" in name.parts or stat.S_ISLNK(entry.external_attr >> 16):
        return 0
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(entry) as source, path.open("wb") as target:
        while chunk := source.read(CHUNK):  # what is announced need not be true
            size += len(chunk)
            if size > most:
                raise TooLarge("the zip unpacks to more than one request may hold; send it in parts")
            target.write(chunk)
    return size


def _inner(folder: Path) -> Path:
    """The folder in which the files are: many zips hold one folder that holds all."""
    folder.mkdir(exist_ok=True)
    while len(entries := list(folder.iterdir())) == 1 and entries[0].is_dir():
        folder = entries[0]
    return folder


def _opened(source: Path, made: Path) -> tuple[ImportedSet, Manifest]:
    if (source / LABELS).is_file():
        done, place = ImportedSet("manifest"), source
    else:
        layout = _layout(source)
        try:
            found = import_dataset(source, made, layout, lenient=True)
        except ManifestError as error:
            raise BadRequest(_without(str(error), source)) from error
        shutil.rmtree(source)
        done, place = ImportedSet(found.format), made
        done.failed += [("", _without(reason, source)) for reason in found.left_out]
    try:
        return done, Manifest.open(place)
    except ManifestError as error:
        raise BadRequest(_without(str(error), source)) from error


def _layout(source: Path) -> str:
    try:
        return recognise(Source(source)).name
    except ManifestError as error:
        known = ", ".join(layout.name for layout in FORMATS)
        raise BadRequest(f"the zip holds no set that is known; it may hold a manifest, or one of: {known}") from error


def _without(message: str, folder: Path) -> str:
    """A message that does not tell where on this machine the zip was unpacked."""
    return message.replace(f"{folder}/", "").replace(str(folder), "the zip")


def _take(pictures: Pictures, caller: Caller, model_id: str, samples: Sequence[Marked], done: ImportedSet) -> None:
    """Give a few samples to the model."""
    uploads, markings = [], []
    most = pictures.context.settings.max_upload_bytes
    for sample in samples:
        name = sample.image.removeprefix("images/").replace("/", "-")
        try:
            if sample.path.stat().st_size > most:
                done.failed.append((name, f"the picture has more than {most} bytes; make it smaller"))
                continue
            uploads.append(Upload(name, sample.path.read_bytes()))
        except OSError:
            done.failed.append((name, "the picture is not in the zip"))
            continue
        done.failed += [(name, reason) for reason in sample.left_out]
        markings.append(Marking(name, sample.boxes))
    kept, failed = pictures.add(caller, model_id, uploads, markings)
    done.pictures += len(kept)
    done.boxes += sum(len(row.boxes) for row in kept)
    done.failed += failed


def marked(sample: Sample, labels: Sequence[str]) -> Marked:
    """A sample with the boxes that a model with these labels can learn from."""
    boxes, left_out = [], []
    for word in sample.words or ():
        label = word.label or (labels[0] if len(labels) == 1 else None)
        quad = _quad(word)
        if word.ignore:
            continue
        if label is None:
            left_out.append(f"{(word.text or 'a box')[:100]!r} has no label, and the model has several")
        elif label not in labels:
            left_out.append(f"the model has no field {label[:100]!r}; add it, then import again")
        elif quad is None:
            left_out.append(f"{label[:100]!r} has no place in the picture")
        else:
            boxes.append({"label": label, "quad": quad, "text": word.text})
    if sample.words is None and sample.text and sample.size and len(labels) == 1:
        width, height = sample.size
        boxes.append(
            {"label": labels[0], "quad": [[0, 0], [width, 0], [width, height], [0, height]], "text": sample.text}
        )
    known = sample.words is not None or boxes
    return Marked(sample.image, sample.path, tuple(boxes) if known else None, tuple(dict.fromkeys(left_out)))


def _quad(word: TrueWord) -> list[list[float]] | None:
    if word.quad is not None:
        return [[float(x), float(y)] for x, y in word.quad]
    if word.polygon is None:
        return None
    corners = cv2.boxPoints(cv2.minAreaRect(np.array(word.polygon, np.float32)))
    return [[float(x), float(y)] for x, y in corners]
