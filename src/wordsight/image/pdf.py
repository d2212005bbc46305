"""PDF files as pictures of their pages, each with the text that the file itself gives for it.

PDFium does the work, in a process of its own (:mod:`wordsight.image.pdf_worker`): whatever a file does to it, the worst
that can happen here is an error for that file. Pages are rendered one at a time, so memory does not grow with them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import Any

import numpy as np

from wordsight.errors import EmptyImage, EncryptedDocument, ImageError, ImageTooLarge, MissingExtra, NotAnImage, TooSlow
from wordsight.types import Floats, Picture

MAGIC = b"%PDF-"
HEAD = 1024
"""Bytes in which a PDF must begin; some have a mail's or a printer's lines before."""
MEMORY = 3 << 30
"""Address space of the worker, in bytes: a page of 100 million pixels takes a fifth of it."""
SECONDS = 30.0
"""The worker is stopped when it takes longer for one page."""
PASSWORD, SECURITY = 4, 5
"""PDFium's numbers of the errors that a lock makes."""
INCH = 72
"""Points to an inch."""
LETTER = 26
"""Pixels that the smaller text of a page is rendered high, ascenders and descenders included."""
LEAST_DPI, USUAL_DPI, MOST_DPI = 100, 200, 400
WHOLE = 0.6
"""A page of which pictures cover more is a scan: it is rendered at the scan's own resolution."""
MOST_PIXELS = 40_000_000
"""A page is rendered smaller where it would have more."""
FEWEST_DPI = 15
"""A page that is still too large at this resolution is refused."""


@dataclass(frozen=True, slots=True, eq=False)
class TextLayer:
    """The text that a PDF itself gives for a page.

    Attributes:
        texts: The words, in the order of the file; U+FFFD stands for characters that its fonts do not name.
        quads: (N, 4, 2) where they stand, in pixels of the rendered page, corners as in Quad.
        hidden: (N,) bool: words that are not drawn.
        pictures: Share of the page that pictures cover, 0..1.
    """

    texts: tuple[str, ...]
    quads: Floats
    hidden: tuple[bool, ...]
    pictures: float


@dataclass(frozen=True, slots=True, eq=False)
class PdfPage:
    """A rendered page, its text layer, and the resolution it was rendered at, in pixels per inch."""

    picture: Picture
    layer: TextLayer
    dpi: float


def is_pdf(data: bytes) -> bool:
    """Whether bytes are those of a PDF."""
    return MAGIC in data[: HEAD + len(MAGIC)]


