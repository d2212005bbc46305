"""The other side of :mod:`wordsight.image.pdf`: a process that opens one PDF and answers questions about it.

PDFium is C++ and a PDF is a program: a hostile one may crash it, keep it busy for ever or make it ask for all memory.
In a process of its own it can do none of that to the reader. A request is a line of JSON, an answer a line of JSON that
may be followed by as many bytes as it says.
"""

from __future__ import annotations

import ctypes
import json
import math
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

import pypdfium2
from pypdfium2 import raw

MOST_CHARS = 100_000
"""Characters of a page that are looked at."""
MOST_OBJECTS = 20_000
"""Objects of a page among which pictures are looked for."""
INVISIBLE = 3
"""Text rendering mode of text that is not drawn."""
FINE = 1_000_000
"""PDFium maps points to whole device units; with so many along a page they are fine enough."""
ASCENT, DESCENT = 0.8, 0.2
"""Of a character above and below its base line, in font sizes, where its box is not upright."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Char:
    """One character: its text, box (left, top, right, bottom), base line, direction and size, in points of the page."""

    text: str
    box: tuple[float, float, float, float]
    origin: Point
    along: Point
    size: float
    hidden: bool


def main() -> None:
    """Answer until there are no more requests."""
    memory = int(sys.argv[1])
    if sys.platform != "win32" and memory:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    data = requests.read(int(requests.readline()))
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        _answer(answers, {"error": str(error), "code": error.err_code or 0})
        return
    _answer(answers, {"pages": len(document)})
    while line := requests.readline():
        request = json.loads(line)
        try:
            page = document[request["page"]]
            _answer(answers, *(_render(page, **request["render"]) if "render" in request else (_describe(page), b"")))
            page.close()
        except pypdfium2.PdfiumError as error:
            _answer(answers, {"error": str(error), "code": 0})
        except MemoryError:
            _answer(answers, {"error": "out of memory", "code": -1})


def _answer(file: BinaryIO, answer: dict[str, Any], data: bytes = b"") -> None:
    file.write(json.dumps(answer | {"bytes": len(data)}).encode() + b"\n")
    file.write(data)
    file.flush()


def _render(page: pypdfium2.PdfPage, width: int, height: int) -> tuple[dict[str, Any], bytes]:
    """The page's pixels, (height, width, 3) RGB."""
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, raw.FPDFBitmap_BGR, rev_byteorder=True)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    flags = raw.FPDF_ANNOT | raw.FPDF_REVERSE_BYTE_ORDER
    raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
    rows = memoryview(bytes(bitmap.buffer))
    pixels = b"".join(rows[y * bitmap.stride : y * bitmap.stride + 3 * width] for y in range(height))
    bitmap.close()
    return {"width": width, "height": height}, pixels


def _describe(page: pypdfium2.PdfPage) -> dict[str, Any]:
    """Size in points, the words of its text, and how much of it is covered by pictures of which resolution."""
    width, height = page.get_size()
    share, density = _pictures(page, width * height)
    words: list[dict[str, Any]] = []
    text = page.get_textpage()
    for chars in _words(_chars(page, text)):
        words.append(
            {
                "text": "".join(char.text for char in chars),
                "quad": _quad(chars),
                "hidden": any(char.hidden for char in chars),
            }
        )
    text.close()
    return {"width": width, "height": height, "words": words, "pictures": share, "density": density}


def _pictures(page: pypdfium2.PdfPage, area: float) -> tuple[float, float]:
    """Share of the page that pictures cover, and the pixels per inch of the largest."""
    covered, largest, density = 0.0, 0.0, 0.0
    for number, item in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)):
        if number > MOST_OBJECTS:
            break
        with suppress(pypdfium2.PdfiumError):
            left, bottom, right, top = item.get_bounds()
            size = abs(right - left) * abs(top - bottom)
            covered += size
            if size > largest:
                largest = size
                pixels = math.prod(item.get_px_size())
                density = 72 * math.sqrt(pixels / size) if size else 0.0
    return min(covered / area, 1.0) if area else 0.0, density


