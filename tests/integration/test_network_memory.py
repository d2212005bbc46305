"""The memory of networks: it stays where it is, and giving it back harms nobody who is reading."""

from __future__ import annotations

import random
import subprocess
import sys
import threading

import numpy as np
import pytest

from wordsight.models import cards, runtime
from wordsight.types import Floats

# 64 sizes of pictures: the growth was 270 MB when OpenVINO kept all that it had prepared for them, and is 110 since.
SIZES = """
import random
import numpy as np
import psutil
from wordsight.models import cards
from wordsight.models.runtime import compile_network

network = compile_network(cards.find(cards.PP_OCR_DETECTOR), "openvino", threads=1)
sizes = [(high, wide) for high in range(320, 545, 32) for wide in range(320, 545, 32)]
random.Random(0).shuffle(sizes)
def run(high, wide):
    network.run(np.zeros((1, 3, high, wide), np.float32), lambda outputs: None)
run(544, 544)
before = psutil.Process().memory_info().rss
for size in sizes: run(*size)
print((psutil.Process().memory_info().rss - before) // 10**6)
"""


def test_ever_new_sizes_do_not_fill_the_memory() -> None:
    done = subprocess.run([sys.executable, "-c", SIZES], capture_output=True, text=True, timeout=120, check=False)
    assert int(done.stdout or 10**6) < 180, done.stderr


def test_memory_is_given_back_beside_other_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "LARGE_INPUT", 3 * 100 * 100)
    monkeypatch.setattr(runtime, "available_threads", lambda: 4)
    network = runtime.compile_network(cards.find(cards.EAST_DETECTOR), "openvino", threads=1)
    values = np.random.default_rng(0)
    inputs = [values.random((1, 3, h, w)).astype(np.float32) for h in (64, 128, 192) for w in (96, 160)]

    def outputs(batch: Floats) -> Floats:
        return network.run(batch, lambda found: np.array(found[0]))

    expected = [outputs(batch) for batch in inputs]
    wrong: list[int] = []

    def work(seed: int) -> None:
        for index in random.Random(seed).choices(range(len(inputs)), k=25):
            if not np.allclose(outputs(inputs[index]), expected[index], atol=2e-2):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