class PdfFile:
    """An open PDF; a context manager. One thread at a time.

    Args:
        data: The whole file.
        pixels: Most pixels of a rendered page.
        seconds: Most seconds for a page.

    Raises:
        MissingExtra: The package pypdfium2 is not installed.
        EncryptedDocument: The file has a password.
        NotAnImage: The file is damaged beyond repair.
    """

    def __init__(self, data: bytes, pixels: int = MOST_PIXELS, seconds: float = SECONDS) -> None:
        if find_spec("pypdfium2") is None:
            raise MissingExtra("pypdfium2", "pdf")
        self._pixels = min(pixels, MOST_PIXELS)
        self._seconds = seconds
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wordsight.image.pdf_worker", str(MEMORY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            answer, _ = self._ask(str(len(data)).encode() + b"\n" + data)
            if answer.get("code") in (PASSWORD, SECURITY):
                raise EncryptedDocument("the PDF has a password; open it with the password and save it without")
            if "error" in answer:
                raise NotAnImage(f"the PDF is damaged ({answer['error']}); save it again with a PDF program")
            self._pages = int(answer["pages"])
            if not self._pages:
                raise EmptyImage("the PDF has no pages")
        except ImageError:
            self.close()
            raise

    def __len__(self) -> int:
        """Number of pages."""
        return self._pages

    def page(self, number: int) -> PdfPage:
        """Render a page, counted from 0, at a resolution at which its text can be read.

        Raises:
            ImageError: The page is damaged.
            ImageTooLarge: The page is enormous, or takes too much memory.
            TooSlow: It takes longer than a page may.
        """
        about, _ = self._ask(json.dumps({"page": number}).encode() + b"\n")
        self._check(about, number)
        width, height = float(about["width"]), float(about["height"])
        if not (0 < width < 1e6 and 0 < height < 1e6):
            raise EmptyImage(f"page {number + 1} has a size of {width:g} x {height:g} points; there is nothing to read")
        dpi = _resolution(about, self._pixels)
        size = {"width": max(round(width * dpi / INCH), 1), "height": max(round(height * dpi / INCH), 1)}
        if dpi < FEWEST_DPI or size["width"] * size["height"] > self._pixels * 1.1:
            raise ImageTooLarge(f"page {number + 1} is {width / INCH:.0f} x {height / INCH:.0f} inches; split it")
        found, data = self._ask(json.dumps({"page": number, "render": size}).encode() + b"\n")
        self._check(found, number)
        picture = np.frombuffer(data, np.uint8).reshape(size["height"], size["width"], 3)
        stretch = np.array([size["width"] / width, size["height"] / height], np.float32)
        words = [word for word in about["words"] if _inside(word["quad"], width, height)]
        quads = np.array([word["quad"] for word in words], np.float32).reshape(-1, 4, 2) * stretch
        texts, hidden = (tuple(word[key] for word in words) for key in ("text", "hidden"))
        return PdfPage(picture, TextLayer(texts, quads, hidden, float(about["pictures"])), dpi)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> PdfFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self, answer: dict[str, Any], number: int) -> None:
        if "error" in answer:
            if answer["code"] < 0:
                raise ImageTooLarge(f"page {number + 1} takes more memory than it may; split or simplify it")
            raise ImageError(f"page {number + 1} is damaged ({answer['error']}); save the PDF again")

    def _ask(self, request: bytes) -> tuple[dict[str, Any], bytes]:
        """Send a request; the answer and the bytes that follow it."""
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:  # for type checkers: both are pipes
            raise ImageError("the PDF process has no pipes")
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        try:
            to.write(request)
            to.flush()
            line = back.readline()
            answer: dict[str, Any] = json.loads(line) if line else {}
            data = back.read(answer.get("bytes", 0))
        except (OSError, ValueError):
            answer, data = {}, b""
        finally:
            timer.cancel()
        if late.is_set():
            raise TooSlow(f"a page of the PDF took longer than {self._seconds:g} s; split or simplify it")
        if not answer or len(data) < answer["bytes"]:
            raise ImageError("the PDF made its renderer fail; save it again with a PDF program")
        return answer, data


def _resolution(about: dict[str, Any], pixels: int) -> float:
    """Pixels per inch at which the text of a page can be read; see ``LETTER``."""
    heights = [_height(word["quad"]) for word in about["words"] if not word["hidden"]]
    heights = [height for height in heights if height > 1]
    dpi = float(USUAL_DPI)
    if about["pictures"] > WHOLE and about["density"]:
        dpi = about["density"]
    elif heights:
        dpi = max(LETTER * INCH / float(np.percentile(heights, 10)), USUAL_DPI * 0.75)
    dpi = float(np.clip(dpi, LEAST_DPI, MOST_DPI))
    area: float = about["width"] * about["height"]
    return float(min(dpi, INCH * np.sqrt(pixels / area)))


def _height(quad: list[list[float]]) -> float:
    (ax, ay), (dx, dy) = quad[0], quad[3]
    return float(np.hypot(dx - ax, dy - ay))


def _inside(quad: list[list[float]], width: float, height: float) -> bool:
    """Whether a word's middle is on the page; what lies beside it is not seen."""
    x, y = np.mean(quad, axis=0)
    return bool(np.isfinite([x, y]).all() and 0 <= x <= width and 0 <= y <= height)
