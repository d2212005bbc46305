"""What was read in a file, as a document: hOCR, ALTO, Markdown, a searchable PDF."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from wordsight.image.load import Limits
from wordsight.layout.lines import outline
from wordsight.outputs.convert import write_pdf, write_text
from wordsight.page import Page
from wordsight.server import tables
from wordsight.server.errors import BadRequest
from wordsight.server.services.reads import Read
from wordsight.types import Line, Quad, Word, join_words, mean_confidence

Kind = Literal["hocr", "alto", "markdown", "pdf"]
SUFFIXES: dict[Kind, tuple[str, str]] = {
    "hocr": (".hocr", "text/html; charset=utf-8"),
    "alto": (".alto.xml", "application/xml"),
    "markdown": (".md", "text/markdown; charset=utf-8"),
    "pdf": (".pdf", "application/pdf"),
}
"""The end of a file's name, and its media type, by the form of the document."""


def document(read: Read, kind: Kind, data: bytes, limits: Limits) -> tuple[str, bytes]:
    """A file that was read, as a document.

    Args:
        read: The file and its pages.
        kind: The form that is wanted.
        data: The file itself; only a PDF needs it.
        limits: With which it is opened again.

    Returns:
        A name for the document, and its bytes.

    Raises:
        BadRequest: Nothing was read in the file.
        MissingExtra: The packages of the extra ``pdf`` are not installed.
        ImageError: The file cannot be opened again.
    """
    if not read.pages:
        raise BadRequest("nothing was read in this file, so there is no document of it")
    name = read.file.name
    pages = [page_of(row, name) for row in read.pages]
    made = f"{PurePosixPath(name).stem or 'text'}{SUFFIXES[kind][0]}"
    if kind == "pdf":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "out.pdf"
            write_pdf(pages, data, path, limits, name)
            return made, path.read_bytes()
    out = StringIO()
    write_text(pages, kind, out, name)
    return made, out.getvalue().encode("utf-8", "replace")


def page_of(row: tables.Page, name: str) -> Page:
    """A kept page as the reader gave it; the fields are its words where it was read with a model."""
    found = row.words or (row.boxes if row.corrected is None else row.corrected)
    kept = [item for item in found if item.get("text")]
    numbers = lines_of([str(item["text"]) for item in kept], row.text)
    words = tuple(_word(item, number) for item, number in zip(kept, numbers, strict=True))
    return Page(name, row.number, row.width, row.height, 1.0, words, tuple(_lines(words)), {})


def lines_of(words: Sequence[str], text: str) -> list[int]:
    """The number of each word's line, by the line breaks of a text that has the words in their order."""
    numbers, place, line = [], 0, 0
    for word in words:
        found = text.find(word, place)
        if found >= 0:
            line += text.count("\n", place, found)
            place = found + len(word)
        else:
            line += 1  # a corrected text: it stands alone
        numbers.append(line)
    dense = {number: index for index, number in enumerate(sorted(set(numbers)))}
    return [dense[number] for number in numbers]


def _word(item: Mapping[str, Any], line: int) -> Word:
    confidence = float(item.get("confidence", item.get("score", 1.0)))
    return Word(Quad(np.array(item["quad"], np.float32)), str(item["text"]), confidence, confidence, line)


def _lines(words: Sequence[Word]) -> Iterator[Line]:
    for _, group in groupby(range(len(words)), key=lambda index: words[index].line):
        indices = tuple(group)
        own = [words[index] for index in indices]
        quad = outline(np.stack([word.quad.points for word in own]))
        yield Line(Quad(quad), join_words(own), mean_confidence(own), indices)
