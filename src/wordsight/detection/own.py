"""Detectors from a user's file: one that ``wordsight train detector`` wrote, or an EAST graph from elsewhere."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import cv2

from wordsight.config import check_choice
from wordsight.detection import graph
from wordsight.detection.dbnet import DbDetector, with_options
from wordsight.detection.east import BELIEF, Decoder, EastDetector, believing, sizing_of
from wordsight.detection.lanms import decode, mean_score
from wordsight.detection.quad import decode_quads
from wordsight.detection.region import RegionDetector
from wordsight.detection.sliding_window import SlidingWindowDetector
from wordsight.detection.text_single_shot import TextSingleShotDetector
from wordsight.errors import ConfigError, ModelError
from wordsight.models import cards
from wordsight.models.runtime import Network, compile_network
from wordsight.stages import Detector, StageOptions
from wordsight.types import Floats

T = TypeVar("T")

Family = RegionDetector | SlidingWindowDetector | TextSingleShotDetector
FAMILIES: dict[str, Callable[[Network], Family]] = {
    "sliding-window": SlidingWindowDetector,
    "single-shot": TextSingleShotDetector,
    "region": RegionDetector.open,
}
"""Detectors whose file says nothing but a threshold besides."""
HEADS = ("rbox", "quad", "db", *FAMILIES)
"""What a file of ``wordsight train detector`` may have."""
KINDS: dict[str, graph.Kind] = {".pb": "tensorflow", ".onnx": "onnx"}
LARGEST = 500 * 2**20
"""Bytes; EAST's published graph has 97 MB."""
PATIENCE = 60.0
"""Seconds that a trial may take; the published graph takes 2."""
CELL = 0.5
"""Score from which cells of a graph from elsewhere vote, as in OpenCV's sample."""
PLAINLY: Decoder = partial(decode, judge=mean_score)
"""For networks whose thresholds are of the mean score of a word's cells."""
VOTE = 0.15
"""Cells of a network whose words have their cells' mean score vote from so far below the score at which words count."""


def create(path: Path, options: StageOptions) -> Detector:
    """The detector of a file.

    Args:
        path: An ONNX file that ``wordsight train detector`` wrote, with any head; or a frozen EAST graph in the layout
            of OpenCV's text detection sample, ``.pb`` (TensorFlow) or ``.onnx``: its outputs are scores (1, 1, h, w)
            and geometry (1, 5, h, w), its input RGB less :data:`wordsight.detection.graph.MEAN`.
        options: What the user chose.

    Raises:
        ConfigError: There is no such file, or it has another suffix.
        ModelError: It is none of these, or crashes OpenCV.
    """
    path = Path(path)
    if path.suffix.lower() not in KINDS:
        raise ConfigError(f"{path} has none of the suffixes {', '.join(KINDS)}; export the network as one of these")
    if not path.is_file():
        raise ConfigError(f"there is no file {path}")
    if path.stat().st_size > LARGEST:
        raise ModelError(f"{path} has more than {LARGEST >> 20} MB; that is no EAST network")
    about = cards.metadata(path, cards.DETECTOR) if path.suffix.lower() == ".onnx" else None
    return foreign(path, options) if about is None else trained(path, about, options)


def trained(path: Path, about: str, options: StageOptions) -> Detector:
    """A detector that was trained here.

    Args:
        path: Its ONNX file.
        about: What the file says about it.
        options: What the user chose.

    Raises:
        ModelError: The file says something else than a training writes.
    """
    try:
        record = json.loads(about)
        head = check_choice("head", record["head"], HEADS)
        threshold = float(record["threshold"])
    except (ValueError, KeyError, TypeError, ConfigError) as error:
        raise ModelError(f"{path} does not say which head it has ({error}); export it again") from error
    network = compile_network(path, options.engine, options.precision, options.threads)
    if head == "db":
        return with_options(DbDetector(network, min_score=threshold), options)
    if head in FAMILIES:
        score = options.detection.least(threshold)
        return replace(FAMILIES[head](network), sizing=sizing_of(options), min_score=score, nms=options.detection.nms)
    if record.get("judge") == BELIEF:
        return believing(network, options, threshold)
    cell, score = thresholds(options, max(threshold - VOTE, CELL), threshold)
    decoder = decode_quads if head == "quad" else PLAINLY
    return EastDetector(network, sizing_of(options), cell, score, options.detection.nms, decoder)


