"""Spots dates, amounts, e-mail and web addresses, telephone and bank account numbers in a line of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from wordsight.errors import MissingExtra

EMAIL = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
URL = re.compile(r"(?:https?://|www\.)[^\s<>\"']{3,300}", re.IGNORECASE)
BARE = re.compile(
    r"(?<![@\w.-])(?:[a-z0-9-]{1,63}\.){1,4}"
    r"(?:com|org|net|edu|gov|eu|de|fr|uk|my|nl|it|es|ch|at|io)(?:/\S{0,300})?(?!\w)",
    re.IGNORECASE,
)
IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Z0-9])")
NUMERIC = re.compile(
    r"(?<![\d.,/-])(?:\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2(?:\d{4}|\d{2}))(?![\d/-]|[.,]\d)"
)
SPELT = re.compile(
    r"(?<![\w.])(?:\d{1,2}(?:st|nd|rd|th)?[ ./-]{1,2}(?:de )?[^\W\d_]{3,10}\.?,?[ ./-]{1,2}(?:de )?(?:\d{4}|\d{2})"
    r"|[^\W\d_]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4})(?!\w)"
)
SIGN = (
    r"(?:[€$£¥₹₩₽]|(?:EUR|USD|GBP|CHF|JPY|CNY|INR|MYR|SGD|AUD|CAD|PLN|CZK|SEK|NOK|DKK|HUF|BRL|TRY|RM|Rp|R\$|S\$|US\$)"
    r"(?![A-Za-z]))"
)
NUMBER = r"-?\d{1,3}(?:[ .,'’]\d{3}){1,4}(?:[.,]\d{2})?(?!\d)|-?\d{1,9}[.,]\d{2}(?!\d)|-?\d{1,9}(?:[.,]-{1,2})"
AMOUNT = re.compile(
    rf"(?<![\w.,])(?:{SIGN} ?(?:{NUMBER}|-?\d{{1,9}}(?![\d%]))|(?:{NUMBER}|\d{{1,9}}) ?{SIGN}"
    r"|-?\d{1,3}(?:[.,]\d{3}){0,3}[.,]\d{2}(?![\d%]))(?![\w%]|[.,]\d)"
)
TOLD = re.compile(
    r"(?:tel|phone|fax|mobile|mob|telefon|téléphone|hp)\w{0,6}\.?(?: ?(?:no|nr)\.?)? ?[:.]? ?"
    r"(\+?\(?\d[\d ()/.-]{5,18}\d)",
    re.IGNORECASE,
)
_COUNTRIES = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27
GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 MD24 ME22
MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VA22 VG24 XK20
"""
LENGTHS = {part[:2]: int(part[2:]) for part in _COUNTRIES.split()}
"""Signs of an IBAN by country (ISO 13616 registry)."""
LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl"]
EXTRA = "entities"


@dataclass(frozen=True, slots=True)
class Entity:
    """Something spotted in a text.

    Attributes:
        label: ``date``, ``amount``, ``email``, ``url``, ``phone`` or ``iban``.
        start, end: Where it stands in the text.
        text: What stands there.
        value: The same in a form for programs: ISO 8601, ``EUR 9.00``, E.164 where the country is known, and so on.
    """

    label: str
    start: int
    end: int
    text: str
    value: str


def spot(text: str) -> list[Entity]:
    """What a line of text holds, from left to right; nothing is spotted twice.

    Raises:
        MissingExtra: The libraries for dates, prices or telephone numbers are not installed.
    """
    found: list[Entity] = []
    for finder in FINDERS:
        for one in finder(text):
            if all(one.end <= other.start or one.start >= other.end for other in found):
                found.append(one)
    return sorted(found, key=lambda one: one.start)


def iban(text: str) -> str:
    """An IBAN without spaces; empty where the length is not its country's or the check digits are wrong (ISO 7064)."""
    plain = text.replace(" ", "").upper()
    if len(plain) != LENGTHS.get(plain[:2]) or not plain.isascii() or not plain.isalnum():
        return ""
    number = int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4]))
    return plain if number % 97 == 1 else ""


def _matches(label: str, pattern: re.Pattern[str], value: Callable[[str], str]) -> Callable[[str], Iterator[Entity]]:
    def find(text: str) -> Iterator[Entity]:
        for match in pattern.finditer(text):
            said = match[0].rstrip(".,;:)")
            if normal := value(said):
                yield Entity(label, match.start(), match.start() + len(said), said, normal)

    return find


def _ibans(text: str) -> Iterator[Entity]:
    """An IBAN may be followed by other capitals: the longest beginning that is one counts."""
    for match in IBAN.finditer(text):
        parts = match[0].split(" ")
        for count in range(len(parts), 0, -1):
            said = " ".join(parts[:count])
            if normal := iban(said):
                yield Entity("iban", match.start(), match.start() + len(said), said, normal)
                break


def _phones(text: str) -> Iterator[Entity]:
    phonenumbers = _library("phonenumbers")
    if not any(sign.isdigit() for sign in text):
        return
    for match in phonenumbers.PhoneNumberMatcher(text, None):
        number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        yield Entity("phone", match.start, match.end, match.raw_string, number)
    for told in TOLD.finditer(text):
        plain = re.sub(r"[^\d+]", "", told[1])
        if 7 <= len(plain) <= 15:
            yield Entity("phone", told.start(1), told.end(1), told[1], plain)


@lru_cache(maxsize=10_000)
def _date(said: str) -> str:
    settings = {"STRICT_PARSING": True, "DATE_ORDER": "YMD" if re.match(r"\d{4}", said) else "DMY"}
    parsed = _library("dateparser").parse(said, languages=LANGUAGES, settings=settings)
    return "" if parsed is None else str(parsed.date().isoformat())


def _amount(said: str) -> str:
    price = _library("price_parser").Price.fromstring(said)
    if price.amount is None:
        return ""
    sign = "-" if re.search(r"-\d", said) and price.amount > 0 else ""
    return " ".join(filter(None, (price.currency, f"{sign}{price.amount}")))


@lru_cache
def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtra(name.replace("_", "-"), EXTRA) from error


FINDERS = (
    _matches("email", EMAIL, str.lower),
    _matches("url", URL, str),
    _matches("url", BARE, str),
    _ibans,
    _matches("date", NUMERIC, _date),
    _matches("date", SPELT, _date),
    _phones,
    _matches("amount", AMOUNT, _amount),
)
