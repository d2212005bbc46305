"""Searchable PDFs: pages as they look, with their text laid invisibly over the words.

Every word is one run of text of a font whose glyphs are empty and half as wide as the font is high. It is scaled and
turned so that the run covers the word's quad, from its lower edge to its upper one: what a viewer selects is the word.
Spaces between the words of a line are runs of their own that fill the gap. The font maps each character to Unicode, so
that text comes out again as it went in, in any script.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ImageCms

from wordsight import geometry
from wordsight.errors import MissingExtra
from wordsight.layout.paragraphs import height
from wordsight.outputs import blocks
from wordsight.page import Page
from wordsight.types import Floats, Picture, Quad, Word

if TYPE_CHECKING:
    from pikepdf import Dictionary, Object, Pdf

FONT = Path(__file__).with_name("glyphless.ttf")
"""An empty glyph and one that is a line back and forth, which covers nothing but has a size (PDFium leaves out single
characters that have none). Made with fontTools for this project: ascent 1000, descent 0, advance 500, of 1000 units."""
ADVANCE = 0.5
"""Width of every glyph, in font sizes."""
INCH = 72
PICTURE_DPI = 200.0
"""Resolution that pictures are taken to have."""
MOST_SIDE = 14_400.0
"""Points of the longest page that PDF allows."""
MOST_CODES = 65_000
"""Different characters that one font can have."""
INVISIBLE = 3
"""Text rendering mode of text that is not drawn."""
LEAST_GAP = 0.25
"""Width of the space between words, in heights of the first."""
MOST_CUT = 0.12
"""Share of a word's length that may be given up for it."""


