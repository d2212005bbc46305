"""The sliding-window, single-shot and region-based detector by name, with the weights that the project ships."""

from __future__ import annotations

from wordsight.detection import own
from wordsight.errors import ModelError
from wordsight.models import cards
from wordsight.stages import Detector, StageOptions

CARDS = {
    "sliding-window": cards.SLIDING_WINDOW_DETECTOR,
    "single-shot": cards.SINGLE_SHOT_DETECTOR,
    "region": cards.REGION_DETECTOR,
}
"""The weights of each family."""


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
        WeightsMissing: The package is not whole.
        WeightsCorrupt: It has another file.
    """
    path = cards.locate(CARDS[head])
    about = cards.metadata(path, cards.DETECTOR)
    if about is None:
        raise ModelError(f"{path} does not say which head it has; install wordsight again")
    return own.trained(path, about, options)