def thresholds(options: StageOptions, cell: float, score: float) -> tuple[float, float]:
    """From which score on a cell votes and a word counts, both of one scale: as given, or as the user asks."""
    asked = options.detection.min_score
    return (cell, score) if asked is None else (min(cell, asked), asked)


def foreign(path: Path, options: StageOptions) -> EastDetector:
    """A detector that others trained, run by OpenCV.

    Raises:
        ModelError: OpenCV cannot load it, crashes or takes too long over it, or its outputs are not EAST's.
    """
    data, kind = path.read_bytes(), KINDS[path.suffix.lower()]
    attempt(path, kind, hashlib.sha256(data).hexdigest())
    cell, score = thresholds(options, CELL, CELL)
    network, nms = OpenCvNetwork(data, kind), options.detection.nms
    return EastDetector(network, sizing_of(options), cell, score, nms, PLAINLY, graph.prepare)


@lru_cache(maxsize=32)
def attempt(path: Path, kind: graph.Kind, sha256: str) -> None:
    """Load a graph and run it once in another process.

    Args:
        path: The file.
        kind: Its format.
        sha256: Digest of its bytes: another file under the same name is tried again.

    Raises:
        ModelError: It did not go well, or the file changed meanwhile.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(f"{path} is being written; try again when that is done")
    command = [sys.executable, "-P", str(Path(graph.__file__)), kind]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"OpenCV takes more than {PATIENCE:.0f} seconds over {path}; it is no EAST graph") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be tried in a process of its own: {error}") from error
    if done.returncode != 0:
        raise ModelError(
            f"OpenCV crashes over {path} (status {done.returncode}); the file is broken, or is no frozen {kind} graph: "
            "freeze it again"
        )
    _check(path, json.loads(done.stdout))


def _check(path: Path, found: dict[str, Any]) -> None:
    if "error" in found:
        raise ModelError(f"OpenCV cannot run {path}: {found['error']}; freeze the graph again")
    side = graph.TRIAL // 4
    wanted = {str(channels): [1, channels, side, side] for channels in (graph.SCORES, graph.GEOMETRY)}
    if any(found["shapes"].get(channels) != shape for channels, shape in wanted.items()):
        shapes = ", ".join("x".join(map(str, shape)) for shape in found["shapes"].values())
        raise ModelError(
            f"{path} gives maps of {shapes or 'no known shape'} for {graph.TRIAL}x{graph.TRIAL} pixels; "
            f"EAST gives 1x1x{side}x{side} (scores) and 1x5x{side}x{side} (geometry)"
        )


class OpenCvNetwork:
    """An EAST graph on OpenCV; see :class:`wordsight.models.runtime.Network`. Calls run one after the other."""

    def __init__(self, data: bytes, kind: graph.Kind) -> None:
        self._network = graph.load(data, kind)
        self._turn = threading.Lock()  # a network of OpenCV keeps the state of a call

    def run(self, batch: Floats, then: Callable[[list[Floats]], T]) -> T:
        """Scores and geometry of a batch."""
        with self._turn:
            try:
                maps = graph.run(self._network, batch)
            except cv2.error as error:
                reason = " ".join(str(error).split())
                raise ModelError(
                    f"OpenCV gave up on a batch of shape {batch.shape}: {reason}; choose another width and height"
                ) from error
            return then([maps[graph.SCORES], maps[graph.GEOMETRY]])
