"""Weights: what the project uses is named with digest and licence; what it ships is described, safe and small."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from wordsight.models import cards

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "wordsight"
SHIPPED = sorted(path for path in PACKAGE.rglob("*") if path.suffix in (".onnx", ".safetensors", ".bin"))
UNSAFE = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy", ".npz", ".joblib", ".h5")
LICENCES = ("Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0")


@pytest.mark.parametrize("card", cards.CARDS, ids=lambda card: card.name)
def test_a_card_is_complete(card: cards.Card) -> None:
    assert re.fullmatch("[0-9a-f]{64}", card.sha256)
    assert card.licence in LICENCES
    assert all((card.name, card.package, card.file, card.origin, card.input))
    assert card.parameters > 1000
    assert not Path(card.file).is_absolute()
    assert ".." not in card.file


def test_cards_have_names_of_their_own() -> None:
    assert len({card.name for card in cards.CARDS}) == len(cards.CARDS)
    assert len({card.sha256 for card in cards.CARDS}) == len(cards.CARDS)


def test_parameters_are_those_of_the_files() -> None:
    onnx = pytest.importorskip("onnx")
    for card in cards.CARDS:
        graph = onnx.load(str(cards.find(card))).graph
        tensors = [
            *graph.initializer,
            *(a.t for node in graph.node if node.op_type == "Constant" for a in node.attribute),
        ]
        count = sum(_size(tensor) for tensor in tensors)
        assert count == pytest.approx(card.parameters, rel=0.05)


def _size(tensor: object) -> int:
    size = 1
    for side in tensor.dims:  # type: ignore[attr-defined]
        size *= side
    return size


def test_the_notice_names_the_weights() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "PP-OCRv6" in notice
    assert "PaddleOCR" in notice
    assert "Apache" in notice


def test_nothing_shipped_has_to_be_unpickled() -> None:
    assert [path for path in PACKAGE.rglob("*") if path.suffix in UNSAFE] == []


def test_what_is_shipped_is_small() -> None:
    sizes = {
        path: path.stat().st_size for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert sum(sizes.values()) <= 80 * 1024 * 1024


def test_every_shipped_weight_file_has_a_card_beside_it() -> None:
    for path in SHIPPED:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest(), path
        assert card["licence"] in LICENCES
        assert card["training_sets"], f"{path} does not say what it was trained on"
