"""Joins manifests into one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from wordsight.data.collect import Collected, Entry, collect, fingerprint, truth_of
from wordsight.data.manifest import Manifest, Sample
from wordsight.errors import ManifestError


def merge_manifests(
    folders: Sequence[str | Path],
    out: str | Path,
    *,
    link: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Collected:
    """Write one manifest with the pictures of several, each below a folder with its manifest's name.

    Groups get their manifest's name before them, so that "1" of one set and "1" of another stay two. A picture that is
    the same file as an earlier one is left out where its truth is the same.

    Args:
        folders: Manifests; two of them at least.
        out: A folder that is not there yet, or an empty one.
        link: Make symbolic links to the pictures instead of copies.
        progress: Called after each picture with the number of pictures done and of all.

    Raises:
        ManifestError: A manifest is broken, a picture is missing, two lines say different things of one picture, or
            ``out`` is in use.
        ImageError: A picture cannot be read.
    """
    if len(folders) < 2:
        raise ManifestError("one manifest is merged already; name two or more")
    manifests = [Manifest.open(folder) for folder in folders]
    names = _names([manifest.folder for manifest in manifests])
    left_out: list[str] = []

    def entries() -> Iterator[Entry]:
        left_out.clear()
        first: dict[str, Sample] = {}
        for manifest, name in zip(manifests, names, strict=True):
            for sample in manifest:
                if sample.path.is_file():
                    other = first.setdefault(fingerprint(sample.path), sample)
                    if other is not sample:
                        left_out.append(_same(sample, other))
                        continue
                yield Entry(_moved(sample, name))

    done = collect(out, entries, link=link, progress=progress)
    return Collected(done.pictures, tuple(left_out))


def _names(folders: Sequence[Path]) -> list[str]:
    """A name for each manifest; equal ones get numbers."""
    taken: set[str] = set()
    names = []
    for folder in folders:
        stem = name = folder.resolve().name or "set"
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _moved(sample: Sample, name: str) -> Sample:
    inside = PurePosixPath(sample.image)
    if inside.parts[0] == "images" and len(inside.parts) > 1:
        inside = inside.relative_to("images")
    group = None if sample.group is None else f"{name}/{sample.group}"
    return replace(sample, image=f"images/{name}/{inside}", group=group)


def _same(sample: Sample, other: Sample) -> str:
    """Tell of a picture that is left out; a ManifestError where its truth is another."""
    if truth_of(sample) != truth_of(other):
        raise ManifestError(f"{sample.path} and {other.path} are one picture with two truths; keep the right line")
    return f"{sample.path} is the same file as {other.path}"
