"""Dates, amounts, addresses and numbers of any text that was read, with the places where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wordsight import geometry
from wordsight.fields.extract import FieldValue
from wordsight.fields.presets.base import Answer, answer
from wordsight.fields.presets.spot import Entity, spot
from wordsight.image.load import ImageSource
from wordsight.layout import lines as rows
from wordsight.page import Page
from wordsight.reader import Reader
from wordsight.types import Line, Quad, Word

NAME = "entities"


@dataclass(frozen=True, slots=True)
class EntitiesPreset:
    """Reads pages, and spots entities in their lines.

    Attributes:
        reader: Reads the pages.
    """

    reader: Reader

    def read_pages(self, source: ImageSource) -> Iterator[Answer]:
        """See :class:`wordsight.fields.presets.base.Preset`; every field is a list, since each may occur often."""
        for page in self.reader.read_pages(source):
            yield entities_of(page)


def entities_of(page: Page) -> Answer:
    """The entities of a page that was read.

    Raises:
        MissingExtra: A library is not installed.
    """
    values: list[FieldValue] = []
    normal: list[dict[str, str]] = []
    for line in page.lines:
        for entity in spot(line.text):
            words, quad = locate(page, line, entity)
            confidence = min(word.confidence for word in words)
            values.append(FieldValue(entity.label, entity.text, quad, confidence, page.page))
            normal.append({"label": entity.label, "text": entity.text, "value": entity.value})
    return answer(page, values, NAME, {NAME: normal}, many=True)


def locate(page: Page, line: Line, entity: Entity) -> tuple[Sequence[Word], Quad]:
    """The words that an entity runs through, and the quad around its letters."""
    at, touched, quads = 0, [], []
    for number in line.words:
        word = page.words[number]
        start, end = max(entity.start - at, 0), min(entity.end - at, len(word.text))
        if start < end:
            touched.append(word)
            quads.append(geometry.cut(word.quad.points, start / len(word.text), end / len(word.text)))
        at += len(word.text) + 1
    return touched, Quad(rows.outline(np.stack(quads)))
