"""Pages as Markdown: headings by the size of their letters, paragraphs, lists that already look like lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from wordsight.outputs import blocks
from wordsight.page import Page, encodable

LARGE, LARGER = 1.35, 1.8
"""A block whose letters are so many times as high as the page's is a heading, of the second or the first order."""
SHORT = 3
"""A heading has at most so many lines."""
SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")
BULLET = re.compile(r"^[•·▪◦‣–—-]\s+")
OPENING = re.compile(r"^(#{1,6}(?=\s)|[+-](?=\s)|\d+(?=[.)]\s)|=+$|-+$)")


def markdown(pages: Iterable[Page]) -> Iterator[str]:
    """The parts of a Markdown file, one for each page; pages are parted by a rule."""
    for number, page in enumerate(pages):
        if number:
            yield "\n---\n\n"
        yield "\n".join(_blocks(page))


def _blocks(page: Page) -> Iterator[str]:
    heights = [blocks.height(line.quad) for line in page.lines]
    # Weighted by length: a page of small print under one long title has small letters.
    usual = float(np.median(np.repeat(heights, [len(line.text) for line in page.lines]))) if heights else 0.0
    for lines in blocks.paragraphs(page):
        texts = [encodable(page.lines[i].text) for i in lines]
        size = float(np.median([heights[i] for i in lines])) / usual
        if size >= LARGE and len(lines) <= SHORT:
            yield f"{'#' if size >= LARGER else '##'} {_escaped(' '.join(texts))}\n"
        else:
            yield "\n".join(_item(text) for text in texts) + "\n"


def _item(text: str) -> str:
    """A line of a paragraph; one that starts with a bullet becomes an item of a list."""
    if BULLET.match(text):
        return f"- {_escaped(BULLET.sub('', text))}"
    return OPENING.sub(lambda found: _guarded(found[0]), _escaped(text))


def _guarded(opening: str) -> str:
    """What would start a heading, list or rule, so that it does not."""
    return f"{opening}\\" if opening.isdecimal() else f"\\{opening}"


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)
