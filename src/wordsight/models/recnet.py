"""The PP-OCRv6 text recognition network (small) as plain torch modules: backbone, SVTR neck, CTC output layer.

As in :mod:`wordsight.models.lcnet`, every branch and every batch normalisation is folded into one convolution with a
bias: nothing in the network depends on the batch, in training neither.

Sources: PaddlePaddle/PaddleOCR, PP-OCRv6_rec_small, Apache-2.0; SVTR: Du et al., "SVTR: Scene Text Recognition with a
Single Visual Model" (IJCAI 2022).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn

from wordsight.charset import Charset
from wordsight.errors import ModelError
from wordsight.models import cards
from wordsight.models.lcnet import Block, Stem, load_convolutions, read_convolutions
from wordsight.types import Floats

HEIGHT = 48
"""Height of every crop, pixels."""
FRAME = 8
"""Pixels of width per frame."""
FEATURES = 384
"""Channels of the backbone's output."""
WIDTH = 120
"""Channels of the neck's output, which the output layer reads."""


class RecognitionBackbone(nn.Module):
    """LCNetV4 for lines of text: three stages that halve the height and keep the width.

    Input: (N, 3, 48, W) float, BGR, -1..1, W a multiple of 8. Output: (N, 384, W / 8), one column a frame.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem(96)
        self.stage1 = nn.Sequential(Block(96, 96, gate=True), Block(96, 96), Block(96, 96))
        self.stage2 = nn.Sequential(Block(96, 192, (2, 1)), *(Block(192, 192, gate=i % 2 == 0) for i in range(6)))
        self.stage3 = nn.Sequential(Block(192, 384, (2, 1)), Block(384, 384, gate=True), Block(384, 384))

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, 3, 48, W); give (N, 384, W / 8)."""
        x = self.stage3(self.stage2(self.stage1(self.stem(x))))
        return F.avg_pool2d(x, (3, 2)).squeeze(2)


class Attention(nn.Module):
    """Self-attention of 8 heads over all frames."""

    def __init__(self, width: int = WIDTH, heads: int = 8) -> None:
        super().__init__()
        self.heads = heads
        self.mix = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Take and give (N, T, width)."""
        n, _, width = x.shape
        q, k, v = self.mix(x).reshape(n, -1, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(2, 3) * (width // self.heads) ** -0.5, 3)
        mixed: Tensor = self.out((weights @ v).transpose(1, 2).reshape(n, -1, width))
        return mixed


class MixingBlock(nn.Module):
    """SVTR's global mixing block: attention, then two layers around a SiLU, each with a norm before and a sum after."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width)
        self.norm2 = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 2 * width)
        self.project = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Take and give (N, T, width)."""
        x = x + self.attention(self.norm1(x))
        mixed: Tensor = x + self.project(F.silu(self.expand(self.norm2(x))))
        return mixed


class SvtrNeck(nn.Module):
    """Frames that know their neighbours: a convolution over 7 frames, two mixing blocks, and a way around both."""

    def __init__(self, features: int = FEATURES, width: int = WIDTH) -> None:
        super().__init__()
        self.around = nn.Conv2d(features, width, 1)
        self.reduce = nn.Conv2d(features, width, 1)
        self.local = nn.Conv2d(width, width, (1, 7), padding=(0, 3), groups=width)
        self.blocks = nn.Sequential(MixingBlock(width), MixingBlock(width))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, features, T); give (N, T, width)."""
        x = x.unsqueeze(2)
        around = F.silu(self.around(x))
        reduced = F.silu(self.reduce(x))
        local = reduced + F.silu(self.local(reduced))
        mixed: Tensor = self.norm(self.blocks(local.squeeze(2).transpose(1, 2)))
        return mixed + around.squeeze(2).transpose(1, 2)


class CtcRecognizer(nn.Module):
    """Backbone, neck and output layer: what every trainable recognizer of this package is.

    Args:
        charset: What the classes mean; class 0 is the blank.
        backbone: (N, 3, 48, W) to (N, F, T).
        neck: (N, F, T) to (N, T, D).
        width: D.
    """

    def __init__(self, charset: Charset, backbone: nn.Module, neck: nn.Module, width: int = WIDTH) -> None:
        super().__init__()
        self.charset = charset
        self.backbone = backbone
        self.neck = neck
        self.out = nn.Linear(width, len(charset))

    def features(self, x: Tensor) -> Tensor:
        """What the output layer reads: (N, 3, 48, W) to (N, T, D)."""
        features: Tensor = self.neck(self.backbone(x))
        return features

    def forward(self, x: Tensor) -> Tensor:
        """Logits: (N, 3, 48, W) to (N, T, classes)."""
        logits: Tensor = self.out(self.features(x))
        return logits


