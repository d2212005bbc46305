"""Looks for every fault of a manifest: in its lines, in its pictures, and across the whole set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from wordsight.data.check_set import Known, check_set
from wordsight.data.check_truth import check_truth
from wordsight.data.collect import PICTURES, fingerprint, picture_size
from wordsight.data.faults import Fault
from wordsight.data.jsonl import parse_line
from wordsight.data.manifest import LABELS, Sample
from wordsight.errors import ImageError, ManifestError
from wordsight.image.load import load

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check.

    Attributes:
        file: Path of the ``labels.jsonl``.
        pictures: How many lines describe a picture.
        faults: What is wrong, by line; what is no line's fault last.
    """

    file: Path
    pictures: int
    faults: tuple[Fault, ...]

    def count(self, severity: str) -> int:
        """How many faults are as bad as this."""
        return sum(fault.severity == severity for fault in self.faults)


def check_manifest(
    folder: str | Path,
    labels: Collection[str] = (),
    *,
    quick: bool = False,
    progress: Progress | None = None,
) -> Checked:
    """Look for every fault of a manifest; none of them stops the search.

    Args:
        folder: The folder with ``labels.jsonl``.
        labels: The only labels that words may have; any where it is empty.
        quick: Look at the heads of the pictures' files only, and take equal files for equal pictures. Without it every
            picture is decoded, so that a file that ends too early is found, and equal pictures in other formats.
        progress: Called after each picture with the number of pictures done and of all.

    Raises:
        ManifestError: There is no ``labels.jsonl``, or it cannot be opened.
    """
    path = Path(folder) / LABELS
    faults: list[Fault] = []
    samples = list(_lines(path, faults))
    known = []
    for done, (line, sample) in enumerate(samples, 1):
        size, digest = _picture(line, sample, quick, faults)
        faults += check_truth(line, sample, size)
        known.append(Known(line, sample, digest))
        if progress is not None:
            progress(done, len(samples))
    faults += check_set(known, labels)
    faults += _unlisted(Path(folder), [sample for _, sample in samples])
    if not samples:
        faults.append(Fault("empty-manifest", None, "there is no picture in it"))
    faults.sort(key=lambda fault: (fault.line is None, fault.line or 0))
    return Checked(path, len(samples), tuple(faults))


def _lines(path: Path, faults: list[Fault]) -> Iterator[tuple[int, Sample]]:
    """The lines that describe a picture; faults are added for the others."""
    if not path.is_file():
        raise ManifestError(f"{path} is not there; a manifest is a folder with pictures and {LABELS}")
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    yield number, Sample.from_record(parse_line(line, ""), path.parent)
                except (ManifestError, ValueError, OverflowError) as error:
                    faults.append(Fault("bad-line", number, str(error).removeprefix(": ")))
    except OSError as error:
        raise ManifestError(f"{path} cannot be read ({error.strerror}); check its permissions") from error


def _picture(line: int, sample: Sample, quick: bool, faults: list[Fault]) -> tuple[tuple[int, int] | None, str]:
    """Size and fingerprint of a picture, where it can be read."""
    if not sample.path.is_file():
        faults.append(Fault("missing-picture", line, f"{sample.image} is not there"))
        return sample.size, ""
    try:
        if quick:
            size, digest = picture_size(sample.path), fingerprint(sample.path)
        else:
            picture = load(sample.path)
            size = (picture.shape[1], picture.shape[0])
            digest = hashlib.sha256(repr(size).encode() + picture.tobytes()).hexdigest()
    except (ImageError, OSError) as error:
        faults.append(Fault("unreadable-picture", line, f"{sample.image}: {_brief(error, sample.path)}"))
        return sample.size, ""
    if sample.size is not None and sample.size != size:
        said = f"{sample.size[0]}x{sample.size[1]}"
        faults.append(Fault("size-mismatch", line, f"{sample.image} is {size[0]}x{size[1]}, its line says {said}"))
    return size, digest


def _brief(error: Exception, path: Path) -> str:
    return str(error).removeprefix(f"{path}: ").split("; ")[0]


def _unlisted(folder: Path, samples: list[Sample]) -> Iterator[Fault]:
    """Pictures that lie beside listed ones but have no line."""
    listed = {sample.path for sample in samples}
    for place in sorted({path.parent for path in listed if path.parent.is_dir()}):
        for path in sorted(place.iterdir()):
            if path.suffix.lower() in PICTURES and path not in listed and path.is_file():
                yield Fault("unlisted-picture", None, f"{path.relative_to(folder).as_posix()} has no line")
