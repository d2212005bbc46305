"""Weights on disk as safetensors, written in one step; nothing is ever unpickled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from wordsight.errors import ModelError


class Swap:
    """Exchanges the values of parameters with others on entering and again on leaving."""

    def __init__(self, parameters: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> None:
        self.pairs = [(parameters[name], others[name]) for name in parameters]

    def __enter__(self) -> None:
        self._exchange()

    def __exit__(self, *_: object) -> None:
        self._exchange()

    def _exchange(self) -> None:
        with torch.no_grad():
            for a, b in self.pairs:
                kept = a.detach().clone()
                a.copy_(b)
                b.copy_(kept)


def laid_out_as(tensor: Tensor, like: Tensor) -> Tensor:
    """A copy in the memory order of another tensor, so that sums run in the same order as before."""
    return tensor if tensor.shape != like.shape else torch.empty_like(like).copy_(tensor)


def write_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write a safetensors file under another name, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file(dict(tensors), part, metadata)
    part.replace(path)


def read_weights(model: nn.Module, path: Path) -> None:
    """Load weights that a run delivered into a network of the same kind.

    Raises:
        ModelError: The file is missing or belongs to another network.
    """
    if not path.is_file():
        raise ModelError(f"{path} is not there")
    with safe_open(path, "pt") as file:
        wanted = model.state_dict()
        if set(file.keys()) != set(wanted):
            raise ModelError(f"{path} belongs to another network")
        with torch.no_grad():
            for name, tensor in wanted.items():
                tensor.copy_(file.get_tensor(name))
