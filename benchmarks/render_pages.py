"""Renders pages of text with their truth, for benchmarks such as "pages turned by 0, 30, ... 330 degrees".

``python benchmarks/render_pages.py pages/ --count 20 --seed 0`` writes a manifest.

A4 at 150 dpi: a title, one to three columns, headings, paragraphs, prices and dates, a page number, in several free
fonts at 10 to 14 points. The sentences are put together from lists below, so nobody owns them. A word's quad reaches
from the height of a capital to the baseline, or to the descenders where it has one, and from its first to its last ink.
The same seed and fonts give the same pages.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from wordsight.data.manifest import Sample, TrueWord, write_manifest

DPI = 150
WIDTH, HEIGHT, MARGIN = 1240, 1754, 120
DESCENDERS = frozenset("gjpqyQ,;()[]{}|/ç")

# Body, bold, Debian package. Roboto: Apache-2.0; DejaVu: Bitstream Vera licence; the others: OFL-1.1.
FAMILIES = {
    "dejavu-sans": ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "fonts-dejavu-core"),
    "dejavu-serif": ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf", "fonts-dejavu-core"),
    "dejavu-mono": ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf", "fonts-dejavu-core"),
    "lato": ("Lato-Regular.ttf", "Lato-Bold.ttf", "fonts-lato"),
    "roboto": ("Roboto-Regular.ttf", "Roboto-Bold.ttf", "fonts-roboto-unhinted"),
    "roboto-slab": ("RobotoSlab-Regular.otf", "RobotoSlab-Bold.otf", "fonts-roboto-slab"),
    "garamond": ("EBGaramond12-Regular.otf", "EBGaramond12-Bold.otf", "fonts-ebgaramond"),
}
FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")

# fmt: off
ADJECTIVES = (
    "quiet", "narrow", "early", "wooden", "distant", "bright", "careful", "broken", "yellow", "heavy", "ordinary",
    "northern", "recent", "empty", "famous", "gentle", "patient", "curious", "rusty", "modern", "silver", "windy",
    "honest", "crowded", "shallow", "polished", "muddy", "golden", "simple", "uneven",
)
NOUNS = (
    "harbour", "letter", "engine", "garden", "bridge", "winter", "library", "kitchen", "ferry", "window", "market",
    "orchard", "station", "museum", "journey", "valley", "captain", "teacher", "printer", "village", "barometer",
    "lantern", "workshop", "railway", "notebook", "theatre", "baker", "mountain", "river", "quarter", "cellar",
    "blanket", "judge", "physician", "farmer", "puzzle", "island", "chimney", "newspaper",
)
VERBS = (
    "opened", "measured", "followed", "repaired", "described", "carried", "crossed", "painted", "forgot", "visited",
    "weighed", "examined", "bought", "remembered", "guarded", "explored", "finished", "photographed", "exchanged",
    "quoted", "juggled", "mixed",
)
ADVERBS = (
    "slowly", "again", "twice", "quickly", "rarely", "just", "gladly", "almost", "never", "often", "by-and-by",
    "quietly",
)
PLACES = (
    "Ashby", "Millford", "Quayside", "Westhaven", "Oxley", "Zennor", "Kirkwall", "Jarvis", "Bexley", "Valmont",
    "Fairford", "Pyx",
)
NAMES = (
    "Ada", "Hugo", "Maja", "Oskar", "Nell", "Viktor", "Zoe", "Jonas", "Edith", "Felix", "Quentin", "Wanda",
)
MONTHS = (
    "January", "March", "April", "June", "July", "September", "October", "December",
)
# fmt: on
TITLES = ("The", "A Short", "Notes on the", "Report on the", "Behind the", "A Guide to the")


@dataclass(frozen=True)
class Font:
    """A font at a size in pixels, with the height of its capitals and the depth of its descenders."""

    face: ImageFont.FreeTypeFont
    capital: float
    depth: float


@dataclass
class Sheet:
    """A page while it is set: its picture and the words on it."""

    image: Image.Image
    words: list[TrueWord]

    def put(self, x: float, baseline: float, word: str, font: Font) -> None:
        """Draw a word and note where it is."""
        ImageDraw.Draw(self.image).text((x, baseline), word, fill=24, font=font.face, anchor="ls")
        left, top, right, bottom = font.face.getbbox(word, anchor="ls")
        pad = 0.06 * font.capital
        low = font.depth if DESCENDERS & set(word) else max(0.0, float(bottom))
        box = (x + left - pad, baseline - max(font.capital, -float(top)) - pad, x + right + pad, baseline + low + pad)
        x0, y0, x1, y1 = (round(v, 1) for v in box)
        self.words.append(TrueWord(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), word))


@lru_cache(maxsize=64)
def font(family: str, bold: bool, points: float) -> Font:
    """A font of FAMILIES; exits with the package's name where its file is missing."""
    regular, heavy, package = FAMILIES[family]
    name = heavy if bold else regular
    path = next((p for folder in FOLDERS for p in sorted(folder.rglob(name))), None)
    if path is None:
        raise SystemExit(f"{name} is missing: apt-get install {package}, or name other fonts with --fonts")
    face = ImageFont.truetype(str(path), points * DPI / 72)
    return Font(face, -float(face.getbbox("H", anchor="ls")[1]), float(face.getbbox("gp", anchor="ls")[3]))


