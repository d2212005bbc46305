"""Reading for requests: models loaded once, a bounded queue, every file on its own.

Files of all clients wait in one queue. Twice as many as there are cores are under way at once, so that lines of several
of them can be read in one run of the network (:mod:`wordsight.server.gather`). A file that cannot be read fails alone;
a request that would wait too long is told to come back.
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import cv2

from wordsight import registry
from wordsight.fields.extract import TaughtModel
from wordsight.fields.model import SUFFIX
from wordsight.image.load import Limits, load_pages
from wordsight.models.runtime import available_threads
from wordsight.reader import Reader
from wordsight.server.errors import BadRequest, NotThere, TooBusy
from wordsight.server.files import Files
from wordsight.server.gather import GatheringRecognizer
from wordsight.server.services.reads import PageRead
from wordsight.server.settings import Settings
from wordsight.stages import GuidedRecognizer, StageOptions
from wordsight.types import Picture, Quad

UNDER_WAY = 2
"""Files under way at once for each core."""
THUMBNAILS = (160, 320)
"""Widths, in pixels, of the pictures in the pages' lists."""
LOADED = 4
"""Taught models kept in memory."""


class Inference:
    """Reads files for the service; see :class:`wordsight.server.services.reads.ReadsFiles`."""

    def __init__(self, settings: Settings, files: Files) -> None:
        self.settings = settings
        self.files = files
        self._limits = Limits(pixels=settings.max_pixels, file_bytes=settings.max_upload_bytes)
        at_once = UNDER_WAY * available_threads()
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="reading")
        self.most_waiting = settings.queue + at_once
        """Requests that may wait or be read at once."""
        self._room = threading.BoundedSemaphore(self.most_waiting)
        self.waiting = 0
        """Requests that wait or are being read."""
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._reader: Reader | None = None
        self._models: OrderedDict[str, TaughtModel] = OrderedDict()

    def read(self, data: bytes, model: tuple[str, str] | None, pages: str) -> list[PageRead]:
        """Read a file; waits for its turn.

        Args:
            data: The file.
            model: Id of a model and the digest of its version's file; None reads without a model.
            pages: Numbers of the wanted pages, such as "1,3-5", from 1; empty: all.

        Raises:
            ImageError: The file cannot be read.
            BadRequest: ``pages`` cannot be understood.
            TooBusy: Too many requests wait, or this one has waited too long.
        """
        wanted = page_numbers(pages)
        if not self._room.acquire(blocking=False):
            raise TooBusy(f"{self.settings.queue} requests are waiting; try again in a moment", retry_after=2)
        future = self._submit(time.monotonic(), data, model, wanted)
        try:
            return future.result(timeout=self.settings.deadline_seconds)
        except (FutureTimeout, CancelledError) as error:
            future.cancel()
            raise TooBusy(
                f"the request has waited for {self.settings.deadline_seconds:g} seconds; send it with ?async=true",
                retry_after=10,
            ) from error

    def _submit(
        self, asked: float, data: bytes, model: tuple[str, str] | None, wanted: frozenset[int] | None
    ) -> Future[list[PageRead]]:
        def work() -> list[PageRead]:
            if time.monotonic() - asked > self.settings.deadline_seconds:
                raise CancelledError  # nobody waits for it any more
            return self._read(data, model, wanted)

        with self._lock:
            self.waiting += 1
        future = self._pool.submit(work)
        future.add_done_callback(self._done)
        return future

    def _done(self, _: Future[list[PageRead]]) -> None:
        with self._lock:
            self.waiting -= 1
        self._room.release()

    def _read(self, data: bytes, model: tuple[str, str] | None, wanted: frozenset[int] | None) -> list[PageRead]:
        taught = self.model(model[1]) if model else None
        found = []
        for number, picture in enumerate(self._pages(data)):
            if wanted is None or number in wanted:
                found.append(self._with_model(number, picture, taught) if taught else self._plain(number, picture))
        return found

    def _pages(self, data: bytes) -> Iterator[Picture]:
        return load_pages(data, self._limits)

    def _plain(self, number: int, picture: Picture) -> PageRead:
        page = self.reader.read(picture)
        words = tuple(
            {"text": word.text, "quad": _corners(word.quad), "confidence": round(word.confidence, 4)}
            for word in page.words
        )
        return PageRead(number, page.width, page.height, (), words, page.text)

    def _with_model(self, number: int, picture: Picture, model: TaughtModel) -> PageRead:
        height, width = picture.shape[:2]
        found = model.predict(picture)
        boxes: list[dict[str, Any]] = [
            {
                "id": f"{number}-{place}",
                "label": value.name,
                "quad": _corners(value.quad) if value.quad is not None else _whole(width, height),
                "text": value.text,
                "score": round(value.confidence, 4),
            }
            for place, value in enumerate(found.details)
        ]
        return PageRead(number, width, height, tuple(boxes), (), "\n".join(str(box["text"]) for box in boxes))

    def thumbnail(self, digest: str, page: int, width: int | None) -> bytes:
        """A page of a kept file as JPEG, upright; made smaller where it is wider than ``width`` pixels.

        Those as wide as the pages' lists show them (``THUMBNAILS``) are made once and kept beside the file.

        Raises:
            NotThere: There is no such file, or no such page.
            ImageError: The file cannot be read.
        """
        name = f"{page}-{width}"
        kept = self.files.get_beside(digest, name) if width in THUMBNAILS else None
        if kept is not None:
            return kept
        picture = next(itertools.islice(self._pages(self.files.get(digest)), page, None), None)
        if picture is None:
            raise NotThere(f"the file has no page {page + 1}")
        if width is not None and picture.shape[1] > width:
            height = max(1, round(picture.shape[0] * width / picture.shape[1]))
            picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        _, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        if width in THUMBNAILS:
            self.files.put_beside(digest, name, data.tobytes())
        return data.tobytes()

    @property
    def reader(self) -> Reader:
        """The reader for files without a model, made on first use."""
        with self._making:
            if self._reader is None:
                recognizer = registry.create_recognizer("svtr", StageOptions(threads=1))
                assert isinstance(recognizer, GuidedRecognizer)
                self._reader = Reader(recognizer=GatheringRecognizer(recognizer, available_threads()), threads=1)
            return self._reader

    def model(self, digest: str) -> TaughtModel:
        """A taught model, loaded once; the one not used for longest makes room."""
        with self._lock:
            if digest in self._models:
                self._models.move_to_end(digest)
                return self._models[digest]
        loaded = self._open(digest)
        with self._lock:
            self._models[digest] = loaded
            while len(self._models) > LOADED:
                self._models.popitem(last=False)
        return loaded

    def _open(self, digest: str) -> TaughtModel:
        """Open a model file; a copy of it stays in the data folder, since it may be kept far away."""
        path = self.settings.data / "models" / f"{digest}{SUFFIX}"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
            part.write_bytes(self.files.get(digest))
            part.replace(path)
        return TaughtModel.open(path, StageOptions(threads=1))

    def close(self) -> None:
        """Finish what is being read and take nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def page_numbers(text: str) -> frozenset[int] | None:
    """Wanted pages, from 0, of a text such as "1,3-5", which counts from 1; None for all.

    Raises:
        BadRequest: It cannot be understood.
    """
    if not text.strip():
        return None
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not (first.isdigit() and (last.isdigit() or not last)) or len(part) > 12:
            raise BadRequest(f"pages are written as '1,3-5', not {text[:50]!r}")
        found.update(range(int(first) - 1, min(int(last or first), int(first) + 10_000)))
    return frozenset(found)


def _corners(quad: Quad) -> list[list[float]]:
    return [[round(float(x), 1), round(float(y), 1)] for x, y in quad.points]


def _whole(width: int, height: int) -> list[list[float]]:
    return [[0.0, 0.0], [float(width), 0.0], [float(width), float(height)], [0.0, float(height)]]