@dataclass(slots=True)
class PdfWriter:
    """Puts pages together to a PDF.

    Attributes:
        title: Of the document.
        font: Name of the font in the pages' resources.
        document: What has been put together so far.

    Raises:
        MissingExtra: The package pikepdf is not installed.
    """

    title: str = ""
    font: str = "WordsightText"
    document: Any = field(init=False)
    _codes: dict[str, int] = field(init=False, default_factory=dict)
    _fonts: list[Any] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        if find_spec("pikepdf") is None:
            raise MissingExtra("pikepdf", "pdf")
        import pikepdf

        self.document = pikepdf.new()

    def add(self, page: Page, picture: Picture | None, dpi: float = PICTURE_DPI) -> None:
        """Add a page that shows a picture, (H, W, 3) uint8 RGB, with the page's text over it; None shows nothing."""
        scale = min(INCH / (page.dpi or dpi), MOST_SIDE / max(page.height, page.width))
        size = page.width * scale, page.height * scale
        self.document.add_blank_page(page_size=size)
        sheet = self.document.pages[-1]
        if picture is not None:
            sheet.Resources = self._dictionary(XObject=self._dictionary(Picture=_image(self.document, picture)))
            shown = f"q {size[0]:.4f} 0 0 {size[1]:.4f} 0 0 cm /Picture Do Q\n".encode()
            sheet.Contents = self.document.make_stream(shown)
        matrix = np.array([[scale, 0, 0], [0, -scale, size[1]]])
        self._write(sheet, page, matrix, page.words)

    def add_original(self, page: Page, original: Pdf, words: Sequence[Word]) -> None:
        """Add a page of another PDF as it is, with some words of its reading over it."""
        self.document.pages.append(original.pages[page.page])
        sheet = self.document.pages[-1]
        self._write(sheet, page, _to_user_space(sheet, page), words)

    def save(self, path: Path, archive: bool) -> None:
        """Write the file.

        Args:
            path: Where to.
            archive: Whether it says that it follows PDF/A-2b, which holds where all its pages were made by :meth:`add`.
        """
        self._finish_font()
        with self.document.open_metadata(set_pikepdf_as_editor=False) as about:
            about["xmp:CreatorTool"] = about["pdf:Producer"] = f"wordsight {version('wordsight')}"
            if self.title:
                about["dc:title"] = self.title
            if archive:
                about["pdfaid:part"], about["pdfaid:conformance"] = "2", "B"
        if archive:
            self._add_colours()
        self.document.save(path, fix_metadata_version=True)

    def _write(self, sheet: Any, page: Page, matrix: Floats, words: Sequence[Word]) -> None:
        """Lay words over a sheet; ``matrix`` (2, 3) leads from pixels to points of the sheet's own space."""
        chosen = {id(word) for word in words}
        runs: list[bytes] = []
        for line in page.lines:
            row = [page.words[i] for i in line.words if id(page.words[i]) in chosen]
            for word, following in zip_longest(row, row[1:]):
                place = word.quad if following is None else _apart(word.quad, following.quad)
                runs.append(self._run(word.text, matrix @ _homogeneous(place)))
                # After a line too: some programs would join it to the next where that runs in another direction.
                gap = _behind(place) if following is None else _between(place, following.quad)
                runs.append(self._run(" ", matrix @ _homogeneous(gap)))
        if runs:
            self._add_font(sheet)
            content = b"q BT %d Tr\n%b\nET Q\n" % (INVISIBLE, b"\n".join(runs))
            sheet.contents_add(self.document.make_stream(b"q\n"), prepend=True)
            sheet.contents_add(self.document.make_stream(b"Q\n" + content))
            sheet.contents_coalesce()

    def _run(self, text: str, corners: Floats) -> bytes:
        """One run of text over a quad, (2, 4) points from the text's own top left on."""
        top_left, top_right, bottom_right, bottom_left = corners.T
        along = (bottom_right - bottom_left + top_right - top_left) / 2
        length = max(float(np.hypot(*along)), 0.01)
        across = (top_left - bottom_left + top_right - bottom_right) / 2
        direction = along / length
        # Only what stands upright on the base line: a font cannot lean.
        size = max(abs(float(direction[0] * across[1] - direction[1] * across[0])), 0.01)
        clean = [letter if not 0xD800 <= ord(letter) < 0xE000 else "\ufffd" for letter in text]
        stretch = 100 * length / (ADVANCE * size * max(len(clean), 1))
        codes = "".join(f"{self._code(letter):04x}" for letter in clean)
        turn = f"{direction[0]:.5f} {direction[1]:.5f} {-direction[1]:.5f} {direction[0]:.5f}"
        place = f"{turn} {bottom_left[0]:.4f} {bottom_left[1]:.4f} Tm"
        return f"/{self.font} {size:.4f} Tf {stretch:.4f} Tz {place} <{codes}> Tj".encode()

    def _code(self, letter: str) -> int:
        """Number of a character in the font; all beyond what a font can have share the one of U+FFFD."""
        if letter not in self._codes and len(self._codes) >= MOST_CODES:
            letter = "\ufffd"
        return self._codes.setdefault(letter, len(self._codes) + 1)

    def _add_font(self, sheet: Any) -> None:
        if not self._fonts:
            self._fonts.append(self.document.make_indirect(self._dictionary(Type=_name("Font"))))
        resources = sheet.obj.get("/Resources")
        if resources is None:
            inherited = sheet.resources
            resources = self._dictionary(**{str(key)[1:]: value for key, value in inherited.items()})
            sheet.obj["/Resources"] = resources
        if "/Font" not in resources:
            resources["/Font"] = self._dictionary()
        resources["/Font"][f"/{self.font}"] = self._fonts[0]

    def _finish_font(self) -> None:
        """Fill in the font, whose characters are known only when all pages are written."""
        for font in self._fonts:
            data = FONT.read_bytes()
            file = self.document.make_stream(data, Length1=len(data))
            bounds = [0, 0, round(1000 * ADVANCE), 1000]
            about = self._dictionary(
                Type=_name("FontDescriptor"),
                FontName=_name("WordsightGlyphless"),
                Flags=4,
                FontBBox=bounds,
                ItalicAngle=0,
                Ascent=1000,
                Descent=0,
                CapHeight=1000,
                StemV=80,
                FontFile2=file,
            )
            system = self._dictionary(Registry=_string("Adobe"), Ordering=_string("Identity"), Supplement=0)
            glyphs = b"\x00\x01" * (len(self._codes) + 1)  # each character is drawn by glyph 1, which covers nothing
            below = self._dictionary(
                Type=_name("Font"),
                Subtype=_name("CIDFontType2"),
                BaseFont=_name("WordsightGlyphless"),
                CIDSystemInfo=system,
                CIDToGIDMap=self.document.make_stream(glyphs),
                DW=round(1000 * ADVANCE),
                FontDescriptor=self.document.make_indirect(about),
            )
            font["/Subtype"], font["/BaseFont"] = _name("Type0"), _name("WordsightGlyphless")
            font["/Encoding"] = _name("Identity-H")
            font["/DescendantFonts"] = _array([self.document.make_indirect(below)])
            font["/ToUnicode"] = self.document.make_stream("".join(_unicode_map(self._codes)).encode("ascii"))

    def _add_colours(self) -> None:
        """Say what the colours mean, which PDF/A asks for."""
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        intent = self._dictionary(
            Type=_name("OutputIntent"),
            S=_name("GTS_PDFA1"),
            OutputConditionIdentifier=_string("sRGB"),
            Info=_string("sRGB IEC61966-2.1"),
            DestOutputProfile=self.document.make_stream(profile, N=3),
        )
        self.document.Root["/OutputIntents"] = _array([self.document.make_indirect(intent)])

    def _dictionary(self, **entries: Any) -> Dictionary:
        from pikepdf import Dictionary

        return Dictionary(**entries)


