"""IIIT 5K-word: word crops with ``traindata.mat`` and ``testdata.mat``.

Layout: https://cvit.iiit.ac.in/research/projects/cvit-projects/the-iiit-5k-word-dataset and its README: one structure
a word with ImgName (``train/1009_2.png``), GroundTruth, smallLexi (50 words) and mediumLexi (1000 words).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from wordsight.data.collect import Entry
from wordsight.data.importers.matlab import one_text, read_matlab, require, texts
from wordsight.data.importers.source import Source, at, image_of, split_of
from wordsight.data.manifest import Sample

_FILES = ("traindata.mat", "testdata.mat")


def read(source: Source) -> Iterator[Entry]:
    """Crops with their text and the small lexicon."""
    return source.each(_files(source), lambda name: _crops(source, name))


def matches(source: Source) -> bool:
    """Whether a file has the set's name."""
    return bool(_files(source))


def _files(source: Source) -> tuple[str, ...]:
    return tuple(name for name in source.named(".mat") if PurePosixPath(name).name in _FILES)


def _crops(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    variable = PurePosixPath(name).stem
    words = require(read_matlab(path, (variable,)), variable, path)
    with at(path):
        if not isinstance(words, tuple) or not all(isinstance(word, dict) for word in words):
            raise ValueError(f"{variable!r} holds no structures")
    for index, word in enumerate(words):
        with at(path, f"{variable}({index + 1})"):
            picture = source.find(one_text(word["ImgName"], "ImgName"), near=name)
            said = one_text(word["GroundTruth"], "GroundTruth")
            sample = Sample(
                image=image_of(picture),
                path=source.path(picture),
                text=said,
                lexicon=_lexicon(word.get("smallLexi")),
                split=split_of(variable.removesuffix("data")),
            )
        yield Entry(sample)


def _lexicon(value: Any) -> tuple[str, ...] | None:
    """The words of a cell array of texts."""
    if not isinstance(value, tuple) or not value:
        return None
    return tuple(word for cell in value for word in ((cell,) if isinstance(cell, str) else texts(cell, "smallLexi")))
