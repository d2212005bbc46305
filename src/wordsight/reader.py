"""The reader: settings, pictures in, pages out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from queue import Full, Queue
from threading import Event
from typing import TypeAlias, get_args, overload

import numpy as np
from PIL import Image

from wordsight import registry
from wordsight.config import (
    DETECTOR,
    ENHANCE,
    MIN_CONFIDENCE,
    DetectionOptions,
    Engine,
    PdfText,
    Precision,
    Quality,
    TesseractOptions,
    check_choice,
    check_range,
    check_type,
    check_whole,
    page_ranges,
)
from wordsight.errors import ConfigError, WordsightError
from wordsight.image.enhance import enhance, steps_of
from wordsight.image.load import ImageSource, Limits, Sheet, load, load_sheets
from wordsight.page import Failure, Page
from wordsight.pipeline import Clock, Findings, Pipeline, WholePage
from wordsight.recognition.trained import load_recognizer
from wordsight.stages import Detector, Mapper, PageRecognizer, Recognizer, StageOptions
from wordsight.textlayer import findings, judge
from wordsight.types import Maps, Picture, Reading
from wordsight.vocabulary import Vocabulary

AHEAD = 3
"""Pictures under way at once in ``read_many``: while one is decoded, one is detected and one is recognized."""
KEPT = 8
"""Pages of one file that wait to be taken; the reading of a long one goes on when there is room."""
_Results: TypeAlias = "Queue[Page | Failure | BaseException | None]"
"""The pages of one file on their way out of its thread; None ends them, an exception is raised where they are taken."""

NO_DETECTOR = "none"
"""In the place of a detector's name: the recognizer finds the text of a page by itself."""


