"""CRNN: the convolutions of the PP-OCRv6 recognizer, two bidirectional LSTM layers, CTC; Latin letters only.

Source: Shi, Bai, Yao, "An End-to-End Trainable Neural Network for Image-based Sequence Recognition" (TPAMI 2017). How
a crop becomes the network's input, and its output a text, is the same for every CTC recognizer of this package: see
:class:`wordsight.recognition.svtr.SvtrRecognizer`.
"""

from __future__ import annotations

from wordsight.models import cards
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.recognition.trained import load_recognizer
from wordsight.stages import StageOptions


def create(options: StageOptions) -> SvtrRecognizer:
    """The CRNN that the package carries."""
    return load_recognizer(cards.locate(cards.CRNN_RECOGNIZER), options)
