"""Layout of pages: pairs of a name and a value on forms, columns and tables on rendered pages with exact truth.

    python benchmarks/layout.py ../shared/data/funsd_train --count 20
    python benchmarks/layout.py --pages 12

Pairs: the fields of a form (name: value) against ``Page.pairs`` of the page as it was read; a pair is right if both
texts are alike in at least 80 % of their characters (indel similarity, without case, colons and spaces). Rendered
pages: tables of 2 to 5 columns of words or numbers, some cells empty, every other one with rules; and pages of one to
three columns. A cell is right if its text stands at the right row and column. The reading order is right in the share
of three words in a row of the truth that follow each other in what was read.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from rapidfuzz import fuzz

import common
import render_pages
from wordsight.data.manifest import Manifest
from wordsight.layout.parts import Pair, Table
from wordsight.reader import Reader
from wordsight.types import Picture

ALIKE = 80.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("manifest", type=Path, nargs="?", help="folder of forms whose fields are known")
    parser.add_argument("--count", type=int, default=20, help="so many forms, drawn by the seed (default 20)")
    parser.add_argument("--pages", type=int, default=12, help="so many rendered pages of each kind (default 12)")
    parser.add_argument("--seed", type=int, default=0, help="draws the forms and makes the pages (default 0)")
    parser.add_argument("--threads", type=int, help="most threads")
    options = parser.parse_args(arguments)
    reader = Reader(threads=options.threads)
    rows: list[list[object]] = []
    if options.manifest:
        rows.append(form_row(Manifest.open(options.manifest).choose(options.count, options.seed), reader))
    if options.pages:
        rows += [table_row(options, reader), order_row(options, reader)]
    results = {"seed": options.seed, "rows": rows}
    header = ["what", "pictures", "in the truth", "precision", "recall", "F"]
    common.write_results(options, "layout", results, [common.table(header, rows)])


def form_row(samples: Manifest, reader: Reader) -> list[object]:
    """Pairs of forms."""
    right = found = wanted = 0
    for sample in samples:
        pairs = reader.read(sample.path).pairs
        truth = [(name, one) for name, value in (sample.fields or {}).items() for one in _texts(value)]
        right += _matches(truth, pairs)
        found, wanted = found + len(pairs), wanted + len(truth)
    return ["pairs of forms", len(samples), wanted, *_figures(right, found, wanted)]


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def _matches(truth: Sequence[tuple[str, str]], pairs: Sequence[Pair]) -> int:
    """How many pairs of the truth were found, each pair counted once."""
    left = list(pairs)
    right = 0
    for name, value in truth:
        match = next((pair for pair in left if alike(pair.key, name) and alike(pair.value, value)), None)
        if match is not None:
            left.remove(match)
            right += 1
    return right


def alike(first: str, second: str) -> bool:
    """Whether two texts are the same but for a fifth of their characters."""
    return fuzz.ratio(_bare(first), _bare(second)) >= ALIKE


def _bare(text: str) -> str:
    return "".join(text.casefold().replace(":", "").split())


def table_row(options: argparse.Namespace, reader: Reader) -> list[object]:
    """Cells of tables."""
    right = found = wanted = 0
    for number in range(options.pages):
        picture, truth = table_page(np.random.default_rng([options.seed, number, 1]), number)
        cells = _cells(reader.read(picture).tables)
        right += len(truth & cells)
        found, wanted = found + len(cells), wanted + len(truth)
    return ["cells of tables", options.pages, wanted, *_figures(right, found, wanted)]


def _cells(tables: Sequence[Table]) -> set[tuple[int, int, str]]:
    return {(cell.row, cell.column, _bare(cell.text)) for table in tables for cell in table.cells}


def table_page(rng: np.random.Generator, number: int) -> tuple[Picture, set[tuple[int, int, str]]]:
    """A page with a table between two paragraphs, with rules on every other page, and its cells."""
    sheet = render_pages.Sheet(Image.new("L", (render_pages.WIDTH, 1000), 250), [])
    families = list(render_pages.FAMILIES)
    body = render_pages.font(families[number % len(families)], False, 11)
    left, right, top = 120.0, 1120.0, 90.0
    text = " ".join(render_pages.sentence(rng) for _ in range(4))
    top = render_pages.set_paragraph(sheet, text, body, (left, top, right, 1000), False) + 40
    columns, count, high = int(rng.integers(2, 6)), int(rng.integers(4, 10)), 46.0
    edges = np.linspace(left, right, columns + 1)
    names = {
        0,
        *(column for column in range(1, columns) if rng.random() < 0.3),
    }  # columns of words, the others of numbers
    cells: set[tuple[int, int, str]] = set()
    for row in range(count):
        for column in range(columns):
            if row and column and rng.random() < 0.1:
                continue
            text = _cell(rng, row, column, column in names)
            wide = body.face.getlength(text)
            x = edges[column] + 10 if column in names else edges[column + 1] - wide - 14
            y = top + row * high + 32
            for word in text.split():
                sheet.put(x, y, word, body)
                x += body.face.getlength(word + " ")
            cells.add((row, column, _bare(text)))
    if number % 2:
        draw = ImageDraw.Draw(sheet.image)
        for row in range(count + 1):
            draw.line((left, top + row * high, right, top + row * high), fill=60, width=2)
        for x in edges:
            draw.line((x, top, x, top + count * high), fill=60, width=2)
    below = " ".join(render_pages.sentence(rng) for _ in range(3))
    render_pages.set_paragraph(sheet, below, body, (left, top + count * high + 40, right, 1000), False)
    return _rgb(rng, sheet), cells


def _cell(rng: np.random.Generator, row: int, column: int, name: bool) -> str:
    noun = render_pages.NOUNS[int(rng.integers(len(render_pages.NOUNS)))]
    if row == 0:
        return noun.title()
    if not name:
        return f"{rng.uniform(1, 900):.2f}"
    return noun if column else f"{noun.title()} {int(rng.integers(10, 99))}"


def order_row(options: argparse.Namespace, reader: Reader) -> list[object]:
    """Neighbouring words of pages in columns."""
    right = found = wanted = 0
    for number in range(options.pages):
        rng = np.random.default_rng([options.seed, number])
        sheet = render_pages.page(rng, number, list(render_pages.FAMILIES))
        truth = _steps([word.text for word in sheet.words])
        read = _steps([word.text for word in reader.read(_rgb(rng, sheet)).words])
        right += len(truth & read)
        found, wanted = found + len(read), wanted + len(truth)
    return ["reading order, 1 to 3 columns", options.pages, wanted, *_figures(right, found, wanted)]


def _steps(words: Sequence[str]) -> set[tuple[str, ...]]:
    plain = [word.translate(str.maketrans("“”", '""')) for word in words]
    return set(zip(plain, plain[1:], plain[2:], strict=False))


def _rgb(rng: np.random.Generator, sheet: render_pages.Sheet) -> Picture:
    return np.repeat(np.asarray(render_pages.printed(rng, sheet.image))[:, :, None], 3, axis=2)


def _figures(right: int, found: int, wanted: int) -> tuple[float, float, float]:
    return right / max(found, 1), right / max(wanted, 1), 2 * right / max(found + wanted, 1)


if __name__ == "__main__":
    main()