@dataclass(frozen=True)
class Reader:
    """Reads pictures. Immutable; make one and call it from as many threads as you like.

    Attributes:
        detector: Name of a detector, or an object with its method; ``auto`` chooses by the picture, ``none`` leaves
            the finding to a recognizer of whole pages.
        recognizer: Name of a recognizer, path of a trained one (ending in .onnx), or an object with its method.
        quality: ``fast``, ``balanced`` or ``best``: working size and thresholds as one choice.
        language: Language that narrows the characters, or ``auto``.
        allow: Only these characters are read; empty allows all.
        vocabulary: Words or a pattern that texts are expected to follow; None expects nothing.
        min_confidence: Words below this confidence are left out, 0..1.
        padding: Margin around a text when it is read, in shares of its width at either end and of its height above and
            below, as in OpenCV's EAST program; None is a twentieth of its height on all sides.
        min_score: Places below this score of the detector are left out, 0..1; None leaves that to the quality.
        width: Width to which pictures are resized for the detector, rounded to a multiple of 32; None leaves that to
            the quality and the text.
        height: The same for the height. Where only one of the two is given pictures keep their proportions.
        nms: Of two places found by EAST whose intersection over union is above this, one is left out, 0..1.
        east_model: File with a detector of your own: one that ``wordsight train detector`` wrote, or a frozen EAST
            graph in the layout of OpenCV's text detection sample (``.pb`` or ``.onnx``).
        engine: ``auto``, ``openvino`` or ``onnxruntime``.
        precision: ``auto``, ``f32`` or ``bf16``.
        threads: Most threads of a network; None takes all that the process may use.
        tesseract: How Tesseract reads, where it does.
        pages: Which pages of files with several are read, such as ``1-3,7``; empty for all.
        pdf_text: Whether the text that a PDF itself gives is used: ``auto`` where it is sound, ``never``, ``always``.
        enhance: What is done to a picture before it is read: ``auto`` takes the steps that it needs, ``none`` takes
            none, names such as ``sheet,clean`` (see :mod:`wordsight.image.enhance`) take these in every picture.
        limits: Which pictures are refused.

    Raises:
        ConfigError: A setting is unknown or out of bounds.
        ModelError: Weights or runtime cannot be used.
    """

    detector: str | Detector = DETECTOR
    recognizer: str | Recognizer = "svtr"
    quality: Quality = "balanced"
    language: str = "auto"
    allow: str = ""
    vocabulary: Vocabulary | None = None
    min_confidence: float = MIN_CONFIDENCE
    padding: float | None = None
    min_score: float | None = None
    width: int | None = None
    height: int | None = None
    nms: float | None = None
    east_model: str | os.PathLike[str] | None = None
    engine: Engine = "auto"
    precision: Precision = "auto"
    threads: int | None = None
    tesseract: TesseractOptions = field(default_factory=TesseractOptions)
    pages: str = ""
    pdf_text: PdfText = "auto"
    enhance: str = ENHANCE
    limits: Limits = field(default_factory=Limits)
    _pipeline: Pipeline | WholePage = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, choices in (
            ("quality", Quality),
            ("engine", Engine),
            ("precision", Precision),
            ("pdf_text", PdfText),
        ):
            check_choice(name, getattr(self, name), get_args(choices))
        check_range("min_confidence", self.min_confidence, 0, 1)
        if self.padding is not None:
            check_range("padding", self.padding, 0, 1)
        if self.threads is not None:
            check_whole("threads", self.threads, 1, 1024)
        check_type("language", self.language, str, "a language code or 'auto'")
        check_type("allow", self.allow, str, "a text of characters")
        check_type("pages", self.pages, str, "a text such as '1-3,7'")
        page_ranges(self.pages)
        steps_of(self.enhance)
        check_type("limits", self.limits, Limits, "of the type Limits")
        if self.vocabulary is not None:
            check_type("vocabulary", self.vocabulary, Vocabulary, "of the type Vocabulary")
        check_type("tesseract", self.tesseract, TesseractOptions, "of the type TesseractOptions")
        options = StageOptions(
            self.quality,
            self.engine,
            self.precision,
            self.threads,
            self.allow,
            self.language,
            self.tesseract,
            self._detection(),
        )
        object.__setattr__(self, "_pipeline", self._compose(options))
        if self.vocabulary:
            # Tried on an empty crop, so that a pattern that cannot be used is refused now, not at the first picture.
            self._pipeline.recognize([np.zeros((16, 32, 3), np.uint8)], [self.vocabulary])

    @property
    def pipeline(self) -> Pipeline | WholePage:
        """The stages, put together."""
        return self._pipeline

    def _detection(self) -> DetectionOptions:
        if self.east_model is None:
            return DetectionOptions(self.width, self.height, self.nms, self.min_score)
        if self.detector not in (DETECTOR, "auto", "east"):
            raise ConfigError("east_model takes the place of a detector; leave it out, or choose detector 'east'")
        check_type("east_model", self.east_model, (str, os.PathLike), "the path of a file")
        return DetectionOptions(self.width, self.height, self.nms, self.min_score, Path(self.east_model))

    def _compose(self, options: StageOptions) -> Pipeline | WholePage:
        recognizer = self.recognizer
        if isinstance(recognizer, str) and recognizer.endswith(".onnx"):
            recognizer = load_recognizer(Path(recognizer), options)
        elif isinstance(recognizer, str):
            recognizer = registry.create_recognizer(recognizer, options)
        check_type("recognizer", recognizer, Recognizer, "a name, or an object with a method `recognize`")
        detector = self.detector
        if detector == NO_DETECTOR:
            if not isinstance(recognizer, PageRecognizer):
                raise ConfigError(
                    "without a detector a recognizer must find the text by itself; choose recognizer 'tesseract', or a "
                    "detector"
                )
            return WholePage(recognizer, self.min_confidence)
        if isinstance(detector, str):
            own = options.detection.east_model is not None
            detector = registry.create_detector("east" if own else detector, options)
        check_type("detector", detector, Detector, "a name, or an object with a method `detect`")
        return Pipeline(detector, recognizer, self.min_confidence, self.padding, self.quality)

    @overload
    def read(self, source: ImageSource, vocabulary: Vocabulary | None = None) -> Page: ...

    @overload
    def read(self, source: list[ImageSource], vocabulary: Vocabulary | None = None) -> list[Page]: ...

    def read(self, source: ImageSource | list[ImageSource], vocabulary: Vocabulary | None = None) -> Page | list[Page]:
        """Read a picture; of a file with several pages the first. Of a list of pictures a list of pages.

        Args:
            source: The picture or pictures.
            vocabulary: Counts instead of the reader's own.

        Raises:
            ImageError: A picture cannot be loaded.
        """
        if isinstance(source, list):
            return [self.read(one, vocabulary) for one in source]
        return next(self.read_pages(source, vocabulary=vocabulary))

    def read_pages(
        self, source: ImageSource, boxes_only: bool = False, vocabulary: Vocabulary | None = None
    ) -> Iterator[Page]:
        """Read all pages of a file, one after the other.

        Args:
            source: The file.
            boxes_only: Detect without reading; the words' texts are empty.
            vocabulary: Counts instead of the reader's own.

        Raises:
            ImageError: The picture cannot be loaded.
        """
        known = vocabulary if vocabulary is not None else self.vocabulary
        sheets = load_sheets(source, self.limits, self.pages)
        while True:
            clock = Clock()
            with clock("load"):
                sheet = next(sheets, None)
            if sheet is None:
                return
            if boxes_only:
                found, notes = self._look(sheet.picture, clock, self._pipeline.detect)
            else:
                found, notes = self._read_sheet(sheet, clock, known)
            yield page_of(source, sheet, found, clock, self.limits, notes)

    def _read_sheet(
        self, sheet: Sheet, clock: Clock, vocabulary: Vocabulary | None
    ) -> tuple[Findings, tuple[str, ...]]:
        """What is found on a page, and what was noticed about it."""

        def read(picture: Picture, clock: Clock) -> Findings:
            return self._pipeline.read(picture, clock, vocabulary)

        if sheet.layer is None:
            return self._look(sheet.picture, clock, read)

        def witness(crops: Sequence[Picture]) -> list[Reading]:
            return self._pipeline.recognize(crops, [None] * len(crops))

        with clock("layer"):
            free = not self.allow and isinstance(self._pipeline, Pipeline)
            verdict = judge(sheet.layer, sheet.picture, self.pdf_text, witness if free else None)
        seen, notes = self._look(sheet.picture, clock, read) if verdict.read else (None, ())
        with clock("layer"):
            found = seen if seen is not None and not verdict.use else findings(sheet.layer, seen)
        return found, (verdict.note, *notes) if verdict.note else notes

    def _look(
        self, picture: Picture, clock: Clock, look: Callable[[Picture, Clock], Findings]
    ) -> tuple[Findings, tuple[str, ...]]:
        """What is found in a picture after its enhancement, at the places of the picture itself."""
        with clock("enhance"):
            better = enhance(picture, steps_of(self.enhance))
        found = look(better.picture, clock)
        if better.ways:
            found = found.put_back(better.back, better.zoom)
        return found, (f"enhanced: {', '.join(better.steps)}",) if better.steps else ()

    def detect(self, source: ImageSource) -> Page:
        """Find text without reading it: a page whose words have no text, at the level of the detector.

        Raises:
            ImageError: The picture cannot be loaded.
        """
        return next(self.read_pages(source, boxes_only=True))

    def maps(self, source: ImageSource, scale: float | None = None) -> Maps:
        """What the detector's network says about every part of a picture, before places are made of it.

        Args:
            source: The picture.
            scale: Working size over the picture's own, as ``Page.scale`` tells it; None takes that of ``detect``.

        Raises:
            ImageError: The picture cannot be loaded.
            ConfigError: The detector has no maps.
        """
        picture = load(source, self.limits)
        detector = self._pipeline.detector if isinstance(self._pipeline, Pipeline) else None
        if not isinstance(detector, Mapper):
            raise ConfigError("this detector has no maps to show; choose detector 'east' or 'dbnet'")
        return detector.maps(picture, detector.detect(picture).scale if scale is None else scale)

    def recognize(
        self,
        crops: Sequence[ImageSource],
        vocabulary: Vocabulary | Sequence[Vocabulary | None] | None = None,
    ) -> list[Reading]:
        """Read pictures that each show one line of text and little else.

        Args:
            crops: The pictures.
            vocabulary: Counts instead of the reader's own: one for all crops, or one for each, where None leaves a crop
                to the reader's own.

        Raises:
            ImageError: A picture cannot be loaded.
            ConfigError: There are more or fewer vocabularies than crops, or the recognizer takes none.
        """
        if vocabulary is None or isinstance(vocabulary, Vocabulary):
            vocabulary = [vocabulary] * len(crops)
        if len(vocabulary) != len(crops):
            raise ConfigError(
                f"{len(vocabulary)} vocabularies for {len(crops)} crops; give one for all, or one for each"
            )
        known = [self.vocabulary if one is None else one for one in vocabulary]
        return self._pipeline.recognize([load(crop, self.limits) for crop in crops], known)

    def read_many(self, sources: Iterable[ImageSource], boxes_only: bool = False) -> Iterator[Page | Failure]:
        """Read many pictures, in order, several at a time.

        At most ``AHEAD`` pictures are in memory, however many there are and however slowly the pages are taken.

        Args:
            sources: Pictures; a file with several pages gives several results.
            boxes_only: Detect without reading.

        Yields:
            A page, or a failure in its place.
        """
        waiting: deque[_Results] = deque()
        gone = Event()
        with ThreadPoolExecutor(AHEAD, thread_name_prefix="wordsight") as pool:
            try:
                for source in sources:
                    waiting.append(Queue(maxsize=KEPT))
                    pool.submit(self._feed, source, boxes_only, waiting[-1], gone)
                    if len(waiting) >= AHEAD:
                        yield from _drain(waiting.popleft())
                while waiting:
                    yield from _drain(waiting.popleft())
            finally:
                gone.set()
                # The caller went away or pressed Ctrl-C: finish what runs, start nothing more.
                pool.shutdown(wait=False, cancel_futures=True)

    def _feed(self, source: ImageSource, boxes_only: bool, results: _Results, gone: Event) -> None:
        """Hand over the pages of a file as they are read, then None; stops when nobody takes them any more."""
        last: Page | Failure | BaseException | None = None
        try:
            for page in self.read_pages(source, boxes_only):
                if not _put(results, page, gone):
                    return
        except WordsightError as error:
            last = Failure(source_name(source), error)
        except BaseException as error:  # noqa: BLE001 (it is raised where the results are taken)
            last = error
        if last is None or _put(results, last, gone):
            _put(results, None, gone)


