"""What texts of a language are made of: its word lists, its letters, and how it writes money and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


def _span(first: str, last: str) -> str:
    return "".join(map(chr, range(ord(first), ord(last) + 1)))


LATIN = _span("A", "Z") + _span("a", "z")
ASCII_DIGITS = "0123456789"
DEVANAGARI_DIGITS = _span("०", "९")
# KS X 1001: the 2,350 syllables in common use; Python writes the others as eight bytes.
_HANGUL = tuple(c for c in map(chr, range(0xAC00, 0xD7A4)) if len(c.encode("euc_kr", "ignore")) == 2)


@dataclass(frozen=True, slots=True)
class Language:
    """How texts of one language are made.

    Attributes:
        lists: Word lists by their language codes, with the share that each has.
        letters: Characters that a font must have to be used for this language.
        cased: Whether there are upper and lower case letters.
        shaped: Whether letters must be shaped together (never drawn one by one).
        money: Signs of its currencies; those that stand after the number begin with a space.
        digits: Sets of digits in use.
        syllables: Characters that made-up words are drawn from; empty to make them from a list's letter pairs.
    """

    lists: Mapping[str, float]
    letters: str
    cased: bool = True
    shaped: bool = False
    money: tuple[str, ...] = ("$", "£", "€", " €", "¥")
    digits: tuple[str, ...] = (ASCII_DIGITS,)
    syllables: tuple[str, ...] = ()


_EUROPE = ("fr", "de", "es", "it", "pt", "nl", "pl", "sv", "tr", "cs")

LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        "en": Language({"en": 1.0}, LATIN),
        "latin": Language({"en": 0.5, **dict.fromkeys(_EUROPE, 0.5 / len(_EUROPE))}, LATIN + "éèüöäßñçåø"),
        "ru": Language({"ru": 1.0}, _span("А", "я") + "Ёё", money=(" ₽", " руб", " р.", " руб.")),
        "el": Language({"el": 1.0}, _span("Α", "Ρ") + _span("Σ", "Ω") + _span("α", "ω"), money=("€", " €")),
        "hi": Language(
            {"hi": 1.0},
            "".join(c for c in _span("क", "ह") if c not in "ऩऱऴ") + "अआइईउऊएऐओऔािीुूेैोौ्ंँ",
            cased=False,
            shaped=True,
            money=("₹", "₹ ", "रु ", "रु. "),
            digits=(ASCII_DIGITS, DEVANAGARI_DIGITS),
        ),
        "ko": Language(
            {"ko": 1.0}, "가나다라마바사아자차카타파하", cased=False, money=("₩", " 원", "원"), syllables=_HANGUL
        ),
    }
)
"""Languages that texts can be made in. "latin" is English mixed with ten other European languages, for accents."""