def sentence(rng: np.random.Generator) -> str:
    """One sentence in plain English, now and then with a number, a price, a date or a name."""

    def one(words: tuple[str, ...]) -> str:
        return str(words[int(rng.integers(len(words)))])

    def thing() -> str:
        noun = one(NOUNS)
        if rng.random() < 0.7:
            return f"the {one(ADJECTIVES)} {noun}"
        return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun} from {one(PLACES)}"

    year, day, price = int(rng.integers(1820, 2026)), int(rng.integers(1, 31)), rng.uniform(1, 900)
    forms = (
        f"{thing()} {one(VERBS)} {thing()}.",
        f"In {year}, {one(NAMES)} {one(VERBS)} {thing()} and {one(VERBS)} {thing()}.",
        f"On {day} {one(MONTHS)} {thing()} {one(ADVERBS)} {one(VERBS)} {thing()}; {one(NAMES)} {one(VERBS)} it.",
        f"{one(NAMES)} {one(VERBS)} {thing()} for ${price:,.2f}, which {thing()} {one(ADVERBS)} {one(VERBS)}.",
        f"“{thing()},” said {one(NAMES)}, “{one(ADVERBS)} {one(VERBS)} {thing()}.”",
        f"Page {day} shows {thing()} ({one(PLACES)}, no. {int(price)}), but not {thing()}.",
        f"Why {one(ADVERBS)} did {thing()} stay in {one(PLACES)}?",
    )
    text = one(forms)
    first = next(i for i, c in enumerate(text) if c.isalnum())
    return text[:first] + text[first].upper() + text[first + 1 :]


def plural(noun: str) -> str:
    """More than one of it."""
    return noun[:-1] + "ies" if noun[-1] == "y" and noun[-2] not in "aeiou" else noun + "s"


def lines(text: str, font: Font, width: float) -> Iterator[tuple[list[str], bool]]:
    """Words of each line that fits a width, and whether it is the paragraph's last."""
    row: list[str] = []
    for word in text.split():
        if row and font.face.getlength(" ".join([*row, word])) > width:
            yield row, False
            row = []
        row.append(word)
    yield row, True


def set_paragraph(sheet: Sheet, text: str, font: Font, box: tuple[float, float, float, float], justify: bool) -> float:
    """Set a text into (left, top, right, bottom) until it ends or the box is full; returns the y below it."""
    left, top, right, bottom = box
    pitch = 1.42 * font.face.size
    y = top
    for row, last in lines(text, font, right - left):
        if y + pitch > bottom:
            return bottom
        widths = [font.face.getlength(word) for word in row]
        space = font.face.getlength(" ")
        if justify and not last and len(row) > 1:
            space = (right - left - sum(widths)) / (len(row) - 1)
        x = left
        for word, wide in zip(row, widths, strict=True):
            sheet.put(x, y + font.face.size, word, font)
            x += wide + space
        y += pitch
    return y


