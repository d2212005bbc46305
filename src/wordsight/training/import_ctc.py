"""What a training of a recognizer starts from; ONNX files read back into networks that can be trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import numpy as np
import onnx
import torch
from torch import nn

from wordsight.charset import Charset
from wordsight.config import check_choice
from wordsight.errors import ModelError
from wordsight.models import cards
from wordsight.models.graphs import named_weights, read_graph
from wordsight.models.recnet import CtcRecognizer, stock_recognizer
from wordsight.training.networks import Arch, build, read_recognizer
from wordsight.types import Floats

PREFIX = "recognizer."
"""What the exporter puts before the names of weights."""


def read_parent(arch: Arch, start: Path | None) -> tuple[Arch, CtcRecognizer]:
    """The recognizer that a training starts from.

    Args:
        arch: What is to be trained.
        start: Folder of an earlier training, or ONNX file of a recognizer (one that was trained here, or the published
            PP-OCRv6_rec_small); None for the published one.

    Raises:
        ModelError: It is of another kind, or broken.
        WeightsMissing: It is not there.
    """
    check_choice("arch", arch, get_args(Arch))
    if start is None:
        return "svtr", stock_recognizer()
    if start.is_dir():
        found, model = read_recognizer(start)
    elif start.is_file() and cards.sha256(start) == cards.PP_OCR_RECOGNIZER.sha256:
        found, model = "svtr", stock_recognizer(start)
    else:
        found, model = import_ctc(start)
    if found not in (arch, "svtr"):
        raise ModelError(f"{start} holds a {found}, not a {arch}; start from something else, or train a {found}")
    return found, model


def import_ctc(path: Path) -> tuple[Arch, CtcRecognizer]:
    """The network in a file that ``wordsight.training.export_ctc.export_ctc`` wrote.

    Weights keep their names there, but for those of linear and LSTM layers, which stand in the order of the layers.

    Raises:
        WeightsMissing: There is no such file.
        WeightsCorrupt: It holds no charset.
        ModelError: It was written by something else.
    """
    graph = read_graph(path)
    constants = named_weights(graph)
    arch = _arch(graph, constants)
    model = build(arch, Charset.pp_ocr(cards.characters(path)))
    found = {name.removeprefix(PREFIX): array for name, array in constants.items() if name.startswith(PREFIX)}
    found |= dict(_linear(graph, constants, model)) | dict(_recurrent(graph, constants, model))
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name not in found or found[name].shape != tuple(tensor.shape):
                raise ModelError(f"{path} has no fitting {name}; give a file that `wordsight train recognizer` wrote")
            tensor.copy_(torch.from_numpy(np.array(found[name])))
    return arch, model


def _arch(graph: onnx.GraphProto, constants: Mapping[str, Floats]) -> Arch:
    if any(name.startswith(f"{PREFIX}backbone.layers.") for name in constants):
        return "crnn-vgg"
    return "crnn" if any(node.op_type == "LSTM" for node in graph.node) else "svtr"


def _linear(graph: onnx.GraphProto, constants: Mapping[str, Floats], model: nn.Module) -> Iterator[tuple[str, Floats]]:
    """Weights of the linear layers: the exporter stores them transposed, under new names."""
    names = [f"{name}.weight" for name, layer in model.named_modules() if isinstance(layer, nn.Linear)]
    stored = [n.input[1] for n in graph.node if n.op_type == "MatMul" and n.input[1] in constants]
    if len(names) == len(stored):
        yield from ((name, constants[key].T) for name, key in zip(names, stored, strict=True))


def _recurrent(
    graph: onnx.GraphProto, constants: Mapping[str, Floats], model: nn.Module
) -> Iterator[tuple[str, Floats]]:
    """Weights of the bidirectional LSTM layers: both directions in one tensor, the gates in another order."""
    names = [name for name, layer in model.named_modules() if isinstance(layer, nn.LSTM)]
    nodes = [node for node in graph.node if node.op_type == "LSTM"]
    for name, node in zip(names, nodes, strict=False):
        kernel, recurrence, bias = (constants[key] for key in node.input[1:4])
        for direction, suffix in enumerate(("", "_reverse")):
            first, second = np.split(bias[direction], 2)
            parts = {"weight_ih": kernel[direction], "weight_hh": recurrence[direction]}
            parts |= {"bias_ih": first, "bias_hh": second}
            for part, array in parts.items():
                yield f"{name}.{part}_l0{suffix}", _gates(array)


def _gates(array: Floats) -> Floats:
    """Rows from ONNX's order of gates (input, output, forget, cell) to torch's (input, forget, cell, output)."""
    gates = np.split(array, 4)
    return np.concatenate([gates[0], gates[2], gates[3], gates[1]])
