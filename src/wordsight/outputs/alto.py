"""Pages as ALTO 4.4 (https://www.loc.gov/standards/alto/), the form of libraries and archives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import pairwise

from wordsight.outputs import blocks
from wordsight.page import Page
from wordsight.types import Line, Quad, Word

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.loc.gov/standards/alto/ns-v4# http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
 SCHEMAVERSION="4.4">
 <Description>
  <MeasurementUnit>pixel</MeasurementUnit>
  <sourceImageInformation><fileName>{image}</fileName></sourceImageInformation>
  <Processing ID="wordsight"><processingSoftware>
   <softwareName>wordsight</softwareName><softwareVersion>{version}</softwareVersion>
  </processingSoftware></Processing>
 </Description>
 <Layout>
"""
TAIL = " </Layout>\n</alto>\n"


def alto(pages: Iterable[Page], title: str = "") -> Iterator[str]:
    """The parts of an ALTO file, one for each page and its ends.

    Strings have their box, their quad (``Shape``) and their confidence (``WC``, 0 to 1).

    Args:
        pages: The pages.
        title: What is written as the name of the source.
    """
    yield HEAD.format(image=blocks.text(title), version=version("wordsight"))
    for number, page in enumerate(pages, 1):
        yield "".join(_page(page, number))
    yield TAIL


def _page(page: Page, number: int) -> Iterator[str]:
    size = f'WIDTH="{page.width}" HEIGHT="{page.height}"'
    yield f'  <Page ID="page_{number}" PHYSICAL_IMG_NR="{page.page + 1}" {size}>\n'
    yield f'   <PrintSpace HPOS="0" VPOS="0" {size}>\n'
    for block, lines in enumerate(blocks.paragraphs(page), 1):
        place = _place(page, blocks.around([page.lines[i].quad for i in lines]))
        yield f'    <TextBlock ID="block_{number}_{block}" {place}>\n'
        for index in lines:
            yield from _line(page, page.lines[index], f"{number}_{index + 1}")
        yield "    </TextBlock>\n"
    yield "   </PrintSpace>\n  </Page>\n"


def _line(page: Page, line: Line, name: str) -> Iterator[str]:
    (_, _, right, left) = blocks.corners(page, line.quad)
    baseline = f"{left[0]},{left[1]} {right[0]},{right[1]}"
    yield f'     <TextLine ID="line_{name}" {_place(page, line.quad.bounds)} BASELINE="{baseline}">'
    yield _shape(page, line.quad)
    words = [page.words[i] for i in line.words]
    for at, (word, following) in enumerate(pairwise([*words, None]), 1):
        if word is None:
            continue
        place = f'{_place(page, word.quad.bounds)} WC="{word.confidence:.4f}" CONTENT={blocks.attribute(word.text)}'
        yield f'\n      <String ID="string_{name}_{at}" {place}>{_shape(page, word.quad)}</String>'
        if following is not None:
            yield f"\n      <SP {_gap(page, word, following)}/>"
    yield "\n     </TextLine>\n"


def _gap(page: Page, word: Word, following: Word) -> str:
    """Where the space between two words stands; turned text can have its words one above the other."""
    left, right = word.quad.bounds[2], following.quad.bounds[0]
    _, top, _, _ = blocks.box(page, word.quad.bounds)
    return f'HPOS="{max(int(left), 0)}" VPOS="{top}" WIDTH="{max(round(right - left), 0)}"'


def _place(page: Page, bounds: tuple[float, float, float, float]) -> str:
    left, top, right, bottom = blocks.box(page, bounds)
    return f'HPOS="{left}" VPOS="{top}" WIDTH="{right - left}" HEIGHT="{bottom - top}"'


def _shape(page: Page, quad: Quad) -> str:
    points = " ".join(f"{x},{y}" for x, y in blocks.corners(page, quad))
    return f'<Shape><Polygon POINTS="{points}"/></Shape>'
