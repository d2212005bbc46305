"""What runs a network: OpenVINO, or ONNX Runtime where OpenVINO has no wheel.

Threads are owned here and nowhere else: a network uses at most ``threads`` of them, stages add none.
Networks may be called from many threads at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import sys
import threading
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast, get_args

import numpy as np

from wordsight.config import Engine, Precision, cache_folder, check_choice
from wordsight.errors import MissingExtra, ModelError
from wordsight.types import Floats

T = TypeVar("T")

# OpenVINO's Python functions build tables when they are first called. Two first calls in two threads can wait for each
# other for ever, so every network makes its own first calls here, one network at a time.
_FIRST_CALLS = threading.Lock()

PREPARED = 120
"""Layers that OpenVINO keeps prepared for the shapes of input seen last, a hundred or two a shape. Readers meet new
shapes without end, each is worth some megabytes, and OpenVINO's own bound is far away. With 500, memory grew for
hundreds of pictures and by a quarter; with this it stands after a hundred, for a twentieth more processor time (streams
of photographs and cars in turn)."""
MMAP_THRESHOLD, LARGE_BLOCK = -3, 1 << 20
"""``M_MMAP_THRESHOLD`` of malloc.h, and the size in bytes from which a block is mapped on its own."""
LARGE_INPUT = 3 * 1_000_000
"""An input of more values than this, three a pixel, has its working memory given back: few are so large."""

DOCTOR = "`wordsight doctor` tells whether the weights are whole"


class Network(Protocol):
    """A compiled network with one input; safe to call from many threads."""

    def run(self, batch: Floats, then: Callable[[list[Floats]], T]) -> T:
        """Run a batch and hand the outputs to ``then``.

        The outputs live in the network's own memory, so ``then`` returns what it needs as new arrays
        (a recognizer's output is 3 MB a crop; copying all of it would cost more than reading it).

        Raises:
            ModelError: The engine gives up, for want of memory for example.
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
    if check_choice("engine", engine, get_args(Engine)) != "auto":
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
    count = available_threads() if threads is None else threads
    if engine_name(engine) == "openvino":
        return OpenVINONetwork(path, precision, count)
    return OnnxRuntimeNetwork(path, count)


class OpenVINONetwork:
    """A network on OpenVINO's CPU plug-in, its compiled form cached on disk."""

    def __init__(self, path: Path, precision: Precision, threads: int) -> None:
        with _FIRST_CALLS:
            self._prepare(path, precision, threads)
        # A request keeps memory of its own for good, some 30 MB, and more of them than processors make nothing faster.
        # Not as many as `threads`: with one thread each, calls still run side by side on all processors.
        self._places = threading.BoundedSemaphore(available_threads())

    def _prepare(self, path: Path, precision: Precision, threads: int) -> None:
        core = _openvino_core()
        chosen = best_precision() if precision == "auto" else precision
        folder = cache_folder() / "openvino" / chosen
        settings: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": chosen,
            "PERFORMANCE_HINT": "LATENCY",
            "CPU_RUNTIME_CACHE_CAPACITY": PREPARED,
        }
        if _writable(folder):
            settings["CACHE_DIR"] = str(folder)
        try:
            self._model = core.compile_model(str(path), "CPU", settings)
        except RuntimeError as error:
            raise ModelError(f"OpenVINO cannot load {path}: {_in_a_row(error)}; {DOCTOR}") from error
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        request = self._model.create_infer_request()
        self._infer(request, np.zeros(_smallest(self._model.input(0).partial_shape), np.float32))
        self._idle.put(request)

    def run(self, batch: Floats, then: Callable[[list[Floats]], T]) -> T:
        """See :class:`Network`; calls beyond the number of processors wait for their turn."""
        with self._places:
            request = self._take()
            try:
                return then(self._infer(request, batch))
            finally:
                self._idle.put(request)
                if batch.size > LARGE_INPUT:
                    self._give_back()

    def _infer(self, request: Any, batch: Floats) -> list[Floats]:
        try:
            return list(request.infer([np.ascontiguousarray(batch)], share_inputs=True, share_outputs=True).values())
        except RuntimeError as error:
            raise _gave_up("OpenVINO", batch, error) from error

    def _give_back(self) -> None:
        with contextlib.suppress(RuntimeError):  # another call is under way; the next large input will do it
            self._model.release_memory()
        _trim()

    def _take(self) -> Any:
        # A request is not re-entrant.
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
        except _onnxruntime_errors() as error:
            raise ModelError(f"ONNX Runtime cannot load {path}: {_in_a_row(error)}; {DOCTOR}") from error
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: Floats, then: Callable[[list[Floats]], T]) -> T:
        """See :class:`Network`."""
        return then(self._infer(batch))

    def _infer(self, batch: Floats) -> list[Floats]:
        try:
            return list(self._session.run(None, {self._input: batch}))
        except _onnxruntime_errors() as error:
            raise _gave_up("ONNX Runtime", batch, error) from error


def _in_a_row(error: Exception) -> str:
    """An engine's message, which may run over many lines, in one."""
    return " ".join(str(error).split())


def _gave_up(engine: str, batch: Floats, error: Exception) -> ModelError:
    return ModelError(
        f"{engine} gave up on a batch of shape {batch.shape}: {_in_a_row(error)}; free some memory, "
        "read at a lower quality, or choose the other engine"
    )


@cache
def _onnxruntime_errors() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises; its errors have no base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return (
        RuntimeError,
        ValueError,
        state.EPFail,
        state.EngineError,
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NoModel,
        state.NoSuchFile,
        state.NotImplemented,
        state.RuntimeException,
    )


def _smallest(shape: Any) -> list[int]:
    """A small shape that a network with dynamic sides takes: one picture, sides of 32."""
    return [(32 if axis else 1) if side.is_dynamic else side.get_length() for axis, side in enumerate(shape)]


@cache
def _openvino_core() -> Any:
    # `import openvino` tells a web service of it, from a forked process that hangs for ever where there were threads.
    # Without the package that does it, which may be absent, it does neither.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    _map_large_blocks()
    return openvino.Core()


@cache
def best_precision() -> Precision:
    """``bf16`` where OpenVINO says that the processor computes in it, else ``f32``."""
    return "bf16" if "BF16" in _openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


def _map_large_blocks() -> None:
    """Have GNU's C library give large blocks back to the operating system, whatever was freed before.

    By itself it keeps ever larger blocks among the small ones, up to 32 MB, as it sees such freed. The inputs and maps
    of a reader's networks are all of that kind and each of another size, so memory would be in pieces soon and go up
    and down by a third; ``benchmarks/memory.py --only growth`` shows what is left of that.
    """
    _of_libc("mallopt")(MMAP_THRESHOLD, LARGE_BLOCK)


@cache
def _of_libc(name: str) -> Callable[..., int]:
    """A function of GNU's C library; one that does nothing where there is another library."""
    try:
        return cast(Callable[..., int], getattr(ctypes.CDLL(None), name))
    except (AttributeError, OSError, TypeError):
        return lambda *_: 0


def _trim() -> None:
    """Give the operating system what lies free between blocks in use; else it stays with the process for good."""
    _of_libc("malloc_trim")(0)


def _writable(folder: Path) -> bool:
    """Whether the cache folder can be used; a read-only home must not stop anybody from reading."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
