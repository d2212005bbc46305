"""The CRNN that the package carries: small, Latin, and it reads as the other recognizers do."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from wordsight import registry
from wordsight.errors import ConfigError
from wordsight.models import cards
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.recognition.trained import foreign_bar
from wordsight.stages import StageOptions

WORDS = ["PARKING", "Library", "exit", "1987", "COFFEE", "Sale", "B-24"]


def draw(text):
    picture = np.full((44, 22 * len(text) + 20, 3), 210, np.uint8)
    cv2.putText(picture, text, (8, 32), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (30, 20, 90), 2, cv2.LINE_AA)
    return picture


@pytest.fixture(scope="module", params=["openvino", "onnxruntime"])
def crnn(request):
    pytest.importorskip(request.param)
    return registry.create_recognizer("crnn", StageOptions(engine=request.param, threads=1))


def test_it_reads_words(crnn):
    readings = crnn.recognize([draw(text) for text in WORDS])
    assert [reading.text for reading in readings] == WORDS
    assert min(reading.confidence for reading in readings) > 0.5
    spans = readings[0].spans
    assert [span.start for span in spans] == sorted(span.start for span in spans)
    assert 0 <= spans[0].start < 0.1 and 0.75 < spans[-1].end <= 1


def test_a_reading_does_not_depend_on_its_neighbours(crnn):
    together = [reading.text for reading in crnn.recognize([draw(text) for text in WORDS])]
    assert [crnn.recognize([draw(text)])[0].text for text in WORDS] == together


def test_it_is_small_and_latin(crnn):
    assert isinstance(crnn, SvtrRecognizer)
    assert cards.CRNN_RECOGNIZER.parameters <= 8_300_000
    assert cards.find(cards.CRNN_RECOGNIZER).stat().st_size < 10_500_000
    assert len(crnn.charset) == 339 and {"a", "Z", "é", "ß", "€", " "} <= set(crnn.charset.symbols)
    assert foreign_bar(crnn.charset) == 0.0


def test_characters_can_be_narrowed():
    digits = registry.create_recognizer("crnn", StageOptions(threads=1, allow="0123456789"))
    assert digits.recognize([draw("1987")])[0].text == "1987"
    with pytest.raises(ConfigError):
        registry.create_recognizer("crnn", StageOptions(threads=1, allow="漢"))
