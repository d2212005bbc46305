"""Typed pages: wordsight against Tesseract 5, in 20 free fonts, clean and degraded in ten ways.

    python benchmarks/pages.py --fonts 20
    python benchmarks/pages.py --fonts 3 --kinds clean,noise --engines wordsight,wordsight-auto,tesseract-fast

Each page is a heading and a few paragraphs in one font, A5 across at 150 pixels per inch, 10 to 12 points; its text is
known. Printed are the character error rate (edits over the characters of the truth, white space as single spaces), the
words read exactly and in order, and pages a minute. Curly quotation marks count as straight ones. All engines read the
same pixels in one run, picture by picture in rotating order, each with one thread, so that processor time says how many
pages two cores read in a minute. Tesseract segments the page by itself (mode 3); its full data are those of tessdata,
read with the LSTM. What was read is kept in runs/pages (or --work); --resume goes on with it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

os.environ["OMP_THREAD_LIMIT"] = "1"  # the only way to tell Tesseract, and only before it is loaded

import cv2
import numpy as np
from PIL import Image, ImageFont
from rapidfuzz.distance import LCSseq, Levenshtein

import common
import render_pages
from degradations import DEGRADATIONS, degrade
from engines import find_tessdata
from wordsight.types import Picture

FONTS = (  # all free: OFL-1.1, Apache-2.0, Bitstream Vera, GUST, LaTeX or BSD licences
    "DejaVuSans.ttf",
    "LiberationSerif-Regular.ttf",
    "Roboto-Regular.ttf",
    "LiberationMono-Regular.ttf",
    "Lato-Regular.ttf",
    "EBGaramond12-Regular.otf",
    "Carlito-Regular.ttf",
    "Caladea-Regular.ttf",
    "OpenSans-Regular.ttf",
    "LinLibertine_R.otf",
    "Inter-Regular.otf",
    "CharisSIL-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "Vollkorn-Regular.ttf",
    "Go-Regular.ttf",
    "Courier Prime.otf",
    "PTS55F.ttf",
    "OldStandard-Regular.ttf",
    "RobotoSlab-Regular.otf",
    "C059-Roman.otf",
)
PLAIN = str.maketrans("“”‘’", "\"\"''")
"""Curly quotation marks count as straight ones, in the truth and in what was read: wordsight never reads curly ones."""
DETECTOR = "dbnet"
"""Typed pages are read line by line, however dark they look."""
WIDTH, HEIGHT, MARGIN = 1240, 874, 100


@dataclass(frozen=True)
class Read:
    """What an engine read on a page, and what that cost."""

    text: str
    core_seconds: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    kinds = options.kinds.split(",") if options.kinds else ["clean", *DEGRADATIONS]
    engines = {name: engine(name) for name in options.engines.split(",")}
    options.work.mkdir(parents=True, exist_ok=True)
    kept = options.work / "read.jsonl"
    if not options.resume:
        kept.unlink(missing_ok=True)
    done = _kept(kept)
    end = time.monotonic() + options.minutes * 60
    with kept.open("a", encoding="utf-8") as file:
        for turn, (number, kind) in enumerate((n, k) for n in range(options.fonts) for k in kinds):
            names = list(engines)[turn % len(engines) :] + list(engines)[: turn % len(engines)]
            missing = [name for name in names if (number, kind, name) not in done]
            if not missing:
                continue
            if time.monotonic() > end:
                raise SystemExit(f"time is over at page {number}, {kind}; go on with --resume")
            picture = degrade(page(number, options.seed)[0], kind, number, options.seed)
            for name in missing:
                read = engines[name](picture)
                done[number, kind, name] = read
                record = {"page": number, "kind": kind, "engine": name, "text": read.text, "cores": read.core_seconds}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                file.flush()
    results = {"fonts": options.fonts, "seed": options.seed, "kinds": kinds} | tally(
        done, list(engines), kinds, options
    )
    common.write_results(options, "pages", results, tables(results))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = common.parser(__doc__)
    parser.add_argument("--fonts", type=int, default=20, help="so many of the 20 fonts, a page of each (default 20)")
    parser.add_argument("--kinds", help="clean and the degradations to read, separated by commas (default: all)")
    parser.add_argument("--engines", default="wordsight,tesseract-fast,tesseract-full", help="separated by commas")
    parser.add_argument("--seed", type=int, default=0, help="makes the texts (default 0)")
    parser.add_argument("--work", type=Path, default=common.RUNS / "pages", help="folder for what was read")
    parser.add_argument("--resume", action="store_true", help="keep what an interrupted run has read")
    parser.add_argument("--minutes", type=float, default=600, help="stop after so many minutes, to be resumed")
    return parser.parse_args(arguments)


@lru_cache(maxsize=2)
def page(number: int, seed: int) -> tuple[Picture, str]:
    """A clean page in the font of that number, and its text."""
    rng = np.random.default_rng([seed, number])
    points = float(rng.choice([10, 10.5, 11, 12]))
    sheet = render_pages.Sheet(Image.new("L", (WIDTH, HEIGHT), 250), [])
    box = (MARGIN, MARGIN * 0.7, WIDTH - MARGIN, HEIGHT - MARGIN * 0.7)
    body, heading = face(FONTS[number], points), face(FONTS[number], points + 5)
    title = f"{render_pages.TITLES[number % 6]} {render_pages.NOUNS[int(rng.integers(30))].title()}"
    top = render_pages.set_paragraph(sheet, title, heading, box, False) + 10
    while top < box[3] - 3 * body.face.size:
        text = " ".join(render_pages.sentence(rng) for _ in range(int(rng.integers(2, 5))))
        top = render_pages.set_paragraph(sheet, text, body, (box[0], top, box[2], box[3]), False) + 0.6 * body.face.size
    grey = np.asarray(render_pages.printed(rng, sheet.image))
    return np.repeat(grey[:, :, None], 3, axis=2), " ".join(word.text for word in sheet.words)


@lru_cache(maxsize=64)
def face(name: str, points: float) -> render_pages.Font:
    """A font by the name of its file; exits where it is missing."""
    path = next((p for folder in render_pages.FOLDERS for p in sorted(folder.rglob(name))), None)
    if path is None:
        raise SystemExit(f"the font {name} is missing; install it, or read fewer fonts with --fonts")
    found = ImageFont.truetype(str(path), points * render_pages.DPI / 72)
    return render_pages.Font(
        found, -float(found.getbbox("H", anchor="ls")[1]), float(found.getbbox("gp", anchor="ls")[3])
    )


def engine(name: str) -> Callable[[Picture], Read]:
    """An engine by name: wordsight, wordsight-auto (or another value of --enhance), tesseract-fast, tesseract-full."""
    kind, _, detail = name.partition("-")
    read = _tesseract(detail) if kind == "tesseract" else _wordsight(detail or "none")

    def timed(picture: Picture) -> Read:
        start = time.process_time()
        text = read(picture)
        return Read(" ".join(text.split()), time.process_time() - start)

    timed(page(0, 0)[0])  # runtimes prepare themselves for each new size of input
    return timed


def _wordsight(enhance: str) -> Callable[[Picture], str]:
    from wordsight.reader import Reader

    cv2.setNumThreads(1)
    reader = Reader(DETECTOR, threads=1, enhance=enhance)
    return lambda picture: reader.read(picture).text


def _tesseract(data: str) -> Callable[[Picture], str]:
    import tesserocr

    from wordsight.recognition.tessdata import locate

    folder = find_tessdata() if data == "fast" else str(locate(("eng",), None))
    api = tesserocr.PyTessBaseAPI(path=folder, lang="eng", psm=tesserocr.PSM.AUTO, oem=tesserocr.OEM.LSTM_ONLY)
    api.SetVariable("debug_file", os.devnull)

    def read(picture: Picture) -> str:
        api.SetImage(Image.fromarray(picture))
        api.SetSourceResolution(render_pages.DPI)
        return str(api.GetUTF8Text())

    return read


def score(truth: str, text: str) -> tuple[float, float]:
    """Character error rate and the share of words read exactly and in order, of one page, both 0..1 (or more)."""
    truth, text = truth.translate(PLAIN), text.translate(PLAIN)
    words = truth.split()
    return Levenshtein.distance(truth, text) / len(truth), LCSseq.similarity(words, text.split()) / len(words)


def tally(
    done: dict[tuple[int, str, str], Read], engines: list[str], kinds: list[str], options: argparse.Namespace
) -> dict[str, Any]:
    """Mean character error and word accuracy by engine and kind, in percent, and pages a minute on two cores."""
    found: dict[str, Any] = {}
    for name in engines:
        rows, cores = {}, []
        for kind in kinds:
            reads = [done[number, kind, name] for number in range(options.fonts)]
            scores = [score(page(n, options.seed)[1], read.text) for n, read in enumerate(reads)]
            cer, words = np.mean(scores, axis=0)
            rows[kind] = {"cer": 100 * float(cer), "words": 100 * float(words)}
            cores += [read.core_seconds for read in reads]
            rows[kind]["pages_a_minute"] = 120 / float(np.mean([read.core_seconds for read in reads]))
        found[name] = rows
    return {"engines": found}


def tables(results: dict[str, Any]) -> list[str]:
    """A table of each measure: kinds down, engines across."""
    engines, kinds = results["engines"], results["kinds"]
    parts = [f"{results['fonts']} pages in as many fonts, seed {results['seed']}; percent."]
    for measure, title in (
        ("cer", "character error rate"),
        ("words", "words read exactly"),
        ("pages_a_minute", "pages a minute, two cores"),
    ):
        rows: list[list[object]] = [[k, *(f"{one[k][measure]:.2f}" for one in engines.values())] for k in kinds]
        hard = [k for k in kinds if k != "clean"]
        if hard:
            means = (np.mean([one[k][measure] for k in hard]) for one in engines.values())
            rows.append(["mean of the degraded", *(f"{mean:.2f}" for mean in means)])
        parts.append(common.table([title, *engines], rows))
    return parts


def _kept(path: Path) -> dict[tuple[int, str, str], Read]:
    """What an interrupted run has read."""
    if not path.is_file():
        return {}
    records = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {(one["page"], one["kind"], one["engine"]): Read(one["text"], one["cores"]) for one in records}


if __name__ == "__main__":
    main()
