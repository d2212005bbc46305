"""SynthText: words set into photographs, all truth in one ``gt.mat``.

Layout: https://www.robots.ox.ac.uk/~vgg/data/scenetext/: ``imnames`` (cells of texts, such as
``8/ballet_106_0.jpg``), ``wordBB`` (cells of (2, 4, words) numbers, (2, 4) where there is one word: x and y, then four
corners clockwise from the top left), ``txt`` (cells of character arrays; a row may hold several words and lines between
white space), ``charBB``, which is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from wordsight.data.collect import Entry
from wordsight.data.importers.matlab import array, one_text, read_matlab, require
from wordsight.data.importers.source import Source, at, image_of
from wordsight.data.manifest import Sample, TrueWord

_VARIABLES = ("imnames", "wordBB", "txt")


def read(source: Source) -> Iterator[Entry]:
    """Pictures with quads of words."""
    return (entry for name in _files(source) for entry in _pictures(source, name))


def matches(source: Source) -> bool:
    """Whether there is a file ``gt.mat``."""
    return bool(_files(source))


def _files(source: Source) -> tuple[str, ...]:
    if source.file is not None:
        return source.named(".mat")
    # Looked for at its place: the folder holds 858,750 pictures.
    return ("gt.mat",) if source.path("gt.mat").is_file() else ()


def _pictures(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    found = read_matlab(path, _VARIABLES)
    names, places, said = (require(found, variable, path) for variable in _VARIABLES)
    with at(path):
        if not all(isinstance(column, tuple) for column in (names, places, said)):
            raise ValueError(f"{', '.join(_VARIABLES)} are cells")
        if not len(names) == len(places) == len(said):
            raise ValueError(f"{len(names)} names, {len(places)} wordBB, {len(said)} txt; one is missing")
    for index in range(len(names)):
        with at(path, f"({index + 1})"):
            picture = str(PurePosixPath(one_text(names[index], "a name")))
            words = _words(places[index], said[index])
            yield Entry(Sample(image=image_of(picture), path=source.path(picture), words=words))


def _words(places: Any, said: Any) -> tuple[TrueWord, ...]:
    corners = array(places, "wordBB")
    if corners.ndim == 2:
        corners = corners[:, :, None]
    if corners.shape[:2] != (2, 4):
        raise ValueError(f"wordBB has the shape {corners.shape}, not (2, 4, words)")
    rows = said if isinstance(said, tuple) else ()
    texts = [word for row in rows for word in (row if isinstance(row, str) else one_text(row, "txt")).split()]
    if len(texts) != corners.shape[2]:
        raise ValueError(f"{len(texts)} words in txt, {corners.shape[2]} in wordBB")
    return tuple(
        TrueWord(quad=tuple((float(x), float(y)) for x, y in corners[:, :, i].T), text=word)
        for i, word in enumerate(texts)
    )
