"""The contracts of the stages: what goes in, what comes out. Any object with the method will do.

Stages are called from many threads at once and must not change themselves; they add no threads of their own beyond
those of the network they run (see :mod:`wordsight.models.runtime`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from wordsight.config import Engine, Precision, Quality
from wordsight.types import Detection, Picture, Reading


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
    """

    quality: Quality = "balanced"
    engine: Engine = "auto"
    precision: Precision = "auto"
    threads: int | None = None
    allow: str = ""
    language: str = "auto"


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
class Recognizer(Protocol):
    """Reads crops."""

    def recognize(self, crops: Sequence[Picture]) -> list[Reading]:
        """One reading for each crop of a single, upright line, in the same order.

        The reading of a crop does not depend on the other crops.
        """
        ...
