"""Writes synthesised words and scenes as manifests, with several processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from wordsight.config import check_whole
from wordsight.data.manifest import LABELS, Manifest, Sample, write_manifest
from wordsight.data.synth.config import SynthConfig
from wordsight.data.synth.scenes import scene
from wordsight.data.synth.studio import open_studio
from wordsight.data.synth.words import word
from wordsight.errors import ManifestError
from wordsight.types import Picture

Kind = Literal["words", "scenes"]
"""Pictures of single words, or scenes with words in them."""

_CHUNK = {"words": 64, "scenes": 4}  # pictures that a worker makes at a time
_MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class _Job:
    """What every worker is told."""

    kind: Kind
    out: Path
    seed: int
    config: SynthConfig


def write_synthetic(
    kind: Kind,
    out: str | Path,
    count: int,
    seed: int = 0,
    config: SynthConfig | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Write a manifest of synthesised pictures; equal arguments write equal bytes, whatever the number of workers.

    Args:
        kind: ``words`` are written as PNG, ``scenes`` as JPEG.
        out: A new folder, or one that an interrupted run has left. Its labels are written last.
        count: How many pictures.
        seed: Number of the series.
        config: What to make; the defaults if left out.
        workers: Processes; by default one for each processor that this process may use. With 1 all is made here.
        progress: Called with the number of pictures done and of all.

    Raises:
        ManifestError: ``out`` is a manifest already.
        ConfigError: A number is out of bounds, or there is no font or no text for what is asked.
        MissingExtra: A package that synthesis needs is not installed.
    """
    check_whole("count", count, 1, _MOST)
    check_whole("seed", seed, 0, 2**63)
    out, config = Path(out), config or SynthConfig()
    workers = workers or _processors()
    if (out / LABELS).exists():
        raise ManifestError(f"{out} is a manifest already; name a new folder")
    open_studio(config)  # what is missing is said before a folder is made; and the fonts are remembered for the workers
    (out / "images").mkdir(parents=True, exist_ok=True)
    job = _Job(kind, out, seed, config)
    starts = range(0, count, _CHUNK[kind])
    samples: list[Sample] = []
    with _mapper(min(workers, len(starts))) as run:
        for part in run(partial(_make, job, count), starts):
            samples.extend(part)
            if progress is not None:
                progress(len(samples), count)
    write_manifest(out, samples)
    return Manifest(out, tuple(samples))


def _processors() -> int:
    """Processors that this process may use, which can be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _mapper(workers: int) -> Iterator[Callable[..., Iterator[list[Sample]]]]:
    """A ``map`` over some processes."""
    if workers == 1:
        yield map
        return
    # Forked children would inherit the threads' locks of whatever the caller has loaded.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_alone) as pool:
        yield pool.map


def _alone() -> None:
    """Workers share the processors: OpenCV must not take all of them in each."""
    cv2.setNumThreads(1)


def _make(job: _Job, count: int, start: int) -> list[Sample]:
    """Make and save a run of pictures."""
    numbers = range(start, min(start + _CHUNK[job.kind], count))
    return [_word(job, n) if job.kind == "words" else _scene(job, n) for n in numbers]


def _word(job: _Job, number: int) -> Sample:
    picture, text = word(number, job.seed, job.config)
    image = f"images/{number:07d}.png"
    _save(job.out / image, ".png", picture, cv2.IMWRITE_PNG_COMPRESSION, 4)
    return Sample(image, job.out / image, text=text)


def _scene(job: _Job, number: int) -> Sample:
    picture, words = scene(number, job.seed, job.config)
    image = f"images/{number:07d}.jpg"
    _save(job.out / image, ".jpg", picture, cv2.IMWRITE_JPEG_QUALITY, 95)
    return Sample(image, job.out / image, words=words, size=(picture.shape[1], picture.shape[0]), level="word")


def _save(path: Path, form: str, picture: Picture, setting: int, value: int) -> None:
    _, data = cv2.imencode(form, np.ascontiguousarray(picture[..., ::-1]), [setting, value])
    path.write_bytes(data.tobytes())
