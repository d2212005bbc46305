from __future__ import annotations

import pytest

from wordsight.charset import LANGUAGES as STOCK
from wordsight.charset import SCRIPTS, Charset, script
from wordsight.cli.languages import list_languages
from wordsight.languages import ALIASES, LANGUAGES, find, letters
from wordsight.models import cards


def test_codes() -> None:
    assert {len(code) for code in LANGUAGES} == {2}
    assert set(ALIASES.values()) <= set(LANGUAGES)
    for code, name in {
        "eng": "English",
        "en": "English",
        "ger": "German",
        "deu": "German",
        "chi_sim": "Chinese",
    }.items():
        language = find(code)
        assert language is not None
        assert language.name == name
    assert find("klingon") is None


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.code)
def test_letters_are_of_the_languages_scripts(language: object) -> None:
    signs = letters(language)  # type: ignore[arg-type]
    assert len(set(signs)) == len(signs) >= 27
    known = set(SCRIPTS.values())
    for scripts in {script(sign) for sign in signs} & known:
        assert scripts in language.scripts  # type: ignore[attr-defined]


def test_standards_have_the_number_of_signs_that_they_say() -> None:
    assert len(letters(LANGUAGES["zh"])) == 3755
    assert len(letters(LANGUAGES["ko"])) == 2350
    assert sum(script(sign) == "han" for sign in letters(LANGUAGES["ja"])) == 2965


def test_what_the_stock_recognizer_lacks() -> None:
    charset = Charset.pp_ocr(cards.characters(cards.locate(cards.PP_OCR_RECOGNIZER)))
    for code in set(STOCK) - {"el", "vi", "zh", "ja"}:
        assert charset.missing(letters(LANGUAGES[code])) == "", code
    assert len(charset.missing(letters(LANGUAGES["zh"]))) < 5
    assert "ά" in charset.missing(letters(LANGUAGES["el"]))
    for code in ("ru", "hi", "ko", "ar", "he", "th"):
        assert charset.missing(letters(LANGUAGES[code])) == letters(LANGUAGES[code])


def test_the_list() -> None:
    pytest.importorskip("tesserocr")
    rows = {row.code: row for row in list_languages(None)}
    assert rows["en"].svtr == "all letters"
    assert rows["en"].tesseract in (["legacy", "lstm"], ["lstm"])
    assert rows["ru"].svtr == rows["ko"].svtr == rows["hi"].svtr == "all letters"
    assert rows["ru"].weights != rows["en"].weights
    assert rows["ar"].svtr == "-"
    assert rows["el"].svtr.startswith("48 of 69 letters, not ")
