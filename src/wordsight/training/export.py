"""From a trained torch network to an ONNX file that runs without torch."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxslim
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from wordsight.config import Precision
from wordsight.errors import ModelError
from wordsight.models import cards
from wordsight.models.heads import DetectionNetwork
from wordsight.models.runtime import compile_network
from wordsight.types import Floats

OPSET = 17


@dataclass(frozen=True, slots=True)
class Signature:
    """Names and free axes of a graph's tensors.

    Attributes:
        input: Name of the one input.
        outputs: Names of the outputs, in the order in which the network gives them.
        free: Names of the axes that may have any length, by their index, for input and outputs alike.
        fixed: So many outputs, the last ones, have none.
    """

    input: str
    outputs: tuple[str, ...]
    free: tuple[tuple[int, str], ...]
    fixed: int = 0


EAST = Signature("x", ("scores", "geometry"), ((0, "batch"), (2, "height"), (3, "width")))
"""What an exported EAST takes and gives.

``x``: (N, 3, H, W) float32, H and W multiples of 32, BGR, ``value / 255`` minus (0.485, 0.456, 0.406) over
(0.229, 0.224, 0.225) in that channel order, as for the PP-OCRv6 detector. ``scores``: (N, 1, H / 4, W / 4) in 0..1.
``geometry``: (N, 5, H / 4, W / 4) as ``wordsight.detection.lanms.decode`` takes it.
"""


class Decoded(nn.Module):
    """A detector whose forward gives the maps that are exported."""

    def __init__(self, detector: DetectionNetwork) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Take (N, 3, H, W)."""
        return self.detector.decoded(x)


def export_east(detector: DetectionNetwork, path: Path, half: bool = False) -> None:
    """Write a detector as ONNX with the signature ``EAST``.

    Args:
        detector: The trained network.
        path: File to write; its folder must exist.
        half: Store the weights in 16 bits. They are widened on loading; computation stays as the runtime decides.
    """
    export_onnx(Decoded(detector), torch.zeros(1, 3, 64, 96), path, EAST, half)


def export_onnx(network: nn.Module, example: Tensor, path: Path, signature: Signature, half: bool = False) -> None:
    """Write any network with one input as a simplified ONNX file, in one step.

    Args:
        network: Takes ``example``; gives a tensor or a tuple of them.
        example: An input of a typical shape.
        path: File to write; its folder must exist.
        signature: Names of tensors and free axes.
        half: Store the weights in 16 bits.
    """
    names = [signature.input, *signature.outputs]
    part = path.with_suffix(".part")
    network.eval()
    with warnings.catch_warnings(), torch.inference_mode():
        # torch announces the end of this exporter; its successor needs two more packages. The extra pins torch.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            str(part),
            input_names=[signature.input],
            output_names=list(signature.outputs),
            dynamic_axes={name: dict(signature.free) for name in names[: len(names) - signature.fixed]},
            opset_version=OPSET,
            dynamo=False,
        )
    graph = onnxslim.slim(onnx.load(str(part)))
    onnx.save(halve(graph) if half else graph, str(part))
    part.replace(path)


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store the kernels of a graph in 16 bits, each followed by a Cast back; runtimes fold that away when loading.

    Raises:
        ModelError: A weight is too large for 16 bits.
    """
    graph = model.graph
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        narrow = numpy_helper.to_array(tensor).astype(np.float16)
        if not np.isfinite(narrow).all():
            raise ModelError(f"{tensor.name} has weights beyond 65504; export without half")
        name = tensor.name
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(narrow, f"{name}.half"))
        graph.node.insert(0, helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    return model


def difference(network: nn.Module, path: Path, batch: Floats, precision: Precision = "f32") -> Sequence[float]:
    """Largest absolute difference of each output between a torch network and its ONNX file.

    Args:
        network: The network that was exported.
        path: The ONNX file.
        batch: An input.
        precision: What the runtime computes in.
    """
    network.eval()
    with torch.inference_mode():
        given = network(torch.from_numpy(batch))
    wanted = [given] if isinstance(given, Tensor) else list(given)
    compiled = compile_network(path, precision=precision, threads=1)
    found = compiled.run(batch, lambda outputs: [output.copy() for output in outputs])
    return [float(np.abs(w.numpy() - f).max()) for w, f in zip(wanted, found, strict=True)]


def east_difference(detector: DetectionNetwork, path: Path, batch: Floats) -> Sequence[float]:
    """``difference`` for a detector: of scores, and of geometry (pixels and radians)."""
    return difference(Decoded(detector), path, batch)


def write_card(weights: Path, record: Mapping[str, Any]) -> Path:
    """Write what there is to know about a weight file beside it, as ``NAME.json``.

    Args:
        weights: The file; its size and SHA-256 are added to the record.
        record: Name, licence, input, data and their terms, split, command, seed, date, measured accuracy.

    Returns:
        The card's path.
    """
    facts = {"file": weights.name, "bytes": weights.stat().st_size, "sha256": cards.sha256(weights)}
    card = weights.with_suffix(".json")
    part = card.with_suffix(".part")
    part.write_text(json.dumps({**record, **facts}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(card)
    return card
