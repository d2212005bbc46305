"""PDFs as pictures and as text: what is rendered, which text layer is believed, what is refused."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from wordsight.config import page_numbers
from wordsight.errors import (
    ConfigError,
    EmptyImage,
    EncryptedDocument,
    ImageError,
    ImageTooLarge,
    NotAnImage,
    TooSlow,
    WordsightError,
)
from wordsight.image.load import Limits, load, load_pages, load_sheets
from wordsight.image.pdf import PdfFile
from wordsight.page import Failure, Page
from wordsight.reader import Reader
from wordsight.textlayer import OLD_OCR

pikepdf = pytest.importorskip("pikepdf")
pytest.importorskip("pypdfium2")
import pdf_files as make  # noqa: E402 (needs pikepdf)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A scanned page: a picture of the lines."""
    picture = Image.new("RGB", (1240, 1754), "white")
    for number, line in enumerate(make.LINES):
        ImageDraw.Draw(picture).text((120, 150 + 60 * number), line, fill="black", font_size=34)
    picture.save(tmp_path / "scan.jpg", quality=92)
    return tmp_path / "scan.jpg"


def test_a_page_is_rendered_so_that_its_text_can_be_read() -> None:
    (large,) = load_sheets(make.saved(make.pdf([make.text(make.LINES, size=24)])))
    (small,) = load_sheets(make.saved(make.pdf([make.text(make.LINES, size=6)])))
    assert small.dpi is not None
    assert large.dpi is not None
    assert 100 <= large.dpi < small.dpi <= 400
    for sheet in (large, small):
        assert sheet.layer is not None
        assert sheet.picture.shape[0] == round(842 * (sheet.dpi or 0) / 72)
        heights = sheet.layer.quads[:, 3, 1] - sheet.layer.quads[:, 0, 1]
        assert heights.min() > 18
        for left, top, right, bottom in (
            (*quad.min(axis=0).astype(int), *quad.max(axis=0).astype(int)) for quad in sheet.layer.quads
        ):
            assert sheet.picture[top:bottom, left:right].min() < 100, "ink stands where the text says"


def test_a_scan_is_rendered_at_its_own_resolution(photo: Path) -> None:
    (sheet,) = load_sheets(make.scan(photo))
    assert sheet.dpi == pytest.approx(150, abs=2)


def test_its_own_text_is_used_where_it_is_sound(reader: Reader) -> None:
    page = reader.read(make.simple())
    assert page.text.splitlines() == ["Page number 1 of the file", *make.LINES]
    assert {word.confidence for word in page.words} == {1.0}
    assert "".join(char.text for char in page.words[-1].chars) == "EUR"
    assert "recognize" not in page.seconds
    assert page.notes == ()
    assert page.to_dict()["dpi"] == pytest.approx(page.dpi or 0, abs=0.01)
    read = Reader(pdf_text="never").read(make.simple())
    assert read.text.splitlines() == page.text.splitlines()
    assert max(word.confidence for word in read.words) < 1


def test_invisible_text_is_not_believed(photo: Path, reader: Reader) -> None:
    data = make.scan(photo, make.text(["Tbe qnick hrown fcx", "iunps ouer"], mode=3))
    page = reader.read(data)
    assert page.notes[0] == OLD_OCR
    assert page.text.splitlines() == make.LINES
    assert Reader(pdf_text="always").read(data).text.splitlines() == ["Tbe qnick hrown fcx", "iunps ouer"]


def test_text_that_says_something_else_is_not_believed(reader: Reader) -> None:
    page = reader.read(make.unnamed())
    assert "does not say what the page shows" in page.notes[0]
    assert page.text.splitlines() == make.LINES
    assert page.to_dict()["notes"] == list(page.notes)


def test_white_text_is_not_believed(reader: Reader) -> None:
    page = reader.read(make.saved(make.pdf([make.text(make.LINES, colour="1 g")])))
    assert "not to be seen" in page.notes[0]
    assert page.words == ()


def test_pictures_among_text_are_read_too(photo: Path, reader: Reader) -> None:
    hidden = make.text(["Printed words above the picture"])
    page = reader.read(make.scan(photo, b"q 0.5 0 0 0.5 0 0 cm Q " + hidden))
    lines = page.text.splitlines()
    assert "Printed words above the picture" in lines
    assert any("rests near the river" in line for line in lines)


@pytest.mark.parametrize(("turn", "angle"), [(0, 0), (90, 90), (180, 180), (270, -90)])
def test_turned_pages(turn: int, angle: float, reader: Reader) -> None:
    page = reader.read(make.saved(make.pdf([make.text(make.LINES)], Rotate=turn)))
    assert (page.width > page.height) == (turn in (90, 270))
    assert abs(page.words[0].quad.angle - angle) % 360 == pytest.approx(0, abs=1)
    assert sorted(page.text.split()) == sorted(" ".join(make.LINES).split())


