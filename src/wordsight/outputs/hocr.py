"""Pages as hOCR 1.2 (http://kba.github.io/hocr-spec/1.2/): XHTML in which every element says where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version

from wordsight.layout.paragraphs import height
from wordsight.outputs import blocks
from wordsight.page import Page
from wordsight.types import Line, Word

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="und" lang="und">
 <head>
  <title>{title}</title>
  <meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
  <meta name="ocr-system" content="wordsight {version}"/>
  <meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_par ocr_line ocrx_word"/>
 </head>
 <body>
"""
TAIL = " </body>\n</html>\n"


def hocr(pages: Iterable[Page], title: str = "") -> Iterator[str]:
    """The parts of a hOCR file, one for each page and its ends.

    Words have their box (``bbox``), their quad (``poly``) and their confidence in percent (``x_wconf``).

    Args:
        pages: The pages.
        title: Of the document.
    """
    yield HEAD.format(title=blocks.text(title), version=version("wordsight"))
    for number, page in enumerate(pages, 1):
        yield "".join(_page(page, number))
    yield TAIL


def _page(page: Page, number: int) -> Iterator[str]:
    resolution = f"; scan_res {page.dpi:.0f} {page.dpi:.0f}" if page.dpi else ""
    name = page.image.replace("\\", "\\\\").replace('"', '\\"')
    about = f'image "{name}"; bbox 0 0 {page.width} {page.height}; ppageno {page.page}{resolution}'
    yield f'  <div class="ocr_page" id="page_{number}" title={blocks.attribute(about)}>\n'
    for block, lines in enumerate(blocks.paragraphs(page), 1):
        outline = _bbox(page, blocks.around([page.lines[i].quad for i in lines]))
        yield f'   <div class="ocr_carea" id="block_{number}_{block}" title="{outline}">\n'
        yield f'    <p class="ocr_par" id="par_{number}_{block}" title="{outline}">\n'
        for index in lines:
            yield from _line(page, page.lines[index], f"{number}_{index + 1}")
        yield "    </p>\n   </div>\n"
    yield "  </div>\n"


def _line(page: Page, line: Line, name: str) -> Iterator[str]:
    angle = -line.quad.angle % 360
    turned = f"; textangle {angle:.2f}" if 0.005 < angle < 359.995 else ""
    about = f"{_bbox(page, line.quad.bounds)}; x_size {height(line.quad):.1f}{turned}"
    yield f'     <span class="ocr_line" id="line_{name}" title="{about}">'
    words = [_word(page, page.words[i], f"{name}_{at}") for at, i in enumerate(line.words, 1)]
    yield " ".join(words) + "</span>\n"


def _word(page: Page, word: Word, name: str) -> str:
    poly = " ".join(f"{x} {y}" for x, y in blocks.corners(page, word.quad))
    about = f"{_bbox(page, word.quad.bounds)}; x_wconf {100 * word.confidence:.0f}; poly {poly}"
    return f'<span class="ocrx_word" id="word_{name}" title="{about}">{blocks.text(word.text)}</span>'


def _bbox(page: Page, bounds: tuple[float, float, float, float]) -> str:
    return "bbox {} {} {} {}".format(*blocks.box(page, bounds))
