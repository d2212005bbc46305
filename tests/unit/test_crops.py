"""Crops to learn from: what a manifest gives, what labels do not tell, who is held out, what changes leave readable."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from wordsight.data.crops import HEIGHT, Example, comparable, examples, split
from wordsight.data.manifest import Manifest, Sample, TrueWord, write_manifest
from wordsight.data.spoil import bend, spoil, warp
from wordsight.errors import ManifestError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    sizes = {"wide": (200, 40), "big": (400, 200), "tall": (30, 90), "tall1": (20, 90), "page": (300, 200)}
    for name, (width, height) in sizes.items():
        picture = np.full((height, width, 3), 200, np.uint8)
        if name == "page":
            picture[50:70, 40:140] = (10, 20, 200)
        cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), picture)
    word = TrueWord(((40, 50), (140, 50), (140, 70), (40, 70)), "Red")
    samples = [
        Sample("images/wide.png", tmp_path, text="wide"),
        Sample("images/big.png", tmp_path, text="BIG", extra={"silent": ["case"]}),
        Sample("images/tall.png", tmp_path, text="turned"),
        Sample("images/tall1.png", tmp_path, text="l"),
        Sample("images/page.png", tmp_path, (word, TrueWord(word.quad, "###", ignore=True), TrueWord(None, "x"))),
        Sample("images/wide.png", tmp_path),
    ]
    write_manifest(tmp_path, samples)
    return tmp_path


def test_the_crops_of_a_manifest(folder):
    found = list(examples(Manifest.open(folder), ["punctuation"]))
    assert [e.text for e in found] == ["wide", "BIG", "l", "Red"]
    assert [sorted(e.silent) for e in found] == [["punctuation"], ["case"], ["punctuation"], ["punctuation"]]
    assert found[1].picture.shape == (HEIGHT, 2 * HEIGHT, 3)
    red = found[3].picture
    assert red.shape[:2] == (22, 102)
    assert red[11, 50].tolist() == [200, 20, 10] and red[0, 50].tolist() != [200, 20, 10]  # a little margin around it
    assert found[3].name.endswith("page.png#0")


def test_an_unknown_silence_is_refused(folder):
    with pytest.raises(ManifestError, match="not about"):
        list(examples(Manifest.open(folder), ["accents"]))
    with pytest.raises(ManifestError, match="'silent' is a list"):
        list(examples([Sample("images/wide.png", folder / "images/wide.png", text="x", extra={"silent": "case"})]))


def test_what_is_compared():
    assert comparable("Don't  STOP", ["case", "punctuation"]) == "dontstop"
    assert comparable("Don't  STOP ", ["case"]) == "don't stop"
    assert comparable("Don't  STOP", []) == "Don't STOP"
    assert comparable("Éd.", ["punctuation"]) == "Éd"


def test_a_stable_part_is_held_out():
    samples = [Sample(f"images/{i}.png", None, text="x", group=f"g{i // 4}") for i in range(400)]
    learn, held = split(samples, 0.2)
    assert 0.12 < len(held) / 400 < 0.28
    assert {s.group for s in learn}.isdisjoint({s.group for s in held})
    assert split(samples[::-1], 0.2)[1] == held[::-1]


def test_changes_depend_on_the_seed_alone_and_keep_the_size():
    crop = np.random.default_rng(0).integers(0, 256, (32, 100, 3)).astype(np.uint8)
    for change in (bend, warp, spoil):
        one, two, other = (change(crop, np.random.default_rng(seed)) for seed in (3, 3, 4))
        np.testing.assert_array_equal(one, two)
        assert one.shape == crop.shape and one.dtype == np.uint8
        assert (one != other).any()
        np.testing.assert_array_equal(change(crop, np.random.default_rng(5), 0.0), crop)
    for seed in range(60):
        assert spoil(crop[:4, :7], np.random.default_rng(seed)).shape == (4, 7, 3)
        assert bend(crop[:2, :2], np.random.default_rng(seed)).shape == (2, 2, 3)
        assert warp(crop[:2, :2], np.random.default_rng(seed)).shape == (2, 2, 3)


def test_another_hand_writes_the_same_stroke_otherwise():
    crop = np.zeros((64, 64, 3), np.uint8)
    crop[28:36, 8:56] = 255
    seen = [warp(crop, np.random.default_rng(seed)) for seed in range(20)]
    for one in seen:
        assert 0.6 < (one > 127).sum() / (crop > 127).sum() < 1.6  # as much of it, and still one piece
        assert cv2.connectedComponents((one[..., 0] > 127).astype(np.uint8))[0] == 2
    assert np.mean([(one != crop).mean() for one in seen]) > 0.03


def test_a_crop_knows_its_silences():
    with pytest.raises(ManifestError):
        Example(np.zeros((4, 4, 3), np.uint8), "x", frozenset({"spaces"}))
