"""The single-shot detector with the one class "text", as the detectors' training takes it."""

from __future__ import annotations

from torch import Tensor

from wordsight.models.heads import DetectionNetwork
from wordsight.models.single_shot import CellMaps, SingleShotNetwork, stock_single_shot


class TextSingleShot(DetectionNetwork):
    """A single-shot network of one label."""

    def __init__(self, network: SingleShotNetwork | None = None) -> None:
        super().__init__()
        self.network = network or SingleShotNetwork(1)

    def forward(self, x: Tensor) -> list[CellMaps]:
        """Take (N, 3, H, W); give the cells of every stride."""
        cells: list[CellMaps] = self.network(x)
        return cells

    def decoded(self, x: Tensor) -> tuple[Tensor, ...]:
        """For every stride s scores (N, 1, H / s, W / s), then for every stride places (N, 12, H / s, W / s).

        What they mean, ``SingleShotNetwork.decoded`` tells, which lays them into one map.
        """
        maps = self.network.decoded(x)
        return *(map_[:, :1] for map_ in maps), *(map_[:, 1:] for map_ in maps)


def stock_text_single_shot() -> TextSingleShot:
    """A network to start training from."""
    network = stock_single_shot(1)
    network.head.expect(2.5)  # a word of six letters
    return TextSingleShot(network)
