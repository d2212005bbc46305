"""Draws identity documents with machine-readable zones, as a phone or a scanner would take them.

Everything is drawn by the seed: names of the package's own list, random numbers, one of the five layouts, a tinted
ground with fine lines, a portrait of ellipses, the printed fields and the zone in OCR-B (Debian: fonts-ocr-b, public
domain) or, where that is not installed, in another font of equally wide letters. Then the document is laid on a table,
seen in perspective, tilted, turned by 0, 90, 180 or 270 degrees, lit unevenly, blurred, made noisy and saved as JPEG.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wordsight.data.synth.fonts import FontSet
from wordsight.fields.presets import icao
from wordsight.fields.presets.icao import LAYOUTS, Layout

_SURNAMES = """
ADAMS ALMEIDA ANDERSSON BAUER BIANCHI BROWN COHEN DUBOIS ERIKSSON FERNANDEZ FISCHER GARCIA HANSEN HORVAT
IVANOV JANSEN JOHNSON KIM KOVACS KOWALSKI LAMBERT LEHTONEN LOPEZ MAZUR MENDOZA MUELLER NAKAMURA NGUYEN NOVAK OKAFOR
PAPADOPOULOS PETROV QUINN ROSSI SATO SCHMIDT SILVA SMITH SZABO TANAKA VAN<DER<BERG VIRTANEN WANG YILMAZ ZHANG
"""
_GIVEN = """
ADA AMELIE ANNA BEATRIZ BORIS CHEN CLARA DAVID ELENA EMIL FATIMA FELIX GABRIEL HANNA HUGO IRENE JAKUB JOANA
JOHN KATARINA LARS LEILA LUCIA MARIA MARTIN MEHMET NADIA NOAH OLGA OSCAR PAULO QUENTIN ROSA SOFIA STEFAN TARIQ UMA
VICTOR WILLIAM XENIA YARA ZOE
"""
_STATES = "AUS BRA CAN CHE CZE D DNK ESP FIN FRA GBR GRC HUN IND ITA JPN KEN KOR MEX NLD NOR POL PRT SWE TUR USA"
SURNAMES, GIVEN, STATES = (text.split() for text in (_SURNAMES, _GIVEN, _STATES))
ALPHANUMERIC = icao.DIGITS + icao.LETTERS
ZONE = "OCR B"
WIDE = "Mono"
SIZES = {"TD1": (85.6, 54.0), "TD2": (105.0, 74.0), "TD3": (125.0, 88.0), "MRVA": (120.0, 80.0), "MRVB": (105.0, 74.0)}
"""Width and height of each document, millimetres."""
DOTS = 12
"""Pixels a millimetre in the drawing."""


@dataclass(frozen=True)
class Document:
    """A drawn document: its picture (H, W, 3) uint8 RGB, the zone's lines, the fields' raw values."""

    picture: np.ndarray
    lines: tuple[str, ...]
    fields: dict[str, str]
    layout: str


def values(layout: Layout, rng: np.random.Generator) -> dict[str, str]:
    """Random values of a zone's fields."""

    def signs(least: int, most: int, alphabet: str = ALPHANUMERIC) -> str:
        return "".join(rng.choice(list(alphabet), int(rng.integers(least, most + 1))))

    def day(first: int, last: int) -> str:
        return f"{rng.integers(first, last) % 100:02d}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"

    kind = {"TD1": "IAC", "TD2": "IAC", "TD3": "P", "MRVA": "V", "MRVB": "V"}[layout.name]
    personal = layout.fields["personal_number"]
    room = personal.end - personal.start
    state = str(rng.choice(STATES))
    return {
        "document_type": str(rng.choice(list(kind))) + (signs(1, 1, icao.LETTERS) if rng.random() < 0.2 else ""),
        "country": state,
        "nationality": state if rng.random() < 0.9 else str(rng.choice(STATES)),
        "number": signs(7, 9) if rng.random() < 0.5 else signs(1, 2, icao.LETTERS) + signs(6, 7, icao.DIGITS),
        "date_of_birth": day(1940, 2015),
        "expiration_date": day(2020, 2036),
        "sex": str(rng.choice(list("MF<"), p=[0.48, 0.48, 0.04])).replace("<", ""),
        "surname": str(rng.choice(SURNAMES)).replace("<", " "),
        "names": " ".join(rng.choice(GIVEN, int(rng.integers(1, 3)), replace=False)),
        "personal_number": signs(5, room) if rng.random() < 0.5 else "",
        "optional": signs(5, 15) if rng.random() < 0.4 else "",
    }


