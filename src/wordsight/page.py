"""The result: a page with its words and lines."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from wordsight.errors import ConfigError, WordsightError
from wordsight.image.draw import draw
from wordsight.image.load import DEFAULT_LIMITS, ImageSource, Limits, load_sheets
from wordsight.layout.pairs import pairs as find_pairs
from wordsight.layout.paragraphs import paragraphs as find_paragraphs
from wordsight.layout.parts import Cell, Pair, Paragraph, Table
from wordsight.layout.tables import tables as find_tables
from wordsight.types import Char, Line, Picture, Quad, Word

SCHEMA = 1
NOTEBOOK_WIDTH = 1200


@dataclass(frozen=True, slots=True)
class Page:
    """What was read in one picture.

    Attributes:
        image: The path as given, or what else the picture came from.
        page: Number of the page in its file, from 0.
        width: Width of the upright picture in pixels.
        height: Its height.
        scale: Size at which the detector looked, over the picture's own size.
        words: The words, in reading order.
        lines: The lines, in reading order, with indices into ``words``.
        seconds: Time that each stage took; equal pages may have taken different times.
        source: Where the picture can be had again for :meth:`draw`. A page keeps no pixels of its own, but an array, a
            PIL picture or bytes live as long as the page that names them here. None for a stream, which can be read
            only once.
        limits: With which limits it was loaded, and is loaded again.
        dpi: Pixels per inch at which the page of a PDF was rendered; None for pictures.
        notes: What was noticed on the way, such as a PDF's own text that cannot be used.
    """

    image: str
    page: int
    width: int
    height: int
    scale: float
    words: tuple[Word, ...]
    lines: tuple[Line, ...]
    seconds: Mapping[str, float] = field(compare=False)
    source: ImageSource | None = field(default=None, repr=False, compare=False)
    limits: Limits = field(default=DEFAULT_LIMITS, repr=False, compare=False)
    dpi: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The lines, in reading order, one a row."""
        return "\n".join(line.text for line in self.lines)

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Paragraphs and headings, in reading order; found anew each time."""
        return find_paragraphs(self.lines)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Tables, from top to bottom, of a page that lies level; found anew each time."""
        return find_tables(self.lines)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Names with their values, such as "Total" and "9.00"; found anew each time."""
        return find_pairs(self.words, self.lines)

    def to_dict(self, chars: bool = False, layout: bool = False) -> dict[str, Any]:
        """The page as plain values, in the form that ``wordsight read --format jsonl`` prints.

        Args:
            chars: Whether each word gets its characters with their quads.
            layout: Whether paragraphs, tables and pairs are added.
        """
        return {
            "schema": SCHEMA,
            "image": self.image,
            "page": self.page,
            "width": self.width,
            "height": self.height,
            "scale": round(self.scale, 4),
            "words": [_word(word, chars) for word in self.words],
            "lines": [_line(line) for line in self.lines],
            "seconds": {stage: round(value, 4) for stage, value in self.seconds.items()},
            **({} if self.dpi is None else {"dpi": round(self.dpi, 2)}),
            **({"notes": list(self.notes)} if self.notes else {}),
            **(_layout(self) if layout else {}),
        }

    def to_json(self, chars: bool = False, indent: int | None = None, layout: bool = False) -> str:
        """:meth:`to_dict` as JSON text."""
        return encodable(json.dumps(self.to_dict(chars, layout), ensure_ascii=False, indent=indent))

    def draw(self, picture: Picture | None = None, text: bool = True) -> Picture:
        """The picture with the words' boxes and texts.

        Args:
            picture: The page's picture; None loads it again from where it came.
            text: Whether the texts are written too.

        Raises:
            ImageError: The picture cannot be loaded again.
            WordsightError: The page does not know where it came from.
        """
        return draw(self.picture() if picture is None else picture, self.words, self.lines, text=text)

    def picture(self) -> Picture:
        """The page's picture, loaded again from where it came.

        Raises:
            ImageError: It cannot be loaded again.
            WordsightError: The page does not know where it came from.
        """
        if self.source is None:
            raise WordsightError("this page does not know its picture; pass it: page.draw(picture)")
        try:
            return next(load_sheets(self.source, self.limits, str(self.page + 1))).picture
        except ConfigError as error:
            raise WordsightError(
                f"{self.image} has no page {self.page} any more; pass the picture: page.draw(picture)"
            ) from error

    def _repr_html_(self) -> str:
        """How a notebook shows the page: as a picture where it can be had, else as text."""
        try:
            drawn = self.draw()
        except WordsightError:
            return f"<pre>{html.escape(self.text)}</pre>"
        if drawn.shape[1] > NOTEBOOK_WIDTH:
            height = round(drawn.shape[0] * NOTEBOOK_WIDTH / drawn.shape[1])
            drawn = cv2.resize(drawn, (NOTEBOOK_WIDTH, height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        _, data = cv2.imencode(".jpg", drawn[:, :, ::-1])
        return f'<img style="max-width: 100%" src="data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}">'


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands in the place of a page that could not be read.

    Attributes:
        image: The path as given.
        error: What went wrong.
    """

    image: str
    error: WordsightError

    def __str__(self) -> str:
        """A sentence that names the picture once."""
        message, name = str(self.error), f"{self.image}: "
        return message if message.startswith(name) else name + message

    def to_dict(self) -> dict[str, Any]:
        """The error record of ``wordsight read --format jsonl``."""
        return {"image": self.image, "error": {"type": type(self.error).__name__, "message": str(self.error)}}

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return encodable(json.dumps(self.to_dict(), ensure_ascii=False))


