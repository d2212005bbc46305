"""Pascal VOC: an XML file for each picture, as labelImg and CVAT write it.

Layout: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf, section 4: ``annotation`` with ``filename``,
``size`` (width, height) and ``object`` (name, difficult, bndbox: xmin, ymin, xmax, ymax). VOC counts pixels from 1;
labelImg and most tools since count from 0, so positions are taken as they stand: half a pixel is less than any label's
care. A text is looked for in ``ocr_text``, ``text`` or ``transcription`` of an object, or in an ``attribute`` of such a
name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from wordsight.data.collect import Entry
from wordsight.data.importers.coco import size_of
from wordsight.data.importers.markup import Node, read_xml
from wordsight.data.importers.places import box, number, rectangle
from wordsight.data.importers.source import Source, at, image_of, read_lines, split_of
from wordsight.data.manifest import Points, Sample, TrueWord
from wordsight.errors import ManifestError

_TEXTS = ("ocr_text", "text", "transcription")
_YES = ("1", "true", "True", "yes")


def read(source: Source) -> Iterator[Entry]:
    """Pictures with the boxes of their objects."""
    parts = _parts(source)
    return source.each(source.named(".xml"), lambda name: _picture(source, name, parts))


def matches(source: Source) -> bool:
    """Whether the first XML files are annotations of this form."""
    try:
        return any(read_xml(source.path(name)).tag == "annotation" for name in source.named(".xml")[:2])
    except ManifestError:
        return False


def _parts(source: Source) -> dict[str, str]:
    """The part of each picture by its stem, from ``ImageSets/Main/train.txt`` and its like."""
    parts: dict[str, str] = {}
    for part in ("train", "val", "test"):
        path = source.path(f"ImageSets/Main/{part}.txt")
        if path.is_file():
            parts |= {line.strip(): part for _, line in read_lines(path)}
    return parts


def _picture(source: Source, name: str, parts: dict[str, str]) -> Iterator[Entry]:
    path = source.path(name)
    root = read_xml(path)
    with at(path, root.line):
        if root.tag != "annotation":
            raise ValueError(f"the file begins with <{root.tag}>, not with <annotation>")
        picture = _file(source, root, name)
    words = []
    for node in root.all("object"):
        with at(path, node.line):
            words.append(_word(node))
    sample = Sample(
        image=image_of(picture),
        path=source.path(picture),
        words=tuple(words),
        size=_size(root),
        split=parts.get(PurePosixPath(name).stem) or split_of(name),
    )
    yield Entry(sample)


def _file(source: Source, root: Node, name: str) -> str:
    """The picture: the named one, or, where tools have written another machine's name, the one with this stem."""
    said = root.find("filename")
    stem = PurePosixPath(name).stem
    if said is not None and said.text.strip():
        named = source.find(PurePosixPath(said.text.strip().replace("\\", "/")).name, near=name)
        if source.path(named).is_file():
            return named
        return source.of_stem(stem, near=name) or named
    found = source.of_stem(stem, near=name)
    if found is None:
        raise ValueError(f"there is no <filename>, and no picture {stem!r}")
    return found


def _size(root: Node) -> tuple[int, int] | None:
    node = root.find("size")
    if node is None:
        return None
    return size_of(number(node.said("width")), number(node.said("height")))


def _word(node: Node) -> TrueWord:
    label = node.said("name")
    difficult = node.find("difficult")
    said = _said(node)
    ignore = difficult is not None and difficult.text.strip() in _YES
    return TrueWord(quad=_quad(node), text=said, ignore=ignore, label=None if label in ("", "text") else label)


def _quad(node: Node) -> Points:
    robust = node.find("robndbox")  # labelImg2 and its kin: a box turned around its centre, radians
    if robust is not None:
        cx, cy, width, height, angle = (number(robust.said(key)) for key in ("cx", "cy", "w", "h", "angle"))
        return rectangle(cx - width / 2, cy - height / 2, width, height, angle * 180 / 3.141592653589793, centre=True)
    quad = node.find("quad")  # written by wordsight's own export, so that turned text survives
    if quad is not None:
        xy = [number(value) for value in quad.text.split()]
        if len(xy) != 8:
            raise ValueError(f"<quad> holds 8 numbers, not {len(xy)}")
        return tuple(zip(xy[::2], xy[1::2], strict=True))
    place = node.find("bndbox")
    if place is None:
        raise ValueError("<object> has no <bndbox>")
    left, top, right, bottom = (number(place.said(key)) for key in ("xmin", "ymin", "xmax", "ymax"))
    return box(left, top, right, bottom)


def _said(node: Node) -> str | None:
    for key in _TEXTS:
        child = node.find(key)
        if child is not None:
            return child.text.strip("\r\n")
    attributes = node.find("attributes")
    for attribute in attributes.all("attribute") if attributes is not None else []:
        if attribute.said("name") in _TEXTS:
            return attribute.said("value")
    return None
