"""Detection heads: EAST with rotated boxes (RBOX), EAST with quads (QUAD), and DB.

Each takes features of shape (N, C, H, W) at a quarter of the picture and does not know which backbone made them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wordsight.models import cards
from wordsight.models.lcnet import (
    FEATURES,
    ConvWeights,
    DetectionBody,
    load_convolutions,
    read_convolutions,
)

MAX_LOG_SIDE = 8.0  # e^8 pixels are more than any picture has; keeps exp() finite early in training

CUT = math.radians(-75)
"""Angles of text lie in (CUT, CUT + pi]: see ``EastRbox``."""


class RboxMaps(NamedTuple):
    """What the RBOX head predicts at every cell.

    Attributes:
        score: (N, 1, H, W) logit that the cell lies in the shrunk area of a word.
        sides: (N, 4, H, W) distances from the cell's anchor (4 x, 4 y) to the box's top, right, bottom and left
            side, pixels, above 0.
        direction: (N, 2, H, W) unit vector (cos 2a, sin 2a), where a is the angle of the text, clockwise.
    """

    score: Tensor
    sides: Tensor
    direction: Tensor


class EastRbox(nn.Module):
    """EAST's RBOX head: score, four distances to a box's sides, angle (Zhou et al., CVPR 2017, section 3.2).

    The paper regresses the angle itself. For text at any angle that has a jump: turned a little past the vertical,
    the angle goes from +90 to -90 degrees, although the picture hardly changes. This head predicts the doubled angle
    as a vector, which has no jump. Which side is "top" must still change somewhere, since half a turn gives the same
    box: it does at 105 degrees, where there is hardly any text, and not at 90, where shop signs and book spines stand.
    ``to_geometry`` turns the maps into the paper's five and is exported with the network.
    """

    def __init__(self, features: int = FEATURES, hidden: int = 48) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(features, hidden, 3, padding=1)
        self.out = nn.Conv2d(hidden, 7, 1)
        with torch.no_grad():
            self.out.weight[1:] *= 0.5
            start = [-3.0, 2.3, 3.3, 2.3, 3.3, 1.0, 0.0]  # text is rare; a typical word is level and 54 x 20
            self.out.bias = nn.Parameter(torch.tensor(start))

    def forward(self, features: Tensor) -> RboxMaps:
        """Take (N, features, H, W); give maps of the same height and width."""
        hidden = F.relu(self.hidden(features))
        with torch.autocast(hidden.device.type, enabled=False):  # bfloat16 would round a box by up to 2 %
            raw = self.out(hidden.float())
        sides = torch.exp(raw[:, 1:5].clamp(-2, MAX_LOG_SIDE))
        return RboxMaps(raw[:, :1], sides, F.normalize(raw[:, 5:7], dim=1, eps=1e-6))


def to_geometry(maps: RboxMaps) -> Tensor:
    """EAST's geometry map in the layout of OpenCV's text detection sample.

    Returns:
        (N, 5, H, W): distances in pixels from the anchor (4 x, 4 y) to the top, right, bottom and left side of the
        box, and its angle in radians, counter-clockwise positive, in [-105, 75) degrees.
    """
    middle = CUT + math.pi / 2
    cos, sin = math.cos(2 * middle), math.sin(2 * middle)
    x, y = maps.direction.unbind(1)
    angle = torch.atan2(y * cos - x * sin, x * cos + y * sin) / 2 + middle
    return torch.cat([maps.sides, -angle[:, None]], 1)


class EastQuad(nn.Module):
    """EAST's QUAD head: score, and the offsets from a cell's anchor to the four corners (section 3.2 of the paper).

    Output: score logit (N, 1, H, W) and corners (N, 8, H, W): x, y of each corner minus the anchor, pixels.
    """

    def __init__(self, features: int = FEATURES, hidden: int = 48) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(features, hidden, 3, padding=1)
        self.out = nn.Conv2d(hidden, 10, 1)
        with torch.no_grad():
            self.out.weight[1:] *= 0.5
            corners = [-1.5, -0.6, 1.5, -0.6, 1.5, 0.6, -1.5, 0.6]  # a level word of 48 x 19 around the anchor
            self.out.bias = nn.Parameter(torch.tensor([-3.0, 0.0, *corners]))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Take (N, features, H, W); give score logits (N, 1, H, W) and corners (N, 8, H, W)."""
        hidden = F.relu(self.hidden(features))
        with torch.autocast(hidden.device.type, enabled=False):
            raw = self.out(hidden.float())
        scale = torch.exp(raw[:, 1:2].clamp(-4, 4)) * 16
        return raw[:, :1], raw[:, 2:] * scale


class DbHead(nn.Module):
    """DB's probability head (Liao et al., AAAI 2020): (N, C, H, W) to probabilities (N, 1, 4 H, 4 W)."""

    def __init__(self, features: int = FEATURES, hidden: int = 24) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(features, hidden, 3, padding=1)
        self.up1 = nn.ConvTranspose2d(hidden, hidden, 2, 2)
        self.up2 = nn.ConvTranspose2d(hidden, 1, 2, 2)

    def forward(self, features: Tensor) -> Tensor:
        """Take (N, features, H, W); give probabilities (N, 1, 4 H, 4 W)."""
        grown = F.relu(self.up1(F.relu(self.hidden(features))))
        with torch.autocast(grown.device.type, enabled=False):  # near 1, bfloat16 would lose the gradient
            return torch.sigmoid(self.up2(grown.float()))


