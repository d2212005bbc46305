"""Street View Text: ``train.xml`` and ``test.xml`` with boxes, upper-case texts and 50-word lexicons.

Layout: http://vision.ucsd.edu/~kai/svt/: ``tagset`` of ``image`` with imageName (``img/14_03.jpg``), address, lex
(words between commas), Resolution (x, y) and taggedRectangles of taggedRectangle (x, y, width, height) with tag.
"""

from __future__ import annotations

from collections.abc import Iterator

from wordsight.data.collect import Entry
from wordsight.data.importers.markup import Node, read_xml
from wordsight.data.importers.places import rectangle
from wordsight.data.importers.source import Source, at, image_of, split_of
from wordsight.data.manifest import Sample, TrueWord
from wordsight.errors import ManifestError


def read(source: Source) -> Iterator[Entry]:
    """Photos with the boxes of the words that are in the lexicon; the other words in them are not marked."""
    return source.each(_files(source), lambda name: _pictures(source, name))


def matches(source: Source) -> bool:
    """Whether an XML file holds a tag set."""
    try:
        return any(read_xml(source.path(name)).tag == "tagset" for name in _files(source)[:3])
    except ManifestError:
        return False


def _files(source: Source) -> tuple[str, ...]:
    names = source.named(".xml")
    named = tuple(name for name in names if name.rsplit("/")[-1] in ("train.xml", "test.xml"))
    return named or names


def _pictures(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    root = read_xml(path)
    with at(path, root.line):
        if root.tag != "tagset":
            raise ValueError(f"the file begins with <{root.tag}>, not with <tagset>")
    for node in root.all("image"):
        with at(path, node.line):
            picture = source.find(node.said("imageName"), near=name)
            resolution = node.find("Resolution")
            size = None
            if resolution is not None:
                width, height = resolution.numbers("x", "y")
                size = (int(width), int(height))
            lexicon = node.find("lex")
            sample = Sample(
                image=image_of(picture),
                path=source.path(picture),
                words=tuple(_word(tag) for tag in node.each("taggedRectangle")),
                size=size,
                lexicon=_split(lexicon.text) if lexicon is not None else None,
                split=split_of(name),
            )
        yield Entry(sample)


def _split(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


def _word(node: Node) -> TrueWord:
    x, y, width, height = node.numbers("x", "y", "width", "height")
    return TrueWord(quad=rectangle(x, y, width, height), text=node.said("tag"))