def _behind(quad: Quad) -> Quad:
    """The place of a space at the end of a line."""
    share = 1 + LEAST_GAP * height(quad) / blocks.width(quad)
    return Quad(geometry.cut(quad.points, 1.0, share))


def _homogeneous(quad: Quad) -> Floats:
    return np.vstack([quad.points.T, np.ones(4)])


def _apart(one: Quad, other: Quad) -> Quad:
    """A word, a little shorter where it comes too near to the next: viewers drop a space that has no room."""
    gap = blocks.width(_between(one, other))
    lacking = max(LEAST_GAP * height(one) - gap, 0.0) / blocks.width(one)
    return Quad(geometry.cut(one.points, 0.0, 1.0 - min(lacking, MOST_CUT))) if lacking else one


def _between(one: Quad, other: Quad) -> Quad:
    """The gap between two words, as high as the first; of next to no length where they touch."""
    _, top, bottom, _ = one.points
    along = (bottom - one.points[3]) / max(float(np.linalg.norm(bottom - one.points[3])), 1e-6)
    length = max(float((other.points[3] - bottom) @ along), 0.01)
    return Quad(np.array([top, top + length * along, bottom + length * along, bottom]))


def _to_user_space(sheet: Any, page: Page) -> Floats:
    """From pixels of the page as it is shown to the points in which the sheet is drawn, (2, 3)."""
    left, bottom, right, top = (float(edge) for edge in sheet.cropbox)
    left, right, bottom, top = min(left, right), max(left, right), min(bottom, top), max(bottom, top)
    turns = int(sheet.obj.get("/Rotate", sheet.get("/Rotate", 0))) // 90 % 4
    across, up = right - left, top - bottom
    shown = (across, up) if turns % 2 == 0 else (up, across)
    sx, sy = shown[0] / page.width, shown[1] / page.height
    matrices = {
        0: [[sx, 0, left], [0, -sy, top]],
        1: [[0, sy, left], [sx, 0, bottom]],
        2: [[-sx, 0, right], [0, sy, bottom]],
        3: [[0, -sy, right], [-sx, 0, top]],
    }
    return np.array(matrices[turns])


def _image(document: Any, picture: Picture) -> Object:
    """A picture as it is, without loss: grey where it has no colours."""
    import pikepdf

    height, width = picture.shape[:2]
    grey = bool((picture[:, :, 0] == picture[:, :, 1]).all() and (picture[:, :, 1] == picture[:, :, 2]).all())
    pixels = picture[:, :, :1] if grey else picture
    rows = pixels.reshape(height, -1)
    # PNG's "up" predictor: each row as its difference from the one above, which compresses far better.
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    coded = np.hstack([np.full((height, 1), 2, np.uint8), rows - above]).tobytes()
    colours = pixels.shape[2]
    decode = pikepdf.Dictionary(Predictor=15, Colors=colours, BitsPerComponent=8, Columns=width)
    stream = pikepdf.Stream(document, zlib.compress(coded, 6))
    stream.stream_dict = pikepdf.Dictionary(
        Type=_name("XObject"),
        Subtype=_name("Image"),
        Width=width,
        Height=height,
        ColorSpace=_name("DeviceGray" if grey else "DeviceRGB"),
        BitsPerComponent=8,
        Filter=_name("FlateDecode"),
        DecodeParms=decode,
    )
    return document.make_indirect(stream)


def _unicode_map(codes: dict[str, int]) -> Iterator[str]:
    """The CMap that says which character each code is, at most 100 in a block as the format wants."""
    yield "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
    yield "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
    yield "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
    yield "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
    pairs = [(code, letter.encode("utf-16-be").hex()) for letter, code in codes.items()]
    for start in range(0, len(pairs), 100):
        part = pairs[start : start + 100]
        yield f"{len(part)} beginbfchar\n"
        yield from (f"<{code:04x}> <{letter}>\n" for code, letter in part)
        yield "endbfchar\n"
    yield "endcmap CMapName currentdict /CMap defineresource pop end end\n"


def _name(text: str) -> Any:
    from pikepdf import Name

    return Name(f"/{text}")


def _string(text: str) -> Any:
    from pikepdf import String

    return String(text)


def _array(items: Iterable[Any]) -> Any:
    from pikepdf import Array

    return Array(items)


def is_own(word: Word) -> bool:
    """Whether a word is a PDF's own text and stands in the original already."""
    return word.confidence == 1.0 and word.detection_score == 1.0 and height(word.quad) > 0
