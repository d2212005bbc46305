"""Receipts: company, date, address and total by a shipped, taught reader; currency, tax and items by patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from wordsight.fields.document import Tagger
from wordsight.fields.document_values import document_candidates
from wordsight.fields.extract import judged
from wordsight.fields.model import ModelCard, ModelFile
from wordsight.fields.parts import TAGGER
from wordsight.fields.presets.base import Answer, answer, lines_detector
from wordsight.fields.tokens import Token, join, tokens_of
from wordsight.image.load import ImageSource
from wordsight.page import Page
from wordsight.pipeline import Pipeline
from wordsight.reader import Reader

NAME = "receipt"
FILE = "receipt.wordsight"
PRICE = re.compile(r"-?\d{1,3}(?:,\d{3})*\.\d{2}|-?\d{1,3}(?:\.\d{3})*,\d{2}|-?\d+[.,]\d{2}")
CURRENCIES = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "RM": "MYR", "MYR": "MYR", "EUR": "EUR", "GBP": "GBP", "USD": "USD",
    "CHF": "CHF", "SGD": "SGD", "S$": "SGD", "US$": "USD", "$": "", "AUD": "AUD", "CAD": "CAD", "INR": "INR",
}  # fmt: skip
"""Signs before or after amounts, and what they mean; a dollar may be of any country."""
_SIGNS = "|".join(map(re.escape, sorted(CURRENCIES, key=len, reverse=True)))
SIGN = re.compile(rf"(?<![A-Za-z])({_SIGNS})(?![A-Za-z])")
TAX = re.compile(r"\b(?:GST|VAT|TAX|SST|MWST|UST|TVA|IVA|BTW)\b", re.IGNORECASE)
NO_TAX = re.compile(r"\b(?:invoice|id|no|reg|incl\w*|excl\w*|before|after|total sales|summary|code)\b", re.IGNORECASE)
END = re.compile(r"\b(?:sub\s?-?total|total|amount due|rounding|cash|change|balance)\b", re.IGNORECASE)
LETTERS = 3
"""A line with fewer letters names no item."""


@dataclass(frozen=True, slots=True)
class ReceiptPreset:
    """Reads receipts and simple invoices.

    Attributes:
        reader: Reads the pages; words that it doubts are kept, since the value of a field may be among them.

    Raises:
        WeightsCorrupt: The shipped file is damaged.
    """

    reader: Reader
    _all: Reader = field(init=False, repr=False)
    _card: ModelCard = field(init=False, repr=False)
    _tagger: Tagger = field(init=False, repr=False)

    def __post_init__(self) -> None:
        file = ModelFile.read(Path(str(files("wordsight") / "weights" / FILE)))
        object.__setattr__(self, "_all", unsparing(self.reader))
        object.__setattr__(self, "_card", file.card)
        object.__setattr__(self, "_tagger", Tagger.parse(file.members[TAGGER]))

    def read_pages(self, source: ImageSource) -> Iterator[Answer]:
        """See :class:`wordsight.fields.presets.base.Preset`."""
        for page in self._all.read_pages(source):
            found = document_candidates(self._tagger, page, self._card.labels)
            values = [value for label in self._card.labels for value in judged(found, label, page.page)]
            yield answer(page, values, NAME, {NAME: details(page)})


def unsparing(reader: Reader) -> Reader:
    """The same reader, except that it finds lines, as the shipped one was taught, and keeps words that it doubts."""
    stages = reader.pipeline
    if isinstance(stages, Pipeline):
        return replace(
            reader, detector=lines_detector(reader), recognizer=stages.recognizer, east_model=None, min_confidence=0.0
        )
    return replace(reader, min_confidence=0.0)


def details(page: Page) -> dict[str, Any]:
    """What patterns find on a receipt: ``currency`` (ISO 4217), ``tax``, and ``items`` with text and amount."""
    rows = list(_rows(page))
    found: dict[str, Any] = {}
    signs = [code for row in rows for sign in SIGN.findall(row) if (code := CURRENCIES[sign])]
    if signs:
        found["currency"] = max(dict.fromkeys(signs), key=signs.count)
    taxes = [PRICE.findall(row)[-1] for row in rows if TAX.search(row) and not NO_TAX.search(row) and PRICE.search(row)]
    if taxes:
        found["tax"] = taxes[-1]
    found["items"] = list(_items(rows))
    return found


def _rows(page: Page) -> Iterator[str]:
    """The texts of the rows that run over the whole width of a receipt, from top to bottom."""
    tokens = sorted(tokens_of(page), key=lambda token: (token.row, token.box[0]))
    for _, row in groupby(tokens, key=lambda token: token.row):
        yield join(_spaced(list(row)))


def _spaced(row: Sequence[Token]) -> list[Token]:
    """A row's tokens, with a space before the first of each line in it."""
    starts = [False, *(token.line != before.line for before, token in pairwise(row))]
    return [replace(token, space=token.space or start) for token, start in zip(row, starts, strict=True)]


def _items(rows: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows above the first total that end in an amount, with the name beside or above it."""
    name = ""
    for row in rows:
        prices = list(PRICE.finditer(row))
        letters = sum(character.isalpha() for character in row)
        if prices and END.search(row):
            return
        if not prices:
            name = row if letters >= LETTERS else name
            continue
        text = " ".join(SIGN.sub(" ", row[: prices[0].start()]).strip(" :-").split())
        named = sum(character.isalpha() for character in text) >= LETTERS
        if (named or name) and not TAX.search(row):
            yield {"text": text if named else name, "amount": prices[-1][0]}
        name = ""
