"""How right and how fast are the texts of videos?

Clips of 720p with five words are made (a moving camera over painted scenes, blur, noise, MPEG-4), then watched without
dropping frames. A word counts where it was wholly in the picture for a second; its text is right if the track that
covers most of its frames says it. MOTA: 1 - (missed + false + switched) / true places, over all frames, at IoU 0.5
(K. Bernardin, R. Stiefelhagen: Evaluating multiple object tracking performance, 2008). Nothing is counted at places
that the picture's edge cuts.

The clips are kept in runs/clips; a run that was stopped goes on with the next clip.

    python benchmarks/video.py --clips 20
    python benchmarks/video.py --clips 20 --live
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import common
from wordsight import Reader, geometry
from wordsight.types import Floats
from wordsight.video import Watcher, WatchOptions, open_source, watch
from wordsight.video.clips import Clip, ClipConfig, make_clip, visible

IOU = 0.5
LEAST = 1.0  # seconds for which a word must have been wholly visible
SMALLEST = 12.0  # pixels; lower letters do not count


def main() -> None:
    """Make, watch, compare."""
    parser = common.parser(__doc__)
    parser.add_argument("--clips", type=int, default=20, help="how many clips (default 20)")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each (default 8)")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast the camera moves (default 1)")
    parser.add_argument("--every", type=float, default=0.3, help="seconds between looks for text (default 0.3)")
    parser.add_argument("--quality", default="balanced", help="quality of the reader (default balanced)")
    parser.add_argument("--live", action="store_true", help="play at 30 frames a second and drop what is late")
    options = parser.parse_args()
    reader = Reader(quality=options.quality)
    folder = common.RUNS / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    way = f"{options.seconds:g}-{options.speed:g}-{options.every:g}-{options.quality}" + "-live" * options.live
    results = []
    for seed in range(options.clips):
        kept = folder / f"{way}-{seed}.json"
        if not kept.is_file():
            config = ClipConfig(seed=seed, seconds=options.seconds, speed=options.speed)
            kept.write_text(json.dumps(measure(make_clip(config), folder, reader, options.every, options.live)))
        results.append(json.loads(kept.read_text()))
        common.progress(seed + 1, options.clips)
    report(options, results)


def measure(clip: Clip, folder: Path, reader: Reader, every: float, live: bool) -> dict[str, Any]:
    """Watch one clip and compare with its truth."""
    path = folder / f"clip-{clip.config.seed}-{clip.config.seconds:g}-{clip.config.speed:g}.mp4"
    if not path.is_file():
        part = path.with_suffix(".part.mp4")
        clip.write(part)
        part.replace(path)
    watcher = Watcher(reader, WatchOptions(every=every))
    reader.detect(np.zeros((64, 64, 3), np.uint8))
    tally = Tally()
    cpu = time.process_time()
    with open_source(path, drop=live) as source:
        for look in watch(source, watcher=watcher):
            if not look.last:
                tally.add(clip, look.frame.number, [(t.number, q.points) for t, q in look.tracks])
    stats = watcher.stats
    return {
        "seed": clip.config.seed,
        **tally.result(clip, {track.number: track.text for track in watcher.done}),
        "tracks": len(watcher.done),
        "frames": stats.frames,
        "dropped": stats.dropped,
        "detections": stats.detections,
        "readings": stats.readings,
        "seconds": stats.seconds,
        "core_seconds": time.process_time() - cpu,
        "latency_50": stats.latency(50),
        "latency_95": stats.latency(95),
    }


class Tally:
    """Counts of one clip."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.seen: Counter[int] = Counter()
        self.covers: Counter[tuple[int, int]] = Counter()
        self.before: dict[int, int] = {}

    def add(self, clip: Clip, number: int, shown: list[tuple[int, Floats]]) -> None:
        """Compare what is shown at a frame with what is there."""
        true = np.array([quad for _, quad in clip.truth(number)], np.float32)
        found = np.array([quad for _, quad in shown], np.float32).reshape(-1, 4, 2)
        clear = np.array(visible(list(true), clip.config.size)) & (geometry.sides(true)[1] >= SMALLEST)
        free, taken = set(range(len(shown))), set()
        pairs = geometry.overlaps(np.concatenate([true, found]))
        for i, j, _, iou in sorted(pairs, key=lambda pair: -pair[3]):
            other = j - len(true)
            if i < len(true) <= j and iou >= IOU and other in free and i not in taken:
                free.discard(other)
                taken.add(i)
                if clear[i]:
                    self._match(i, shown[other][0])
        # What touches a place that is not clear, or the edge, is neither right nor wrong.
        near = {j - len(true) for i, j, share, _ in pairs if i < len(true) <= j and not clear[i] and share > 0.1}
        cut = {j for j in free if not visible([found[j]], clip.config.size)[0]}
        self.counts["false"] += len(free - near - cut)
        self.counts["true"] += int(clear.sum())
        self.counts["missed"] += int(clear.sum()) - len([i for i in taken if clear[i]])
        self.seen.update(int(i) for i in np.flatnonzero(clear))

    def _match(self, sign: int, track: int) -> None:
        self.covers[sign, track] += 1
        self.counts["switched"] += self.before.get(sign, track) != track
        self.before[sign] = track

    def result(self, clip: Clip, texts: dict[int, str]) -> dict[str, Any]:
        """Counts, and for each word that was long enough in the picture what was read."""
        words = []
        for sign, frames in self.seen.items():
            if frames >= LEAST * clip.config.rate:
                tracks = {track: count for (one, track), count in self.covers.items() if one == sign}
                said = texts.get(max(tracks, key=lambda track: tracks[track]), "") if tracks else ""
                words.append({"true": clip.signs[sign].text, "read": said, "frames": frames, "tracks": len(tracks)})
        return {**self.counts, "words": words}


def report(options: Any, results: list[dict[str, Any]]) -> None:
    """Print and write the table."""
    total: Counter[str] = Counter()
    for result in results:
        total.update({key: value for key, value in result.items() if isinstance(value, int | float)})
    words = [word for result in results for word in result["words"]]
    right = sum(word["true"] == word["read"] for word in words)
    mota = 1 - (total["missed"] + total["false"] + total["switched"]) / max(total["true"], 1)
    rows: list[tuple[str, Any]] = [
        ("words long enough in the picture", len(words)),
        ("of these with the right text", right / max(len(words), 1)),
        ("MOTA", mota),
        ("places missed", total["missed"] / max(total["true"], 1)),
        ("places false", total["false"] / max(total["true"], 1)),
        ("switches from track to track", int(total["switched"])),
        ("frames a second", total["frames"] / max(total["seconds"], 1e-9)),
        ("frames a core-second", total["frames"] / max(total["core_seconds"], 1e-9)),
        ("share of frames dropped", total["dropped"] / max(total["dropped"] + total["frames"], 1)),
        ("looks for text a second of video", total["detections"] / (len(results) * options.seconds)),
        ("readings a word", total["readings"] / max(len(words), 1)),
        ("latency, median, ms", 1000 * common.median(r["latency_50"] for r in results)),
        ("latency, 95 of 100 frames, median of clips, ms", 1000 * common.median(r["latency_95"] for r in results)),
    ]
    wrong = [f"{w['true']} read as {w['read'] or 'nothing'}" for w in words if w["true"] != w["read"]]
    parts = [common.table(["what", "value"], rows), "Wrong: " + ("; ".join(wrong) or "none") + "."]
    common.write_results(options, "video-live" if options.live else "video", {"clips": results}, parts)


if __name__ == "__main__":
    main()
