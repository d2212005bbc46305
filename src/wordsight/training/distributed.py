"""Several processes that train one network: each on its own batches, with gradients averaged after every step.

The processes are started by torch's own launcher (``torchrun``) and joined by ``torch.distributed.init_process_group``;
where nobody did that, everything here does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

T = TypeVar("T")


def place() -> tuple[int, int]:
    """Number of this process, from 0, and how many there are; (0, 1) for a process alone."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def share(batches: Iterable[T]) -> Iterator[T]:
    """This process's part of batches, which are the same in all processes: of two, the first takes 0, 2, 4, ..."""
    rank, size = place()
    return islice(iter(batches), rank, None, size)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace the gradients by their means over all processes; a missing one counts as zero."""
    if place()[1] == 1:
        return
    wanted = list(parameters)
    for parameter in wanted:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    average([parameter.grad for parameter in wanted if parameter.grad is not None])


def average(tensors: list[Tensor]) -> None:
    """Replace tensors by their means over all processes, in one message."""
    _, size = place()
    if size == 1 or not tensors:
        return
    together = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    distributed.all_reduce(together)
    together /= size
    sizes = [tensor.numel() for tensor in tensors]
    for tensor, mean in zip(tensors, together.split(sizes), strict=True):  # type: ignore[no-untyped-call]
        tensor.detach().copy_(mean.view_as(tensor))
