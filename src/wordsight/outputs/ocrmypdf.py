"""wordsight as the OCR engine of OCRmyPDF: ``ocrmypdf --plugin wordsight.outputs.ocrmypdf in.pdf out.pdf``.

OCRmyPDF takes care of the file, wordsight reads its pages. The program Tesseract need not be installed.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ocrmypdf import hookimpl
from ocrmypdf.builtin_plugins.tesseract_ocr import TesseractOptions
from ocrmypdf.pluginspec import OcrEngine, OrientationConfidence
from PIL import Image

from wordsight.languages import LANGUAGES, find
from wordsight.outputs.hocr import hocr
from wordsight.outputs.pdf import PdfWriter
from wordsight.page import Page
from wordsight.reader import Reader

TESSERACT = "ocrmypdf.builtin_plugins.tesseract_ocr"
FONT = "f-0-0"
"""OCRmyPDF takes over a font of this name."""
USUAL_DPI = 72.0
"""What OCRmyPDF takes for the resolution of a picture that does not say."""


class WordsightEngine(OcrEngine):  # type: ignore[misc]
    """The engine; OCRmyPDF calls it from several threads or processes, one page at a time."""

    @staticmethod
    def version() -> str:
        """Version of wordsight."""
        return version("wordsight")

    @staticmethod
    def creator_tag(options: Any) -> str:
        """What stands in the PDF's metadata beside OCRmyPDF."""
        return f"wordsight {version('wordsight')}"

    def __str__(self) -> str:
        return f"wordsight {version('wordsight')}"

    @staticmethod
    def languages(options: Any) -> set[str]:
        """All codes that the stock recognizer takes, short and long."""
        from wordsight.charset import LANGUAGES as READABLE

        return {code for name in READABLE for code in (name, LANGUAGES[name].long, LANGUAGES[name].tesseract)}

    @staticmethod
    def get_orientation(input_file: Path, options: Any) -> Any:
        """None: text is read at any angle, so no page has to be turned first."""
        return OrientationConfidence(angle=0, confidence=0.0)

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: Any) -> None:
        """Write a page's hOCR and text."""
        page = _read(input_file, options)
        output_hocr.write_text("".join(hocr([page])), encoding="utf-8")
        output_text.write_text(page.text, encoding="utf-8")

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: Any) -> None:
        """Write a page of invisible text and nothing else, and its text."""
        page = _read(input_file, options)
        with Image.open(input_file) as image:
            dpi = float(image.info.get("dpi", (USUAL_DPI, USUAL_DPI))[0])
        writer = PdfWriter(font=FONT)
        writer.add(page, None, dpi)
        writer.save(output_pdf, archive=False)
        output_text.write_text(page.text, encoding="utf-8")


@hookimpl  # type: ignore[untyped-decorator]
def initialize(plugin_manager: Any) -> None:
    """Take Tesseract's place, whose plug-in would ask for the program."""
    plugin_manager.set_blocked(TESSERACT)


@hookimpl  # type: ignore[untyped-decorator]
def add_options(parser: Any) -> None:
    """Keep the options of Tesseract, which OCRmyPDF itself looks at; they mean nothing to wordsight."""
    TesseractOptions.add_arguments_to_parser(parser)


@hookimpl  # type: ignore[untyped-decorator]
def register_options() -> dict[str, Any]:
    """The same for its Python interface."""
    return {"tesseract": TesseractOptions}


@hookimpl  # type: ignore[untyped-decorator]
def check_options(options: Any) -> None:
    """Let wordsight lay out the text itself, which knows turned words; `--pdf-renderer fpdf2` is still obeyed."""
    if options.pdf_renderer == "auto":
        options.pdf_renderer = "sandwich"


@hookimpl  # type: ignore[untyped-decorator]
def get_ocr_engine(options: Any) -> WordsightEngine:
    """The engine."""
    return WordsightEngine()


def _read(path: Path, options: Any) -> Page:
    names = sorted({known.code for known in map(find, options.languages) if known})
    return _reader(names[0] if len(names) == 1 else "auto").read(path)


@cache
def _reader(language: str) -> Reader:
    """One reader a process and language."""
    return Reader(language=language)
