"""Languages: their codes, the scripts they are written in, and the letters that a reader of them must know.

The letters of languages with an alphabet are those of their official orthography; thousands of signs are taken from
national standards that Python carries as codecs: GB 2312 level 1 (the 3,755 most used Chinese signs), JIS X 0208
level 1 (2,965 kanji, and the kana) and KS X 1001 (2,350 syllables of Hangul).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

BASIC = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    Attributes:
        code: ISO 639-1.
        long: ISO 639-2 (T), the longer code of the same.
        tesseract: The name of Tesseract's data file, without its suffix.
        name: In English.
        scripts: What it is written with, as in ``wordsight.charset.SCRIPTS``.
        letters: Letters beyond a-z of a Latin alphabet, all small letters of another; empty where a standard has them.
    """

    code: str
    long: str
    tesseract: str
    name: str
    scripts: tuple[str, ...]
    letters: str = ""


_LATIN = """
cs ces ces Czech áčďéěíňóřšťúůýž
da dan dan Danish æøå
de deu deu German äöüß
en eng eng English
es spa spa Spanish áéíñóúü
et est est Estonian šžõäöü
fi fin fin Finnish äöå
fr fra fra French àâæçéèêëîïôœùûüÿ
ga gle gle Irish áéíóú
hr hrv hrv Croatian čćđšž
hu hun hun Hungarian áéíóöőúüű
id ind ind Indonesian
is isl isl Icelandic áðéíóúýþæö
it ita ita Italian àèéìíîòóùú
la lat lat Latin
lt lit lit Lithuanian ąčęėįšųūž
lv lav lav Latvian āčēģīķļņšūž
ms msa msa Malay
nl nld nld Dutch éëïóöü
no nor nor Norwegian æøå
pl pol pol Polish ąćęłńóśźż
pt por por Portuguese áâãàçéêíóôõú
ro ron ron Romanian ăâîșț
sk slk slk Slovak áäčďéíĺľňóôŕšťúýž
sl slv slv Slovenian čšž
sv swe swe Swedish åäö
tr tur tur Turkish çğıİöşü
vi vie vie Vietnamese ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ
"""
_OTHER = """
el ell ell Greek greek,latin αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ
ru rus rus Russian cyrillic,latin абвгдеёжзийклмнопрстуфхцчшщъыьэюя
uk ukr ukr Ukrainian cyrillic абвгґдеєжзиіїйклмнопрстуфхцчшщьюя
bg bul bul Bulgarian cyrillic абвгдежзийклмнопрстуфхцчшщъьюя
sr srp srp Serbian cyrillic абвгдђежзијклљмнњопрстћуфхцчџш
he heb heb Hebrew hebrew אבגדהוזחטיךכלםמןנסעףפץצקרשת
ar ara ara Arabic arabic ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي
fa fas fas Persian arabic آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی
hi hin hin Hindi devanagari,latin
th tha tha Thai thai
zh zho chi_sim Chinese han,latin
ja jpn jpn Japanese kana,han,latin
ko kor kor Korean hangul,latin
"""


_HINDI = (
    (0x901, 0x903),
    (0x905, 0x90B),
    (0x90F, 0x911),
    (0x913, 0x928),
    (0x92A, 0x930),
    (0x932, 0x932),
    (0x935, 0x939),
    (0x93C, 0x93C),
    (0x93E, 0x943),
    (0x947, 0x949),
    (0x94B, 0x94D),
)
"""First and last of the Devanagari signs that Hindi writes with; the block has those of other languages between."""


def _table() -> dict[str, Language]:
    found = {}
    for row in _LATIN.strip().splitlines():
        code, long, tesseract, name, *letters = row.split(" ")
        found[code] = Language(code, long, tesseract, name, ("latin",), BASIC + "".join(letters))
    for row in _OTHER.strip().splitlines():
        code, long, tesseract, name, scripts, *letters = row.split(" ")
        found[code] = Language(code, long, tesseract, name, tuple(scripts.split(",")), "".join(letters))
    return found


LANGUAGES: dict[str, Language] = _table()
"""ISO 639-1 code -> language."""
ALIASES: dict[str, str] = {language.long: code for code, language in LANGUAGES.items()} | {
    "chi": "zh",
    "chi_sim": "zh",
    "cze": "cs",
    "dut": "nl",
    "fre": "fr",
    "ger": "de",
    "gre": "el",
    "ice": "is",
    "may": "ms",
    "per": "fa",
    "rum": "ro",
    "slo": "sk",
}
"""Other codes of the same: ISO 639-2 in both forms, and Tesseract's own."""


def short(code: str) -> str:
    """The ISO 639-1 code for another code of the same language; a code that this table lacks as it stands."""
    return ALIASES.get(code, code)


def find(code: str) -> Language | None:
    """The language of a code, short or long; None where this table has none."""
    return LANGUAGES.get(short(code))


@cache
def letters(language: Language) -> str:
    """All letters that a reader of a language must know, small and capital, without digits and signs."""
    if language.letters:
        small = language.letters
        return "".join(dict.fromkeys(small + "".join(c.upper() for c in small if len(c.upper()) == 1)))
    if language.code == "hi":
        return "".join(_block(*ends) for ends in _HINDI)
    if language.code == "th":
        return _block(0xE01, 0xE3A) + _block(0xE40, 0xE4E)
    if language.code == "zh":
        return _rows("gb2312", 0xB0, 0xD7)
    if language.code == "ja":
        return _rows("euc_jp", 0xA4, 0xA5) + _rows("euc_jp", 0xB0, 0xCF)
    return _rows("euc_kr", 0xB0, 0xC8)


def _block(first: int, last: int) -> str:
    return "".join(map(chr, range(first, last + 1)))


def _rows(codec: str, first: int, last: int) -> str:
    """The signs of some rows of a two-byte standard."""
    cells = ((row, cell) for row in range(first, last + 1) for cell in range(0xA1, 0xFF))
    return "".join(bytes(cell).decode(codec, "ignore") for cell in cells)
