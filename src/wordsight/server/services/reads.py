"""What is asked of a reading, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from wordsight.server.tables import File, Page


@dataclass(frozen=True, slots=True)
class PageRead:
    """What was read on one page.

    Attributes:
        number: From 0.
        width: Pixels.
        height: Pixels.
        boxes: Fields: ``{"id", "label", "quad", "text", "score"}``.
        words: ``{"text", "quad", "confidence"}`` in reading order.
        text: The page's text, one line a line.
    """

    number: int
    width: int
    height: int
    boxes: tuple[dict[str, Any], ...] = ()
    words: tuple[dict[str, Any], ...] = ()
    text: str = ""


class ReadsFiles(Protocol):
    """What reads: see :mod:`wordsight.server.inference`."""

    def read(self, data: bytes, model: tuple[str, str] | None, pages: str) -> list[PageRead]:
        """Read a file.

        Args:
            data: The file.
            model: Id of a model and the digest of its version's file; None reads without a model.
            pages: Numbers of the wanted pages, such as "1,3-5", from 1; empty: all.

        Raises:
            ImageError: The file cannot be read.
            TooBusy: Too many requests wait.
        """
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """How files are to be read.

    Attributes:
        model_id: With which model; None: without.
        asynchronous: Later, in a job, instead of at once.
        pages: Numbers of the wanted pages, from 1; empty: all.
        metadata: A text that comes back with the result.
    """

    model_id: str | None = None
    asynchronous: bool = False
    pages: str = ""
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """A file with its pages."""

    file: File
    pages: tuple[Page, ...] = field(default=())
