"""Draws shop receipts with their fields marked, to try teaching with: ``python examples/make_receipts.py FOLDER``.

The folder becomes a manifest (``labels.jsonl`` beside the pictures), so ``wordsight teach``, ``wordsight evaluate``
and the import of the web pages take it as it is. Equal numbers draw equal receipts.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from wordsight.data.manifest import Sample, TrueWord, write_manifest

SHOPS = ("ORCHARD HARDWARE LTD", "NORTH STAR BAKERY", "RIVERSIDE BOOKS LTD", "GREEN LANE PHARMACY")
STREETS = ("12 MILL ROAD", "7 STATION STREET", "145 HARBOUR VIEW", "3 CHURCH LANE")
GOODS = ("HAMMER", "BREAD", "NOTEBOOK", "SOAP", "LAMP", "COFFEE", "PAPER", "ENVELOPES", "BATTERIES")
SIZE = (520, 660)
ROW = 44
INK, PAPER = (24, 24, 28), (250, 250, 246)
ROOM = 5
"""Pixels between a text and the box around it."""

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A drawn receipt.

    Attributes:
        picture: What it looks like.
        texts: What its fields say: "date" and "total".
        boxes: Where they are, corners clockwise from the top left, pixels.
    """

    picture: Image.Image
    texts: dict[str, str]
    boxes: dict[str, Corners]


def draw(number: int) -> Receipt:
    """The receipt of a number."""
    chance = random.Random(number)
    prices = [chance.randint(100, 4000) for _ in range(chance.randint(3, 5))]
    date = f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/{chance.randint(2020, 2026)}"
    texts = {"date": date, "total": f"{sum(prices) / 100:.2f}"}
    rows = [(SHOPS[chance.randrange(4)], "", ""), (STREETS[chance.randrange(4)], "", ""), ("DATE", date, "date")]
    rows += [(chance.choice(GOODS), f"{price / 100:.2f}", "") for price in prices]
    rows += [("TOTAL", texts["total"], "total"), ("CASH", f"{(sum(prices) + chance.randint(1, 900)) / 100:.2f}", "")]
    rows += [("THANK YOU AND COME AGAIN", "", "")]
    picture = Image.new("RGB", SIZE, PAPER)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(24)
    top, boxes = 24 + chance.randint(0, 40), {}
    for left, right, label in rows:
        pen.text((40, top), left, INK, font)
        pen.text((320, top), right, INK, font)
        if label:
            x1, y1, x2, y2 = pen.textbbox((320, top), right, font)
            x1, y1, x2, y2 = x1 - ROOM, y1 - ROOM, x2 + ROOM, y2 + ROOM
            boxes[label] = ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
        top += ROW
    return Receipt(picture, texts, boxes)


def write(folder: Path, count: int) -> None:
    """Write receipts as a manifest."""
    (folder / "images").mkdir(parents=True)
    samples = []
    for number in range(count):
        receipt = draw(number)
        name = f"images/receipt-{number + 1:03}.png"
        receipt.picture.save(folder / name)
        words = tuple(TrueWord(receipt.boxes[label], text, label=label) for label, text in receipt.texts.items())
        samples.append(Sample(name, folder / name, words, size=SIZE))
    write_manifest(folder, samples)


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder that is not there yet")
    parser.add_argument("--count", type=int, default=30, help="how many receipts (default 30)")
    options = parser.parse_args()
    write(options.folder, options.count)


if __name__ == "__main__":
    main()
