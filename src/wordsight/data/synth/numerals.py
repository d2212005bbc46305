"""Texts with digits: numbers, prices, dates, times, codes, phones, addresses of the web."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wordsight.data.synth.languages import LATIN, Language

Maker = Callable[[Language, np.random.Generator], str]

_CODE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ("kg", "g", "ml", "l", "km", "m", "cm", "mm", "kW", "V", "Hz", "MB", "GB", "min", "pm", "am", "th", "st", "x")
_ENDINGS = (".com", ".org", ".net", ".de", ".co.uk", ".sg", ".fr", ".io", ".ru", ".in", ".kr", ".gr")


def number(language: Language, rng: np.random.Generator) -> str:
    """A whole number of one to seven digits, sometimes with signs of thousands, a decimal part, or a unit."""
    digits = int(rng.choice(7, p=(0.18, 0.26, 0.2, 0.18, 0.08, 0.06, 0.04))) + 1
    value = int(rng.integers(10 ** (digits - 1), 10**digits))
    share = rng.random()
    if share < 0.12:
        return f"{value:,}".replace(",", ",. "[rng.integers(3)])
    if share < 0.22:
        return f"{value % 1000}{'.,'[rng.integers(2)]}{rng.integers(0, 100):0{int(rng.integers(1, 3))}d}"
    if share < 0.30:
        return f"{value % 1000}{_UNITS[rng.integers(len(_UNITS))]}"
    if share < 0.34:
        return f"{value % 101}%"
    if share < 0.37:
        return f"{'+-#'[rng.integers(3)]}{value}"
    return str(value)


def price(language: Language, rng: np.random.Generator) -> str:
    """An amount of money in one of the language's currencies."""
    sign = language.money[rng.integers(len(language.money))]
    mark = "." if rng.random() < 0.7 else ","
    value = int(10 ** rng.uniform(0, 4))
    cents = (0, 99, 50, 95, 90, int(rng.integers(100)))[rng.integers(6)]
    amount = str(value) if rng.random() < 0.3 else f"{value}{mark}{cents:02d}"
    after = sign.startswith(" ") or sign == "원"
    return amount + (sign if rng.random() < 0.5 else sign.strip()) if after else sign + amount


def date(language: Language, rng: np.random.Generator) -> str:
    """A date in digits, or with an English month where the language is written in Latin letters."""
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1950, 2040))
    mark = "/-. "[rng.choice(4, p=(0.4, 0.25, 0.3, 0.05))]
    if language.letters.startswith(LATIN) and rng.random() < 0.25:
        name = _MONTHS[month - 1] if rng.random() < 0.5 else _MONTHS[month - 1].upper()
        return f"{day:02d}{mark}{name}{mark}{year}"
    share = rng.random()
    if share < 0.3:
        return f"{year}{mark}{month:02d}{mark}{day:02d}"
    return f"{day:02d}{mark}{month:02d}{mark}{year if share < 0.75 else f'{year % 100:02d}'}"


def clock(language: Language, rng: np.random.Generator) -> str:
    """A time of day."""
    hour, minute = int(rng.integers(0, 24)), int(rng.integers(0, 60))
    if rng.random() < 0.25:
        return f"{hour % 12 + 1}:{minute:02d}{('am', 'pm', 'AM', 'PM')[rng.integers(4)]}"
    tail = f":{rng.integers(60):02d}" if rng.random() < 0.2 else ""
    return f"{hour:02d}{':.'[rng.random() < 0.15]}{minute:02d}{tail}"


def code(language: Language, rng: np.random.Generator) -> str:
    """Capital letters and digits, as on plates, tickets and goods."""
    if rng.random() < 0.4:
        runs = int(rng.integers(2, 4))
        parts = [_run(_CODE_LETTERS if i % 2 else "0123456789", int(rng.integers(1, 5)), rng) for i in range(runs)]
        return "-"[: rng.random() < 0.3].join(parts[:: -1 if rng.random() < 0.5 else 1])
    return _run(_CODE_LETTERS + "01234567890123456789", int(rng.integers(3, 11)), rng)


def phone(language: Language, rng: np.random.Generator) -> str:
    """Groups of digits."""
    mark = " -."[rng.integers(3)]
    groups = [_run("0123456789", int(rng.integers(2, 5)), rng) for _ in range(rng.integers(2, 4))]
    head = ("", "+", "(0)")[rng.choice(3, p=(0.7, 0.25, 0.05))]
    return head + mark.join(groups)


def web(language: Language, rng: np.random.Generator) -> str:
    """Something like an address of the web or of a mailbox."""
    name = _run("aaabcdeeefghiiiklmnooprsttuvwyz", int(rng.integers(3, 10)), rng)
    ending = _ENDINGS[rng.integers(len(_ENDINGS))]
    if rng.random() < 0.3:
        return f"{_run('abcdefghijklmnoprstuvwz', int(rng.integers(2, 7)), rng)}@{name}{ending}"
    return f"{'www.' if rng.random() < 0.6 else ''}{name}{ending}"


def symbols(language: Language, rng: np.random.Generator) -> str:
    """A short text with signs that words lack, so that no character of a keyboard stays unseen."""
    signs = "!#$%&'()*+,-./:;<=>?@[]_{}|~^\\\"°€£"
    parts = [signs[rng.integers(len(signs))] for _ in range(rng.integers(1, 3))]
    parts.append(_run("0123456789" + _CODE_LETTERS + _CODE_LETTERS.lower(), int(rng.integers(1, 6)), rng))
    return "".join(parts[i] for i in rng.permutation(len(parts)))


KINDS: tuple[tuple[float, Maker], ...] = (
    (0.36, number),
    (0.14, price),
    (0.12, date),
    (0.07, clock),
    (0.15, code),
    (0.06, phone),
    (0.05, web),
    (0.05, symbols),
)
"""How often each kind occurs among the texts with digits."""


def _run(letters: str, length: int, rng: np.random.Generator) -> str:
    return "".join(letters[i] for i in rng.integers(len(letters), size=length))
