"""What is written of a watched video: a table, subtitles, the video with boxes and texts."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np

from wordsight.errors import ConfigError
from wordsight.image.draw import confidence_colour, draw
from wordsight.image.glyphs import text_mask
from wordsight.page import encodable
from wordsight.types import Picture, Quad, Word
from wordsight.video.tracks import Track
from wordsight.video.watch import Look

ENCODERS = {".mp4": "mp4v", ".mov": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}
"""Encoders that OpenCV's LGPL build of FFmpeg has: MPEG-4 part 2, motion JPEG."""
SUBTITLES = (".srt", ".vtt")
SHORTEST = 0.5
"""Seconds for which a subtitle stands at least."""
LABEL = 18
"""Height of a label in the annotated video, pixels."""


def record(track: Track) -> dict[str, Any]:
    """A track as plain values, as ``wordsight watch --format json`` prints them."""
    return {
        "track": track.number,
        "text": track.text,
        "confidence": round(track.confidence, 4),
        "first": round(track.first, 3),
        "last": round(track.last, 3),
        "readings": track.readings,
        "quads": [{"time": round(at, 3), "quad": quad.tolist()} for at, quad in track.path],
    }


def write_table(tracks: Iterable[Track], form: str, out: TextIO) -> None:
    """Write tracks as text, JSON or CSV."""
    if form == "json":
        out.write(encodable(json.dumps([record(track) for track in tracks], ensure_ascii=False)) + "\n")
        return
    if form == "csv":
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["track", "text", "confidence", "first", "last", "first_quad", "last_quad"])
        for track in tracks:
            said = record(track)
            quads = (json.dumps(track.path[i][1].tolist()) for i in (0, -1))
            cells = [encodable(track.text), said["confidence"], said["first"], said["last"]]
            rows.writerow([track.number, *cells, *quads])
        return
    for track in tracks:
        times = f"{clock(track.first)}\t{clock(track.last)}"
        out.write(f"{times}\t{encodable(track.text)}\t{track.confidence:.2f}\n")


def clock(seconds: float, point: str = ".") -> str:
    """Seconds as 00:00:00.000."""
    whole = max(0, round(seconds * 1000))
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}{point}{whole % 1000:03}"


def subtitles(tracks: Sequence[Track], form: str) -> str:
    """Texts of a video as subtitles: one cue for each stretch of time in which the same texts are there.

    Args:
        tracks: The texts.
        form: ``.srt`` (SubRip) or ``.vtt`` (W3C WebVTT).

    Raises:
        ConfigError: No such form.
    """
    if form not in SUBTITLES:
        raise ConfigError(f"subtitles are written as {' or '.join(SUBTITLES)}, not {form or 'without a suffix'}")
    point = "," if form == ".srt" else "."
    spans = [(t.first, max(t.last, t.first + SHORTEST), t) for t in tracks if t.text]
    edges = sorted({edge for first, last, _ in spans for edge in (first, last)})
    blocks = [] if form == ".srt" else ["WEBVTT\n"]
    for start, end in pairwise(edges):
        there = [track for first, last, track in spans if first <= start and end <= last]
        if not there or round(start * 1000) == round(end * 1000):
            continue
        there.sort(key=lambda track: tuple(track.path[0][1].points.mean(axis=0)[::-1]) if track.path else (0.0, 0.0))
        number = len(blocks) + (form == ".srt")
        lines = "\n".join(_cue(track.text, form) for track in there)
        blocks.append(f"{number}\n{clock(start, point)} --> {clock(end, point)}\n{lines}\n")
    return "\n".join(blocks)


def _cue(text: str, form: str) -> str:
    """A text on one line; players take < and & of WebVTT for marks, and --> for the next cue."""
    plain = " ".join(encodable(text).split()).replace("-->", "-\u200b->")
    return plain.replace("&", "&amp;").replace("<", "&lt;") if form == ".vtt" else plain


def open_writer(path: Path, rate: float, size: tuple[int, int]) -> cv2.VideoWriter:
    """A video file to write frames (BGR) into, in the encoding that its suffix names.

    Raises:
        ConfigError: No encoder writes such a file, or it cannot be made.
    """
    code = ENCODERS.get(path.suffix.lower())
    if code is None:
        raise ConfigError(f"{path}: videos are written as {' '.join(sorted(ENCODERS))}")
    fourcc = cv2.VideoWriter.fourcc(code[0], code[1], code[2], code[3])
    writer = cv2.VideoWriter(str(path.resolve()), cv2.CAP_FFMPEG, fourcc, rate, size)
    if not writer.isOpened():
        raise ConfigError(f"{path} cannot be written; name another file")
    return writer


class Annotated:
    """A copy of a video with boxes and texts, which keeps the times of the original where frames were dropped."""

    def __init__(self, path: Path, rate: float) -> None:
        self._path = path
        self._rate = rate
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._written = 0

    def __enter__(self) -> Annotated:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.release()

    def add(self, look: Look) -> None:
        """Write a frame, as often as its time asks for.

        Raises:
            ConfigError: The file cannot be made.
        """
        picture = look.frame.picture
        if self._writer is None:
            self._size = (picture.shape[1], picture.shape[0])
            self._writer = open_writer(self._path, self._rate, self._size)
        pixels = cv2.cvtColor(annotate(look), cv2.COLOR_RGB2BGR)
        if pixels.shape[1::-1] != self._size:  # a stream may change its size on the way
            pixels = cv2.resize(pixels, self._size)
        due = round(look.frame.time * self._rate) + 1
        for _ in range(min(max(due - self._written, 1), 1000)):
            self._writer.write(pixels)
            self._written += 1


def annotate(look: Look) -> Picture:
    """The frame with its texts: (H, W, 3) uint8 RGB."""
    words = [Word(quad, track.text, track.confidence, 1.0) for track, quad in look.tracks]
    picture = draw(look.frame.picture, words, text=False)
    for word in words:
        _label(picture, word.quad, word.text, word.confidence)
    return picture


def _label(picture: Picture, quad: Quad, text: str, confidence: float) -> None:
    """A text above its place, on the colour of its confidence."""
    mask = text_mask(text)
    if not mask.size:
        return
    width = max(1, min(round(mask.shape[1] * LABEL / mask.shape[0]), picture.shape[1]))
    cover = cv2.resize(mask, (width, LABEL), interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
    left, top, _, _ = quad.bounds
    x = int(np.clip(left, 0, picture.shape[1] - width))
    y = int(np.clip(top - LABEL - 8, 0, max(0, picture.shape[0] - LABEL)))
    part = picture[y : y + LABEL, x : x + width]
    ground = np.array(confidence_colour(confidence), np.float32)
    part[:] = np.round(ground + (255 - ground) * cover[: len(part)]).astype(np.uint8)
