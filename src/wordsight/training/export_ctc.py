"""From a trained recognizer to the ONNX file that the package reads with, and the card that tells what it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from wordsight.config import Precision
from wordsight.errors import ModelError
from wordsight.models import cards
from wordsight.models.recnet import CtcRecognizer
from wordsight.training.export import Signature, difference, export_onnx, write_card
from wordsight.training.networks import read_recognizer
from wordsight.types import Floats

RECOGNIZER = Signature("x", ("probabilities",), ((0, "batch"), (3, "width")))
"""What an exported recognizer takes and gives, as the PP-OCRv6 recognizer does.

``x``: (N, 3, 48, W) float32, W a multiple of 8, BGR, ``(value / 255 - 0.5) / 0.5``. ``probabilities``: (N, T, C);
class 0 is the blank, the others stand in the metadata under ``character``, one a line; the last is the space, which
is not listed.
"""


class _Probabilities(nn.Module):
    """A recognizer whose forward gives probabilities."""

    def __init__(self, recognizer: CtcRecognizer) -> None:
        super().__init__()
        self.recognizer = recognizer

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.recognizer(x), -1)


def export_ctc(recognizer: CtcRecognizer, path: Path, half: bool = False) -> None:
    """Write a recognizer as ONNX with the signature ``RECOGNIZER``.

    Args:
        recognizer: The trained network.
        path: File to write; its folder must exist.
        half: Store the weights in 16 bits.

    Raises:
        ModelError: The charset cannot be written: no space at its end, or a line break in it.
    """
    *symbols, last = recognizer.charset.symbols
    if last != " " or any("\n" in symbol for symbol in symbols):
        raise ModelError("a charset to export ends with the space and holds no line break; train with another charset")
    export_onnx(_Probabilities(recognizer), torch.zeros(1, 3, 48, 160), path, RECOGNIZER, half)
    model = onnx.load(str(path))
    helper.set_model_props(model, {"character": "\n".join(symbols)})
    part = path.with_suffix(".part")
    onnx.save(model, str(part))
    part.replace(path)


def ctc_difference(recognizer: CtcRecognizer, path: Path, batch: Floats, precision: Precision = "f32") -> float:
    """Largest absolute difference of probabilities between a network and its ONNX file on (N, 3, 48, W)."""
    return difference(_Probabilities(recognizer), path, batch, precision)[0]


def export_recognizer(folder: Path, path: Path, record: Mapping[str, Any] | None = None, half: bool = True) -> Path:
    """Write what a training delivered as an ONNX file with its card.

    Args:
        folder: What ``train_recognizer`` was told as ``out``.
        path: File to write, such as ``mine.onnx``; its folder must exist.
        record: What the card says besides architecture, characters and size: data, split, command, accuracy.
        half: Store the weights in 16 bits.

    Returns:
        The card's path.

    Raises:
        ModelError: There is no finished training in the folder.
    """
    arch, model = read_recognizer(folder)
    export_ctc(model, path, half)
    facts = {
        "name": path.stem,
        "arch": arch,
        "parameters": sum(p.numel() for p in model.parameters()),
        "characters": len(model.charset) - 1,
        "input": "x: (N, 3, 48, W) float32, W a multiple of 8, BGR, (value / 255 - 0.5) / 0.5",
        "outputs": "probabilities: (N, T, C); class 0 is the blank, the charset stands in the ONNX metadata",
        "initialised_from": {"name": cards.PP_OCR_RECOGNIZER.name, "licence": cards.PP_OCR_RECOGNIZER.licence},
    }
    return write_card(path, {**facts, **(record or {})})
