"""The watcher: looks at frames one after the other, detects now and then, follows in between, reads what is new."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight import geometry
from wordsight.config import MIN_CONFIDENCE, PADDING, check_range
from wordsight.reader import Reader
from wordsight.rectify.crop import Pyramid
from wordsight.rectify.orient import read_upright
from wordsight.types import Floats, Picture, Quad, Reading
from wordsight.video.flow import Flow, shrunk
from wordsight.video.source import Frame, Source, open_source
from wordsight.video.tracks import ALIKE, NEARER, Track, assign, similarity, touches_edge

CROP_HEIGHT = 48
THUMB = (96, 54)
"""Size of the copy in which frames are compared."""
STILL = 4.0
"""Grey levels by which no part of an unchanged frame differs."""
CUT = 18.0
"""Mean grey levels by which a frame differs from the one before where the scene was cut."""
SAME_LOOK = 0.6
"""Correlation with how a text looked when it was read, below which it is read again."""
FIRST_HITS = 2
"""Looks of the detector that must have found a text before it is told of, ..."""
SURE = 0.9
"""... unless it was read with so much confidence."""
LATENCIES = 10_000
"""Frames whose latency is kept for the percentiles."""

Kind = Literal["seen", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How a video is watched.

    Attributes:
        every: Seconds of the video from one look of the detector to the next, 0..60; 0 looks at every frame.
        patience: Seconds for which a text that is not found any more is waited for.
        min_confidence: Texts below this confidence are not told of, 0..1.
    """

    every: float = 0.3
    patience: float = 0.8
    min_confidence: float = MIN_CONFIDENCE

    def __post_init__(self) -> None:
        check_range("every", self.every, 0, 60)
        check_range("patience", self.patience, 0, 60)
        check_range("min_confidence", self.min_confidence, 0, 1)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a text.

    Attributes:
        kind: ``seen`` when it is first told of, ``changed`` when more readings made it another text, ``gone``.
        time: When, in seconds of the video.
        track: Number of the text.
        text: What it says.
        confidence: 0..1.
        quad: Where it is, or was.
        first: When it was first found.
    """

    kind: Kind
    time: float
    track: int
    text: str
    confidence: float
    quad: Quad
    first: float

    def to_dict(self) -> dict[str, object]:
        """Plain values, as ``wordsight watch --format jsonl`` prints them."""
        return {
            "event": self.kind,
            "time": round(self.time, 3),
            "track": self.track,
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "quad": self.quad.tolist(),
            "first": round(self.first, 3),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What is known at one frame.

    Attributes:
        frame: The frame.
        tracks: The texts that were told of, with their places in this frame.
        events: What happened.
        detected: Whether the detector was due at this frame.
        last: Whether this is the end of the video, where the last frame is given once more.
    """

    frame: Frame
    tracks: tuple[tuple[Track, Quad], ...]
    events: tuple[Event, ...]
    detected: bool
    last: bool = False


@dataclass(slots=True)
class Stats:
    """What watching took.

    Attributes:
        frames: Frames that were looked at.
        dropped: Frames that were not.
        detections: Looks of the detector.
        readings: Crops that were read.
        seconds: From the first frame to the last.
        latencies: Seconds from decoding to the result, of the last 10,000 frames.
    """

    frames: int = 0
    dropped: int = 0
    detections: int = 0
    readings: int = 0
    seconds: float = 0.0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES))

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    def latency(self, percentile: float) -> float:
        """Seconds within which so many percent of the frames were done."""
        return float(np.percentile(self.latencies, percentile)) if self.latencies else 0.0


