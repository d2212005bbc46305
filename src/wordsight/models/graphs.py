"""ONNX files read as data: where a training takes its first weights from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper

from wordsight.errors import ModelError, WeightsMissing
from wordsight.types import Floats


def read_graph(path: Path) -> onnx.GraphProto:
    """The graph of an ONNX file.

    Raises:
        WeightsMissing: The file is not there.
        ModelError: The file is not an ONNX graph.
    """
    if not path.is_file():
        raise WeightsMissing(f"{path} is not there; give the path of an ONNX file")
    try:
        return onnx.load(str(path)).graph
    except (DecodeError, OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as an ONNX graph: {error}") from error


def named_weights(graph: onnx.GraphProto) -> dict[str, Floats]:
    """The constants of a graph by name, in float32; those that the exporter halved bear their old names again."""
    return {i.name.removesuffix(".half"): numpy_helper.to_array(i).astype(np.float32) for i in graph.initializer}
