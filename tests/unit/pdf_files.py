"""PDF files for tests, sound and hostile, made with pikepdf and by hand."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name

LINES = ["The quick brown fox jumps over 27 lazy dogs", "and rests near the river until Monday", "Total 1984.50 EUR"]
A4 = (595, 842)


def text(lines: list[str], mode: int = 0, size: float = 12, colour: str = "0 g") -> bytes:
    """Drawing instructions of lines of text; mode 3 draws nothing."""
    rows = b" ".join(b"(%b) Tj T*" % line.encode("latin-1") for line in lines)
    return b"BT %b %d Tr /F1 %g Tf 60 760 Td %g TL %b ET" % (colour.encode(), mode, size, 1.6 * size, rows)


def pdf(contents: list[bytes], box: Any = (0, 0, *A4), **page: Any) -> pikepdf.Pdf:
    """A document with a page for each of the contents, all with the font F1."""
    document = pikepdf.new()
    font = document.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    )
    for content in contents:
        sheet = document.add_blank_page(page_size=A4)
        sheet.obj.MediaBox = list(box)
        sheet.obj.Resources = Dictionary(Font=Dictionary(F1=font))
        sheet.obj.Contents = document.make_stream(content)
        for name, value in page.items():
            sheet.obj[f"/{name}"] = value
    return document


def saved(document: pikepdf.Pdf, **options: Any) -> bytes:
    file = BytesIO()
    document.save(file, **options)
    return file.getvalue()


def simple(pages: int = 1) -> bytes:
    """Pages that each say their number and the lines."""
    return saved(pdf([text([f"Page number {i + 1} of the file", *LINES]) for i in range(pages)]))


def scan(picture: Path, hidden: bytes = b"") -> bytes:
    """One page that shows a picture file (JPEG), with some instructions after it."""
    from PIL import Image

    with Image.open(picture) as image:
        width, height = image.size
    document = pdf([b"q %d 0 0 %d 0 0 cm /P Do Q " % A4 + hidden])
    stream = pikepdf.Stream(document, picture.read_bytes())
    stream.stream_dict = Dictionary(
        Type=Name.XObject, Subtype=Name.Image, Width=width, Height=height, ColorSpace=Name.DeviceRGB,
        BitsPerComponent=8, Filter=Name.DCTDecode,
    )  # fmt: skip
    document.pages[0].obj.Resources.XObject = Dictionary(P=document.make_indirect(stream))
    return saved(document)


def unnamed() -> bytes:
    """A page whose font gives its characters the names of other ones."""
    document = pdf([text(LINES)])
    font = document.pages[0].obj.Resources.Font.F1
    wrong = "".join(f"<{code:02x}> <{0x30 + (code * 7) % 70:04x}>\n" for code in range(0x20, 0x7F))
    font.ToUnicode = document.make_stream(
        b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <ff> endcodespacerange\n"
        b"95 beginbfchar\n" + wrong.encode() + b"endbfchar endcmap end"
    )
    return saved(document)


def bomb(size: int) -> bytes:
    """A page whose instructions are so many bytes of paths when they are unpacked."""
    document = pdf([b""])
    pack = zlib.compressobj(9)
    part = b"0 0 m 1 1 l S\n" * 65536
    data = b"".join(pack.compress(part) for _ in range(size // len(part))) + pack.flush()
    stream = pikepdf.Stream(document, data)
    stream.stream_dict = Dictionary(Filter=Name.FlateDecode)
    document.pages[0].obj.Contents = document.make_indirect(stream)
    return saved(document, compress_streams=False)


def picture_bomb() -> bytes:
    """A page with a picture that claims ten thousand million pixels."""
    document = pdf([b"q 595 0 0 842 0 0 cm /P Do Q"])
    stream = pikepdf.Stream(document, zlib.compress(bytes(1 << 20)))
    stream.stream_dict = Dictionary(
        Type=Name.XObject, Subtype=Name.Image, Width=100_000, Height=100_000, ColorSpace=Name.DeviceRGB,
        BitsPerComponent=8, Filter=Name.FlateDecode,
    )  # fmt: skip
    document.pages[0].obj.Resources.XObject = Dictionary(P=document.make_indirect(stream))
    return saved(document, compress_streams=False)


def form_loop() -> bytes:
    """A page with a form that draws itself twice."""
    document = pdf([b"/X Do"])
    form = document.make_stream(b"/X Do /X Do")
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, [0, 0, *A4]
    form.Resources = Dictionary(XObject=Dictionary(X=form))
    document.pages[0].obj.Resources.XObject = Dictionary(X=form)
    return saved(document)


def tree_loop() -> bytes:
    """A tree of pages that contains itself."""
    return b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000 >> endobj
xref
0 3
0000000000 65535 f
0000000009 00000 n
0000000058 00000 n
trailer << /Size 3 /Root 1 0 R >>
startxref
120
%%EOF"""


def xref_loop() -> bytes:
    """A cross-reference table whose predecessor is itself."""
    data = simple()
    at = data.rfind(b"startxref")
    start = int(data[at:].split()[1])
    return data.replace(b"/Root", b"/Prev %d /Root" % start, 1)
