from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, features

from wordsight import registry
from wordsight.charset import Charset, script
from wordsight.edits import edit_distance
from wordsight.errors import ConfigError
from wordsight.languages import LANGUAGES, letters
from wordsight.models import cards
from wordsight.recognition.svtr import create
from wordsight.stages import StageOptions

FONTS = Path("/usr/share/fonts")
SPOKEN = {
    "ru": ("DejaVuSans.ttf", ("Москва", "Съешь", "щётка", "1234", "Выход")),
    "ko": ("NotoSansCJK-Regular.ttc", ("서울", "한국어", "출입구", "안녕하세요", "2026")),
    "hi": ("Lohit-Devanagari.ttf", ("भारत", "हिन्दी", "नमस्ते", "दिल्ली", "१९४७")),
}


def line(file: Path, text: str) -> np.ndarray:
    engine = ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
    font = ImageFont.truetype(str(file), 40, layout_engine=engine)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("RGB", (int(right - left) + 24, int(bottom - top) + 16), "white")
    ImageDraw.Draw(image).text((12 - left, 8 - top), text, "black", font)
    return np.asarray(image)


def test_the_weights_have_the_letters() -> None:
    charset = Charset.pp_ocr(cards.characters(cards.locate(cards.SCRIPTS_RECOGNIZER)))
    for code in cards.TAUGHT:
        assert charset.missing(letters(LANGUAGES[code])) == ""
        assert cards.recognizer(LANGUAGES[code].long) == cards.recognizer(code) == cards.SCRIPTS_RECOGNIZER
    assert cards.recognizer("auto") == cards.recognizer("en") == cards.recognizer("ar") == cards.PP_OCR_RECOGNIZER
    assert cards.find(cards.SCRIPTS_RECOGNIZER).stat().st_size < 8_000_000
    card = json.loads(cards.find(cards.SCRIPTS_RECOGNIZER).with_suffix(".json").read_text(encoding="utf-8"))
    assert card["sha256"] == cards.SCRIPTS_RECOGNIZER.sha256
    assert {"command", "seed", "date", "accuracy", "training_sets", "fonts"} <= card.keys()


@pytest.mark.parametrize("code", sorted(SPOKEN))
def test_print_is_read(code: str) -> None:
    name, texts = SPOKEN[code]
    file = next(FONTS.rglob(name), None)
    if file is None:
        pytest.skip(f"{name} is not installed")
    recognizer = registry.create_recognizer("svtr", StageOptions(language=code))
    read = [reading.text for reading in recognizer.recognize([line(file, text) for text in texts])]
    mistakes = sum(map(edit_distance, read, texts))
    assert mistakes <= 0.12 * sum(map(len, texts)), read


def test_a_language_leaves_its_scripts_and_the_signs() -> None:
    recognizer = create(StageOptions(language="kor"))
    assert recognizer.allowed is not None
    left = {script(recognizer.charset.symbol(int(index))) for index in recognizer.allowed} - {None}
    assert left == {"hangul", "latin"}
    stock = Charset.pp_ocr("abc")
    with pytest.raises(ConfigError, match=r"no letters of Russian.*wordsight train script ru"):
        stock.language("ru")
