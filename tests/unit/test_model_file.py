"""Model files: what was written comes back; what was damaged, changed or made to harm is refused."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordsight.errors import ConfigError, ModelError, WeightsCorrupt, WeightsMissing
from wordsight.fields import model
from wordsight.fields.model import LabelCard, ModelCard, ModelFile, pack, write_model
from wordsight.fields.store import Store

LABEL = LabelCard("total", "document", forms={"99": 3}, values=("Acme Tools",), calibration=(0.0, 1.0, 0.5, 0.1, 0.2))
CARD = ModelCard("bills", (LABEL,), "2026-11-22T10:00:00+00:00", "0.1.0", {"pictures": 5}, {"after": {"f": 0.9}})
MEMBERS = {"tagger.json": b"[1, 2, 3]", "recognizer.onnx": bytes(range(256)) * 20}
FILE = pack(CARD, MEMBERS)


def sealed(parts: list[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these parts with the digest at its end, as somebody would make it who wants to do harm."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return seal(out.getvalue())


def seal(data: bytes) -> bytes:
    body = data[:-2]
    return body + (64).to_bytes(2, "little") + hashlib.sha256(body).hexdigest().encode()


def card(members: dict[str, bytes], **changes: object) -> bytes:
    record = {"format": 1, **asdict(CARD), **changes}
    record["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    return json.dumps(record).encode()


def test_what_was_packed_comes_back() -> None:
    file = ModelFile.parse(FILE)
    assert file.card == CARD
    assert file.members == MEMBERS
    assert file.digest == hashlib.sha256(FILE).hexdigest()
    assert file.card.label("total").forms == {"99": 3}


def test_equal_models_are_equal_files() -> None:
    assert pack(CARD, MEMBERS) == FILE


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_noticed(place: int, by: int) -> None:
    data = bytearray(FILE)
    data[place] ^= by
    with pytest.raises(WeightsCorrupt, match=r"damaged|no \.wordsight file"):
        ModelFile.parse(bytes(data))


@given(st.integers(0, len(FILE) - 1))
def test_a_file_cut_short_is_noticed(length: int) -> None:
    with pytest.raises(WeightsCorrupt):
        ModelFile.parse(FILE[:length])


def test_a_newer_format() -> None:
    data = sealed([("card.json", card({}, format=2, version="9.1"))])
    with pytest.raises(ModelError, match=r"newer wordsight \(9.1, format 2.*pip install -U wordsight"):
        ModelFile.parse(data)


@pytest.mark.parametrize(
    "name",
    ["../evil.onnx", "/etc/evil.onnx", "a/b.onnx", "a\\b.onnx", "C:evil.onnx", ".onnx", "Evil.onnx", "x.pkl", "x.py"],
)
def test_a_part_that_leaves_the_folder(name: str) -> None:
    with pytest.raises(WeightsCorrupt, match="which no model has"):
        ModelFile.parse(sealed([("card.json", card({})), (name, b"x")]))


def test_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MOST_BYTES", 2**20)
    bomb = {"detector.onnx": bytes(2**21)}
    data = sealed([("card.json", card(bomb)), *bomb.items()])
    assert len(data) < 2**16
    with pytest.raises(ModelError, match="unpacks to more than"):
        ModelFile.parse(data)


def test_a_size_that_the_directory_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MOST_BYTES", 2**20)
    data = bytearray(sealed([("card.json", card({})), ("detector.onnx", bytes(2**21))])[:-66] + b"\0\0")
    at = data.rfind((2**21).to_bytes(4, "little"))
    data[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(ModelError):
        ModelFile.parse(seal(bytes(data)))


def test_too_large_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MOST_BYTES", 100)
    path = tmp_path / "a.wordsight"
    path.write_bytes(FILE)
    with pytest.raises(ModelError, match="at most 100"):
        ModelFile.read(path)


def test_two_parts_of_one_name() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = sealed([("card.json", card({})), ("card.json", card({}))])
    with pytest.raises(WeightsCorrupt, match="two of one name"):
        ModelFile.parse(data)


def test_a_part_that_the_card_does_not_name() -> None:
    with pytest.raises(WeightsCorrupt, match="files that its card names"):
        ModelFile.parse(sealed([("card.json", card({})), ("tagger.json", b"{}")]))


def test_a_network_that_reads_other_files() -> None:
    members = {"detector.onnx": b"..\x0a\x08location\x12\x0b/etc/passwd"}
    with pytest.raises(ModelError, match="reads other files"):
        ModelFile.parse(sealed([("card.json", card(members)), *members.items()]))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"format": "1"}', b"\xff", b'{"format": 1, "files": {}}', b"[" * 100_000]
)
def test_a_broken_card(content: bytes) -> None:
    with pytest.raises(WeightsCorrupt):
        ModelFile.parse(sealed([("card.json", content)]))


@pytest.mark.parametrize("changes", [{"labels": []}, {"labels": [{"name": "a"}]}, {"data": 3}, {"name": None}])
def test_a_card_that_says_nonsense(changes: dict[str, object]) -> None:
    if changes == {"name": None}:
        assert ModelFile.parse(sealed([("card.json", card({}, **changes))])).card.name == "None"
        return
    with pytest.raises(WeightsCorrupt):
        ModelFile.parse(sealed([("card.json", card({}, **changes))]))


def test_a_kind_that_does_not_exist() -> None:
    labels = [{**asdict(LABEL), "kind": "spell"}]
    with pytest.raises(WeightsCorrupt, match="unknown kind"):
        ModelFile.parse(sealed([("card.json", card({}, labels=labels))]))


def test_a_name_that_a_part_cannot_have() -> None:
    with pytest.raises(ModelError, match="cannot be the name of a part"):
        pack(CARD, {"../x.onnx": b""})


def test_writing_is_all_or_nothing(tmp_path: Path) -> None:
    path = write_model(tmp_path / "bills.wordsight", CARD, MEMBERS)
    with pytest.raises(ModelError):
        write_model(path, CARD, {"x.py": b""})
    assert ModelFile.read(path).card == CARD
    assert [p.name for p in tmp_path.iterdir()] == ["bills.wordsight"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="cannot be read"):
        ModelFile.read(tmp_path / "none.wordsight")


def test_versions(tmp_path: Path) -> None:
    store = Store(tmp_path / "models")
    assert store.names() == []
    assert str(store.add(FILE, "bills")) == "bills@1"
    second = store.add(FILE, "bills")
    assert (second.number, second.active) == (2, True)
    third = store.add(FILE, "bills", activate=False)
    assert not third.active
    assert store.find("bills").number == 2
    store.activate("bills", 1)
    assert store.find("bills").number == 1
    assert [str(v) for v in store.delete("bills@1")] == ["bills@1"]
    assert store.find("bills").number == 3
    assert store.names() == ["bills"]
    store.delete("bills")
    assert store.names() == []
    assert list((tmp_path / "models").iterdir()) == []


def test_models_that_are_not_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(FILE, "bills")
    with pytest.raises(WeightsMissing, match=r"no model 'plates' \(models: bills\)"):
        store.find("plates")
    with pytest.raises(WeightsMissing, match=r"no bills@7 \(versions: bills@1\)"):
        store.find("bills@7")


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "A", "con", "nul.x", "a" * 65, ".a", "a b", "-x", "a."])
def test_names_that_a_model_cannot_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        Store(tmp_path).add(FILE, name)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(WeightsCorrupt):
        Store(tmp_path).add(FILE[:-1], "bills")
    assert list(tmp_path.iterdir()) == []
