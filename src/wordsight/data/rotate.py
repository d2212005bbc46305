"""Turned copies of a data set: how well is text read at any angle?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from PIL import Image

from wordsight.data.manifest import LABELS, Manifest, Sample, write_manifest
from wordsight.data.transform import map_sample, undo_squash
from wordsight.errors import ManifestError
from wordsight.image.load import load
from wordsight.image.turn import rotate

_JPEG_QUALITY = 95


def rotate_manifest(
    source: Manifest,
    out: str | Path,
    angles: Sequence[float],
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Write a manifest with a copy of every picture at every angle, ``images/NAME_rANGLE.jpg``, and its truth.

    A squashed picture gets its ``original_size`` back first. All copies of a picture stay in one ``group``.

    Args:
        source: Pictures to turn; with words, fields, text or without.
        out: A new folder, or one that an interrupted run has left. Its labels are written last.
        angles: Degrees clockwise as seen: a text's ``Quad.angle`` grows by as much. Whole turns make no difference.
        progress: Called after each copy with the number of copies done and of all.

    Raises:
        ManifestError: ``out`` is a manifest already, an angle comes twice or is not finite, or a picture is not of
            the size that its line says.
        ImageError: A picture cannot be read.
    """
    out = Path(out)
    if (out / LABELS).exists():
        raise ManifestError(f"{out} is a manifest already; name a new folder")
    suffixes = [_suffix(angle) for angle in angles]
    if len(set(suffixes)) < len(suffixes):
        raise ManifestError(f"an angle comes twice in {list(angles)}; leave each one once")
    (out / "images").mkdir(parents=True, exist_ok=True)
    samples: list[Sample] = []
    for sample, name in zip(source, _names(source), strict=True):
        picture, truth = undo_squash(load(sample.path), sample)
        for angle, suffix in zip(angles, suffixes, strict=True):
            image = f"images/{name}_r{suffix}.jpg"
            turned, affine = rotate(picture, angle)
            Image.fromarray(turned).save(out / image, quality=_JPEG_QUALITY)
            moved = map_sample(truth, affine, (turned.shape[1], turned.shape[0]))
            samples.append(replace(moved, image=image, path=out / image, group=sample.group or sample.image))
            if progress is not None:
                progress(len(samples), len(source) * len(angles))
    write_manifest(out, samples)
    return Manifest(out, tuple(samples))


def _suffix(angle: float) -> str:
    """Three digits, and decimals where there are any: 30 is "030", 22.5 is "022.5"."""
    if not math.isfinite(angle):
        raise ManifestError(f"{angle} is not an angle; give degrees")
    whole, point, decimals = f"{round(angle % 360, 3) % 360:g}".partition(".")
    return whole.zfill(3) + point + decimals


def _names(source: Manifest) -> list[str]:
    """A file name without ending for each sample; a number makes equal ones from different folders differ."""
    taken: set[str] = set()
    names = []
    for sample in source:
        stem = name = PurePosixPath(sample.image).stem
        number = 1
        while name.casefold() in taken:  # some file systems do not tell X from x
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names
