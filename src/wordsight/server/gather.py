"""Micro-batches: lines of text of several requests are read in one run of the network."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from wordsight.errors import ModelError
from wordsight.stages import GuidedRecognizer
from wordsight.types import Picture, Reading
from wordsight.vocabulary import Vocabulary

MOST_CROPS = 64
"""A batch takes no further request once it has so many lines."""


@dataclass(slots=True, eq=False)
class _Job:
    crops: Sequence[Picture]
    vocabularies: Sequence[Vocabulary | None]
    done: threading.Event = field(default_factory=threading.Event)
    readings: list[Reading] | None = None


class GatheringRecognizer:
    """A recognizer whose callers share runs of the network. Safe to call from many threads.

    Nobody waits for others to come: as many callers as there are ``turns`` read at once, and each reads what has come
    together while it waited for its turn. Texts do not depend on who shared a run, since the recognizer's do not.
    """

    def __init__(self, recognizer: GuidedRecognizer, turns: int) -> None:
        """Make one.

        Args:
            recognizer: What reads.
            turns: How many runs may be under way at once.
        """
        self._recognizer = recognizer
        self._turns = threading.BoundedSemaphore(turns)
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()

    def recognize(self, crops: Sequence[Picture]) -> list[Reading]:
        """Read crops of one line each."""
        return self.recognize_with(crops, [None] * len(crops))

    def recognize_with(self, crops: Sequence[Picture], vocabularies: Sequence[Vocabulary | None]) -> list[Reading]:
        """Read crops of one line each, with what is known about each.

        Raises:
            ModelError: The network cannot be run; only this caller's lines are told.
        """
        if not crops:
            return []
        job = _Job(crops, vocabularies)
        with self._lock:
            self._waiting.append(job)
        with self._turns:
            batch = self._take()
            try:
                self._run(batch)
            finally:
                for one in batch:
                    one.done.set()
        job.done.wait()  # where somebody else has taken it
        if job.readings is None:  # the shared run failed: find out whether it is because of this one
            return self._recognizer.recognize_with(crops, vocabularies)
        return job.readings

    def _take(self) -> list[_Job]:
        """What waits, up to a number of lines; nothing where others have taken all."""
        batch: list[_Job] = []
        with self._lock:
            while self._waiting and sum(len(job.crops) for job in batch) < MOST_CROPS:
                batch.append(self._waiting.popleft())
        return batch

    def _run(self, batch: Sequence[_Job]) -> None:
        if not batch:
            return
        crops = [crop for job in batch for crop in job.crops]
        known = [vocabulary for job in batch for vocabulary in job.vocabularies]
        try:
            readings = iter(self._recognizer.recognize_with(crops, known))
        except ModelError:
            return  # each caller tries its own lines
        for job in batch:
            job.readings = [next(readings) for _ in job.crops]
