"""Batches for a training: prepared by other processes, endless, and the same wherever one starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from wordsight.training.interrupt import unheard


class Counter(Sampler[list[int]]):
    """Batches of consecutive numbers without end."""

    def __init__(self, start: int, batch: int) -> None:
        self.start = start
        self.batch = batch

    def __iter__(self) -> Iterator[list[int]]:
        step = self.start
        while True:
            yield list(range(step * self.batch, (step + 1) * self.batch))
            step += 1


def endless(dataset: Dataset[Any], start: int, batch: int, workers: int) -> Iterator[Any]:
    """Batch number ``start`` and all that follow.

    Args:
        dataset: Gives item k for any k >= 0, always the same one.
        start: Number of the first batch.
        batch: Items a batch.
        workers: Processes that prepare items; 0: the calling one does.
    """
    loader: DataLoader[Any] = DataLoader(
        dataset,
        batch_sampler=Counter(start, batch),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_start_worker,
        # A forked worker inherits the locks of OpenCV's and OpenVINO's threads but not the threads, and hangs.
        multiprocessing_context="spawn" if workers else None,
    )
    with unheard():
        return iter(loader)


def _start_worker(_: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
