"""Pages in other forms, read back by programs that are not wordsight."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
from PIL import Image

from wordsight.errors import ConfigError
from wordsight.image.load import Limits, load_sheets
from wordsight.outputs import alto, hocr, markdown, pagexml, table
from wordsight.outputs.convert import kind_of, write_pdf, write_text
from wordsight.page import Page, from_dict, read_pages
from wordsight.pipeline import in_rows
from wordsight.reader import Reader
from wordsight.types import Quad, Word

etree = pytest.importorskip("lxml.etree")
pytest.importorskip("pikepdf")
import pdf_files as make  # noqa: E402 (needs pikepdf)

ODD = ["<b>&\"quotes'", "\x00\x0bcontrol", "\udcff", "漢字", "𝒳𝕐", "e\u0301", "]]>", "*_#|`"]
"""Texts that break what is careless."""


def turned(left: float, top: float, width: float, height: float, degrees: float) -> Quad:
    """A quad of text that runs in a direction, degrees clockwise, from its top left corner."""
    angle = np.radians(degrees)
    along, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    start = np.array([left, top])
    return Quad(np.array([start, start + width * along, start + width * along + height * down, start + height * down]))


def page_of(*rows: list[tuple[str, Quad]], size: tuple[int, int] = (1000, 800)) -> Page:
    found = in_rows([[Word(quad, text, 0.9, 0.8) for text, quad in row] for row in rows])
    return Page("a & b.png", 0, *size, 1.0, found.words, found.lines, {})


@pytest.fixture(scope="module")
def odd() -> Page:
    return page_of(*([(text, Quad.from_box(50, 50 + 60 * i, 400, 90 + 60 * i))] for i, text in enumerate(ODD)))


@pytest.fixture(scope="module")
def wild() -> Page:
    """Words in every direction."""
    rows = [
        [("Level", turned(50, 40, 140, 40, 0)), ("words", turned(205, 40, 150, 40, 0))],
        [("climbing", turned(500, 400, 220, 36, -30)), ("up", turned(700, 284.5, 60, 36, -30))],
        [("down", turned(900, 100, 120, 40, 90)), ("here", turned(900, 235, 110, 40, 90))],
        [("overhead", turned(400, 700, 230, 40, 180))],
        [("a", turned(60, 600, 20, 40, 0)), ("1", turned(95, 600, 15, 40, 0))],
        [("漢字", turned(60, 500, 90, 45, 10)), ("𝒳é", turned(180, 521, 60, 45, 10))],
    ]
    return page_of(*rows)


def test_hocr(street_page: Page, odd: Page) -> None:
    page = street_page
    tree = etree.fromstring("".join(hocr.hocr([page, odd], "A & B")).encode())
    space = {"h": "http://www.w3.org/1999/xhtml"}
    pages = tree.findall(".//h:div[@class='ocr_page']", space)
    assert len(pages) == 2
    words = pages[0].findall(".//h:span[@class='ocrx_word']", space)
    assert [word.text for word in words] == [page.words[i].text for line in page.lines for i in line.words]
    for element, word in zip(words, (page.words[i] for line in page.lines for i in line.words), strict=True):
        parts = dict(part.strip().split(" ", 1) for part in element.get("title").split(";"))
        assert np.abs(np.array(parts["bbox"].split(), int) - word.quad.bounds).max() <= 1
        assert int(parts["x_wconf"]) == round(100 * word.confidence)
    assert len(set(tree.xpath("//@id"))) == len(tree.xpath("//@id"))


def test_hocr_is_read_by_ocrmypdf(wild: Page, tmp_path: Path) -> None:
    parser = pytest.importorskip("ocrmypdf.hocrtransform")
    (tmp_path / "x.hocr").write_text("".join(hocr.hocr([wild])), encoding="utf-8")
    tree = parser.HocrParser(tmp_path / "x.hocr").parse()
    words = tree.iter_by_class("ocrx_word")
    # OCRmyPDF writes compatibility forms of letters as the letters themselves.
    assert [word.text for word in words] == [normalize("NFKC", word.text) for word in wild.words]
    assert words[0].bbox.left == 50
    assert words[0].bbox.bottom == 80
    assert words[0].confidence == pytest.approx(0.9)


def test_alto_is_read_by_alto_tools(wild: Page, odd: Page, tmp_path: Path) -> None:
    pytest.importorskip("alto_tools")
    (tmp_path / "x.xml").write_text("".join(alto.alto([wild, odd], "<x>")), encoding="utf-8")
    command = [sys.executable, "-m", "alto_tools.alto_tools", "-t", str(tmp_path / "x.xml")]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode().split()[: len(wild.words)] == [word.text for word in wild.words]
    tree = etree.parse(str(tmp_path / "x.xml"))
    strings = tree.findall(".//{*}String")
    assert len(strings) == len(wild.words) + len(odd.words)
    assert strings[0].get("WC") == "0.9000"
    assert [strings[0].get(key) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT")] == ["50", "40", "140", "40"]
    assert strings[2].find(".//{*}Polygon").get("POINTS").startswith("500,400 ")


def test_pagexml(wild: Page, odd: Page) -> None:
    for page in (wild, odd):
        tree = etree.fromstring("".join(pagexml.pagexml(page)).encode())
        words = tree.findall(".//{*}Word")
        assert len(words) == len(page.words)
        for element, word in zip(words, page.words, strict=True):
            points = [tuple(map(int, pair.split(","))) for pair in element.find("{*}Coords").get("points").split()]
            assert np.abs(np.array(points) - word.quad.points).max() <= 0.5
            assert element.find("{*}TextEquiv").get("conf") == "0.9000"
        order = [ref.get("regionRef") for ref in tree.findall(".//{*}RegionRefIndexed")]
        assert order == [region.get("id") for region in tree.findall(".//{*}TextRegion")]
    with pytest.raises(ConfigError, match="holds one page"):
        write_text([wild, odd], "page", io.StringIO(), "")


def test_an_empty_page_in_every_form() -> None:
    empty = page_of()
    for kind in ("hocr", "alto", "page"):
        out = io.StringIO()
        write_text([empty], kind, out, "")  # type: ignore[arg-type]
        assert etree.fromstring(out.getvalue().encode()) is not None
    for kind in ("tsv", "markdown", "text", "csv", "json", "jsonl"):
        write_text([empty], kind, io.StringIO(), "")  # type: ignore[arg-type]


def test_tsv(wild: Page, odd: Page) -> None:
    rows = list(csv.DictReader(io.StringIO("".join(table.tsv([wild, odd]))), delimiter="\t", quoting=csv.QUOTE_NONE))
    words = [row for row in rows if row["level"] == "5"]
    assert len(words) == len(wild.words) + len(odd.words)
    first = words[0]
    assert [first[key] for key in ("left", "top", "width", "height", "conf", "text")] == [
        *("50", "40", "140", "40"),
        *("90.00", "Level"),
    ]
    assert {row["conf"] for row in rows if row["level"] != "5"} == {"-1"}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(wild: Page, library: str) -> None:
    pytest.importorskip(library)
    frame = table.frame([wild], library)  # type: ignore[arg-type]
    assert frame.shape == (len(wild.words), 14)
    assert list(frame["text"]) == [word.text for word in wild.words]
    assert float(frame["x1"][0]) == 50


def test_markdown(odd: Page) -> None:
    rows = [("Annual Report", 40, 64), ("It was a good year for", 150, 30), ("all of us.", 190, 30), ("• One", 290, 30)]
    page = page_of(*([(text, Quad.from_box(40, top, 40 + 15 * len(text), top + high))] for text, top, high in rows))
    assert "".join(markdown.markdown([page])) == ("# Annual Report\n\nIt was a good year for\nall of us.\n\n- One\n")
    assert "\\*\\_#\\|\\`" in "".join(markdown.markdown([odd]))


def test_records_come_back(wild: Page, tmp_path: Path) -> None:
    assert from_dict(wild.to_dict(chars=True)).to_dict(chars=True) == wild.to_dict(chars=True)
    out = io.StringIO()
    write_text([wild, wild], "jsonl", out, "")
    (tmp_path / "x.jsonl").write_text(out.getvalue(), encoding="utf-8")
    assert [page.to_dict() for page in read_pages(tmp_path / "x.jsonl")] == [wild.to_dict(), wild.to_dict()]
    (tmp_path / "x.jsonl").write_text('{"words": 3}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="read again"):
        list(read_pages(tmp_path / "x.jsonl"))


def test_names_of_forms() -> None:
    names = {"a.alto.xml": "alto", "a.page.xml": "page", "A.PDF": "pdf", "x.md": "markdown", "x.hocr": "hocr"}
    assert {name: kind_of(Path(name)) for name in names} == names
    with pytest.raises(ConfigError, match="add --to"):
        kind_of(Path("x.xml"))


def extracted(path: Path) -> list[str]:
    """The words of each page, by two programs that did not write them."""
    pypdf = pytest.importorskip("pypdf")
    pypdfium2 = pytest.importorskip("pypdfium2")
    first = [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(path).pages]
    document = pypdfium2.PdfDocument(path)
    second = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    assert [sorted(text.split()) for text in first] == [sorted(text.split()) for text in second]
    return first


def test_searchable_pictures(wild: Page, tmp_path: Path) -> None:
    pixels = np.full((800, 1000, 3), (255, 250, 240), np.uint8)
    write_pdf([wild], pixels, tmp_path / "x.pdf", Limits(), "Title & more", dpi=72)
    assert extracted(tmp_path / "x.pdf") == [" ".join(word.text for word in wild.words)]
    (sheet,) = load_sheets(tmp_path / "x.pdf")
    assert (sheet.picture == (255, 250, 240)).all(), "the text is not to be seen"
    assert sheet.layer is not None
    assert all(sheet.layer.hidden)


def test_words_are_selected_where_they_stand(wild: Page, tmp_path: Path) -> None:
    pypdfium2 = pytest.importorskip("pypdfium2")
    write_pdf([wild], np.full((800, 1000, 3), 255, np.uint8), tmp_path / "x.pdf", Limits(), dpi=72)
    (sheet,) = load_sheets(tmp_path / "x.pdf")
    assert sheet.layer is not None
    scale = 1000 / sheet.picture.shape[1]
    places = dict(zip(sheet.layer.texts, sheet.layer.quads * scale, strict=True))
    for word in wild.words:
        own = word.quad.points
        centre, found = own.mean(axis=0), places[word.text].mean(axis=0)
        size = np.linalg.norm(own[3] - own[0])
        # Upright quarters have exact boxes; of slanted text PDFium tells base lines, and boxes are estimated from them.
        near = 0.1 if round(word.quad.angle) % 90 == 0 else 0.4
        assert np.linalg.norm(centre - found) < near * size, word.text
        if round(word.quad.angle) % 90 == 0:
            left, top, right, bottom = (
                *np.maximum(own.min(0), places[word.text].min(0)),
                *np.minimum(own.max(0), places[word.text].max(0)),
            )
            inside = (right - left) * (bottom - top)
            areas = [np.prod(quad.max(0) - quad.min(0)) for quad in (own, places[word.text])]
            assert inside / (sum(areas) - inside) >= 0.8, word.text
    assert pypdfium2


def test_the_rules_of_the_archive_form(wild: Page, tmp_path: Path) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    write_pdf([wild], np.full((800, 1000, 3), 255, np.uint8), tmp_path / "x.pdf", Limits(), "Title & more")
    with pikepdf.open(tmp_path / "x.pdf") as document:
        assert document.check() == [] if hasattr(document, "check") else True
        with document.open_metadata() as about:
            assert about.pdfa_status == "2B"
            assert about["dc:title"] == "Title & more"
        assert document.Root.OutputIntents[0].S == "/GTS_PDFA1"
        assert document.Root.OutputIntents[0].DestOutputProfile.N == 3
        font = document.pages[0].obj.Resources.Font.WordsightText
        assert font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes()[:4] == b"\x00\x01\x00\x00"
        assert document.pages[0].mediabox[2] == pytest.approx(1000 * 72 / 200)


def test_pdfs_stay_as_they_are(reader: Reader, tmp_path: Path) -> None:
    data = make.simple(3)
    pages = list(reader.read_pages(data))
    write_pdf(pages, data, tmp_path / "x.pdf", Limits())
    assert extracted(tmp_path / "x.pdf") == [" ".join(page.text.split()) for page in pages]
    for before, after in zip(load_sheets(data), load_sheets(tmp_path / "x.pdf"), strict=True):
        np.testing.assert_array_equal(before.picture, after.picture)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_old_ocr_is_replaced(turn: int, reader: Reader, tmp_path: Path) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    picture = Image.new("RGB", (1240, 1754), "white")
    from PIL import ImageDraw

    for number, line in enumerate(make.LINES):
        ImageDraw.Draw(picture).text((120, 150 + 60 * number), line, fill="black", font_size=34)
    picture.rotate(turn, expand=True).save(tmp_path / "scan.jpg", quality=92)
    data = make.scan(tmp_path / "scan.jpg", make.text(["Tbe qnick hrown fcx"], mode=3))
    with pikepdf.open(io.BytesIO(data)) as document:
        if turn % 180:
            document.pages[0].obj.MediaBox = [0, 0, 842, 595]
            document.pages[0].obj.Contents = document.make_stream(
                b"q 842 0 0 595 0 0 cm /P Do Q 1 0 0 1 0 -300 cm " + make.text(["Tbe qnick hrown fcx"], mode=3)
            )
        document.pages[0].obj.Rotate = turn
        data = make.saved(document)
    (page,) = reader.read_pages(data)
    assert page.text.splitlines() == make.LINES
    write_pdf([page], data, tmp_path / "x.pdf", Limits())
    assert extracted(tmp_path / "x.pdf") == [" ".join(make.LINES)]
    (sheet,) = load_sheets(tmp_path / "x.pdf")
    assert sheet.layer is not None
    scale = page.width / sheet.picture.shape[1]
    for text, quad in zip(sheet.layer.texts, sheet.layer.quads * scale, strict=True):
        word = next(word for word in page.words if word.text == text)
        low, high = np.maximum(word.quad.points.min(0), quad.min(0)), np.minimum(word.quad.points.max(0), quad.max(0))
        inside = float(np.prod(high - low))
        areas = sum(float(np.prod(np.ptp(points, axis=0))) for points in (word.quad.points, quad))
        assert inside / (areas - inside) >= 0.8, text


def test_broken_text_becomes_a_picture(reader: Reader, tmp_path: Path) -> None:
    data = make.unnamed()
    (page,) = reader.read_pages(data)
    write_pdf([page], data, tmp_path / "x.pdf", Limits())
    assert extracted(tmp_path / "x.pdf") == [" ".join(make.LINES)]


@pytest.mark.parametrize("renderer", ["auto", "fpdf2"])
def test_ocrmypdf(tmp_path: Path, renderer: str) -> None:
    pytest.importorskip("ocrmypdf")
    from PIL import ImageDraw

    picture = Image.new("RGB", (1240, 700), "white")
    for number, line in enumerate(make.LINES):
        ImageDraw.Draw(picture).text((120, 150 + 90 * number), line, fill="black", font_size=34)
    picture.save(tmp_path / "scan.png", dpi=(150, 150))
    command = [sys.executable, "-m", "ocrmypdf", "--plugin", "wordsight.outputs.ocrmypdf", "--output-type", "pdf"]
    command += ["--pdf-renderer", renderer, str(tmp_path / "scan.png"), str(tmp_path / "x.pdf")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(extracted(tmp_path / "x.pdf")[0].split()) == sorted(" ".join(make.LINES).split())