def _chars(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> Iterator[_Char | None]:
    """The characters of a page, None for the white space between words."""
    place = _Places(page)
    high = 0  # the first half of a character beyond U+FFFF, which PDFium gives in two
    for index in range(min(text.count_chars(), MOST_CHARS)):
        code = raw.FPDFText_GetUnicode(text, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if high and 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        high = 0
        letter = chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        if code in (2, 0xFFFE):  # PDFium's sign for a hyphen at the end of a line
            letter = "-"
        if letter.isspace() or raw.FPDFText_IsGenerated(text, index) == 1:
            yield None
            continue
        if raw.FPDFText_HasUnicodeMapError(text, index) == 1 or code == 0:
            letter = "\ufffd"
        yield place.char(text, index, letter)


class _Places:
    """Where the characters of one page stand, in points from its upper left corner as it is shown."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._page = page
        width, height = page.get_size()
        self._scale = FINE / max(width, height, 1)
        self._size = round(width * self._scale), round(height * self._scale)
        self._modes: dict[int, bool] = {}

    def char(self, text: pypdfium2.PdfTextPage, index: int, letter: str) -> _Char:
        """One character."""
        box, matrix = raw.FS_RECTF(), raw.FS_MATRIX()
        raw.FPDFText_GetLooseCharBox(text, index, box)
        raw.FPDFText_GetMatrix(text, index, matrix)
        x, y = ctypes.c_double(), ctypes.c_double()
        raw.FPDFText_GetCharOrigin(text, index, x, y)
        one, other = self._point(box.left, box.top), self._point(box.right, box.bottom)
        origin = self._point(x.value, y.value)
        reach = math.hypot(matrix.a, matrix.b) or 1.0
        ahead = self._point(x.value + 100 * matrix.a / reach, y.value + 100 * matrix.b / reach)
        along = (ahead[0] - origin[0]) / 100, (ahead[1] - origin[1]) / 100
        size = raw.FPDFText_GetFontSize(text, index) * (math.hypot(matrix.c, matrix.d) or 1.0)
        edges = min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1])
        return _Char(letter, edges, origin, along, size, self._is_hidden(text, index))

    def _point(self, x: float, y: float) -> Point:
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(self._page, 0, 0, *self._size, 0, x, y, across, down)
        return across.value / self._scale, down.value / self._scale

    def _is_hidden(self, text: pypdfium2.PdfTextPage, index: int) -> bool:
        item = raw.FPDFText_GetTextObject(text, index)
        if not item:
            return False
        address = ctypes.addressof(item.contents)
        if address not in self._modes:
            self._modes[address] = raw.FPDFTextObj_GetTextRenderMode(item) == INVISIBLE
        return self._modes[address]


def _words(chars: Iterator[_Char | None]) -> Iterator[list[_Char]]:
    """Characters between white space; a word ends too where the next character runs in another direction."""
    word: list[_Char] = []
    for char in chars:
        turned = bool(word) and char is not None and math.dist(char.along, word[-1].along) > 0.1
        if word and (char is None or turned):
            yield word
            word = []
        if char is not None:
            word.append(char)
    if word:
        yield word


def _quad(chars: list[_Char]) -> list[Point]:
    """Corners of a word, from the text's own top left on."""
    first = chars[0]
    quarter = round(math.degrees(math.atan2(first.along[1], first.along[0])) / 90)
    if abs(math.degrees(math.atan2(first.along[1], first.along[0])) - 90 * quarter) < 1:
        left, top = min(c.box[0] for c in chars), min(c.box[1] for c in chars)
        right, bottom = max(c.box[2] for c in chars), max(c.box[3] for c in chars)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        return corners[quarter % 4 :] + corners[: quarter % 4]
    (ux, uy), size = first.along, max(c.size for c in chars)
    reach = [(c.origin[0] - first.origin[0]) * ux + (c.origin[1] - first.origin[1]) * uy for c in chars]
    end = max(reach) + (max(reach) / (len(chars) - 1) if len(chars) > 1 else 0.5 * size)

    def point(along: float, down: float) -> Point:
        return first.origin[0] + along * ux - down * uy, first.origin[1] + along * uy + down * ux

    return [point(0, -ASCENT * size), point(end, -ASCENT * size), point(end, DESCENT * size), point(0, DESCENT * size)]


if __name__ == "__main__":
    main()
