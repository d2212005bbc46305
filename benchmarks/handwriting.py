"""Handwriting: words of forms that were filled in by hand, and words made in handwriting fonts.

    python benchmarks/handwriting.py
    python benchmarks/handwriting.py --recognizer crnn

The forms are those of funsd_train. Which of their answers are handwritten was judged by eye; handwritten_answers.json
has the numbers of these entities by the name of the picture. Each word is cut out at its box in the labels, and read by
itself. Made words are those of `wordsight synth words --handwriting`. Texts are compared over a-z and 0-9 with case
folded; words without such a character are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import common
from wordsight.data.manifest import Manifest
from wordsight.data.synth.config import SynthConfig
from wordsight.data.synth.words import word
from wordsight.edits import edit_distance
from wordsight.evaluation.protocols import fold
from wordsight.image.load import load
from wordsight.reader import Reader
from wordsight.types import Picture

DATA = Path(__file__).parents[2] / "shared" / "data" / "funsd_train"
ANSWERS = Path(__file__).with_name("handwritten_answers.json")
COLUMNS = ("words", "right %", "CER %", "words with a letter", "right %", "without one", "right %")

Crops = list[tuple[Picture, str]]
"""Pictures of words, and what they say over a-z and 0-9."""


def main() -> None:
    """Read both."""
    parser = common.parser(__doc__)
    parser.add_argument("--recognizer", default="svtr", help="svtr (default), crnn, or an ONNX file")
    parser.add_argument("--count", type=int, default=300, help="made words (default 300)")
    parser.add_argument("--threads", type=int, help="most threads (default: all)")
    options = parser.parse_args()
    reader = Reader(recognizer=options.recognizer, threads=options.threads)
    answers = json.loads(ANSWERS.read_text(encoding="utf-8"))
    name = f"funsd_train, {sum(map(len, answers.values()))} handwritten answers"
    sets = {name: filled_in(answers), "handwriting fonts": made(options.count)}
    results = {name: measure(reader, crops) for name, crops in sets.items()}
    table = common.table(["", *COLUMNS], [[name, *one["cells"]] for name, one in results.items()])
    common.write_results(options, "handwriting", {"recognizer": options.recognizer, "sets": results}, [table])


def filled_in(answers: Mapping[str, Sequence[int]]) -> Crops:
    """The words of handwritten answers, by the names of their pictures."""
    crops: Crops = []
    for sample in Manifest.open(DATA):
        entities = answers.get(Path(sample.image).stem, ())
        for one in sample.words or () if entities else ():
            text = fold(one.text or "")
            if one.extra.get("entity") in entities and one.quad is not None and text:
                crops.append((cut(load(sample.path), np.array(one.quad)), text))
    return crops


def cut(picture: Picture, quad: np.ndarray) -> Picture:  # type: ignore[type-arg]
    """What an upright box holds, with a pixel about it."""
    (left, top), (right, bottom) = quad.min(axis=0).astype(int) - 1, quad.max(axis=0).astype(int) + 2
    return picture[max(0, top) : bottom, max(0, left) : right]


def made(count: int) -> Crops:
    """Words in handwriting fonts."""
    config = SynthConfig(handwriting=1.0)
    pairs = [word(number, 0, config) for number in range(count)]
    return [(picture, fold(text)) for picture, text in pairs if fold(text)]


def measure(reader: Reader, crops: Sequence[tuple[Picture, str]]) -> dict[str, list[float]]:
    """How many are read right, and the share of wrong characters."""
    texts = [fold(reading.text) for reading in reader.recognize([picture for picture, _ in crops])]
    right = np.array([text == said for text, (_, said) in zip(texts, crops, strict=True)])
    edits = sum(edit_distance(text, said) for text, (_, said) in zip(texts, crops, strict=True))
    lettered = np.array([any(map(str.isalpha, said)) for _, said in crops])
    cells: list[float] = [len(crops), 100 * float(right.mean()), 100 * edits / sum(len(said) for _, said in crops)]
    for part in (lettered, ~lettered):
        cells += [int(part.sum()), 100 * float(right[part].mean())]
    return {"cells": cells}


if __name__ == "__main__":
    main()
