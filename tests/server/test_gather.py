"""Micro-batches: lines of several callers in one run, each caller's own readings."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from wordsight.errors import ModelError
from wordsight.examples import example_path
from wordsight.reader import Reader
from wordsight.server.gather import MOST_CROPS, GatheringRecognizer
from wordsight.types import Picture, Reading
from wordsight.vocabulary import Vocabulary


class Slow:
    """Says how wide each crop is; its runs wait until they may end."""

    def __init__(self) -> None:
        self.runs: list[int] = []
        self.may_end = threading.Event()
        self.began = threading.Semaphore(0)

    def recognize(self, crops: Sequence[Picture]) -> list[Reading]:
        return self.recognize_with(crops, [None] * len(crops))

    def recognize_with(self, crops: Sequence[Picture], vocabularies: Sequence[Vocabulary | None]) -> list[Reading]:
        assert len(crops) == len(vocabularies)
        self.runs.append(len(crops))
        self.began.release()
        self.may_end.wait(10)
        if any(crop.shape[1] == 666 for crop in crops):
            raise ModelError("the network cannot be run")
        return [Reading((), crop.shape[1] / 1000) for crop in crops]


def crops(*widths: int) -> list[Picture]:
    return [np.zeros((10, width, 3), np.uint8) for width in widths]


def confidences(readings: Sequence[Reading]) -> list[float]:
    return [reading.confidence for reading in readings]


def waiting(gather: GatheringRecognizer, count: int) -> None:
    """Until so many callers wait."""
    while len(gather._waiting) < count:
        threading.Event().wait(0.01)


def test_what_comes_together_is_read_together() -> None:
    slow = Slow()
    gather = GatheringRecognizer(slow, 1)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(gather.recognize, crops(100))
        slow.began.acquire()
        others = [pool.submit(gather.recognize, crops(*widths)) for widths in ((200, 201), (300,), (400,))]
        waiting(gather, 3)
        slow.may_end.set()
        assert confidences(first.result()) == [0.1]
        assert [confidences(other.result()) for other in others] == [[0.2, 0.201], [0.3], [0.4]]
    assert slow.runs == [1, 4]
    assert gather.recognize([]) == []


def test_a_run_that_fails_fails_alone() -> None:
    slow = Slow()
    gather = GatheringRecognizer(slow, 1)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(gather.recognize, crops(100))
        slow.began.acquire()
        good, bad = pool.submit(gather.recognize, crops(200)), pool.submit(gather.recognize, crops(666))
        waiting(gather, 2)
        slow.may_end.set()
        assert confidences(first.result()) == [0.1]
        assert confidences(good.result()) == [0.2]
        with pytest.raises(ModelError):
            bad.result()


def test_a_batch_has_bounds() -> None:
    slow = Slow()
    gather = GatheringRecognizer(slow, 1)
    with ThreadPoolExecutor(4) as pool:
        pool.submit(gather.recognize, crops(100))
        slow.began.acquire()
        others = [pool.submit(gather.recognize, crops(*[200] * MOST_CROPS)) for _ in range(2)]
        waiting(gather, 2)
        slow.may_end.set()
        assert [len(other.result()) for other in others] == [MOST_CROPS] * 2
    assert slow.runs == [1, MOST_CROPS, MOST_CROPS]


def test_the_text_is_the_same_as_alone(reader: Reader) -> None:
    own = reader._pipeline.recognizer  # type: ignore[union-attr]
    shared = Reader(recognizer=GatheringRecognizer(own, 1), threads=1)
    source = example_path("street").read_bytes()
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda _: shared.read(source).text, range(4)))
    assert set(texts) == {reader.read(source).text}
