"""Frames of files, cameras and streams, with their times.

Frames are decoded by OpenCV's own FFmpeg, which is an LGPL build. One thread decodes, and holds at most one frame that
waits: either it waits too, or the frame that waits is replaced and counted as dropped.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np

from wordsight.errors import ImageError, ImageTooLarge, NotAnImage
from wordsight.fetch import WEB, download, is_url
from wordsight.image.load import DEFAULT_LIMITS, Limits
from wordsight.types import Picture

CONTAINERS = (
    (4, b"ftyp"),  # MP4, MOV
    (4, b"moov"),
    (4, b"mdat"),
    (0, b"\x1a\x45\xdf\xa3"),  # Matroska, WebM
    (8, b"AVI "),
    (0, b"FLV\x01"),
    (0, b"OggS"),
    (0, b"\x00\x00\x01\xba"),  # MPEG programme stream
    (0, b"\x00\x00\x01\xb3"),
    (0, b"G"),  # MPEG transport stream, see _is_video
)
"""Where a container has which bytes. Text is not among them: a playlist makes a decoder open whatever it names."""

STREAMS = ("rtsp", "rtsps", "rtmp", "rtmps", "rtp", "udp", "tcp", "srt")
PLAYLISTS = (".m3u8", ".m3u", ".mpd")
PACKET = 188
"""Bytes of a packet of an MPEG transport stream; each starts with ``G``."""
USUAL_RATE = 30.0
"""Frames a second of a camera that does not tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes:
        number: Its number in the source, from 0; dropped frames count.
        time: Seconds since the first frame.
        arrived: When it was decoded, in seconds of ``time.perf_counter``.
        picture: (H, W, 3) uint8, RGB.
    """

    number: int
    time: float
    arrived: float
    picture: Picture


@dataclass(slots=True)
class Source:
    """An open video; iterate over it once, inside of ``with``.

    Attributes:
        name: As given.
        rate: Frames a second as the source tells, or 30.
        drop: Whether frames that nobody takes in time are dropped; a file is then played at its own speed.
        live: Whether it is a camera or stream, whose times are those of the clock.
        limits: What a frame may cost.
        decoded: Frames decoded so far.
        dropped: Frames dropped so far.
    """

    name: str
    rate: float
    drop: bool
    live: bool
    limits: Limits
    decoded: int = 0
    dropped: int = 0
    _capture: cv2.VideoCapture = field(default_factory=cv2.VideoCapture, repr=False)
    _temporary: Path | None = None
    _slot: _Slot = field(default_factory=lambda: _Slot(), repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        if self._thread is None:
            self._thread = threading.Thread(target=self._decode, name="wordsight-video", daemon=True)
            self._thread.start()
        while (frame := self._slot.take()) is not None:
            if isinstance(frame, Exception):
                raise frame
            yield frame

    def close(self) -> None:
        """Stop decoding and let go of the file or camera."""
        self._slot.close()
        if self._thread is not None:
            self._thread.join(timeout=5)
        if self._thread is None or not self._thread.is_alive():
            self._capture.release()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)

    def _decode(self) -> None:
        try:
            start = time.perf_counter()
            while not self._slot.closed:
                frame = self._next(start)
                if frame is None:
                    break
                if self.drop and not self.live:
                    time.sleep(max(0.0, start + frame.time - time.perf_counter()))
                self.dropped += self._slot.put(frame, self.drop)
        except (ImageError, cv2.error, MemoryError) as error:
            self._slot.put(error if isinstance(error, ImageError) else NotAnImage(f"{self.name}: {error}"), False)
        self._slot.put(None, False)

    def _next(self, start: float) -> Frame | None:
        whole, pixels = self._capture.read()
        if not whole or pixels is None:
            if self.decoded == 0:
                raise NotAnImage(f"{self.name}: no frame can be decoded; check that it plays elsewhere")
            return None
        if pixels.shape[0] * pixels.shape[1] > self.limits.pixels:
            raise ImageTooLarge(f"{self.name}: a frame has more pixels than the limit of {self.limits.pixels}")
        arrived = time.perf_counter()
        number = self.decoded
        self.decoded += 1
        told = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        # Some containers tell no times; the rate does as well.
        at = arrived - start if self.live else told if told > 0 or number == 0 else number / self.rate
        return Frame(number, at, arrived, np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8))


class _Slot:
    """Room for one frame on its way from the thread that decodes."""

    def __init__(self) -> None:
        self.closed = False
        self._full = False
        self._item: Frame | Exception | None = None
        self._changed = threading.Condition()

    def put(self, item: Frame | Exception | None, replace: bool) -> int:
        """Hand over a frame, an error or the end; how many frames it replaced (0 or 1)."""
        with self._changed:
            while self._full and not replace and not self.closed:
                self._changed.wait()
            dropped = int(self._full)
            self._item, self._full = item, True
            self._changed.notify_all()
            return dropped

    def take(self) -> Frame | Exception | None:
        """Wait for what is handed over; None when closed."""
        with self._changed:
            while not self._full and not self.closed:
                self._changed.wait()
            item, self._full = self._item, False
            self._changed.notify_all()
            return None if self.closed else item

    def close(self) -> None:
        """Let everybody go."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()


