"""Recognizers from ONNX files: the shipped ones and those that users train."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wordsight.charset import Charset
from wordsight.errors import ModelError, WeightsMissing
from wordsight.models import cards
from wordsight.models.runtime import compile_network
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.stages import StageOptions

NARROW = np.zeros((1, 3, 48, 64), np.float32)
"""An input of the smallest width that is read."""

MANY = 5000
"""From so many characters on, one outside of ASCII is more often a mistake than not."""


def foreign_bar(charset: Charset) -> float:
    """Mean probability from which characters outside of ASCII are believed: any, where the charset was chosen for them.

    See ``SvtrRecognizer.foreign``.
    """
    return 0.0 if len(charset) < MANY else 0.7


def load_recognizer(path: Path, options: StageOptions) -> SvtrRecognizer:
    """The recognizer in an ONNX file, as PaddleOCR or ``wordsight train recognizer`` writes it.

    Args:
        path: Takes (N, 3, 48, W) float32, gives (N, T, C) probabilities; its charset stands in the metadata.
        options: Engine, precision, threads, allowed characters.

    Raises:
        WeightsMissing: There is no such file.
        WeightsCorrupt: It holds no charset.
        ModelError: It is no network that the engine can run, or has another number of classes than characters.
        ConfigError: The charset has none of the allowed characters.
    """
    if not path.is_file():
        raise WeightsMissing(f"{path} is not there; give the ONNX file of a trained recognizer")
    charset = Charset.pp_ocr(cards.characters(path))
    network = compile_network(path, options.engine, options.precision, options.threads)
    allowed = charset.allowed(options.language, options.allow)
    recognizer = SvtrRecognizer(network, charset, allowed, foreign_bar(charset))
    classes = network.run(NARROW, lambda outputs: outputs[0].shape[-1])
    if classes != len(charset):
        raise ModelError(f"{path} has {classes} classes and {len(charset)} characters with the blank; export it again")
    return recognizer
