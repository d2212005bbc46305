"""The sliding window's classifier: does text of a certain height stand in the middle of a window of 64 x 64 pixels?

Run over a whole picture it answers for a window at every fourth pixel, and windows share what they have in common. For
the answers to be those of the windows looked at one by one, no layer may know more than its window: there is no gate,
no normalisation over the picture.

The idea is that of the first networks that read scenes (Wang et al., "End-to-End Text Recognition with Convolutional
Neural Networks", ICPR 2012); larger text is found in smaller copies of the picture.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wordsight.models.heads import DetectionNetwork, stock_detector
from wordsight.models.lcnet import Stem
from wordsight.models.windows import pyramid

REACH = (1, 2, 2, 1)
"""Cells by which each layer looks to every side; their sum is what makes the window of 64 pixels."""
RARE = -3.0
"""Logit to start from."""


class WindowClassifier(nn.Module):
    """Four convolutions on features at a quarter of the size, of any source.

    Args:
        features: Channels of the input.
        hidden: Width of the layers.
    """

    def __init__(self, features: int = 48, hidden: int = 64) -> None:
        super().__init__()
        widths = (features, hidden, hidden, hidden, hidden)
        self.layers = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, padding=reach, dilation=reach)
            for inputs, outputs, reach in zip(widths, widths[1:], REACH, strict=False)
        )
        self.out = nn.Conv2d(hidden, 1, 1)
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # type: ignore[arg-type]
        nn.init.constant_(self.out.bias, RARE)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Tensor:
        """Take (N, features, H, W); give logits (N, 1, H, W)."""
        x = features
        for number, layer in enumerate(self.layers):
            x = F.relu(layer(x) + x) if number in (2, 3) else F.relu(layer(x))
        with torch.autocast(x.device.type, enabled=False):
            logit: Tensor = self.out(x.float())
        return logit


class WindowNetwork(DetectionNetwork):
    """The first layers of the text detector's backbone and a classifier: 0.16 million weights."""

    def __init__(self, stem: Stem | None = None, head: WindowClassifier | None = None) -> None:
        super().__init__()
        self.stem = stem or Stem()
        self.head = head or WindowClassifier()

    def forward(self, x: Tensor) -> Tensor:
        """Take (N, 3, H, W), as ``DetectionBody`` does; give logits (N, 1, H / 4, W / 4)."""
        logit: Tensor = self.head(self.stem(x))
        return logit

    def decoded(self, x: Tensor) -> tuple[Tensor]:
        """Scores (N, 1, H / 4, W / 4) in 0..1."""
        return (torch.sigmoid(self.forward(x)),)

    def seen(self, x: Tensor) -> tuple[Tensor, ...]:
        """Scores of every size of the pyramid, the largest first."""
        sizes = pyramid(x.shape[3], x.shape[2])
        pictures = [F.interpolate(x, (high, wide), mode="area") for wide, high in sizes]
        return tuple(self.decoded(picture)[0] for picture in pictures)


def stock_window() -> WindowNetwork:
    """A network to start training from: the published text detector's first layers, and a new classifier."""
    body, _ = stock_detector()
    return WindowNetwork(body.backbone.stem)
