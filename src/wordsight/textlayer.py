"""Whether the text that a PDF gives for a page can be trusted, and a page made of it.

A PDF's own text is exact where it was printed from a program, and worthless in three ways: scans carry the invisible
text of some earlier OCR; fonts do not say which characters their shapes are; or they say it wrongly. The first two can
be seen in the file. For the third some words are read on the picture and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

import numpy as np

from wordsight import geometry
from wordsight.config import PdfText
from wordsight.image.pdf import TextLayer
from wordsight.pipeline import Findings, arrange
from wordsight.rectify.crop import Pyramid
from wordsight.types import Char, Floats, Picture, Quad, Reading, Word

HIDDEN = 0.5
"""A layer of which a larger share of the words is invisible is some earlier OCR."""
UNNAMED = 0.05
"""A layer of which a larger share of the characters has no name is broken."""
SAMPLE = 12
"""Words that are read to check a layer."""
LONG = 3
"""Shorter words are not asked: one wrong character decides too much."""
ALIKE, AGREEING = 0.6, 0.5
"""A layer is sound where at least this share of the sample is read at least so alike."""
COVERED = 0.02
"""A page of which pictures cover more is read too, for the text in them."""
CROP_HEIGHT = 48
UNKNOWN = "\ufffd"

NOT_USED = "the PDF's own text is not used: "
OLD_OCR = NOT_USED + "it is invisible, as an earlier OCR leaves it"
"""The note about a layer that can be taken away without changing how the page looks."""

ReadCrops = Callable[[Sequence[Picture]], list[Reading]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a layer.

    Attributes:
        use: Whether its words are taken.
        read: Whether the picture is read, too or instead.
        note: What is wrong with it; empty where nothing is.
    """

    use: bool
    read: bool
    note: str = ""


def judge(layer: TextLayer, picture: Picture, mode: PdfText, read: ReadCrops | None) -> Verdict:
    """Decide about the text layer of a page.

    Args:
        layer: The layer.
        picture: The page as it was rendered, (H, W, 3) uint8 RGB.
        mode: What the user wants.
        read: Reads crops of one line each; None where it may not read all characters, and can be no witness.
    """
    if mode == "never" or not layer.texts:
        return Verdict(use=False, read=True)
    if mode == "always":
        return Verdict(use=True, read=False)
    if np.mean(layer.hidden) > HIDDEN:
        return Verdict(use=False, read=True, note=OLD_OCR)
    fault = _fault(layer, picture, read)
    if fault:
        return Verdict(use=False, read=True, note=NOT_USED + fault)
    return Verdict(use=True, read=layer.pictures > COVERED)


def findings(layer: TextLayer, other: Findings | None) -> Findings:
    """A page of a layer's words, and of the words of a reading that stand where the layer has none.

    The layer's words have confidence 1 and a detection score of 1, which no word that was read has.
    """
    words = [_word(text, quad) for text, quad in zip(layer.texts, layer.quads, strict=True)]
    extra = [] if other is None else _beside(other.words, layer.quads)
    every = [*words, *extra]
    quads = np.array([word.quad.points for word in every], np.float32).reshape(-1, 4, 2)
    return arrange([[word] for word in every], quads, 1.0 if other is None else other.scale)


def _fault(layer: TextLayer, picture: Picture, read: ReadCrops | None) -> str:
    """What is wrong with a visible layer; empty where it is sound."""
    joined = "".join(layer.texts)
    unnamed = sum(letter == UNKNOWN or not letter.isprintable() or "\ue000" <= letter < "\uf900" for letter in joined)
    if unnamed > UNNAMED * len(joined):
        return "its fonts do not say which characters they draw"
    return "" if read is None else _contradiction(layer, picture, read)


def _contradiction(layer: TextLayer, picture: Picture, read: ReadCrops) -> str:
    """What a sample of the words, read on the picture, says against a layer; empty for nothing."""
    long = [i for i, text in enumerate(layer.texts) if len(text) >= LONG and not layer.hidden[i]]
    asked = [long[i] for i in np.linspace(0, len(long) - 1, min(SAMPLE, len(long))).astype(int)]
    pyramid = Pyramid(picture)
    quads = geometry.grow(layer.quads[asked], 0.05, 0.05)
    readings = read([pyramid.crop(quad, CROP_HEIGHT) for quad in quads]) if asked else []
    pairs = zip((layer.texts[i] for i in asked), readings, strict=True)
    # What cannot be read at all says nothing against a layer: the recognizer may not know the script.
    checked = [_alike(text, reading.text) for text, reading in pairs if _shares_script(text) and not _is_blank(reading)]
    blank = sum(_is_blank(reading) for reading in readings)
    if len(asked) >= LONG and blank > AGREEING * len(asked) and all(_shares_script(layer.texts[i]) for i in asked):
        return "it is not to be seen on the page"
    if len(checked) >= LONG and np.mean([alike >= ALIKE for alike in checked]) < AGREEING:
        return "it does not say what the page shows"
    return ""


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False).ratio()


def _shares_script(text: str) -> bool:
    """Whether a word is written in ASCII, which every recognizer knows."""
    return text.isascii()


def _is_blank(reading: Reading) -> bool:
    return not reading.text


def _word(text: str, quad: Floats) -> Word:
    ends = np.linspace(0, 1, len(text) + 1)
    places = [Quad(geometry.cut(quad, float(a), float(b))) for a, b in pairwise(ends)]
    chars = tuple(Char(letter, place, 1.0) for letter, place in zip(text, places, strict=True))
    return Word(Quad(quad), text, 1.0, 1.0, chars=chars)


def _beside(words: Sequence[Word], quads: Floats) -> list[Word]:
    """The words whose middle lies in the box of none of the quads."""
    low, high = quads.min(axis=1), quads.max(axis=1)
    middles = [word.quad.points.mean(axis=0) for word in words]
    return [
        word
        for word, middle in zip(words, middles, strict=True)
        if not ((low <= middle) & (middle <= high)).all(axis=1).any()
    ]
