"""From pages to a file of another form."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, TextIO, get_args

from wordsight.config import check_choice
from wordsight.errors import ConfigError, MissingExtra, NotAnImage
from wordsight.image.load import ImageSource, Limits, load_sheets, read_bytes
from wordsight.image.pdf import is_pdf
from wordsight.outputs import alto, hocr, markdown, pagexml, plain, table
from wordsight.outputs.pdf import PICTURE_DPI, PdfWriter, is_own
from wordsight.outputs.strip import strip_invisible
from wordsight.page import Page
from wordsight.textlayer import NOT_USED, OLD_OCR

Kind = Literal["text", "json", "jsonl", "csv", "tsv", "hocr", "alto", "page", "markdown", "pdf"]
SUFFIXES: dict[str, Kind] = {
    ".txt": "text",
    ".json": "json",
    ".jsonl": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".hocr": "hocr",
    ".html": "hocr",
    ".alto": "alto",
    ".alto.xml": "alto",
    ".page": "page",
    ".page.xml": "page",
    ".md": "markdown",
    ".pdf": "pdf",
}
"""What a file's name says about its form."""


def kind_of(path: Path) -> Kind:
    """The form that a file's name asks for.

    Raises:
        ConfigError: It asks for none that is known.
    """
    name = path.name.lower()
    for suffix, kind in sorted(SUFFIXES.items(), key=lambda item: -len(item[0])):
        if name.endswith(suffix):
            return kind
    raise ConfigError(f"{path.name} does not say which form is wanted; add --to, one of: {', '.join(get_args(Kind))}")


def write_text(pages: Iterable[Page], kind: Kind, out: TextIO, title: str) -> None:
    """Write pages in any form but PDF, one after the other.

    Args:
        pages: The pages.
        kind: The form. Of ``page`` (PAGE XML) a file has only one page.
        out: A text file in UTF-8.
        title: Name of the document, for forms that have one.

    Raises:
        ConfigError: No such form, or PAGE XML of more pages than one.
    """
    check_choice("form", kind, [one for one in get_args(Kind) if one != "pdf"])
    writers: dict[str, Callable[[], Iterator[str]]] = {
        "hocr": lambda: hocr.hocr(pages, title),
        "alto": lambda: alto.alto(pages, title),
        "page": lambda: _single(pages),
        "tsv": lambda: table.tsv(pages),
        "markdown": lambda: markdown.markdown(pages),
    }
    if kind in writers:
        out.writelines(writers[kind]())
    else:
        plain.write(pages, kind, out)  # type: ignore[arg-type]


def write_pdf(
    pages: Iterable[Page], source: ImageSource, path: Path, limits: Limits, title: str = "", dpi: float = PICTURE_DPI
) -> None:
    """Write a searchable PDF.

    Pages of a PDF stay as they are, words that were read are laid over them, and the text that the PDF gives itself is
    left in place. Invisible text of an earlier OCR is taken away where it was not used. Pages whose visible text is
    broken become pictures, because it cannot be taken away without taking what is seen. Pictures become pages as large
    as ``dpi`` makes them, without loss, and such a file is written by the rules of PDF/A-2b.

    Args:
        pages: The pages that were read, of one file.
        source: That file, which is opened again.
        path: Where to write.
        limits: As the pages were loaded with.
        title: Of the document.
        dpi: Resolution that pictures are taken to have.

    Raises:
        MissingExtra: The packages of the extra ``pdf`` are not installed.
        ImageError: The file cannot be opened again.
    """
    writer = PdfWriter(title)
    with ExitStack() as stack:
        original = _open_original(source, limits, stack)
        for page in pages:
            broken = any(note.startswith(NOT_USED) and note != OLD_OCR for note in page.notes)
            if original is None or broken:
                writer.add(page, next(load_sheets(source, limits, str(page.page + 1))).picture, dpi)
                continue
            if OLD_OCR in page.notes:
                strip_invisible(original, page.page)
            writer.add_original(page, original, [word for word in page.words if not is_own(word)])
        writer.save(path, archive=original is None)


def _open_original(source: ImageSource, limits: Limits, stack: ExitStack) -> Any:
    """The file as pikepdf opens it; None where it is no PDF."""
    if not isinstance(source, str | os.PathLike | bytes):
        return None
    data = read_bytes(source, limits)
    if not is_pdf(data):
        return None
    try:
        import pikepdf
    except ImportError as error:
        raise MissingExtra("pikepdf", "pdf") from error
    try:
        return stack.enter_context(pikepdf.open(BytesIO(data)))
    except pikepdf.PdfError as error:
        raise NotAnImage(f"the PDF cannot be written again ({error}); save it again with a PDF program") from error


def _single(pages: Iterable[Page]) -> Iterator[str]:
    for number, page in enumerate(pages):
        if number:
            raise ConfigError("a PAGE XML file holds one page; choose one with --pages, or take ALTO or hOCR")
        yield from pagexml.pagexml(page)