def svtr(charset: Charset) -> CtcRecognizer:
    """The PP-OCRv6 architecture with random weights."""
    return CtcRecognizer(charset, RecognitionBackbone(), SvtrNeck())


def stock_recognizer(path: Path | None = None) -> CtcRecognizer:
    """The published PP-OCRv6 recognizer.

    Args:
        path: PP-OCRv6_rec_small.onnx; default: the file in the ``rapidocr`` package, its digest checked.

    Raises:
        WeightsMissing: The file is not there.
        WeightsCorrupt: The package has another file, or it holds no charset.
        ModelError: The file holds another network.
    """
    path = path or cards.locate(cards.PP_OCR_RECOGNIZER)
    model = svtr(Charset.pp_ocr(cards.characters(path)))
    load_convolutions(model.backbone, iter(read_convolutions(path)))
    neck = model.neck
    graph = onnx.load(str(path)).graph
    constants: dict[str, Floats] = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    normalised = _normalised_convolutions(graph, constants)
    _load_in_order([m for m in neck.modules() if isinstance(m, nn.Conv2d)], normalised)
    count = sum(name.startswith("linear_") and name.endswith(".w_0") for name in constants)
    linears = [(constants[f"linear_{i}.w_0"].T, constants[f"linear_{i}.b_0"]) for i in range(count)]
    _load_in_order([*(m for m in neck.modules() if isinstance(m, nn.Linear)), model.out], linears)
    scales = [constants[f"helper.reshape.{i}"] for i in range(10)]  # of each LayerNorm the scale, then the shift
    norms = [m for m in neck.modules() if isinstance(m, nn.LayerNorm)]
    _load_in_order(norms, list(zip(scales[::2], scales[1::2], strict=True)))
    return model


def select_classes(model: CtcRecognizer, charset: Charset) -> CtcRecognizer:
    """The same network with another charset: rows of characters that it knows are kept, new ones start small.

    A new character starts as improbable as the rarest known one, so that it disturbs nothing before it is learnt.

    Args:
        model: The network; its backbone and neck are shared with the new one, not copied.
        charset: The characters of the new output layer, in their order.
    """
    width = model.out.in_features
    chosen = CtcRecognizer(charset, model.backbone, model.neck, width)
    old = {symbol: row for row, symbol in enumerate(("", *model.charset.symbols))}
    with torch.no_grad():
        chosen.out.weight.mul_(0.1)
        chosen.out.bias.fill_(float(model.out.bias.min()))
        for row, symbol in enumerate(("", *charset.symbols)):
            if symbol in old:
                chosen.out.weight[row] = model.out.weight[old[symbol]]
                chosen.out.bias[row] = model.out.bias[old[symbol]]
    return chosen


def _normalised_convolutions(graph: onnx.GraphProto, constants: Mapping[str, Floats]) -> list[tuple[Floats, Floats]]:
    """Kernel and bias of the convolutions that a batch normalisation follows, the latter folded in."""
    kernels = {node.output[0]: constants[node.input[1]] for node in graph.node if node.op_type == "Conv"}
    found = []
    for node in graph.node:
        if node.op_type == "BatchNormalization":
            scale, shift, mean, variance = (constants[name] for name in node.input[1:5])
            epsilon = next(a.f for a in node.attribute if a.name == "epsilon")
            factor = scale / np.sqrt(variance + epsilon)
            found.append((kernels[node.input[0]] * factor[:, None, None, None], shift - mean * factor))
    return found


def _load_in_order(layers: Sequence[nn.Module], values: Sequence[tuple[Floats, Floats]]) -> None:
    """Copy weight and bias into layers, one after the other.

    Raises:
        ModelError: Their number or a shape differs.
    """
    if len(layers) != len(values):
        raise ModelError(f"the graph has {len(values)} layers of a kind where {len(layers)} are expected")
    for layer, (weight, bias) in zip(layers, values, strict=True):
        own = layer.weight
        assert isinstance(own, Tensor) and isinstance(layer.bias, Tensor)
        if tuple(own.shape) != weight.shape:
            raise ModelError(f"a layer has the shape {tuple(own.shape)}, the graph {weight.shape}: another network")
        with torch.no_grad():
            own.copy_(torch.from_numpy(np.array(weight)))
            layer.bias.copy_(torch.from_numpy(np.array(bias)))
