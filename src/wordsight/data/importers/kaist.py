"""KAIST scene text: Korean and English words with their characters, an XML file for each picture.

Layout: http://www.iapr-tc11.org/mediawiki/index.php/KAIST_Scene_Text_Database: ``images`` of ``image`` with imageName,
resolution (x, y) and words of ``word`` (x, y, width, height) with ``character`` (x, y, width, height, char) in reading
order. Beside the picture and the XML lies a ``.bmp`` that masks the text: it is no picture of the set.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from wordsight.data.collect import Entry
from wordsight.data.importers.markup import Node, read_xml
from wordsight.data.importers.places import rectangle
from wordsight.data.importers.source import Source, at, image_of
from wordsight.data.manifest import Points, Sample, TrueWord
from wordsight.errors import ManifestError


def read(source: Source) -> Iterator[Entry]:
    """Photos with boxes of words; the text is that of the characters, whose boxes are kept as ``characters``."""
    return source.each(source.named(".xml"), lambda name: _pictures(source, name))


def matches(source: Source) -> bool:
    """Whether an XML file has words with characters."""
    try:
        return any(_is_kaist(read_xml(source.path(name))) for name in source.named(".xml")[:2])
    except ManifestError:
        return False


def _is_kaist(root: Node) -> bool:
    return root.tag == "images" and next(root.each("words"), None) is not None


def _pictures(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    root = read_xml(path)
    images = [root] if root.tag == "image" else root.all("image")
    with at(path, root.line):
        if not images:
            raise ValueError("there is no <image> in it")
    for node in images:
        with at(path, node.line):
            picture = _file(source, node, name)
            words = []
            for word in node.each("word"):
                with at(path, word.line):
                    words.append(_word(word))
            yield Entry(Sample(image=image_of(picture), path=source.path(picture), words=tuple(words)))


def _file(source: Source, node: Node, name: str) -> str:
    """The picture: the named one, else the one beside the XML with its stem that is not the mask."""
    said = node.said("imageName")
    found = source.find(said, near=name)
    if source.path(found).is_file():
        return found
    stem = str(PurePosixPath(name).with_suffix(""))
    beside = [p for p in source.pictures if str(PurePosixPath(p).with_suffix("")) == stem and not p.endswith(".bmp")]
    return beside[0] if beside else found


def _word(node: Node) -> TrueWord:
    characters = [
        {"text": part.attribute("char"), "quad": [list(corner) for corner in _quad(part)]}
        for part in node.each("character")
    ]
    said = "".join(str(character["text"]) for character in characters)
    return TrueWord(quad=_quad(node), text=said or None, extra={"characters": characters} if characters else {})


def _quad(node: Node) -> Points:
    x, y, width, height = node.numbers("x", "y", "width", "height")
    return rectangle(x, y, width, height)
