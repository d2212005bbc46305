"""Folders of single characters: the folder's name is the character, or a class of the Devanagari set (DHCD).

DHCD: ``Train/character_1_ka/*.png`` ... ``Test/digit_9/*.png``, 46 classes, 32 x 32 grey, white on black. Layout and
classes: https://archive.ics.uci.edu/dataset/389/devanagari+handwritten+character+dataset and S. Acharya, A. Pant,
P. Gyawali: Deep learning based large scale handwritten Devanagari character recognition, SKIMA 2015. A folder may also
be named after a code point (``U+0915``, ``0x0915``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from wordsight.data.collect import Entry
from wordsight.data.importers.source import Source, at, image_of, split_of
from wordsight.data.manifest import Sample
from wordsight.errors import ManifestError

# In the order of the classes' numbers, 1 to 36; the last three are conjuncts.
_CONSONANTS = ("क ख ग घ ङ च छ ज झ ञ ट ठ ड ढ ण त थ द ध न प फ ब भ म य र ल व श ष स ह क्ष त्र ज्ञ").split(" ")  # noqa: SIM905 (a list of 36 strings would hide the order)
_DIGITS = "०१२३४५६७८९"
_CLASS = re.compile(r"^(character|digit)_(\d+)(_\w+)?$")
_CODE = re.compile(r"^(?:u\+?|0x)([0-9a-f]{4,6})$", re.IGNORECASE)


def read(source: Source) -> Iterator[Entry]:
    """Crops with their characters."""
    if source.file is not None:
        raise ManifestError(f"{source.path(source.file)} is a file; name the folder of the characters' folders")
    return source.each(source.pictures, lambda name: _entry(source, name))


def matches(source: Source) -> bool:
    """Whether all pictures lie in folders that name a character, and there are several such folders."""
    folders = {PurePosixPath(name).parent.name for name in source.pictures}
    return source.file is None and len(folders) > 1 and all(_tells(folder) for folder in folders)


def character_of(folder: str) -> str:
    """The character that a folder's name stands for; a ValueError where it stands for none."""
    known = _CLASS.match(folder)
    if known:
        number = int(known[2])
        if known[1] == "digit" and number < len(_DIGITS):
            return _DIGITS[number]
        if known[1] == "character" and 1 <= number <= len(_CONSONANTS):
            return _CONSONANTS[number - 1]
        raise ValueError(f"{folder!r} is no class of the Devanagari set: characters 1 to 36, digits 0 to 9")
    code = _CODE.match(folder)
    if code and int(code[1], 16) <= 0x10FFFF and not 0xD800 <= int(code[1], 16) <= 0xDFFF:
        return chr(int(code[1], 16))
    letters = unicodedata.normalize("NFC", folder)
    if 1 <= len(letters) <= 3 and not any(unicodedata.category(c).startswith("C") for c in letters):
        return letters
    raise ValueError(f"the folder {folder!r} names no character; call it by the character, or U+ and its code")


def _tells(folder: str) -> bool:
    try:
        return bool(character_of(folder))
    except ValueError:
        return False


def _entry(source: Source, name: str) -> Iterator[Entry]:
    folder = PurePosixPath(name).parent
    with at(source.path(name)):
        character = character_of(folder.name)
    split = split_of(str(folder.parent))
    extra = {"class": folder.name}
    yield Entry(Sample(image=image_of(name), path=source.path(name), text=character, split=split, extra=extra))