def draw(layout: Layout, rng: np.random.Generator, zone: str, print_font: str) -> Document:
    """One document, drawn flat and sharp."""
    said = values(layout, rng)
    lines = icao.compose(layout, said)
    width, height = (round(side * DOTS) for side in SIZES[layout.name])
    paper = _ground(width, height, rng)
    pen = ImageDraw.Draw(paper)
    pitch = 2.54 * DOTS
    ink = tuple(int(value) for value in rng.integers(0, 60, 3))
    font = ImageFont.truetype(zone, round(pitch / ImageFont.truetype(zone, 1000).getlength("0") * 1000))
    left = (width - pitch * layout.width) / 2
    top = height - 6.35 * DOTS * len(lines) - rng.uniform(2, 4) * DOTS
    for number, line in enumerate(lines):
        for place, sign in enumerate(line):
            pen.text((left + place * pitch, top + number * 6.35 * DOTS), sign, ink, font)
    small, large = (ImageFont.truetype(print_font, size) for size in (24, 40))
    pen.text((DOTS * 4, DOTS * 2), "TRAVEL DOCUMENT / DOCUMENT DE VOYAGE", ink, large)
    rows = [(name, said[name]) for name in ("surname", "names", "nationality", "number", "date_of_birth", "sex")]
    step = (top - 12 * DOTS) / len(rows)
    for number, (name, text) in enumerate(rows):
        at = 9 * DOTS + number * step
        pen.text((width * 0.38, at), name.replace("_", " ").title(), ink, small)
        pen.text((width * 0.38, at + 26), text, ink, large)
    pen.rectangle((4 * DOTS, 9 * DOTS, width * 0.32, top - 3 * DOTS), (150, 160, 170))
    pen.ellipse((8 * DOTS, 12 * DOTS, width * 0.28, top - 8 * DOTS), (205, 175, 150))
    zone_read = icao.parse(lines)
    return Document(np.asarray(paper), lines, dict(zone_read.fields), layout.name)


def _ground(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    """Tinted paper with fine wavy lines."""
    paper = Image.new("RGB", (width, height), tuple(int(value) for value in rng.integers(195, 250, 3)))
    pen = ImageDraw.Draw(paper)
    tint = tuple(int(value) for value in rng.integers(150, 225, 3))
    x = np.linspace(0, width, 80)
    for start in range(-height // 4, height, int(rng.integers(16, 40))):
        wave = start + rng.uniform(5, 40) * np.sin(x / rng.uniform(60, 200) + rng.uniform(0, 6))
        pen.line([(float(a), float(b)) for a, b in zip(x, wave, strict=True)], tint, 2)
    return paper


def photograph(document: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """The document as a camera takes it, and the quality at which to save it."""
    long_side = int(rng.integers(700, 1700))
    scale = long_side / document.shape[1]
    height = round(document.shape[0] * scale)
    flat = cv2.resize(document, (long_side, height), interpolation=cv2.INTER_AREA)
    margin = int(long_side * rng.uniform(0.02, 0.15))
    width, tall = long_side + 2 * margin, height + 2 * margin
    corners = np.array([[0, 0], [long_side, 0], [long_side, height], [0, height]], np.float32)
    tilt = np.radians(rng.normal(0, 3))
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    moved = (corners - corners.mean(axis=0)) @ turn * 0.97 + np.array([width, tall]) / 2
    moved += rng.normal(0, 0.012 * long_side, (4, 2))
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    table = np.full((tall, width, 3), rng.integers(20, 220, 3), np.uint8)
    table = np.clip(table + rng.normal(0, 12, (tall, width, 1)), 0, 255).astype(np.uint8)
    seen = cv2.warpPerspective(flat, matrix, (width, tall), table, borderMode=cv2.BORDER_TRANSPARENT)
    slope = np.linspace(rng.uniform(0.65, 1.0), rng.uniform(0.65, 1.0), width)[None, :, None]
    lit = seen * slope * np.linspace(rng.uniform(0.75, 1.0), 1.0, tall)[:, None, None]
    letters = long_side / 44 * 0.9
    soft = cv2.GaussianBlur(lit, (0, 0), max(0.1, float(rng.uniform(0, 0.07)) * letters))
    noisy = soft + rng.normal(0, rng.uniform(0, 10), soft.shape)
    turned = np.rot90(np.clip(noisy, 0, 255).astype(np.uint8), int(rng.integers(4)))
    return np.ascontiguousarray(turned), int(rng.integers(35, 96))


def render(folder: Path, count: int, seed: int) -> str:
    """Write a manifest of documents; the name of the font of their zones.

    Args:
        folder: Where; made if need be.
        count: How many documents.
        seed: Equal seeds draw equal documents with equal fonts.
    """
    fonts = FontSet.find().with_letters(icao.SYMBOLS).files
    zones = [font for font in fonts if font.name.startswith(ZONE)] or [font for font in fonts if WIDE in font.name]
    if not zones:
        raise SystemExit("a font is missing: apt-get install fonts-ocr-b")
    plain = next((font for font in fonts if "DejaVu Sans" in font.name), fonts[0])
    zone = min(zones, key=lambda font: len(font.name))
    labels = folder / "labels.jsonl"
    if labels.is_file() and len(labels.read_text(encoding="utf-8").splitlines()) == count:
        return zone.name
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with labels.open("w", encoding="utf-8") as out:
        for number in range(count):
            rng = np.random.default_rng((seed, number))
            layout = list(LAYOUTS.values())[number % len(LAYOUTS)]
            document = draw(layout, rng, zone.path, plain.path)
            picture, quality = photograph(document.picture, rng)
            name = f"images/{number:04d}.jpg"
            Image.fromarray(picture).save(folder / name, quality=quality)
            size = [picture.shape[1], picture.shape[0]]
            fields = document.fields | {"mrz": list(document.lines)}
            record = {"image": name, "size": size, "words": [], "fields": fields, "group": document.layout}
            out.write(json.dumps(record) + "\n")
    return zone.name
