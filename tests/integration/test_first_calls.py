"""The first moments of a process: many threads that all do for the first time what engines prepare on first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

# OpenVINO builds tables on the first call of some functions; without care, two first calls at once wait for each other
# for ever (seen in 15 % of processes, hence several attempts).
NETWORK = """
import threading
import numpy as np
from wordsight.models import cards
from wordsight.models.runtime import compile_network

network = compile_network(cards.find(cards.PP_OCR_DETECTOR), {engine!r})
start, batch, shapes = threading.Barrier(4), np.zeros((1, 3, 64, 64), np.float32), []

def run():
    start.wait()
    shapes.append(network.run(batch, lambda outputs: outputs[0].shape))

threads = [threading.Thread(target=run) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(shapes == [(1, 1, 64, 64)] * 4)
"""

READERS = """
import threading
import numpy as np
import wordsight

start, texts = threading.Barrier(4), []

def read():
    start.wait()
    texts.append(wordsight.read(np.full((60, 90, 3), 200, np.uint8)).text)

threads = [threading.Thread(target=read) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(texts == [""] * 4)
"""


OPENVINO, ONNX_RUNTIME = (NETWORK.format(engine=engine) for engine in ("openvino", "onnxruntime"))
CASES = [
    *[pytest.param(OPENVINO, id=f"openvino-{attempt}") for attempt in range(8)],
    pytest.param(ONNX_RUNTIME, id="onnxruntime"),
    *[pytest.param(READERS, id=f"readers-{attempt}") for attempt in range(2)],
]


@pytest.mark.parametrize("code", CASES)
def test_many_threads_begin_at_once(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "True\n", done.stderr
