"""OpenVINO against ONNX Runtime, bf16 against float32: the same results within stated tolerances.

Measured on the example picture with OpenVINO 2026.4, ONNX Runtime 1.32, AMD EPYC with AVX512-BF16:

===========================  ==========================================  =======================================
                             detector's map (832 x 1280)                 recognizer's table (57 x 20 x 18710)
===========================  ==========================================  =======================================
OpenVINO - ONNX Runtime      at most 9.5e-5, mean 1.3e-7                 at most 4.8e-5
bf16 - float32               mean 2.7e-4; 0.03 % of pixels on the        at most 0.045; the same class in every
                             other side of the threshold                 frame
===========================  ==========================================  =======================================
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from wordsight import geometry
from wordsight.config import Engine, Precision
from wordsight.data.manifest import Manifest
from wordsight.models import cards
from wordsight.models.cards import Card
from wordsight.models.runtime import compile_network
from wordsight.page import Page
from wordsight.reader import Reader
from wordsight.rectify.crop import Pyramid
from wordsight.types import Floats, Picture, Word

SURE = 0.95


def run(card: Card, engine: Engine, precision: Precision, batch: Floats) -> Floats:
    network = compile_network(cards.locate(card), engine, precision)
    return network.run(batch, lambda outputs: outputs[0].copy())


@pytest.fixture(scope="module")
def scene(street: Picture) -> Floats:
    """The picture as the detector takes it."""
    pixels = cv2.resize(street, (1280, 832))[:, :, ::-1].astype(np.float32) / 255
    normalised = (pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None], np.float32)


@pytest.fixture(scope="module")
def crops(street: Picture, example: Path) -> Floats:
    """Its words as the recognizer takes them."""
    words = Manifest.open(example.parents[1]).samples[0].words or ()
    pyramid = Pyramid(street)
    stretched = [cv2.resize(pyramid.crop(np.array(word.quad, np.float32), 48), (160, 48)) for word in words]
    pixels = np.stack(stretched)[..., ::-1].astype(np.float32)
    return np.ascontiguousarray((pixels.transpose(0, 3, 1, 2) - 127.5) / 127.5)


def test_the_detector_on_both_engines(scene: Floats) -> None:
    one, other = (run(cards.PP_OCR_DETECTOR, engine, "f32", scene) for engine in ("openvino", "onnxruntime"))
    assert one.shape == other.shape == (1, 1, 832, 1280)
    assert (one > 0.3).mean() > 0.01
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_the_recognizer_on_both_engines(crops: Floats) -> None:
    one, other = (run(cards.PP_OCR_RECOGNIZER, engine, "f32", crops) for engine in ("openvino", "onnxruntime"))
    assert one.shape == other.shape == (len(crops), 20, 18710)
    np.testing.assert_allclose(one.sum(axis=2), 1, atol=1e-4)
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_the_detector_in_half_the_bits(scene: Floats) -> None:
    full, half = (run(cards.PP_OCR_DETECTOR, "openvino", precision, scene) for precision in ("f32", "bf16"))
    assert np.abs(full - half).mean() < 2e-3
    assert ((full > 0.3) != (half > 0.3)).mean() < 3e-3


def test_the_recognizer_in_half_the_bits(crops: Floats) -> None:
    full, half = (run(cards.PP_OCR_RECOGNIZER, "openvino", precision, crops) for precision in ("f32", "bf16"))
    # Not all frames: where two classes are nearly equal, either may win (1 of 1140 with the crops of OpenCV 4.10).
    assert (np.abs(full - half).max(axis=2) < 0.15).mean() > 0.99
    assert (full.argmax(axis=2) == half.argmax(axis=2)).mean() > 0.99


def same_place(one: Word, other: Word) -> bool:
    (height,) = geometry.sides(one.quad.points[None])[1]
    return bool(np.linalg.norm(one.quad.points.mean(axis=0) - other.quad.points.mean(axis=0)) < 0.4 * height)


def near(page: Page, word: Word) -> list[Word]:
    return [other for other in page.words if same_place(word, other)]


@pytest.fixture(scope="module")
def full(street: Picture) -> Page:
    return Reader(precision="f32").read(street)


def test_pages_in_half_the_bits(street: Picture, full: Page) -> None:
    half = Reader(precision="bf16").read(street)
    sure = [word for word in full.words if word.confidence >= SURE]
    assert len(sure) >= 25
    changes, missed = [], []
    for word in sure:
        same = [other.confidence for other in near(half, word) if other.text == word.text]
        if same:
            changes.append(abs(max(same) - word.confidence))
        else:
            missed.append(word.text)
    # One word may be parted elsewhere, and one be at the edge of what is looked at twice: no bound holds for each.
    assert len(missed) <= 0.05 * len(sure), f"{missed} are not read in bf16"
    assert np.mean(changes) < 0.03
    for word in half.words:
        others = near(full, word)
        contradicted = [other.text for other in others if other.confidence >= SURE and word.text not in other.text]
        assert word.confidence < SURE or word.text in [other.text for other in others] or not contradicted


def test_pages_on_both_engines(street: Picture, full: Page) -> None:
    page = Reader(engine="onnxruntime").read(street)
    assert [word.text for word in page.words] == [word.text for word in full.words]
    for word, same in zip(page.words, full.words, strict=True):
        assert word.confidence == pytest.approx(same.confidence, abs=0.01)
        np.testing.assert_allclose(word.quad.points, same.quad.points, atol=1)