def encodable(text: str) -> str:
    r"""A text that UTF-8 can say: lone surrogates are written as ``\udcff``, as JSON has them.

    Python turns the bytes of a file name that are no UTF-8 into such surrogates.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _word(word: Word, chars: bool) -> dict[str, Any]:
    record: dict[str, Any] = {
        "quad": word.quad.tolist(),
        "text": word.text,
        "confidence": round(word.confidence, 4),
        "detection_score": round(word.detection_score, 4),
        "line": word.line,
    }
    if chars:
        record["chars"] = [_char(char) for char in word.chars]
    return record


def _char(char: Char) -> dict[str, Any]:
    return {"quad": char.quad.tolist(), "text": char.text, "probability": round(char.probability, 4)}


def _layout(page: Page) -> dict[str, Any]:
    """Paragraphs, tables and pairs as plain values."""
    return {name: [_plain(part) for part in getattr(page, name)] for name in ("paragraphs", "tables", "pairs")}


def _plain(part: Paragraph | Table | Cell | Pair) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for one in fields(part):
        value = getattr(part, one.name)
        if isinstance(value, Quad):
            value = value.tolist()
        elif isinstance(value, tuple):
            value = [_plain(item) if isinstance(item, Cell) else item for item in value]
        values[one.name] = value
    return values


def _line(line: Line) -> dict[str, Any]:
    return {
        "quad": line.quad.tolist(),
        "text": line.text,
        "confidence": round(line.confidence, 4),
        "words": list(line.words),
    }


def read_pages(path: Path) -> Iterator[Page]:
    """The pages in a file that ``wordsight read --format jsonl`` or ``json`` wrote; records of errors are left out.

    Raises:
        ConfigError: A record is not of a page.
    """
    try:
        text = path.read_text(encoding="utf-8")
        records = (
            json.loads(text) if text.lstrip().startswith("[") else map(json.loads, filter(str.strip, text.splitlines()))
        )
        for record in records:
            if "error" not in record:
                yield from_dict(record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is not what `wordsight read --format jsonl` writes ({error}); read again") from error


def from_dict(record: Mapping[str, Any]) -> Page:
    """The page of a record that :meth:`Page.to_dict` made; characters only where it has them.

    Raises:
        KeyError, TypeError, ValueError: It is no such record.
    """
    words = tuple(
        Word(
            Quad(np.array(word["quad"], np.float32)),
            str(word["text"]),
            float(word["confidence"]),
            float(word["detection_score"]),
            int(word["line"]),
            tuple(
                Char(str(char["text"]), Quad(np.array(char["quad"], np.float32)), float(char["probability"]))
                for char in word.get("chars", ())
            ),
        )
        for word in record["words"]
    )
    lines = tuple(
        Line(
            Quad(np.array(line["quad"], np.float32)), str(line["text"]), float(line["confidence"]), tuple(line["words"])
        )
        for line in record["lines"]
    )
    if any(not 0 <= index < len(words) for line in lines for index in line.words):
        raise ValueError("a line has a word that is not there")
    return Page(
        image=str(record["image"]),
        page=int(record["page"]),
        width=int(record["width"]),
        height=int(record["height"]),
        scale=float(record["scale"]),
        words=words,
        lines=lines,
        seconds=dict(record.get("seconds", {})),
        dpi=record.get("dpi"),
        notes=tuple(record.get("notes", ())),
    )
