"""Words of scripts that were taught, in fonts that were kept out of their training, beside Tesseract.

    python benchmarks/scripts.py --tessdata FOLDER
    python benchmarks/scripts.py ko --recognizer runs/scripts/recognizer.onnx --count 200

FOLDER has rus.traineddata, kor.traineddata and hin.traineddata (Debian: tesseract-ocr-rus, -kor and -hin); without it
Tesseract is left out. A word counts where it is read exactly, with case and punctuation.

  print        black on white in one of the fonts, letters 32 pixels high or more, nothing else in the picture
  photographs  what `wordsight synth words` makes of it: surfaces, light, perspective, blur, noise, compression

Words are those of the languages' frequency lists, drawn by the seed; none is made up. The fonts are all families that
`--font-part held-out` leaves of this machine's fonts; they are named in the results. Some are other cuts of a design
that was learnt from (NanumGothic Eco beside NanumGothic): `--strangers` leaves these out.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import common
from wordsight import registry
from wordsight.config import TesseractOptions
from wordsight.data.crops import Example
from wordsight.data.synth.fonts import FontSet
from wordsight.data.synth.lettering import Style, draw
from wordsight.data.synth.studio import Studio, open_studio
from wordsight.evaluation.compare import is_right, read_all
from wordsight.recognition.trained import load_recognizer
from wordsight.stages import Recognizer, StageOptions
from wordsight.training.scripts import Script, labelled, truth

LANGUAGES = ("ru", "ko", "hi")
SEED = 2**31 + 1
TWINS = re.compile(r"^(Liberation|Nimbus|Nanum(Gothic|Myeongjo|BarunGothic|SquareRound)|P052|Linux Libertine)")
"""Held-out families that have a near relation among those that were learnt from."""


def main() -> None:
    """Read the same pictures with every reader."""
    options = _options()
    rows, results = [], {}
    for language in options.languages:
        studio = _studio(language, options.strangers)
        sets = {"print": list(_print(studio, options.count)), "photographs": list(_photographs(studio, options.count))}
        readers = _readers(language, options)
        fonts = sorted({file.family for file in studio.printed[language].files})
        results[language] = {"fonts": fonts, "sets": {}}
        for name, crops in sets.items():
            found = {reader: _measure(recognizer, crops) for reader, recognizer in readers.items()}
            results[language]["sets"][name] = found
            shares = (found[reader]["exact"] if reader in found else None for reader in NAMES)
            rows.append((f"{language}, {name}", len(crops), *shares))
    parts = [common.table(("words", "count", *NAMES), rows)]
    parts += [f"Fonts, {language}: {', '.join(found['fonts'])}." for language, found in results.items()]
    common.write_results(options, "scripts", {"languages": results}, parts)


NAMES = ("wordsight", "Tesseract")


def _options() -> argparse.Namespace:
    made = common.parser(__doc__)
    made.add_argument("languages", nargs="*", default=LANGUAGES, help="which (default: ru ko hi)")
    made.add_argument("--count", type=int, default=500, help="words of each language and kind (default 500)")
    made.add_argument("--tessdata", type=Path, help="folder with Tesseract's data of these languages")
    made.add_argument("--recognizer", type=Path, help="an ONNX file instead of the weights in the package")
    made.add_argument("--strangers", action="store_true", help="only fonts without a relation that was learnt from")
    return made.parse_args()


def _studio(language: str, strangers: bool) -> Studio:
    """Held-out fonts and plain words of a language."""
    config = replace(Script((language,)).config(language, "held-out", 0.7), lexicon=1.0, invented=0.0)
    studio = open_studio(config)
    if strangers:
        for fonts in (studio.printed, studio.written):
            left = tuple(file for file in fonts[language].files if not TWINS.match(file.family))
            fonts[language] = FontSet(left)  # type: ignore[index]  # a studio of this process alone
    return studio


def _print(studio: Studio, count: int) -> Iterator[Example]:
    for number in range(count):
        rng = np.random.default_rng((SEED, number))
        copy = studio.copy(rng)
        lettering = draw(copy.file, copy.text, Style(int(rng.integers(48, 80))), copy.shaped)
        if lettering is None:
            continue
        ink = np.pad(lettering.mask, 12)
        picture = np.repeat((255 * (1 - ink)).astype(np.uint8)[..., None], 3, axis=2)
        yield Example(picture, truth(copy.text, studio.config.languages[0]), name=f"print {number}")


def _photographs(studio: Studio, count: int) -> Iterator[Example]:
    for number in range(count):
        picture, text = labelled(number, SEED, studio.config)
        yield Example(picture, text, name=f"photograph {number}")


def _readers(language: str, options: argparse.Namespace) -> dict[str, Recognizer]:
    told = StageOptions(language=language)
    own = load_recognizer(options.recognizer, told) if options.recognizer else registry.create_recognizer("svtr", told)
    found: dict[str, Recognizer] = {"wordsight": own}
    if options.tessdata:
        told = replace(told, tesseract=TesseractOptions(psm="single_word", data=options.tessdata))
        found["Tesseract"] = registry.create_recognizer("tesseract", told)
    return found


def _measure(recognizer: Recognizer, crops: Sequence[Example]) -> dict[str, Any]:
    start = time.perf_counter()
    texts = read_all(recognizer, crops)
    seconds = time.perf_counter() - start
    right = [is_right(crop, text) for crop, text in zip(crops, texts, strict=True)]
    wrong = [(crop.text, text) for crop, text, well in zip(crops, texts, right, strict=True) if not well]
    return {"exact": sum(right) / len(right), "words_a_second": round(len(crops) / seconds, 1), "wrong": wrong[:40]}


if __name__ == "__main__":
    main()
