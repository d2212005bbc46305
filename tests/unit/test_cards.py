from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

from wordsight.errors import ModelError, WeightsCorrupt, WeightsMissing
from wordsight.models import cards
from wordsight.models.cards import Card
from wordsight.models.runtime import compile_network


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Card:
    """A card of a weight file in a little package, which must never be imported."""
    folder = tmp_path / "weights_of_mine"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    (folder / "models" / "net.onnx").write_bytes(bytes(range(256)))
    monkeypatch.syspath_prepend(tmp_path)
    digest = hashlib.sha256(bytes(range(256))).hexdigest()
    return Card(
        name="mine",
        package="weights_of_mine",
        file="models/net.onnx",
        sha256=digest,
        licence="Apache-2.0",
        origin=str(tmp_path),  # unlike that of any other test: what was located once in a process is remembered
        input="",
        parameters=0,
    )


@pytest.mark.parametrize("card", cards.CARDS, ids=lambda card: card.name)
def test_the_stock_weights_are_whole(card: Card) -> None:
    path = cards.locate(card)
    assert cards.sha256(path) == card.sha256
    assert path.name.endswith(".onnx")


def test_a_file_is_found_without_importing_its_package(package: Card) -> None:
    assert cards.locate(package).read_bytes() == bytes(range(256))


def test_a_file_is_read_through_once_in_a_process(package: Card) -> None:
    path = cards.locate(package)
    path.write_bytes(b"")
    assert cards.locate(package) == path


def test_a_flipped_bit_is_noticed(package: Card) -> None:
    path = cards.find(package)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        WeightsCorrupt, match=r"net\.onnx is not mine .*pip install --force-reinstall 'weights_of_mine'"
    ):
        cards.locate(package)


@pytest.mark.parametrize("data", [b"", bytes(255), bytes(257)])
def test_another_length_is_noticed(package: Card, data: bytes) -> None:
    cards.find(package).write_bytes(data)
    with pytest.raises(WeightsCorrupt):
        cards.locate(package)


def test_a_missing_file(package: Card) -> None:
    cards.find(package).unlink()
    with pytest.raises(WeightsMissing, match=r"net\.onnx is missing; .*weights_of_mine"):
        cards.locate(package)


def test_a_missing_package(package: Card) -> None:
    gone = dataclasses.replace(package, package="weights_that_nobody_has")
    with pytest.raises(WeightsMissing, match="pip install weights_that_nobody_has"):
        cards.locate(gone)


def test_a_module_that_is_no_package(package: Card) -> None:
    with pytest.raises(WeightsMissing):
        cards.locate(dataclasses.replace(package, package="json.decoder"))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_file_that_is_no_network(tmp_path: Path, engine: str) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(ModelError, match=r"cannot load .*net\.onnx"):
        compile_network(path, engine)  # type: ignore[arg-type]


def test_the_charset_is_what_onnx_reads() -> None:
    onnx = pytest.importorskip("onnx")
    path = cards.find(cards.PP_OCR_RECOGNIZER)
    metadata = {entry.key: entry.value for entry in onnx.load(str(path), load_external_data=False).metadata_props}
    assert list(cards.characters(path)) == metadata["character"].split("\n")


def entry(value: bytes, length: int | None = None) -> bytes:
    """``metadata_props`` of an ONNX file: field 14 with a key and a value, the value's length perhaps a lie."""
    size = len(value) if length is None else length
    varint = bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
    body = b"\n\tcharacter\x12" + varint + value
    return b"\x72" + bytes([len(body)]) + body


def test_a_charset_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"\x08\x0agraph" + entry("a\né\n漢".encode()) + b"\x72\x02\n\x00")
    assert cards.characters(path) == ("a", "é", "漢")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no charset here",
        entry(b"a\nb\nc")[:-7],  # ends before the length
        entry(b"a\nb\nc")[:-2],  # ends before the text does
        entry(b"a\nb\nc", length=9000),
        entry("é".encode()[:1] + b"\nb"),  # no UTF-8
    ],
)
def test_a_file_without_a_whole_charset(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    with pytest.raises(WeightsCorrupt):
        cards.characters(path)


@pytest.mark.parametrize("card", cards.CARDS, ids=lambda card: card.name)
def test_a_card_as_json(card: Card) -> None:
    assert json.loads(cards.dump(card)) == dataclasses.asdict(card)
