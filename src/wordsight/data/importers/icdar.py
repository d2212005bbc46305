"""ICDAR's robust reading competitions: a text file for each picture, or one list of word crops.

* 2015, incidental scene text: ``gt_img_1.txt`` with ``x1,y1,x2,y2,x3,y3,x4,y4,text``, clockwise from the text's own top
  left; ``###`` marks words that nobody could read. UTF-8 with a byte order mark.
  Layout: https://rrc.cvc.uab.es/?ch=4&com=tasks
* 2013, focused scene text: ``gt_img_1.txt`` (test) with ``left, top, right, bottom, "text"``, or ``gt_100.txt``
  (training) with blanks instead of commas. Layout: https://rrc.cvc.uab.es/?ch=2&com=tasks
* word crops of both: ``gt.txt`` with ``word_1.png, "text"``; a quote or a backslash in the text has a backslash before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from wordsight.data.collect import Entry
from wordsight.data.importers.places import box, numbers
from wordsight.data.importers.source import Source, at, image_of, read_lines, split_of
from wordsight.data.manifest import Sample, TrueWord
from wordsight.errors import ManifestError

UNREAD = "###"
_BOX = re.compile(r'^\s*(\S+?)[,\s]\s*(\S+?)[,\s]\s*(\S+?)[,\s]\s*(\S+?)[,\s]\s*"(.*)"\s*$')
_CROP = re.compile(r"^\s*([^,]+?\.\w{3,4}),\s*(.*?)\s*$")

Parse = Callable[[str], TrueWord]


def read_2015(source: Source) -> Iterator[Entry]:
    """Pictures with quads of words."""
    return _read(source, word_of_quad)


def read_2013(source: Source) -> Iterator[Entry]:
    """Pictures with boxes of words."""
    return _read(source, word_of_box)


def read_words(source: Source) -> Iterator[Entry]:
    """Word crops from a list."""
    return source.each(_lists(source), lambda name: _crops(source, name))


def is_2015(source: Source) -> bool:
    """Whether there is a file of quads beside pictures."""
    return _first_word(source, word_of_quad)


def is_2013(source: Source) -> bool:
    """Whether there is a file of boxes beside pictures."""
    return _first_word(source, word_of_box)


def is_words(source: Source) -> bool:
    """Whether there is a list of crops."""
    return any(_fits(source, name, lambda line: bool(_CROP.match(line))) for name in _lists(source)[:4])


def word_of_quad(line: str) -> TrueWord:
    """A line of 2015; a ValueError tells what is wrong with it."""
    parts = line.split(",", 8)
    if len(parts) != 9:
        raise ValueError(f"a line has 8 positions and a text between commas, not {line[:60]!r}")
    xy = numbers(parts[:8])
    return _word(tuple(zip(xy[::2], xy[1::2], strict=True)), parts[8].strip())


def word_of_box(line: str) -> TrueWord:
    """A line of 2013; a ValueError tells what is wrong with it."""
    found = _BOX.match(line)
    if not found:
        raise ValueError(f'a line has 4 positions and a "text" in quotes, not {line[:60]!r}')
    left, top, right, bottom = numbers(found.groups()[:4])
    return _word(box(left, top, right, bottom), found[5].replace('\\"', '"').replace("\\\\", "\\"))


def words_of(source: Source, name: str, parse: Parse, fallback: str | None = None) -> tuple[TrueWord, ...]:
    """The words of one text file."""
    words = []
    for number, line in read_lines(source.path(name), fallback=fallback):
        with at(source.path(name), number):
            words.append(parse(line))
    return tuple(words)


def _word(quad: tuple[tuple[float, float], ...], said: str) -> TrueWord:
    unread = said in (UNREAD, "")
    return TrueWord(quad=quad, text=said or None, ignore=unread)


def _read(source: Source, parse: Parse) -> Iterator[Entry]:
    return source.each(_files(source), lambda name: _picture(source, name, parse))


def _picture(source: Source, name: str, parse: Parse) -> Iterator[Entry]:
    stem = PurePosixPath(name).stem.removeprefix("gt_")
    with at(source.path(name)):
        picture = source.of_stem(stem, near=name) or f"{PurePosixPath(name).parent / stem}.jpg"
    words = words_of(source, name, parse)
    sample = Sample(image=image_of(picture), path=source.path(picture), words=words, split=split_of(name))
    yield Entry(sample)


def _crops(source: Source, name: str) -> Iterator[Entry]:
    for number, line in read_lines(source.path(name)):
        with at(source.path(name), number):
            found = _CROP.match(line)
            if not found:
                raise ValueError(f'a line has a picture and its "text", not {line[:60]!r}')
            picture = source.find(found[1], near=name)
            said = found[2]
            if len(said) >= 2 and said[0] == said[-1] == '"':
                said = said[1:-1].replace('\\"', '"').replace("\\\\", "\\")
            split = split_of(picture) or split_of(name)
            yield Entry(Sample(image=image_of(picture), path=source.path(picture), text=said, split=split))


def _files(source: Source) -> tuple[str, ...]:
    return tuple(name for name in source.named(".txt") if PurePosixPath(name).stem.lower() != "readme")


def _lists(source: Source) -> tuple[str, ...]:
    if source.file is not None:
        return source.named(".txt")
    return tuple(n for n in source.named(".txt") if re.fullmatch(r"(.*[_-])?gt", PurePosixPath(n).stem.lower()))


def _first_word(source: Source, parse: Parse) -> bool:
    for name in _files(source)[:4]:
        if source.of_stem(PurePosixPath(name).stem.removeprefix("gt_"), near=name) is None:
            continue
        if _fits(source, name, lambda line: parse(line) is not None):
            return True
    return False


def _fits(source: Source, name: str, test: Callable[[str], bool]) -> bool:
    """Whether the first line of a file has this form."""
    try:
        _, line = next(read_lines(source.path(name)))
        return test(line)
    except (StopIteration, ValueError, ManifestError):
        return False