class Watcher:
    """Watches one video. Not for several threads."""

    def __init__(self, reader: Reader | None = None, options: WatchOptions | None = None) -> None:
        self.reader = reader or Reader()
        self.options = options or WatchOptions()
        self.stats = Stats()
        self.tracks: list[Track] = []
        self.done: list[Track] = []
        self._flow = Flow()
        self._detected_at = -np.inf
        self._thumb_before: NDArray[np.float32] | None = None
        self._thumb_detected: NDArray[np.float32] | None = None
        self._numbers = 0

    def step(self, frame: Frame) -> Look:
        """Look at the next frame."""
        grey, scale = shrunk(frame.picture)
        thumb = np.asarray(cv2.resize(grey, THUMB, interpolation=cv2.INTER_AREA), np.float32)
        cut = self._thumb_before is not None and float(np.abs(thumb - self._thumb_before).mean()) > CUT
        self._thumb_before = thumb
        due = cut or frame.time - self._detected_at >= self.options.every
        still = self._thumb_detected is not None and float(np.abs(thumb - self._thumb_detected).max()) < STILL
        if not cut and self.tracks:
            for track, quad in zip(self.tracks, self._flow.follow(grey, self._quads(), scale).quads, strict=True):
                track.quad = quad
        if due:
            self._detected_at = frame.time
        events: list[Event] = []
        if due and still and all(track.settled for track in self.tracks):
            for track in self.tracks:
                track.stay(frame.time)
            events = self._settle(frame.time)
        elif due:
            self._thumb_detected = thumb
            events = [*self._detect(frame, cut), *self._settle(frame.time)]
            self._flow.start(grey, self._quads(), scale)
        self.stats.frames += 1
        self.stats.latencies.append(time.perf_counter() - frame.arrived)
        shown = tuple((track, Quad(track.quad)) for track in self.tracks if track.told)
        return Look(frame, shown, tuple(events), due)

    def finish(self) -> tuple[Event, ...]:
        """The video is over: what is left goes."""
        # A video may end before a text was found twice.
        events = [e for track in self.tracks if (e := self._tell(track, track.last, hits=1)) is not None]
        return (*events, *self._end(list(self.tracks)))

    def _quads(self) -> Floats:
        return np.array([track.quad for track in self.tracks], np.float32).reshape(-1, 4, 2)

    def _detect(self, frame: Frame, cut: bool) -> list[Event]:
        """Find texts, give them to tracks, read what needs it."""
        events = self._end(self.tracks) if cut else []
        found = self.reader.detect(frame.picture).words
        self.stats.detections += 1
        quads = np.array([word.quad.points for word in found], np.float32).reshape(-1, 4, 2)
        pairs, fragments = assign(self._quads(), quads)
        for i, j in pairs:
            self.tracks[i].found(frame.time, quads[j])
        for i in set(range(len(self.tracks))) - {i for i, _ in pairs}:
            self.tracks[i].missed += 1
        taken = {j for _, j in pairs}
        fresh = [quads[j] for j in range(len(quads)) if j not in taken and not fragments[j]]
        present = [self.tracks[i] for i, _ in pairs] + [self._new(frame.time, quad) for quad in fresh]
        return events + self._read(frame, present)

    def _settle(self, at: float) -> list[Event]:
        """Let go what was not found for long, tell what is new."""
        events = self._end([track for track in self.tracks if at - track.last > self.options.patience])
        return events + [e for track in self.tracks if (e := self._tell(track, at)) is not None]

    def _new(self, at: float, quad: Floats) -> Track:
        self._numbers += 1
        track = Track(self._numbers, at, at, quad, [(at, Quad(quad))])
        self.tracks.append(track)
        return track

    def _read(self, frame: Frame, tracks: list[Track]) -> list[Event]:
        """Read those that are not settled, look different, or came nearer."""
        pyramid = Pyramid(frame.picture)
        looks = [_look(pyramid, track.quad) for track in tracks]
        wanted = [k for k, (track, look) in enumerate(zip(tracks, looks, strict=True)) if _is_due(track, look)]
        if not wanted:
            return []
        quads = np.stack([tracks[k].quad for k in wanted])
        known = [bool(tracks[k].votes) for k in wanted]
        upright, readings = self._readings(pyramid, quads, known)
        height, width = frame.picture.shape[:2]
        cut_off = touches_edge(quads, width, height)
        self.stats.readings += len(wanted)
        events: list[Event] = []
        for k, quad, reading, at_edge in zip(wanted, upright, readings, cut_off, strict=True):
            track = tracks[k]
            if track.settled and reading.confidence >= 0.5 and not at_edge and not _continues(track, reading):
                track.unfound()
                events += self._end([track])  # another text stands in its place
                track = self._new(frame.time, quad)
            track.quad = quad
            track.vote(reading, bool(at_edge))
            track.look_read = _look(pyramid, quad)
        return events

    def _readings(self, pyramid: Pyramid, quads: Floats, known: list[bool]) -> tuple[Floats, list[Reading]]:
        """Read quads (N, 4, 2); those whose way up is known as they lie, the others in all directions."""

        def read(some: Floats) -> list[Reading]:
            grown = geometry.grow(some, *self._margins(some))
            return self.reader.recognize([pyramid.crop(quad, CROP_HEIGHT) for quad in grown])

        upright, readings = quads.copy(), [Reading((), 0.0)] * len(quads)
        old, new = np.flatnonzero(known), np.flatnonzero(~np.array(known))
        for index, reading in zip(old, read(quads[old]) if len(old) else [], strict=True):
            readings[index] = reading
        if len(new):
            turned, said = read_upright(quads[new], read)
            for index, quad, reading in zip(new, turned, said, strict=True):
                upright[index], readings[index] = quad, reading
        return upright, readings

    def _margins(self, quads: Floats) -> tuple[float | Floats, float]:
        """Margins at the ends of texts (N, 4, 2), and above and below them, in shares of their heights."""
        padding = self.reader.padding
        if padding is None:
            return PADDING, PADDING
        along, across = geometry.sides(quads)
        return (padding * along / np.maximum(across, 1e-3)).astype(np.float32), padding

    def _tell(self, track: Track, at: float, hits: int = FIRST_HITS) -> Event | None:
        """The event that tells of a new or changed text; None where there is nothing to tell."""
        text = track.text
        if track.told == text or not text or track.missed or track.confidence < self.options.min_confidence:
            return None
        if len(track.path) < hits and track.confidence < SURE:
            return None
        kind: Kind = "changed" if track.told else "seen"
        track.told = text
        return Event(kind, at, track.number, text, track.confidence, Quad(track.quad), track.first)

    def _end(self, tracks: list[Track]) -> list[Event]:
        """Let tracks go; those that were told of are kept as done."""
        ended = list(tracks)
        self.tracks = [track for track in self.tracks if track not in ended]
        told = [track for track in ended if track.told]
        self.done += told
        return [Event("gone", t.last, t.number, t.text, t.confidence, t.path[-1][1], t.first) for t in told]


