"""What runs a network: OpenVINO, or ONNX Runtime where OpenVINO has no wheel.

Threads are owned here and nowhere else: a network uses at most ``threads`` of them, stages add none.
Networks may be called from many threads at once.
"""

from __future__ import annotations

import os
import queue
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from wordsight.config import Engine, Precision, cache_folder
from wordsight.errors import ConfigError, MissingExtra, ModelError
from wordsight.types import Floats

T = TypeVar("T")


class Network(Protocol):
    """A compiled network with one input; safe to call from many threads."""

    def run(self, batch: Floats, then: Callable[[list[Floats]], T]) -> T:
        """Run a batch and hand the outputs to ``then``.

        The outputs live in the network's own memory, so ``then`` returns what it needs as new arrays
        (a recognizer's output is 3 MB a crop; copying all of it would cost more than reading it).
        """
        ...


def available_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def engine_name(engine: Engine = "auto") -> str:
    """The engine that ``engine`` stands for on this machine.

    Raises:
        ConfigError: No such engine.
        MissingExtra: It is not installed.
    """
    names = ("openvino", "onnxruntime")
    if engine != "auto":
        if engine not in names:
            raise ConfigError(f"no engine {engine!r}; choose auto, openvino or onnxruntime")
        if find_spec(engine) is None:
            raise MissingExtra(engine, "all")
        return engine
    for name in names:
        if find_spec(name) is not None:
            return name
    raise MissingExtra("onnxruntime", "all")


def compile_network(
    path: Path, engine: Engine = "auto", precision: Precision = "auto", threads: int | None = None
) -> Network:
    """Load an ONNX file.

    Args:
        path: The file.
        engine: ``auto`` takes OpenVINO where it is installed.
        precision: ``auto`` is bf16 where OpenVINO finds it in the processor, else float32. ONNX Runtime is float32.
        threads: At most this many; None takes all that the process may use.

    Raises:
        ModelError: The engine cannot load the file.
    """
    count = threads or available_threads()
    if engine_name(engine) == "openvino":
        return OpenVINONetwork(path, precision, count)
    return OnnxRuntimeNetwork(path, count)


class OpenVINONetwork:
    """A network on OpenVINO's CPU plug-in, its compiled form cached on disk."""

    def __init__(self, path: Path, precision: Precision, threads: int) -> None:
        core = _openvino_core()
        chosen = best_precision() if precision == "auto" else precision
        folder = cache_folder() / "openvino" / chosen
        settings: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": chosen,
            "PERFORMANCE_HINT": "LATENCY",
        }
        if _writable(folder):
            settings["CACHE_DIR"] = str(folder)
        try:
            self._model = core.compile_model(str(path), "CPU", settings)
        except RuntimeError as error:
            raise ModelError(f"OpenVINO cannot load {path}: {error}") from error
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()

    def run(self, batch: Floats, then: Callable[[list[Floats]], T]) -> T:
        """See :class:`Network`."""
        request = self._take()
        try:
            result = request.infer([np.ascontiguousarray(batch)], share_inputs=True, share_outputs=True)
            return then(list(result.values()))
        finally:
            self._idle.put(request)

    def _take(self) -> Any:
        # A request is not re-entrant; there are as many as calls were ever under way at once.
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return self._model.create_infer_request()


class OnnxRuntimeNetwork:
    """A network on ONNX Runtime's CPU provider, float32."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"ONNX Runtime cannot load {path}: {error}") from error
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: Floats, then: Callable[[list[Floats]], T]) -> T:
        """See :class:`Network`."""
        return then(self._session.run(None, {self._input: batch}))


@cache
def _openvino_core() -> Any:
    import openvino

    return openvino.Core()


@cache
def best_precision() -> Precision:
    """``bf16`` where OpenVINO says that the processor computes in it, else ``f32``."""
    return "bf16" if "BF16" in _openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


def _writable(folder: Path) -> bool:
    """Whether the cache folder can be used; a read-only home must not stop anybody from reading."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
