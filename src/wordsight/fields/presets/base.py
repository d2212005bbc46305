"""What all ready-made readers share: what they answer, and how they go through many files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wordsight.errors import WordsightError
from wordsight.fields.extract import FieldValue, Prediction
from wordsight.image.load import ImageSource
from wordsight.page import Failure, Page
from wordsight.reader import Reader, source_name
from wordsight.registry import create_detector
from wordsight.stages import Detector, StageOptions


@dataclass(frozen=True, slots=True)
class Answer(Prediction):
    """What a ready-made reader found on a page.

    Attributes:
        read: The page as it was read.
        beside: What else is known about the fields, plain values by name.
    """

    read: Page | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The record of ``wordsight read --fields NAME --format jsonl``: the page's own, with the fields."""
        own = Prediction.to_dict(self)
        page = self.read.to_dict() if self.read is not None else {}
        return own | page | {"fields": own["fields"], "predictions": own["predictions"], **self.beside}


class Preset(Protocol):
    """A ready-made reader. Immutable; safe to call from many threads."""

    def read_pages(self, source: ImageSource) -> Iterator[Answer]:
        """The fields of each page of a file.

        Raises:
            ImageError: The file cannot be loaded.
        """
        ...


def read_many(preset: Preset, sources: Iterable[ImageSource]) -> Iterator[Answer | Failure]:
    """The fields of many files, in order; a failure stands in the place of what cannot be read."""
    for source in sources:
        try:
            yield from preset.read_pages(source)
        except WordsightError as error:
            yield Failure(source_name(source), error)


def answer(
    page: Page,
    values: Sequence[FieldValue],
    name: str,
    beside: Mapping[str, Any],
    empty: Iterable[str] = (),
    many: bool = False,
) -> Answer:
    """An answer from values; a field with several of them has a list of texts.

    Args:
        page: The page that was read.
        values: What was found.
        name: Of the preset.
        beside: See :class:`Answer`.
        empty: Fields that are there without a text.
        many: Whether fields are lists however many values they have.
    """
    texts: dict[str, list[str]] = {}
    for value in values:
        texts.setdefault(value.name, []).append(value.text)
    fields: dict[str, str | tuple[str, ...]] = dict.fromkeys(empty, "")
    fields |= {key: said[0] if len(said) == 1 and not many else tuple(said) for key, said in texts.items()}
    took = sum(page.seconds.values())
    return Answer(
        page.image, page.page, page.width, page.height, fields, tuple(values), name, took, read=page, beside=beside
    )


def lines_detector(reader: Reader) -> Detector:
    """A detector of lines that runs as a reader does."""
    options = StageOptions(
        quality=reader.quality, engine=reader.engine, precision=reader.precision, threads=reader.threads
    )
    return create_detector("dbnet", options)
