"""MSRA-TD500: lines of text at any angle, a ``.gt`` file for each picture.

Layout: http://www.iapr-tc11.org/mediawiki/index.php/MSRA_Text_Detection_500_Database_(MSRA-TD500): a line of text each
row: index, difficult (0 or 1), x and y of the top left corner, width, height, angle in radians, clockwise as seen,
around the box's centre. There are no texts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import PurePosixPath

from wordsight.data.collect import Entry
from wordsight.data.importers.places import numbers, rectangle
from wordsight.data.importers.source import Source, at, image_of, read_lines, split_of
from wordsight.data.manifest import Sample, TrueWord


def read(source: Source) -> Iterator[Entry]:
    """Photos with quads of lines; difficult ones count neither way."""
    return source.each(source.named(".gt"), lambda name: _picture(source, name))


def matches(source: Source) -> bool:
    """Whether there are ``.gt`` files."""
    return bool(source.named(".gt"))


def _picture(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    stem = PurePosixPath(name).stem
    with at(path):
        picture = source.of_stem(stem, near=name) or str(PurePosixPath(name).with_suffix(".JPG"))
    words = []
    for line_number, line in read_lines(path):
        with at(path, line_number):
            values = numbers(line.split())
            if len(values) != 7:
                raise ValueError(f"a line has 7 numbers, not {len(values)}")
            _, difficult, x, y, width, height, angle = values
            quad = rectangle(x, y, width, height, math.degrees(angle), centre=True)
            words.append(TrueWord(quad=quad, ignore=bool(difficult)))
    sample = Sample(
        image=image_of(picture),
        path=source.path(picture),
        words=tuple(words),
        level="line",
        split=split_of(str(PurePosixPath(name).parent)),
    )
    yield Entry(sample)