def test_slanted_words() -> None:
    slanted = b"BT /F1 20 Tf 0.866 0.5 -0.5 0.866 200 400 Tm (Slanted words) Tj ET"
    (sheet,) = load_sheets(make.saved(make.pdf([slanted])))
    assert sheet.layer is not None
    assert sheet.layer.texts == ("Slanted", "words")
    along = sheet.layer.quads[0, 1] - sheet.layer.quads[0, 0]
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(-30, abs=1)


def test_pages_by_number(reader: Reader) -> None:
    data = make.simple(5)
    assert [sheet.number for sheet in load_sheets(data, pages="2-3,5")] == [1, 2, 4]
    pages = list(Reader(pages="4-").read_pages(data))
    assert [page.page for page in pages] == [3, 4]
    assert pages[0].text.startswith("Page number 4")
    assert pages[1].draw().shape[0] >= pages[1].height
    with pytest.raises(ConfigError, match="no page 6 in a file of 5"):
        list(load_sheets(data, pages="6"))
    with pytest.raises(ConfigError, match="write them like 1-3,7"):
        Reader(pages="x")


def test_page_numbers() -> None:
    assert page_numbers("", 3) == [0, 1, 2]
    assert page_numbers("2, 1-2,3-", 4) == [1, 0, 2, 3]
    for wrong in ("0", "3-2", "1--2", "-2", "1,,2", "a", "1.5"):
        with pytest.raises(ConfigError):
            page_numbers(wrong, 9)


def test_tiff_pages_by_number(tmp_path: Path) -> None:
    sheets = [Image.new("RGB", (40, 30), (60 * i, 0, 0)) for i in range(4)]
    sheets[0].save(tmp_path / "x.tiff", save_all=True, append_images=sheets[1:])
    found = list(load_sheets(tmp_path / "x.tiff", pages="4,2"))
    assert [(sheet.number, int(sheet.picture[0, 0, 0])) for sheet in found] == [(3, 180), (1, 60)]


def test_pages_come_as_they_are_read(reader: Reader) -> None:
    results = reader.read_many([make.simple(12), b"%PDF-1.4 nothing", make.simple(1)])
    first = next(results)
    assert isinstance(first, Page)
    rest = list(results)
    assert [result.page for result in rest if isinstance(result, Page)] == [*range(1, 12), 0]
    assert isinstance(rest[11], Failure)
    results = reader.read_many([make.simple(40), make.simple(40)])
    next(results)
    results.close()  # nobody waits for the other 79


def test_many_pages() -> None:
    data = make.simple(1200)
    with pytest.raises(ImageTooLarge, match=r"1200 pages, more than 1000; name some \(pages='1-1000'"):
        next(load_pages(data))
    assert [sheet.number for sheet in load_sheets(data, pages="1199-")] == [1198, 1199]


def test_passwords() -> None:
    locked = make.saved(make.pdf([make.text(make.LINES)]), encryption=pikepdf.Encryption(user="secret", owner="x"))
    with pytest.raises(EncryptedDocument, match="has a password"):
        load(locked)
    open_to_all = make.saved(make.pdf([make.text(make.LINES)]), encryption=pikepdf.Encryption(user="", owner="x"))
    assert load(open_to_all).min() < 100


@pytest.mark.parametrize(
    "data",
    [b"%PDF-1.4", b"%PDF-1.7\n" + b"\0" * 5000, make.simple()[:400], make.tree_loop()],
    ids=["head", "zeros", "cut", "tree loop"],
)
def test_damaged_files(data: bytes) -> None:
    with pytest.raises((NotAnImage, EmptyImage, ImageError), match=r"PDF|page"):
        load(data)


def test_loops_end() -> None:
    assert load(make.xref_loop()).shape[2] == 3
    with pytest.raises(TooSlow, match="longer than 2 s"), PdfFile(make.form_loop(), seconds=2) as file:
        file.page(0)  # 2 to the power of PDFium's deepest form: it would take hours


def test_enormous_pages() -> None:
    poster = load(make.saved(make.pdf([make.text(make.LINES)], box=(0, 0, 14_000, 14_000))), Limits(pixels=9_000_000))
    assert poster.shape[0] * poster.shape[1] <= 9_100_000
    with pytest.raises(ImageError, match=r"inches|size"):
        load(make.saved(make.pdf([b""], box=(0, 0, 900_000, 900_000))))


def test_bombs_cost_bounded_time_and_memory() -> None:
    with pytest.raises((TooSlow, ImageError)), PdfFile(make.bomb(400 << 20), seconds=4) as file:
        file.page(0)
    try:
        assert load(make.picture_bomb()).shape[2] == 3
    except WordsightError as error:
        assert "memory" in str(error) or "renderer" in str(error)


def test_flipped_bytes() -> None:
    rng = random.Random(4)
    whole = make.simple()
    for _ in range(12):
        data = bytearray(whole)
        for _ in range(rng.choice([1, 4, 40])):
            data[rng.randrange(8, len(data))] = rng.randrange(256)
        try:
            assert load(bytes(data)).shape[2] == 3
        except WordsightError as error:
            assert str(error)
