"""EAST graphs that others have trained, through OpenCV; and, as a script, the trial of one in a process of its own.

A file that only looks like a graph can end OpenCV's importer with a segmentation fault, which no ``except`` catches.
So ``python -P graph.py KIND < FILE`` loads it and runs it once where nothing is lost, and prints as JSON what came out.
This file must stand alone: it imports nothing of wordsight.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Kind = Literal["tensorflow", "onnx"]

SCORES, GEOMETRY = 1, 5
"""Channels of the two maps."""
MEAN = np.array([123.68, 116.78, 103.94], np.float32)
"""Subtracted from red, green and blue, 0..255: the means that EAST was trained with."""
TRIAL = 320
"""Side of the picture that is tried, which is the size in OpenCV's sample."""


def load(data: bytes, kind: Kind) -> Any:
    """A network from the bytes of a file; raises ``cv2.error`` where OpenCV refuses them."""
    buffer = np.frombuffer(data, np.uint8)
    return cv2.dnn.readNetFromTensorflow(buffer) if kind == "tensorflow" else cv2.dnn.readNetFromONNX(buffer)


def run(network: Any, batch: NDArray[np.float32]) -> dict[int, NDArray[np.float32]]:
    """The maps (1, C, h, w) of a batch (1, 3, H, W), by their number of channels."""
    network.setInput(batch)
    outputs: Sequence[NDArray[np.float32]] = network.forward(network.getUnconnectedOutLayersNames())
    return {output.shape[1]: output for output in outputs if output.ndim == 4}


def prepare(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """An RGB picture (H, W, 3) as EAST takes it: (1, 3, H, W) float32, less the means."""
    planes = (picture.astype(np.float32) - MEAN).transpose(2, 0, 1)
    return np.ascontiguousarray(planes[None])


def main() -> None:
    """Try the graph on standard input."""
    kind: Kind = "tensorflow" if sys.argv[1] == "tensorflow" else "onnx"
    picture = np.full((TRIAL, TRIAL, 3), 128, np.uint8)
    try:
        maps = run(load(sys.stdin.buffer.read(), kind), prepare(picture))
    except cv2.error as error:
        sys.stdout.write(json.dumps({"error": " ".join(str(error.err or error).split())[:300]}))
        return
    sys.stdout.write(json.dumps({"shapes": {channels: list(map_.shape) for channels, map_ in maps.items()}}))


if __name__ == "__main__":
    main()
