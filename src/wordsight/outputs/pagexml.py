"""Pages as PAGE XML 2019-07-15 (https://github.com/PRImA-Research-Lab/PAGE-XML), the form of OCR research."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np

from wordsight.outputs import blocks
from wordsight.page import Page
from wordsight.types import Line, Quad

SPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="{space}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="{space} {space}/pagecontent.xsd">
 <Metadata>
  <Creator>wordsight {version}</Creator><Created>{time}</Created><LastChange>{time}</LastChange>
 </Metadata>
"""


def pagexml(page: Page) -> Iterator[str]:
    """The parts of a PAGE XML file, which holds one page.

    Regions, lines and words have their outlines and, the last two, their confidence (``conf``, 0 to 1).
    """
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield HEAD.format(space=SPACE, version=version("wordsight"), time=time)
    name = blocks.attribute(page.image)
    yield f' <Page imageFilename={name} imageWidth="{page.width}" imageHeight="{page.height}">\n'
    groups = blocks.paragraphs(page)
    if groups:
        yield '  <ReadingOrder><OrderedGroup id="order">'
        yield from (f'<RegionRefIndexed index="{i}" regionRef="region_{i + 1}"/>' for i in range(len(groups)))
        yield "</OrderedGroup></ReadingOrder>\n"
    for number, lines in enumerate(groups, 1):
        outline = Quad.from_box(*blocks.around([page.lines[i].quad for i in lines]))
        yield f'  <TextRegion id="region_{number}" type="paragraph">{_coords(page, outline)}\n'
        for index in lines:
            yield from _line(page, page.lines[index], index + 1)
        yield _text("\n".join(page.lines[i].text for i in lines)) + "\n  </TextRegion>\n"
    yield " </Page>\n</PcGts>\n"


def _line(page: Page, line: Line, number: int) -> Iterator[str]:
    (_, _, right, left) = blocks.corners(page, line.quad)
    yield f'   <TextLine id="line_{number}">{_coords(page, line.quad)}'
    yield f'<Baseline points="{left[0]},{left[1]} {right[0]},{right[1]}"/>\n'
    for at, word in enumerate((page.words[i] for i in line.words), 1):
        inside = _coords(page, word.quad) + _text(word.text, word.confidence)
        yield f'    <Word id="word_{number}_{at}">{inside}</Word>\n'
    yield f"    {_text(line.text, line.confidence)}</TextLine>\n"


def _coords(page: Page, quad: Quad) -> str:
    points = " ".join(f"{x},{y}" for x, y in blocks.corners(page, quad))
    return f'<Coords points="{points}"/>'


def _text(value: str, confidence: float | None = None) -> str:
    conf = "" if confidence is None else f' conf="{np.clip(confidence, 0, 1):.4f}"'
    return f"<TextEquiv{conf}><Unicode>{blocks.text(value)}</Unicode></TextEquiv>"
