"""What patterns find on receipts, and the shipped reader."""

from __future__ import annotations

import pytest

from wordsight.fields.presets.receipt import FILE, details
from wordsight.page import Page
from wordsight.types import Line, Quad, Word

ROWS = [
    ["CORNER SHOP LTD"],
    ["TAX INVOICE"],
    ["CABLE XH-500A"],
    ["9001620", "1 X 29.90", "29.90"],
    ["MOTH BALLS 150G", "RM 2.10"],
    ["TOTAL INCL. GST", "RM 32.00"],
    ["CASH", "RM 40.00"],
    ["GST S 6%", "30.19", "1.81"],
]


def page(rows: list[list[str]]) -> Page:
    """A page on which every text of a row is a line of its own."""
    words: list[Word] = []
    lines: list[Line] = []
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            first, left = len(words), 20.0 + 300 * column
            for word in text.split():
                width = 12.0 * len(word)
                quad = Quad.from_box(left, 40.0 * row, left + width, 40.0 * row + 25)
                words.append(Word(quad, word, 0.9, 1.0, len(lines)))
                left += width + 10
            numbers = tuple(range(first, len(words)))
            lines.append(Line(words[first].quad, text, 0.9, numbers))
    return Page("a.png", 0, 900, 900, 1.0, tuple(words), tuple(lines), {})


def test_currency_tax_and_items() -> None:
    assert details(page(ROWS)) == {
        "currency": "MYR",
        "tax": "1.81",
        "items": [{"text": "CABLE XH-500A", "amount": "29.90"}, {"text": "MOTH BALLS 150G", "amount": "2.10"}],
    }


def test_an_empty_page() -> None:
    assert details(Page("a.png", 0, 9, 9, 1.0, (), (), {})) == {"items": []}


@pytest.mark.parametrize(("sign", "code"), [("EUR", "EUR"), ("€", "EUR"), ("£", "GBP"), ("MYR", "MYR")])
def test_currencies(sign: str, code: str) -> None:
    assert details(page([[f"{sign} 9.00"]])).get("currency") == code


def test_the_card_of_the_shipped_reader_says_what_it_was_taught_on() -> None:
    from importlib.resources import files

    from wordsight.fields.model import ModelFile

    file = ModelFile.read(str(files("wordsight") / "weights" / FILE))
    assert {label.name for label in file.card.labels} == {"company", "date", "address", "total"}
    assert all(not label.values for label in file.card.labels), "no value of the set may be in the file"
    (known,) = file.card.data["sets"]
    assert known["name"] == "sroie"
    assert file.card.metrics["held_out"]["all"]["f"] >= 0.72
    assert "another reader" in file.card.metrics["note"]
