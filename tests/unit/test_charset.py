from __future__ import annotations

import pytest

from wordsight.charset import BLANK, LANGUAGES, Charset, script
from wordsight.errors import ConfigError
from wordsight.models import cards

SMALL = Charset(("a", "b", "é", "7", "漢", " "))


@pytest.fixture(scope="module")
def stock() -> Charset:
    return Charset.pp_ocr(cards.characters(cards.find(cards.PP_OCR_RECOGNIZER)))


def test_classes_and_symbols() -> None:
    assert BLANK == 0
    assert len(SMALL) == 7
    assert [SMALL.symbol(i) for i in range(7)] == ["", "a", "b", "é", "7", "漢", " "]
    assert "é" in SMALL
    assert "z" not in SMALL
    assert "" not in SMALL
    assert 1 not in SMALL


def test_pp_ocr_ends_with_the_space() -> None:
    assert Charset.pp_ocr(["x", "y"]).symbols == ("x", "y", " ")


def test_chosen_classes_are_sorted_and_have_the_blank() -> None:
    assert SMALL.classes("7ab").tolist() == [0, 1, 2, 4]
    assert SMALL.classes("aaz").tolist() == [0, 1]
    with pytest.raises(ConfigError, match="none of the allowed characters"):
        SMALL.classes("xyz")
    with pytest.raises(ConfigError):
        SMALL.classes("")


def test_a_language_has_its_letters_and_the_signs() -> None:
    assert SMALL.language("fr").tolist() == [0, 1, 2, 3, 4, 6]
    assert SMALL.language("zh").tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert SMALL.language("fra").tolist() == SMALL.language("fr").tolist()
    with pytest.raises(ConfigError, match="language 'enn' is unknown; did you mean 'en'"):
        SMALL.language("enn")


@pytest.mark.parametrize(
    ("symbol", "name"),
    [("a", "latin"), ("É", "latin"), ("漢", "han"), ("1", None), ("·", None), ("\x07", None)],
)
def test_scripts(symbol: str, name: str | None) -> None:
    assert script(symbol) == name


def test_the_stock_charset(stock: Charset) -> None:
    assert len(stock) == 18_710  # 18,708 characters, the space, the blank
    assert len(set(stock.symbols)) == len(stock.symbols)
    for symbol in "AZaz09.,:;-+/()&%$€@#éüçñ ":
        assert symbol in stock
        index = stock.classes(symbol)[1]
        assert stock.symbol(int(index)) == symbol


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_the_stock_charset_writes_every_language(stock: Charset, name: str) -> None:
    written = {stock.symbol(int(index)) for index in stock.language(name)}
    assert set("abcXYZ0123456789 .,-") <= written
    assert ("漢" in written) == (name in ("zh", "ja"))
    samples = {"el": "αβγΩ", "ja": "ひカ", "de": "äöüß", "fr": "éèçœ", "es": "ñ¿", "pl": "łąę", "tr": "ğşı", "cs": "řů"}
    assert set(samples.get(name, "")) <= written
