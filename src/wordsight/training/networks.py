"""Recognizers on disk and at the start of a training: which network, which characters, whose weights."""

from __future__ import annotations

import copy
import json
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from wordsight.charset import Charset
from wordsight.config import check_choice
from wordsight.errors import ModelError
from wordsight.models.crnn import crnn, crnn_from, crnn_vgg
from wordsight.models.recnet import CtcRecognizer, select_classes, svtr
from wordsight.training.checkpoint import read_weights

Arch = Literal["svtr", "crnn", "crnn-vgg"]
"""Networks that can be trained to read."""

LATIN = "".join(map(chr, (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x180)))) + "ƒƠơƯưȘșȚț–—‘’“”†‡•…‰€™"
"""The charset of small recognizers, without the space: printable ASCII, Latin-1, Latin Extended-A, the further letters
of Romanian and Vietnamese, and the signs of typesetting."""
DESCRIPTION = "network.json"
"""What a training's folder says about its network: ``{"arch": ..., "characters": [...]}``, in the classes' order."""
WEIGHTS = "best.safetensors"


def build(arch: Arch, charset: Charset) -> CtcRecognizer:
    """A network with random weights.

    Raises:
        ConfigError: No such network.
    """
    makers = {"svtr": svtr, "crnn": crnn, "crnn-vgg": crnn_vgg}
    return makers[check_choice("arch", arch, makers)](charset)


def write_description(folder: Path, arch: Arch, charset: Charset) -> None:
    """Say beside the weights what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{DESCRIPTION}.part"
    record = {"arch": arch, "characters": list(charset.symbols)}
    part.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(folder / DESCRIPTION)


def read_recognizer(folder: Path, weights: str = WEIGHTS) -> tuple[Arch, CtcRecognizer]:
    """The recognizer that a training left in a folder.

    Raises:
        ModelError: It is not there, or is broken.
    """
    path = folder / DESCRIPTION
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        arch, characters = record["arch"], record["characters"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is not there or broken ({error}); give the folder of a finished training") from error
    symbols = isinstance(characters, list) and all(isinstance(symbol, str) for symbol in characters)
    if arch not in get_args(Arch) or not symbols or len(set(characters)) != len(characters):
        raise ModelError(f"{path} names no network and characters that this version knows; train again")
    model = build(arch, Charset(tuple(characters)))
    read_weights(model, folder / weights)
    return arch, model


def beginning(arch: Arch, parent: tuple[Arch, CtcRecognizer], charset: str, labels: Iterable[str]) -> CtcRecognizer:
    """The network with which a training starts; it shares no weights with its parent.

    Args:
        arch: Which network.
        parent: Whose weights it takes over, as far as they fit.
        charset: "keep", "latin", or the characters themselves.
        labels: Texts whose characters must be among them.
    """
    kind, old = parent
    chosen = choose_charset(old.charset, charset, labels)
    if arch == "crnn-vgg" and kind != "crnn-vgg":
        return crnn_vgg(chosen)
    model = copy.deepcopy(old) if arch == kind else crnn_from(old)
    return model if chosen == old.charset else select_classes(model, chosen)


def choose_charset(old: Charset, charset: str, labels: Iterable[str]) -> Charset:
    """The characters of a new network: old ones first, in their order; the space last, as in every PP-OCR charset."""
    if charset == "keep":
        symbols = [symbol for symbol in old.symbols if symbol != " "]
    elif charset == "latin":
        symbols = [symbol for symbol in LATIN if symbol in old]
    else:
        symbols = sorted({symbol for symbol in charset if not symbol.isspace()})
    known = set(symbols)
    more = sorted({symbol for label in labels for symbol in label if not symbol.isspace()} - known)
    return Charset.pp_ocr([*symbols, *more])


def parts_of(charset: Charset) -> Tensor | None:
    """Which parts a character is composed of by Unicode's canonical decomposition; None where none is.

    A syllable of Hangul is two or three letters in one square, "й" is a letter with a sign.

    Returns:
        (classes, parts) float32, 1 where a class has the part.
    """
    split = [unicodedata.normalize("NFD", symbol) for symbol in ("", *charset.symbols)]
    names = sorted({part for parts in split if len(parts) > 1 for part in parts})
    if not names:
        return None
    places = {name: place for place, name in enumerate(names)}
    shares = torch.zeros(len(split), len(names))
    for row, parts in enumerate(split):
        for part in parts if len(parts) > 1 else ():
            shares[row, places[part]] = 1.0
    return shares


def mixed(old: Mapping[str, Tensor], new: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights between two networks of one shape: ``share`` of the new, the rest of the old."""
    return {name: torch.lerp(old[name], tensor, share) for name, tensor in new.items()}


def copy_weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of a network's weights."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
