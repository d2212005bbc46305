"""CRNN: convolutions, two bidirectional LSTM layers, CTC.

Source: Shi, Bai, Yao, "An End-to-End Trainable Neural Network for Image-based Sequence Recognition" (TPAMI 2017),
arXiv 1507.05717, table 1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wordsight.charset import Charset
from wordsight.models.recnet import FEATURES, WIDTH, CtcRecognizer, RecognitionBackbone, SvtrNeck

HIDDEN = 224
"""Units of each direction of each LSTM layer on the LCNetV4 backbone."""
VGG_FEATURES = 512
VGG_HIDDEN = 240
VGG_WIDTH = 256
"""Nearly the sizes of the paper: with a Latin output layer the network has its 8.3 million weights."""


class BiLstmNeck(nn.Module):
    """Two bidirectional LSTM layers with a linear layer after each, the last down to what the output layer reads.

    Args:
        features: Channels of each frame.
        hidden: Units of each direction of each LSTM layer.
        width: Channels of the output.
        around: A 1x1 convolution lets the frames pass around the LSTM, as in the PP-OCRv6 neck, whose weights it can
            take over: the LSTM then has to learn only what its neighbours add to a frame.
    """

    def __init__(self, features: int = FEATURES, hidden: int = HIDDEN, width: int = WIDTH, around: bool = True) -> None:
        super().__init__()
        self.around = nn.Conv2d(features, width, 1) if around else None
        self.lstm1 = nn.LSTM(features, hidden, bidirectional=True, batch_first=True)
        self.between = nn.Linear(2 * hidden, hidden)
        self.lstm2 = nn.LSTM(hidden, hidden, bidirectional=True, batch_first=True)
        self.project = nn.Linear(2 * hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, features, T); give (N, T, width)."""
        with torch.autocast(x.device.type, enabled=False):  # sums over time want all digits
            frames = self.between(self.lstm1(x.transpose(1, 2).float())[0])
            mixed: Tensor = self.project(self.lstm2(frames)[0])
        if self.around is None:
            return mixed
        return mixed + F.silu(self.around(x.unsqueeze(2))).squeeze(2).transpose(1, 2)


class VggBackbone(nn.Module):
    """The paper's seven convolutions, for BGR crops of 48 pixels of height.

    Changed from table 1: three input channels; half again as much height, which the last step averages away; group
    normalisation in place of batch normalisation, so that small batches train and nothing depends on the batch.

    Input: (N, 3, 48, W) float, -1..1. Output: (N, 512, W / 4 - 1), one column a frame.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_step(3, 64, pool=(2, 2)),
            *_step(64, 128, pool=(2, 2)),
            *_step(128, 256),
            *_step(256, 256, pool=(2, 1)),
            *_step(256, 512, norm=True),
            *_step(512, 512, pool=(2, 1), norm=True),
            nn.Conv2d(512, VGG_FEATURES, 2),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, 3, 48, W); give (N, 512, W / 4 - 1)."""
        features: Tensor = self.layers(x).mean(2)
        return features


def _step(inputs: int, outputs: int, pool: tuple[int, int] | None = None, norm: bool = False) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, padding=1)]
    if norm:
        layers.append(nn.GroupNorm(32, outputs))
    layers.append(nn.ReLU())
    if pool is not None:
        layers.append(nn.MaxPool2d(pool))
    return layers


def crnn(charset: Charset) -> CtcRecognizer:
    """CRNN on the backbone of the PP-OCRv6 recognizer, with random weights."""
    return CtcRecognizer(charset, RecognitionBackbone(), BiLstmNeck())


def crnn_vgg(charset: Charset) -> CtcRecognizer:
    """CRNN on the paper's own backbone, with random weights."""
    neck = BiLstmNeck(VGG_FEATURES, VGG_HIDDEN, VGG_WIDTH, around=False)
    return CtcRecognizer(charset, VggBackbone(), neck, VGG_WIDTH)


def crnn_from(stock: CtcRecognizer) -> CtcRecognizer:
    """A CRNN to train: backbone, output layer and the way around the LSTM are copies of a PP-OCRv6 recognizer's."""
    model = crnn(stock.charset)
    model.backbone.load_state_dict(stock.backbone.state_dict())
    model.out.load_state_dict(stock.out.state_dict())
    neck, old = model.neck, stock.neck
    if isinstance(neck, BiLstmNeck) and isinstance(old, SvtrNeck) and neck.around is not None:
        neck.around.load_state_dict(old.around.state_dict())
    return model
