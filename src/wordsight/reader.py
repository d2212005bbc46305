"""The reader: settings, pictures in, pages out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import get_args, overload

import numpy as np
from PIL import Image

from wordsight import registry
from wordsight.config import (
    MIN_CONFIDENCE,
    PADDING,
    Engine,
    Precision,
    Quality,
    check_choice,
    check_range,
    check_type,
    check_whole,
)
from wordsight.errors import WordsightError
from wordsight.image.load import ImageSource, Limits, load, load_pages
from wordsight.page import Failure, Page
from wordsight.pipeline import Clock, Pipeline
from wordsight.stages import Detector, Recognizer, StageOptions
from wordsight.types import Reading

AHEAD = 3
"""Pictures under way at once in ``read_many``: while one is decoded, one is detected and one is recognized."""


@dataclass(frozen=True)
class Reader:
    """Reads pictures. Immutable; make one and call it from as many threads as you like.

    Attributes:
        detector: Name of a detector, or an object with its method.
        recognizer: Name of a recognizer, or an object with its method.
        quality: ``fast``, ``balanced`` or ``best``: working size and thresholds as one choice.
        language: Language that narrows the characters, or ``auto``.
        allow: Only these characters are read; empty allows all.
        min_confidence: Words below this confidence are left out, 0..1.
        padding: Margin around a text when it is read, in shares of its height.
        engine: ``auto``, ``openvino`` or ``onnxruntime``.
        precision: ``auto``, ``f32`` or ``bf16``.
        threads: Most threads of a network; None takes all that the process may use.
        limits: Which pictures are refused.

    Raises:
        ConfigError: A setting is unknown or out of bounds.
        ModelError: Weights or runtime cannot be used.
    """

    detector: str | Detector = "dbnet"
    recognizer: str | Recognizer = "svtr"
    quality: Quality = "balanced"
    language: str = "auto"
    allow: str = ""
    min_confidence: float = MIN_CONFIDENCE
    padding: float = PADDING
    engine: Engine = "auto"
    precision: Precision = "auto"
    threads: int | None = None
    limits: Limits = field(default_factory=Limits)
    _pipeline: Pipeline = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, choices in (("quality", Quality), ("engine", Engine), ("precision", Precision)):
            check_choice(name, getattr(self, name), get_args(choices))
        check_range("min_confidence", self.min_confidence, 0, 1)
        check_range("padding", self.padding, 0, 1)
        if self.threads is not None:
            check_whole("threads", self.threads, 1, 1024)
        check_type("language", self.language, str, "a language code or 'auto'")
        check_type("allow", self.allow, str, "a text of characters")
        check_type("limits", self.limits, Limits, "of the type Limits")
        options = StageOptions(self.quality, self.engine, self.precision, self.threads, self.allow, self.language)
        detector = self.detector
        if isinstance(detector, str):
            detector = registry.create_detector(detector, options)
        check_type("detector", detector, Detector, "a name, or an object with a method `detect`")
        recognizer = self.recognizer
        if isinstance(recognizer, str):
            recognizer = registry.create_recognizer(recognizer, options)
        check_type("recognizer", recognizer, Recognizer, "a name, or an object with a method `recognize`")
        object.__setattr__(
            self,
            "_pipeline",
            Pipeline(detector, recognizer, self.min_confidence, self.padding, thorough=self.quality == "best"),
        )

    @overload
    def read(self, source: ImageSource) -> Page: ...

    @overload
    def read(self, source: list[ImageSource]) -> list[Page]: ...

    def read(self, source: ImageSource | list[ImageSource]) -> Page | list[Page]:
        """Read a picture; of a file with several pages the first. Of a list of pictures a list of pages.

        Raises:
            ImageError: A picture cannot be loaded.
        """
        if isinstance(source, list):
            return [self.read(one) for one in source]
        return next(self.read_pages(source))

    def read_pages(self, source: ImageSource, boxes_only: bool = False) -> Iterator[Page]:
        """Read all pages of a file, one after the other.

        Args:
            source: The file.
            boxes_only: Detect without reading; the words' texts are empty.

        Raises:
            ImageError: The picture cannot be loaded.
        """
        find = self._pipeline.detect if boxes_only else self._pipeline.read
        pictures = load_pages(source, self.limits)
        number = 0
        while True:
            clock = Clock()
            with clock("load"):
                picture = next(pictures, None)
            if picture is None:
                return
            found = find(picture, clock)
            height, width = picture.shape[:2]
            yield Page(
                image=source_name(source),
                page=number,
                width=width,
                height=height,
                scale=found.scale,
                words=found.words,
                lines=found.lines,
                seconds=clock.seconds,
                source=None if hasattr(source, "read") else source,
                limits=self.limits,
            )
            number += 1

    def detect(self, source: ImageSource) -> Page:
        """Find text without reading it: a page whose words have no text, at the level of the detector.

        Raises:
            ImageError: The picture cannot be loaded.
        """
        return next(self.read_pages(source, boxes_only=True))

    def recognize(self, crops: Sequence[ImageSource]) -> list[Reading]:
        """Read pictures that each show one line of text and little else.

        Raises:
            ImageError: A picture cannot be loaded.
        """
        return self._pipeline.recognize([load(crop, self.limits) for crop in crops])

    def read_many(self, sources: Iterable[ImageSource], boxes_only: bool = False) -> Iterator[Page | Failure]:
        """Read many pictures, in order, several at a time.

        At most ``AHEAD`` pictures are in memory, however many there are and however slowly the pages are taken.

        Args:
            sources: Pictures; a file with several pages gives several results.
            boxes_only: Detect without reading.

        Yields:
            A page, or a failure in its place.
        """
        waiting: deque[Future[list[Page | Failure]]] = deque()
        with ThreadPoolExecutor(AHEAD, thread_name_prefix="wordsight") as pool:
            try:
                for source in sources:
                    waiting.append(pool.submit(self._read_all, source, boxes_only))
                    if len(waiting) >= AHEAD:
                        yield from waiting.popleft().result()
                while waiting:
                    yield from waiting.popleft().result()
            finally:
                # The caller went away or pressed Ctrl-C: finish what runs, start nothing more.
                pool.shutdown(wait=False, cancel_futures=True)

    def _read_all(self, source: ImageSource, boxes_only: bool) -> list[Page | Failure]:
        results: list[Page | Failure] = []
        try:
            results += self.read_pages(source, boxes_only)
        except WordsightError as error:
            results.append(Failure(source_name(source), error))
        return results


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