def open_source(
    name: str | os.PathLike[str] | int,
    drop: bool | None = None,
    allow_private: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Source:
    """Open a video file, a camera by its number, or a URL.

    A file behind ``http`` or ``https`` is downloaded first, from a public address only. A stream (``rtsp``, ``rtmp``,
    ``udp``, or an HLS playlist) is opened by the decoder, which follows whatever the stream names; so it needs
    ``allow_private``.

    Args:
        name: Path, number or URL.
        drop: Whether frames are dropped when they are not taken in time; None: for cameras and streams, not for files.
        allow_private: Whether addresses that are not public, and streams, may be opened.
        limits: What a frame, and a file that is downloaded, may cost.

    Raises:
        NotAnImage: It is no video that can be decoded.
        ImageTooLarge: A frame or file is over a limit.
        ImageError: It cannot be opened.
    """
    text = os.fspath(name) if not isinstance(name, int) else str(name)
    if text.isdecimal() and not Path(text).exists():
        return _opened(Source(text, USUAL_RATE, drop is not False, True, limits), int(text))
    if not is_url(text):
        return _opened(Source(text, USUAL_RATE, bool(drop), False, limits), _checked(Path(text)))
    address = stream_address(text, allow_private)
    if address is not None:
        return _opened(Source(text, USUAL_RATE, drop is not False, True, limits), address)
    path = download(text, allow_private, limits.file_bytes)
    try:
        source = Source(text, USUAL_RATE, bool(drop), False, limits, _temporary=path)
        return _opened(source, _checked(path))
    except ImageError:
        path.unlink(missing_ok=True)
        raise


def stream_address(url: str, allow_private: bool) -> str | None:
    """The URL of a stream, which the decoder opens by itself; None for a file behind a URL.

    Raises:
        ImageError: It is a stream and may not be opened, or nothing that is known.
    """
    parts = urlsplit(url)
    if parts.scheme in WEB and not parts.path.lower().endswith(PLAYLISTS):
        return None
    if parts.scheme not in (*WEB, *STREAMS):
        raise ImageError(f"{url}: only http, https and streams ({', '.join(STREAMS)}) are opened")
    if not allow_private:
        raise ImageError(
            f"{url}: a stream names addresses by itself, which cannot be checked; if you trust it, use --allow-private "
            "(allow_private=True)"
        )
    return url


def _checked(path: Path) -> str:
    """The absolute path of a file that is a video by its first bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(3 * PACKET)
    except OSError as error:
        raise ImageError(f"{path}: cannot be opened ({error.strerror}); check the path") from error
    if not is_video(head):
        raise NotAnImage(
            f"{path}: is no video by its first bytes; MP4, MOV, WebM, Matroska, AVI, FLV, Ogg and MPEG are read"
        )
    return str(path.resolve())


def is_video(head: bytes) -> bool:
    """Whether a file that starts so is in a container that is read."""
    for place, magic in CONTAINERS:
        if head[place : place + len(magic)] == magic:
            return magic != b"G" or head[PACKET : PACKET + 1] == head[2 * PACKET : 2 * PACKET + 1] == b"G"
    return False


def _opened(source: Source, what: str | int) -> Source:
    api = cv2.CAP_ANY if isinstance(what, int) else cv2.CAP_FFMPEG
    if not source._capture.open(what, api):
        advice = "check its number" if isinstance(what, int) else "convert it to MP4 or WebM"
        raise NotAnImage(f"{source.name}: OpenCV cannot open it; {advice}")
    width, height = (source._capture.get(key) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    if width * height > source.limits.pixels:
        source.close()
        raise ImageTooLarge(f"{source.name}: {width:.0f} x {height:.0f} pixels are over {source.limits.pixels}")
    rate = source._capture.get(cv2.CAP_PROP_FPS)
    source.rate = rate if 1 <= rate <= 1000 else USUAL_RATE
    return source
