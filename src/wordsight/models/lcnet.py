"""The PP-OCRv6 text detection network (small) as plain torch modules: backbone LCNetV4 and neck.

PaddleOCR publishes the network as a re-parameterised inference graph: every branch of a training block is already
folded into one convolution with a bias, so there is no batch normalisation left. The modules below are that graph as
it is. It fine-tunes well in this form, and its weights come from the ONNX file of the ``rapidocr`` package.

Source: PaddlePaddle/PaddleOCR, PP-OCRv6_det_small, Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn

from wordsight.errors import ModelError
from wordsight.models.graphs import read_graph
from wordsight.types import Floats

FEATURES = 96
"""Channels of the neck's output, at a quarter of the input's height and width."""

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""The input is ``(value / 255 - MEAN) / STD`` in the order blue, green, red.

These are ImageNet's figures for red, green, blue; PaddleOCR trained with them on BGR pictures.
"""


class Gate(nn.Module):
    """Squeeze and excitation: each channel is scaled by a factor in 0..1 that depends on all channels' means.

    Args:
        channels: Channels of the input, shape (N, channels, H, W).
        hidden: Width of the squeezed layer.
        slope: Slope of the hard sigmoid around 0 (the backbone has 1/6, the neck 0.2).
        residual: Give ``x + scale * x`` instead of ``scale * x``.
    """

    def __init__(self, channels: int, hidden: int, slope: float, residual: bool = False) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.excite = nn.Conv2d(hidden, channels, 1)
        self.slope = slope
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """Take and give (N, channels, H, W)."""
        mean = x.mean((2, 3), keepdim=True)
        scale: Tensor = (self.excite(F.relu(self.squeeze(mean))) * self.slope + 0.5).clamp(0, 1)
        return x + x * scale if self.residual else x * scale


class Block(nn.Module):
    """One block of LCNetV4: depthwise 3x3, an optional gate, then two 1x1 convolutions around a GELU.

    A block that keeps its size adds its input to the 1x1 part; one that shrinks the picture does not.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the output.
        stride: Steps down and across; one number for both.
        gate: Scale the channels after the depthwise convolution.
    """

    def __init__(self, inputs: int, outputs: int, stride: int | tuple[int, int] = 1, gate: bool = False) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs)
        self.gate = Gate(inputs, inputs // 4, 1 / 6) if gate else nn.Identity()
        self.expand = nn.Conv2d(inputs, 2 * inputs, 1)
        self.project = nn.Conv2d(2 * inputs, outputs, 1)
        self.residual = stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, inputs, H, W); give (N, outputs, H / stride down, W / stride across)."""
        x = self.gate(self.depthwise(x))
        mixed: Tensor = self.project(F.gelu(self.expand(x)))
        return x + mixed if self.residual else mixed


class Stem(nn.Module):
    """From BGR to ``outputs`` channels at a quarter of the size; a pooled branch runs beside two 2x2 convolutions."""

    def __init__(self, outputs: int = 48) -> None:
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.first = nn.Conv2d(3, half, 3, 2, 1)
        self.narrow = nn.Conv2d(half, quarter, 2)
        self.widen = nn.Conv2d(quarter, half, 2)
        self.merge = nn.Conv2d(outputs, half, 3, 2, 1)
        self.last = nn.Conv2d(half, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, 3, H, W); give (N, outputs, H / 4, W / 4)."""
        x = F.relu(self.first(x))
        y = F.relu(self.narrow(F.pad(x, (0, 1, 0, 1))))
        y = F.relu(self.widen(F.pad(y, (0, 1, 0, 1))))
        pooled = _pool(F.pad(x, (0, 1, 0, 1)))  # x is not negative, so a border of 0 never wins
        return F.relu(self.last(F.relu(self.merge(torch.cat([pooled, y], 1)))))


def _pool(x: Tensor) -> Tensor:
    """Maximum over 2x2 windows with stride 1; torch's own operator is ten times slower in bfloat16 on a CPU."""
    if torch.onnx.is_in_onnx_export():
        return F.max_pool2d(x, 2, 1)
    x = torch.maximum(x[..., :-1], x[..., 1:])
    return torch.maximum(x[..., :-1, :], x[..., 1:, :])


class LCNetV4(nn.Module):
    """The backbone: four stages of 48, 96, 192 and 384 channels at 1/4, 1/8, 1/16 and 1/32 of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem()
        self.stage1 = nn.Sequential(Block(48, 48, gate=True), Block(48, 48))
        self.stage2 = nn.Sequential(Block(48, 96, 2), Block(96, 96, gate=True), Block(96, 96))
        self.stage3 = nn.Sequential(Block(96, 192, 2), *(Block(192, 192, gate=i % 2 == 0) for i in range(4)))
        self.stage4 = nn.Sequential(Block(192, 384, 2), Block(384, 384, gate=True), Block(384, 384))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Take (N, 3, H, W); give the four stages' outputs, finest first."""
        levels = []
        x = self.stem(x)
        for stage in (self.stage1, self.stage2, self.stage3, self.stage4):
            x = stage(x)
            levels.append(x)
        return levels