def _put(results: _Results, item: Page | Failure | BaseException | None, gone: Event) -> bool:
    """Hand over one thing; whether somebody is there to take it."""
    while not gone.is_set():
        with suppress(Full):
            results.put(item, timeout=0.1)
            return True
    return False


def _drain(results: _Results) -> Iterator[Page | Failure]:
    while (item := results.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item


@cache
def default_reader() -> Reader:
    """The reader that :func:`wordsight.read` uses, made on first use and kept for the process."""
    return Reader()


@overload
def read(source: ImageSource) -> Page: ...


@overload
def read(source: list[ImageSource]) -> list[Page]: ...


def read(source: ImageSource | list[ImageSource]) -> Page | list[Page]:
    """Read a picture, or a list of pictures, with the default settings.

    Raises:
        ImageError: The picture cannot be loaded.
    """
    return default_reader().read(source)


def page_of(
    source: ImageSource, sheet: Sheet, found: Findings, clock: Clock, limits: Limits, notes: tuple[str, ...] = ()
) -> Page:
    """The page that a sheet of a file has become.

    Args:
        source: The file.
        sheet: What was loaded of it.
        found: What was found there.
        clock: What that took.
        limits: With which the file was opened, and is opened again to be drawn on.
        notes: What was noticed.
    """
    height, width = sheet.picture.shape[:2]
    return Page(
        image=source_name(source),
        page=sheet.number,
        width=width,
        height=height,
        scale=found.scale,
        words=found.words,
        lines=found.lines,
        seconds=clock.seconds,
        source=None if hasattr(source, "read") else source,
        limits=limits,
        dpi=sheet.dpi,
        notes=notes,
    )


def source_name(source: ImageSource) -> str:
    """What a result calls its picture: the path as given, or the kind of object it came in."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    if isinstance(source, np.ndarray):
        return "array"
    if isinstance(source, Image.Image):
        return "picture"
    name = str(getattr(source, "name", "bytes"))
    return "-" if name == "<stdin>" else name
