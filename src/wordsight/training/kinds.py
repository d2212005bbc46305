"""How a label with boxes is to be found: as a thing in a photo, or as a text among the others of a page."""

from __future__ import annotations

from statistics import median

import cv2
import numpy as np

from wordsight.fields.model import Kind
from wordsight.reader import Reader
from wordsight.training.events import Room
from wordsight.training.lesson import Example, Lesson
from wordsight.training.pages import read_page

LOOKED_AT = 5
"""So many pictures are read to find out."""
A_PAGE = 15
"""A picture with more words than this outside of the boxes is a document."""


def decide(lesson: Lesson, reader: Reader, room: Room) -> Lesson:
    """The lesson with a kind for every label.

    Args:
        lesson: What is to be learned.
        reader: Reads a few pictures where the labels do not tell.
        room: Where pages are kept.

    Raises:
        ManifestError: Too few pictures are left for each label.
        ImageError: A picture cannot be read.
    """
    if all(label.kind for label in lesson.labels):
        return lesson.decided("document")
    open_labels = {label.name for label in lesson.labels if label.kind is None}
    boxed = [e for e in lesson.examples if any(box.label in open_labels for box in e.boxes)]
    counts = [_words_outside(example, reader, room) for example in boxed[:LOOKED_AT]]
    kind: Kind = "document" if median(counts) > A_PAGE else "object"
    return lesson.decided(kind)


def _words_outside(example: Example, reader: Reader, room: Room) -> int:
    page = read_page(reader, example.sample.path, room.folder / "document" / "pages")
    outlines = [np.array(box.quad, np.float32) for box in example.boxes]
    middles = [word.quad.points.mean(axis=0) for word in page.words if word.confidence > 0.5]
    inside = (
        any(cv2.pointPolygonTest(outline, (float(x), float(y)), False) >= 0 for outline in outlines) for x, y in middles
    )
    return sum(not one for one in inside)
