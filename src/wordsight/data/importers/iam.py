"""IAM handwriting: whole forms with words by XML, or crops of lines or words by a list.

Layout: https://fki.tic.heia-fr.ch/databases/iam-handwriting-database: ``xml/a01-000u.xml`` for ``forms/a01-000u.png``:
``form`` (writer-id) / handwritten-part / ``line`` (segmentation, text) / ``word`` (text) / ``cmp`` (x, y, width and
height of the ink's connected parts). Lists ``ascii/lines.txt`` and ``ascii/words.txt``: id, ok or err, grey level,
numbers, and the text last (words between ``|`` in lines), for ``lines/a01/a01-000u/a01-000u-00.png``. Texts in XML are
escaped twice.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import PurePosixPath

from wordsight.data.collect import Entry
from wordsight.data.importers.markup import Node, read_xml
from wordsight.data.importers.places import box
from wordsight.data.importers.source import Source, at, image_of, inner, read_lines
from wordsight.data.manifest import Sample, TrueWord
from wordsight.errors import ManifestError

_LISTS = ("lines.txt", "words.txt")
_BEFORE = 8  # fields before the text, in both


def read(source: Source) -> Iterator[Entry]:
    """Forms with boxes of words where there is XML, else crops of lines, else of words."""
    forms = source.named(".xml")
    if forms:
        return source.each(forms, lambda name: _form(source, name))
    lists = [name for name in _LISTS for name in source.named(".txt") if PurePosixPath(name).name in _LISTS]
    return source.each(lists[:1], lambda name: _crops(source, name))


def matches(source: Source) -> bool:
    """Whether an XML file is a form, or a list has the header of the set."""
    try:
        if any(read_xml(source.path(name)).tag == "form" for name in source.named(".xml")[:1]):
            return True
        lists = [name for name in source.named(".txt") if PurePosixPath(name).name in _LISTS]
        return any(line.startswith("#---") for name in lists for _, line in list(read_lines(source.path(name)))[:1])
    except ManifestError:
        return False


def _form(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    root = read_xml(path)
    with at(path, root.line):
        if root.tag != "form":
            raise ValueError(f"the file begins with <{root.tag}>, not with <form>")
        stem = PurePosixPath(name).stem
        picture = source.of_stem(stem) or f"forms/{stem}.png"
        writer = root.attributes.get("writer-id")
    words = []
    for index, line in enumerate(root.each("line")):
        damaged = line.attributes.get("segmentation") == "err"
        for node in line.all("word"):
            with at(path, node.line):
                words += _word(node, index, damaged)
    sample = Sample(image=image_of(picture), path=source.path(picture), words=tuple(words), group=writer)
    yield Entry(sample)


def _word(node: Node, line: int, damaged: bool) -> list[TrueWord]:
    """The word, unless it has no ink of its own; words of badly segmented lines count neither way."""
    parts = [part.numbers("x", "y", "width", "height") for part in node.all("cmp")]
    if not parts:
        return []
    left, top = min(x for x, _, _, _ in parts), min(y for _, y, _, _ in parts)
    right, bottom = max(x + w for x, _, w, _ in parts), max(y + h for _, y, _, h in parts)
    said = html.unescape(node.attribute("text"))
    return [TrueWord(quad=box(left, top, right, bottom), text=said, ignore=damaged, extra={"line": line})]


def _crops(source: Source, name: str) -> Iterator[Entry]:
    path = source.path(name)
    kind = PurePosixPath(name).stem
    for number, line in read_lines(path):
        if line.startswith("#"):
            continue
        with at(path, number):
            parts = line.split(" ", _BEFORE)
            if len(parts) <= _BEFORE or parts[1] not in ("ok", "err"):
                raise ValueError(f"a line has an id, ok or err, numbers and a text, not {line[:60]!r}")
            key = parts[0].split("-")
            file = inner(f"{kind}/{key[0]}/{'-'.join(key[:2])}/{parts[0]}.png")
            found = file if source.path(file).is_file() else source.of_stem(parts[0]) or file
            said = parts[-1].replace("|", " ") if kind == "lines" else parts[-1]
            sample = Sample(
                image=image_of(found), path=source.path(found), text=said, level=kind[:-1],
                group="-".join(key[:2]), extra={"segmentation": parts[1]},
            )  # fmt: skip
        yield Entry(sample)
