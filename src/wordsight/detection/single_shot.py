"""Finding taught objects: the single-shot detector without torch.

The network and its training are in ``models/single_shot.py`` and ``training/single_shot.py``. Here: its file, one run a
picture, and from the cells' votes to things with a label, a quad and a score.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.errors import ModelError, WeightsMissing
from wordsight.image.scale import network_input, working_size
from wordsight.models import cards
from wordsight.models.runtime import Network, compile_network
from wordsight.stages import StageOptions
from wordsight.types import Detection, Floats, Picture, Quad

KEY = "wordsight.single_shot"
"""Where the file's metadata say what it finds: JSON with ``version``, ``labels``, ``side`` and ``strides``."""

VERSION = 1
SIDES = (64, 4096)
"""Smallest and largest working size that a file may ask for, pixels."""
MOST_LABELS = 1000
MOST_CELLS = 1000
"""So many of the surest cells are looked at; a picture has far fewer objects."""
SAME = 0.5
"""Of two boxes of one label whose intersection over union is above this, the surer stays."""
SAME_PLACE = 0.8
"""The same for boxes of different labels: one thing has one label."""


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that was found.

    Attributes:
        label: What it is.
        quad: Its four corners, pixels of the picture.
        score: Probability that it is there, with an IoU of its box above 0.5; 0..1, calibrated on held-out pictures.
        box: Left, top, right, bottom of the axis-aligned box around it, which the network predicts on its own: where
            the labels are axis-aligned boxes this is what they are compared with.
    """

    label: str
    quad: Quad
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Contract:
    """What a network finds and how it wants to be asked.

    Attributes:
        labels: The labels, in the order of its classes.
        side: Longer side of the picture that it looks at, pixels.
        strides: Pixels per cell of each of its maps.
    """

    labels: tuple[str, ...]
    side: int
    strides: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Contract:
        """The contract in a file's metadata.

        Raises:
            ValueError: It is not one, or one of a newer version.
        """
        record = json.loads(text)
        if not isinstance(record, dict) or record.get("version") != VERSION:
            raise ValueError(f"it is not of version {VERSION}")
        labels, side, strides = _labels(record.get("labels")), record.get("side"), record.get("strides")
        if type(side) is not int or not SIDES[0] <= side <= SIDES[1]:
            raise ValueError(f"its working size does not lie in {SIDES[0]}..{SIDES[1]}")
        if not isinstance(strides, list) or not strides or any(s not in (4, 8, 16, 32) for s in strides):
            raise ValueError("its strides are unknown")
        return cls(labels, side, tuple(map(int, strides)))

    def dump(self) -> dict[str, Any]:
        """As the metadata have it."""
        return {"version": VERSION, "labels": list(self.labels), "side": self.side, "strides": list(self.strides)}


@dataclass(frozen=True, slots=True)
class SingleShot:
    """Finds taught objects. Immutable; safe to call from many threads.

    Attributes:
        network: Takes (1, 3, H, W) float32, H and W multiples of 32, BGR, normalised as ImageNet; gives for every
            stride s a map (1, C + 12, H / s, W / s), see :func:`decode`.
        contract: What it finds, and at which working size.
        min_score: Things with a lower score are left out.
    """

    network: Network
    contract: Contract
    min_score: float = 0.3

    @classmethod
    def open(cls, source: Path | str, options: StageOptions) -> SingleShot:
        """A detector from a file that ``export_single_shot`` wrote.

        Args:
            source: The ONNX file.
            options: Engine, precision and threads count here.

        Raises:
            WeightsMissing: There is no such file.
            ModelError: It is no single-shot detector, of a newer version, or broken.
        """
        contract = read_contract(Path(source))
        model = cls(compile_network(Path(source), options.engine, options.precision, options.threads), contract)
        model.find(np.zeros((64, 64, 3), np.uint8))  # maps of a wrong shape are told now, not at the first picture
        return model

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can find."""
        return self.contract.labels

    def find(self, picture: Picture) -> list[Found]:
        """Things in a picture (H, W, 3) uint8 RGB of any size, the surest first.

        Raises:
            ModelError: The network gives up, or its maps are not those of a single-shot detector.
        """
        return self._find(picture, self.contract.side / max(picture.shape[:2]))

    def _find(self, picture: Picture, scale: float) -> list[Found]:
        height, width = picture.shape[:2]
        size = working_size(width, height, scale)
        shrinks = size[0] * size[1] < width * height
        resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        maps = self.network.run(network_input(np.asarray(resized, np.uint8)), _copied)
        check_maps(maps, self.contract, size)
        found = decode([map_[0] for map_ in maps], self.contract.strides, self.min_score)
        stretch = np.array([width / size[0], height / size[1]], np.float32)
        quads, boxes = found.quads * stretch, found.boxes * np.tile(stretch, 2)
        return [
            Found(self.labels[int(label)], Quad(quad), float(score), _four(box))
            for label, quad, score, box in zip(found.labels, quads, found.scores, boxes, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class SingleShotDetector:
    """A single-shot network as a stage that finds text; see :class:`wordsight.stages.Detector`. All labels count."""

    finder: SingleShot

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        """Quads and scores of all that is found."""
        chosen = self.finder.contract.side / max(picture.shape[:2]) if scale is None else scale
        found = self.finder._find(picture, chosen)
        quads = np.array([one.quad.points for one in found], np.float32).reshape(-1, 4, 2)
        return Detection(quads, np.array([one.score for one in found], np.float32), chosen)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the cells of a picture say, the surest first.

    Attributes:
        boxes: (K, 4) left, top, right, bottom in pixels of the network's input.
        quads: (K, 4, 2) in the same pixels, TL TR BR BL.
        labels: (K,) index of the label.
        scores: (K,) in 0..1.
    """

    boxes: Floats = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    quads: Floats = field(default_factory=lambda: np.zeros((0, 4, 2), np.float32))
    labels: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    scores: Floats = field(default_factory=lambda: np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, kept: NDArray[np.intp] | NDArray[np.bool_]) -> Decoded:
        """Some of them."""
        return Decoded(self.boxes[kept], self.quads[kept], self.labels[kept], self.scores[kept])


def decode(maps: Sequence[Floats], strides: Sequence[int], min_score: float) -> Decoded:
    """Things out of the network's maps.

    Args:
        maps: For every stride (C + 12, h, w): scores of the C labels, distances from the cell's centre to the left,
            top, right and bottom side, and x, y of the corners TL TR BR BL minus the centre, pixels.
        strides: Pixels per cell of each map.
        min_score: Cells with a lower score are left out.
    """
    cells = [_cells(map_, stride, min_score) for map_, stride in zip(maps, strides, strict=True)]
    parts = ("boxes", "quads", "labels", "scores")
    found = Decoded(*(np.concatenate([getattr(one, part) for one in cells]) for part in parts))
    found = found.take(np.argsort(-found.scores, kind="stable")[:MOST_CELLS])
    return found.take(suppress(found))


def _cells(map_: Floats, stride: int, min_score: float) -> Decoded:
    """The cells of one map that are sure enough and describe a box."""
    classes = len(map_) - 12
    rows, columns = np.nonzero(map_[:classes].max(axis=0) >= min_score)  # False for NaN
    votes = map_[:, rows, columns].T.astype(np.float32)
    centres = (np.stack([columns, rows], 1).astype(np.float32) + 0.5) * stride
    scores, sides, offsets = votes[:, :classes], votes[:, classes : classes + 4], votes[:, classes + 4 :]
    boxes = np.concatenate([centres - sides[:, :2], centres + sides[:, 2:]], 1)
    found = Decoded(
        boxes, centres[:, None] + offsets.reshape(-1, 4, 2), scores.argmax(1), scores.max(axis=1, initial=0)
    )
    limit = 4 * stride * max(map_.shape[1:]) + 4096
    sound = (sides > 0).all(1) & (np.abs(votes[:, classes:]) < limit).all(1) & np.isfinite(scores).all(1)
    return found.take(sound)


def suppress(found: Decoded) -> NDArray[np.intp]:
    """Non-maximum suppression: indices kept of things that stand with the surest first."""
    pending = np.arange(len(found))
    kept: list[int] = []
    while len(pending):
        best, rest = pending[0], pending[1:]
        kept.append(int(best))
        limits = np.where(found.labels[rest] == found.labels[best], SAME, SAME_PLACE)
        pending = rest[_iou(found.boxes[best], found.boxes[rest]) <= limits]
    return np.array(kept, np.intp)


def _iou(box: Floats, boxes: Floats) -> Floats:
    """Intersection over union of a box (4,) with boxes (K, 4)."""
    common = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    shared = common.clip(0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    return np.asarray(shared / np.maximum(areas - shared, 1e-9))


def read_contract(path: Path) -> Contract:
    """What an ONNX file says that it finds.

    Raises:
        WeightsMissing: There is no such file.
        ModelError: It says nothing, or something else.
    """
    if not path.is_file():
        raise WeightsMissing(f"{path} is not there; give the path of a single-shot detector's ONNX file")
    text = cards.metadata(path, KEY)
    if text is None:
        raise ModelError(f"{path} is no single-shot detector: its metadata have no {KEY!r}; export it again")
    try:
        return Contract.parse(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} does not say what it finds ({error}); export it again") from error


def check_maps(maps: Sequence[Floats], contract: Contract, size: tuple[int, int]) -> None:
    """A ModelError where a network's maps for a picture of ``size`` (width, height) are not what was promised."""
    channels = len(contract.labels) + 12
    wanted = [(1, channels, size[1] // stride, size[0] // stride) for stride in contract.strides]
    given = [tuple(map_.shape) for map_ in maps]
    if given != wanted:
        raise ModelError(f"the network gives maps of {given}, its metadata promise {wanted}; export it again")


def _copied(outputs: list[Floats]) -> list[Floats]:
    return [np.array(output, np.float32) for output in outputs]


def _four(box: Floats) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(side) for side in box)
    return left, top, right, bottom


def _labels(values: object) -> tuple[str, ...]:
    texts = tuple(value for value in values if isinstance(value, str) and value) if isinstance(values, list) else ()
    if not isinstance(values, list) or not 1 <= len(texts) <= MOST_LABELS or len(set(texts)) < len(values):
        raise ValueError(f"its labels are not a list of 1 to {MOST_LABELS} different texts")
    return texts
