"""The contracts of the stages: what goes in, what comes out. Any object with the method will do.

Stages are called from many threads at once and must not change themselves; they add no threads of their own beyond
those of the network they run (see :mod:`wordsight.models.runtime`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from wordsight.config import DetectionOptions, Engine, Precision, Quality, TesseractOptions
from wordsight.types import Detection, Maps, Picture, Reading, Span, Word
from wordsight.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class StageOptions:
    """What the maker of a stage is told.

    Attributes:
        quality: Speed against accuracy, one choice for the whole reader.
        engine: What runs networks.
        precision: Number format in which they run.
        threads: Most threads of a network; None takes all that the process may use.
        allow: The characters that may be read; empty allows all.
        language: Language code that narrows the characters, or ``auto``.
        tesseract: How Tesseract reads.
        detection: How text is found, where that is not left to the quality.
    """

    quality: Quality = "balanced"
    engine: Engine = "auto"
    precision: Precision = "auto"
    threads: int | None = None
    allow: str = ""
    language: str = "auto"
    tesseract: TesseractOptions = field(default_factory=TesseractOptions)
    detection: DetectionOptions = field(default_factory=DetectionOptions)


@runtime_checkable
class Detector(Protocol):
    """Finds text."""

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        """Quads of words or lines in a picture, in its own pixels.

        Args:
            picture: (H, W, 3) uint8 RGB.
            scale: Look once, at this working size over the picture's own; None chooses by the text.
        """
        ...


@runtime_checkable
class Mapper(Protocol):
    """A detector that can show what its network sees."""

    def maps(self, picture: Picture, scale: float) -> Maps:
        """Score and angle all over a picture, at the working size that ``Detection.scale`` told.

        Args:
            picture: (H, W, 3) uint8 RGB.
            scale: Working size over the picture's own.
        """
        ...


@runtime_checkable
class Recognizer(Protocol):
    """Reads crops."""

    def recognize(self, crops: Sequence[Picture]) -> list[Reading]:
        """One reading for each crop of a single, upright line, in the same order.

        The reading of a crop does not depend on the other crops.
        """
        ...


@runtime_checkable
class GuidedRecognizer(Recognizer, Protocol):
    """A recognizer that can be told beforehand what a crop may say. Others refuse vocabularies by not having this."""

    def recognize_with(self, crops: Sequence[Picture], vocabularies: Sequence[Vocabulary | None]) -> list[Reading]:
        """One reading for each crop, which follows the vocabulary of the same number where the picture allows it.

        Where it does not, the reading is that of :meth:`Recognizer.recognize`, and its ``matched`` is False.

        Args:
            crops: As for :meth:`Recognizer.recognize`.
            vocabularies: One for each crop; None leaves the crop free.
        """
        ...


@runtime_checkable
class Calibrated(Protocol):
    """A recognizer that knows what its probabilities are worth; without it, those of the stock one are assumed."""

    def confidence(self, spans: Sequence[Span]) -> float:
        """Probability that a text is right, 0..1, from its characters."""
        ...


@runtime_checkable
class PageRecognizer(Protocol):
    """A recognizer that finds the text of a page by itself, for which ``detector="none"`` makes room."""

    def read_page(self, picture: Picture, boxes_only: bool = False) -> list[list[Word]]:
        """The words of each line, in reading order.

        Args:
            picture: (H, W, 3) uint8 RGB.
            boxes_only: Find words without reading them: their texts are empty.
        """
        ...
