"""The sliding-window, single-shot and region-based detector by name, with the weights that the project ships.

Which of them it ships, :data:`wordsight.models.cards.CARDS` tells; the others can be trained by everybody.
"""

from __future__ import annotations

from pathlib import Path

from wordsight.detection import own
from wordsight.errors import ConfigError, ModelError
from wordsight.models import cards
from wordsight.stages import Detector, StageOptions


def create_sliding_window(options: StageOptions) -> Detector:
    """Sliding windows."""
    return shipped("sliding-window", options)


def create_single_shot(options: StageOptions) -> Detector:
    """The single-shot detector with the class "text"."""
    return shipped("single-shot", options)


def create_region(options: StageOptions) -> Detector:
    """Proposals and a judge."""
    return shipped("region", options)


def shipped(head: str, options: StageOptions) -> Detector:
    """A family's detector with the weights in the package.

    Raises:
        ConfigError: This version ships none.
        WeightsCorrupt: The package has another file.
    """
    path = weights(head)
    if path is None:
        raise ConfigError(
            f"this version of wordsight has no weights for detector {head!r}; train some with: wordsight train "
            f"detector MANIFEST --head {head}, and name the file: --east-model runs/detector/detector.onnx"
        )
    about = cards.metadata(path, cards.DETECTOR)
    if about is None:
        raise ModelError(f"{path} does not say which head it has; install wordsight again")
    return own.trained(path, about, options)


def weights(head: str) -> Path | None:
    """The file of a family's weights, its digest checked; None where the package has none."""
    card = next((card for card in cards.CARDS if card.file == f"weights/{head}.onnx"), None)
    return None if card is None else cards.locate(card)
