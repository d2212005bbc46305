"""Pascal VOC: ``Annotations/NAME.xml``, ``JPEGImages/``, and ``ImageSets/Main/PART.txt``.

Layout: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf, section 4, and labelImg, which counts pixels from
0. Boxes are whole pixels around the word. Beside VOC's own elements an object has ``ocr_text``, and ``quad`` where the
word is no such box; other programs pass over them.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from wordsight.data.exporters.items import Item, bounds, is_upright, label_of
from wordsight.data.manifest import Points, TrueWord

PICTURES = "JPEGImages/{name}"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(folder: Path, items: Sequence[Item]) -> None:
    """Write an XML file for each picture, and the names of each part."""
    (folder / "Annotations").mkdir()
    sets = folder / "ImageSets" / "Main"
    sets.mkdir(parents=True)
    parts: defaultdict[str, list[str]] = defaultdict(list)
    for item in items:
        text = "\n".join(["<annotation>", *_lines(item), "</annotation>", ""])
        (folder / "Annotations" / f"{item.stem}.xml").write_text(text, encoding="utf-8")
        if item.sample.split in ("train", "val", "test"):
            parts[item.sample.split].append(item.stem)
    for part, stems in parts.items():
        (sets / f"{part}.txt").write_text("\n".join([*stems, ""]), encoding="utf-8")


def _lines(item: Item) -> Iterator[str]:
    yield "  <folder>JPEGImages</folder>"
    yield f"  <filename>{_xml(item.name)}</filename>"
    yield f"  <size><width>{item.size[0]}</width><height>{item.size[1]}</height><depth>3</depth></size>"
    yield "  <segmented>0</segmented>"
    for word, quad in item.words:
        yield "  <object>"
        yield from _object(word, quad)
        yield "  </object>"


def _object(word: TrueWord, quad: Points) -> Iterator[str]:
    left, top, right, bottom = bounds(quad)
    sides = {"xmin": math.floor(left), "ymin": math.floor(top), "xmax": math.ceil(right), "ymax": math.ceil(bottom)}
    yield f"    <name>{_xml(label_of(word))}</name>"
    yield "    <pose>Unspecified</pose>"
    yield "    <truncated>0</truncated>"
    yield f"    <difficult>{int(word.ignore)}</difficult>"
    yield "    <bndbox>" + "".join(f"<{side}>{value}</{side}>" for side, value in sides.items()) + "</bndbox>"
    if word.text is not None:
        yield f"    <ocr_text>{_xml(word.text)}</ocr_text>"
    if not is_upright(quad) or list(sides.values()) != [left, top, right, bottom]:
        yield f"    <quad>{' '.join(repr(value) for corner in quad for value in corner)}</quad>"


def _xml(text: str) -> str:
    """The text for XML; characters that XML cannot hold become spaces."""
    return escape(_NO_XML.sub(" ", text), {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})