def page(rng: np.random.Generator, number: int, families: list[str]) -> Sheet:
    """One page in a look of its own."""
    family = families[number % len(families)]
    points = float(rng.choice([10, 10.5, 11, 12, 13, 14]))
    columns = int(rng.integers(1, 4)) if points < 12 else int(rng.integers(1, 3))
    justify = bool(rng.random() < 0.5)
    sheet = Sheet(Image.new("L", (WIDTH, HEIGHT), 250), [])
    top = float(MARGIN)
    if rng.random() < 0.6:
        title = f"{TITLES[int(rng.integers(len(TITLES)))]} {NOUNS[int(rng.integers(len(NOUNS)))].title()}"
        top = set_paragraph(sheet, title, font(family, True, 24), (MARGIN, top, WIDTH - MARGIN, HEIGHT), False) + 20
    body, heading = font(family, False, points), font(family, True, points + 3)
    gutter = 46
    width = (WIDTH - 2 * MARGIN - gutter * (columns - 1)) / columns
    bottom = HEIGHT - MARGIN - 40
    for column in range(columns):
        left = MARGIN + column * (width + gutter)
        y = top
        while y < bottom - 4 * body.face.size:
            if rng.random() < 0.3:
                words = (
                    f"{ADJECTIVES[int(rng.integers(len(ADJECTIVES)))]} {plural(NOUNS[int(rng.integers(len(NOUNS)))])}"
                )
                y = set_paragraph(sheet, words.capitalize(), heading, (left, y, left + width, bottom), False) + 4
            text = " ".join(sentence(rng) for _ in range(int(rng.integers(2, 7))))
            y = set_paragraph(sheet, text, body, (left, y, left + width, bottom), justify) + 0.8 * body.face.size
    folio = str(int(rng.integers(2, 400)))
    sheet.put((WIDTH - body.face.getlength(folio)) / 2, HEIGHT - MARGIN + 20, folio, body)
    return sheet


def printed(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    """A little of what paper and a scanner do: soft edges, a grain."""
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(0.4)), np.float32)
    return Image.fromarray(np.clip(soft + rng.normal(0, 2.0, soft.shape), 0, 255).astype(np.uint8))


def main(arguments: list[str] | None = None) -> None:
    """Write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for labels.jsonl and images/")
    parser.add_argument("--count", type=int, default=20, help="pages (default 20)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fonts", default=",".join(FAMILIES), help="comma-separated families, taken in turn")
    parser.add_argument("--train", type=float, default=0.0, help="share of pages in the split 'train' (default 0)")
    options = parser.parse_args(arguments)
    families = options.fonts.split(",")
    if unknown := sorted(set(families) - set(FAMILIES)):
        parser.error(f"unknown fonts {', '.join(unknown)}; choose from {', '.join(FAMILIES)}")
    if options.count < 1 or not 0 <= options.train <= 1:
        parser.error("--count is at least 1, --train lies in 0..1")
    (options.out / "images").mkdir(parents=True, exist_ok=True)
    samples = []
    for number in range(options.count):
        rng = np.random.default_rng([options.seed, number])  # a page does not depend on how many there are
        sheet = page(rng, number, families)
        name = f"images/page_{number:03d}.jpg"
        printed(rng, sheet.image).save(options.out / name, quality=92)
        split = "train" if number < round(options.train * options.count) else "test"
        samples.append(
            Sample(name, options.out / name, tuple(sheet.words), split=split, size=(WIDTH, HEIGHT), level="word")
        )
    write_manifest(options.out, samples)
    print(f"{options.out}: {len(samples)} pages, {sum(len(s.words or ()) for s in samples)} words")


if __name__ == "__main__":
    main()
