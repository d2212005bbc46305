"""Same crop, same text, whatever the batch: on the real recognizer, with both engines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from wordsight.data.manifest import Manifest
from wordsight.image.load import load
from wordsight.recognition.svtr import create
from wordsight.stages import Recognizer, StageOptions
from wordsight.types import Picture, Reading

# On 800 crops of icdar2015_words_train and iiit5k_train, each alone against batches of up to eight, the greatest
# difference of a character's probability was 0 with OpenVINO (bf16 and float32) and 2.6e-6 with ONNX Runtime; no text
# differed.
TOLERANCE = 1e-4
TEXTS = [
    "Hotel 24 h",
    "STOP",
    "a",
    "Wordsight",
    "iiiiii",
    "12.50",
    "MMMMMMMM",
    "Il1",
    "rn m",
    "Café",
    "==",
    "x y z",
    "Quite a long line of text",
]


def rendered() -> list[Picture]:
    """Words as a camera would give them: several sizes, low contrast, noise; and two crops without text."""
    rng = np.random.default_rng(3)
    crops = []
    for number, text in enumerate(TEXTS * 2):
        font = ImageFont.load_default(int(rng.integers(12, 60)))
        left, top, right, bottom = (round(side) for side in font.getbbox(text))
        image = Image.new("L", (right - left + 8, bottom - top + 8), 210)
        ImageDraw.Draw(image).text((4 - left, 4 - top), text, fill=210 - 30 * (number % 7 + 1), font=font)
        noisy = np.asarray(image, np.float32)[..., None] + rng.normal(0, 9, (*image.size[::-1], 3))
        crops.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return [*crops, np.full((30, 90, 3), 128, np.uint8), rng.integers(0, 256, (40, 120, 3), np.uint8)]


def photographed(data: Path) -> list[Picture]:
    sets = [Manifest.open(data / name).choose(20, seed=2) for name in ("icdar2015_words_train", "svt_words_train")]
    return [load(sample.path) for samples in sets for sample in samples]


@pytest.fixture(scope="module", params=["openvino", "onnxruntime"])
def recognizer(request: pytest.FixtureRequest) -> Recognizer:
    return create(StageOptions(engine=request.param))


def alone(recognizer: Recognizer, crops: list[Picture]) -> list[Reading]:
    return [recognizer.recognize([crop])[0] for crop in crops]


def check(found: list[Reading], wanted: list[Reading]) -> None:
    assert [reading.text for reading in found] == [reading.text for reading in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert abs(one.confidence - other.confidence) <= TOLERANCE
        for span, same in zip(one.spans, other.spans, strict=True):
            assert (span.text, span.start, span.end) == (same.text, same.start, same.end)
            assert abs(span.probability - same.probability) <= TOLERANCE


def test_rendered_crops(recognizer: Recognizer) -> None:
    crops = rendered()
    wanted = alone(recognizer, crops)
    assert sum(reading.text == text for reading, text in zip(wanted, TEXTS * 2, strict=False)) >= len(TEXTS)

    @settings(max_examples=12)
    @given(st.lists(st.integers(0, len(crops) - 1), max_size=14))
    def any_batch(chosen: list[int]) -> None:
        check(recognizer.recognize([crops[i] for i in chosen]), [wanted[i] for i in chosen])

    any_batch()


def test_photographed_crops(recognizer: Recognizer, shared_data: Path) -> None:
    crops = photographed(shared_data)
    wanted = alone(recognizer, crops)
    for seed in range(2):
        chosen = np.random.default_rng(seed).permutation(len(crops)).tolist()
        check(recognizer.recognize([crops[i] for i in chosen]), [wanted[i] for i in chosen])


def test_no_crop_is_changed(recognizer: Recognizer) -> None:
    crops = rendered()[:6]
    before = [crop.copy() for crop in crops]
    recognizer.recognize(crops)
    for crop, copy in zip(crops, before, strict=True):
        np.testing.assert_array_equal(crop, copy)