def _continues(track: Track, reading: Reading) -> bool:
    """Whether a reading is of the track's text, or of a part of it."""
    old, new = track.text.casefold(), reading.text.casefold()
    return similarity(old, new) >= ALIKE or new in old or old in new


def _is_due(track: Track, look: NDArray[np.float32]) -> bool:
    if not track.settled or track.look_read is None or track.height > NEARER * track.height_read:
        return True
    return float(np.mean(look * track.look_read)) < SAME_LOOK


def _look(pyramid: Pyramid, quad: Floats) -> NDArray[np.float32]:
    """How a text looks: a small grey crop of mean 0 and deviation 1."""
    crop: Picture = pyramid.crop(quad, 16, max_width=512)
    grey = cv2.resize(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (64, 12), interpolation=cv2.INTER_AREA)
    values = np.asarray(grey, np.float32)
    look: NDArray[np.float32] = (values - values.mean()) / max(float(values.std()), 1.0)
    return look


def watch(
    source: str | os.PathLike[str] | int | Source,
    reader: Reader | None = None,
    options: WatchOptions | None = None,
    watcher: Watcher | None = None,
) -> Iterator[Look]:
    """Watch a video from its start to its end.

    Args:
        source: A path, the number of a camera, a URL, or an open source.
        reader: Reads the texts.
        options: How it is watched.
        watcher: Does the work, and knows tracks and figures afterwards; None makes one of the two before.

    Yields:
        What is known at each frame that was not dropped; last of all, once more the last frame, with the events that
        the end of the video brings.

    Raises:
        ImageError: The video cannot be opened or decoded.
    """
    worker = watcher or Watcher(reader, options)
    with source if isinstance(source, Source) else open_source(source) as video:
        last = None
        start = time.perf_counter()
        for frame in video:
            last = worker.step(frame)
            worker.stats.dropped, worker.stats.seconds = video.dropped, time.perf_counter() - start
            yield last
        worker.stats.dropped = video.dropped
        if last is not None:
            yield replace(last, events=worker.finish(), tracks=(), detected=False, last=True)