class DetectionNetwork(nn.Module):
    """Finds text: mostly a body with a head on it."""

    def decoded(self, x: Tensor) -> tuple[Tensor, ...]:
        """The maps that are exported, of a batch (N, 3, H, W)."""
        raise NotImplementedError

    def seen(self, x: Tensor) -> tuple[Tensor, ...]:
        """The maps that text is made of: those that are exported, unless the network looks at several sizes."""
        return self.decoded(x)


class EastDetector(DetectionNetwork):
    """A body and an RBOX head; ``forward`` gives the maps for training, ``decoded`` those for decoding."""

    head: EastRbox

    def __init__(self, body: DetectionBody | None = None, head: EastRbox | None = None) -> None:
        super().__init__()
        self.body = body or DetectionBody()
        self.head = head or EastRbox()

    def forward(self, x: Tensor) -> RboxMaps:
        """Take (N, 3, H, W), as ``DetectionBody`` does; give maps of a quarter of the size."""
        maps: RboxMaps = self.head(self.body(x))
        return maps

    def decoded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (N, 1, H / 4, W / 4) in 0..1 and geometry (N, 5, H / 4, W / 4) as ``to_geometry`` gives it."""
        maps = self.forward(x)
        return torch.sigmoid(maps.score), to_geometry(maps)


class QuadDetector(DetectionNetwork):
    """A body and a QUAD head; the counterpart of ``EastDetector``."""

    head: EastQuad

    def __init__(self, body: DetectionBody | None = None, head: EastQuad | None = None) -> None:
        super().__init__()
        self.body = body or DetectionBody()
        self.head = head or EastQuad()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Take (N, 3, H, W); give score logits and corners as ``EastQuad`` does."""
        maps: tuple[Tensor, Tensor] = self.head(self.body(x))
        return maps

    def decoded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (N, 1, H / 4, W / 4) in 0..1, and corners (N, 8, H / 4, W / 4) minus the anchor, pixels."""
        score, corners = self.forward(x)
        return torch.sigmoid(score), corners


class DbMaps(NamedTuple):
    """What DB predicts at every pixel, each (N, 1, H, W) in 0..1 (Liao et al., AAAI 2020, figure 2).

    Attributes:
        probability: That the pixel lies in the shrunk core of a text.
        threshold: From which probability on it does; near a text's border only.
        binary: Both compared, as a steep but differentiable step.
    """

    probability: Tensor
    threshold: Tensor
    binary: Tensor


class DbNetwork(DetectionNetwork):
    """A body with DB's two heads. Only the probability is needed, and exported, once it is trained."""

    STEEP = 50.0
    """k of the paper's equation 2."""

    def __init__(self, body: DetectionBody | None = None, head: DbHead | None = None) -> None:
        super().__init__()
        self.body = body or DetectionBody()
        self.head = head or DbHead()
        self.border = DbHead()

    def forward(self, x: Tensor) -> DbMaps:
        """Take (N, 3, H, W); give maps of the same size."""
        features = self.body(x)
        probability, threshold = self.head(features), self.border(features)
        return DbMaps(probability, threshold, torch.sigmoid(self.STEEP * (probability - threshold)))

    def decoded(self, x: Tensor) -> tuple[Tensor]:
        """Probabilities (N, 1, H, W)."""
        return (self.head(self.body(x)),)


def stock_detector(path: Path | None = None) -> tuple[DetectionBody, DbHead]:
    """The published PP-OCRv6 detector in two parts.

    Args:
        path: PP-OCRv6_det_small.onnx; default: the file in the ``rapidocr`` package, its digest checked.

    Raises:
        WeightsMissing: The file is not there.
        WeightsCorrupt: The package has another file.
        ModelError: The file holds another network.
    """
    weights: Iterator[ConvWeights] = iter(read_convolutions(path or cards.locate(cards.PP_OCR_DETECTOR)))
    body, head = DetectionBody(), DbHead()
    load_convolutions(body, weights)
    load_convolutions(head, weights)
    return body, head


def stock_east(path: Path | None = None) -> EastDetector:
    """An EAST detector to start training from: the published body, and a head whose first filters are DB's.

    DB's first layer already answers to text and its borders; only the other half of the filters starts at random.
    """
    body, db = stock_detector(path)
    detector = EastDetector(body)
    start_from(db, detector.head.hidden)
    return detector


def stock_quad(path: Path | None = None) -> QuadDetector:
    """A QUAD detector to start training from, made as ``stock_east`` is."""
    body, db = stock_detector(path)
    detector = QuadDetector(body)
    start_from(db, detector.head.hidden)
    return detector


def stock_db(path: Path | None = None) -> DbNetwork:
    """The published detector with a new border head, to go on training."""
    return DbNetwork(*stock_detector(path))


def start_from(db: DbHead, hidden: nn.Conv2d) -> None:
    """Give the first filters of a head's hidden layer, which is at least as wide as DB's, the weights of DB's."""
    count = db.hidden.out_channels
    with torch.no_grad():
        hidden.weight[:count].copy_(db.hidden.weight)
        if hidden.bias is not None and db.hidden.bias is not None:
            hidden.bias[:count].copy_(db.hidden.bias)