class Lateral(nn.Module):
    """A level's 1x1 convolution to the neck's width, with a gate."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.gate = Gate(outputs, outputs // 4, 0.2, residual=True)

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, inputs, H, W); give (N, outputs, H, W)."""
        gated: Tensor = self.gate(self.conv(x))
        return gated


class Refine(nn.Module):
    """A level's depthwise 7x7 convolution, which widens the view, and a gated 1x1 down to a quarter of the width."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.wide = nn.Conv2d(channels, channels, 7, 1, 3, groups=channels)
        self.narrow = Lateral(channels, channels // 4)

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, channels, H, W); give (N, channels / 4, H, W)."""
        narrowed: Tensor = self.narrow(self.wide(x))
        return narrowed


class Neck(nn.Module):
    """A feature pyramid: the levels are added from coarse to fine, refined, and laid side by side at 1/4.

    The modules stand from the coarsest level to the finest, as in the published graph.
    """

    def __init__(self, widths: Sequence[int] = (384, 192, 96, 48), channels: int = FEATURES) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(Lateral(width, channels) for width in widths)
        self.refines = nn.ModuleList(Refine(channels) for _ in widths)

    def forward(self, levels: list[Tensor]) -> Tensor:
        """Take the backbone's four levels, finest first; give (N, 96, H / 4, W / 4)."""
        outputs: list[Tensor] = []
        coarse: Tensor | None = None
        for depth, (level, lateral, refine) in enumerate(
            zip(reversed(levels), self.laterals, self.refines, strict=True)
        ):
            x = lateral(level)
            coarse = x if coarse is None else x + F.interpolate(coarse, scale_factor=2.0, mode="nearest")
            refined = refine(coarse)
            factor = 2 ** (len(levels) - 1 - depth)
            outputs.append(refined if factor == 1 else F.interpolate(refined, scale_factor=float(factor)))
        return torch.cat(outputs, 1)


class DetectionBody(nn.Module):
    """Backbone and neck: the part of the detector that every head stands on.

    Input: (N, 3, H, W) float, H and W multiples of 32, BGR, normalised with MEAN and STD.
    Output: (N, 96, H / 4, W / 4).
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = LCNetV4()
        self.neck = Neck()

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, 3, H, W); give (N, 96, H / 4, W / 4)."""
        features: Tensor = self.neck(self.backbone(x))
        return features


class ConvWeights(NamedTuple):
    """The weights of one convolution of a graph: kernel as torch lays it out, and bias (outputs,) or None."""

    kernel: Floats
    bias: Floats | None


def read_convolutions(path: Path) -> list[ConvWeights]:
    """The weights of all convolutions of an ONNX graph, in the graph's order.

    A bias is either the convolution's third input or, as Paddle's exporter writes it, a constant of shape
    (1, outputs, 1, 1) that a following Add brings in.

    Raises:
        WeightsMissing: The file is not there.
        ModelError: The file is not an ONNX graph.
    """
    graph = read_graph(path)
    constants: dict[str, Floats] = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    constants |= {n.output[0]: numpy_helper.to_array(n.attribute[0].t) for n in graph.node if n.op_type == "Constant"}
    biases: dict[str, Floats] = {}
    sources: dict[str, str] = {}  # the exporter puts an Identity between a transposed convolution and its Add
    for node in graph.node:
        if node.op_type == "Identity":
            sources[node.output[0]] = node.input[0]
        elif node.op_type == "Add" and node.input[1] in constants:
            biases[sources.get(node.input[0], node.input[0])] = constants[node.input[1]].reshape(-1)
    found = []
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose"):
            bias = constants[node.input[2]] if len(node.input) > 2 else biases.get(node.output[0])
            found.append(ConvWeights(constants[node.input[1]], bias))
    return found


def load_convolutions(module: nn.Module, weights: Iterator[ConvWeights]) -> None:
    """Copy weights into a module's convolutions, one after the other in the order in which they were defined.

    Raises:
        ModelError: There are too few weights, or a shape differs.
    """
    for name, layer in module.named_modules():
        if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            continue
        found = next(weights, None)
        if found is None:
            raise ModelError(f"the graph has no weights left for {name}; it is another network")
        shape = tuple(layer.weight.shape)
        if found.kernel.shape != shape or (found.bias is None) != (layer.bias is None):
            raise ModelError(f"{name} has the shape {shape}, the graph {found.kernel.shape}; it is another network")
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.array(found.kernel)))
            if layer.bias is not None and found.bias is not None:
                layer.bias.copy_(torch.from_numpy(np.array(found.bias)))
