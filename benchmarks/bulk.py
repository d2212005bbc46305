"""Bulk work, measured: speed on Ray and without it, kills at random, memory over very many pictures.

`speed` reads the same pictures with one reader on one thread, one reader on two, two processes, and two Ray actors of
one thread each, in turns. Rate and core-seconds are those of a run under way: from when each worker has done its first
file of results to the last file. Core-seconds are those of all processes together, Ray's own too; what start and end
cost besides is told apart. Where other programs use the machine, the rate by the clock says little. So the time for
which the kernel let the busiest thread of each worker wait for a processor (/proc/PID/task/TID/schedstat) is taken off
the clock's: "with processors of its own". Other waiting, such as of one worker for another, stays in.

`kills` ends `wordsight bulk` with SIGKILL at random moments, again and again, and looks after each whole run whether
every picture is in the results exactly once. Half of the moments lie after a file of results has come, so that runs get
on; the others lie anywhere, most of them in the start. Three of four starts have one worker, the others two.

`flat` reads very many small pictures and looks at memory and core-seconds in each tenth. Like `kills` it keeps what it
has done in runs/bulk, and goes on with it when it is started again.

    python benchmarks/bulk.py speed --count 200
    python benchmarks/bulk.py kills --times 100
    python benchmarks/bulk.py flat --count 100000
"""

from __future__ import annotations

import argparse
import io
import json
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pyarrow.dataset as ds

import common
from wordsight import Reader
from wordsight.bulk import Job, run
from wordsight.image.glyphs import text_mask
from wordsight.video.clips import ClipConfig, make_clip

SHARD = 8
"""Pictures in a file of results: few, so that the moments at which they are done lie close."""
LATEST = 2.5
"""Seconds within which a kill comes."""
FOLDER = common.RUNS / "bulk"
BULK = [sys.executable, "-m", "wordsight", "bulk"]
WAYS = {
    "one reader, one thread": (1, ["--workers", "1", "--threads", "1"]),
    "one reader, two threads": (1, ["--workers", "1", "--threads", "2"]),
    "two processes of one thread": (2, ["--workers", "2", "--threads", "1"]),
    "Ray, two actors of one thread": (2, ["--workers", "2", "--threads", "1", "--engine", "ray"]),
}


def main() -> None:
    """Choose what is measured."""
    parser = common.parser(__doc__)
    parser.add_argument("what", choices=["speed", "kills", "flat"], help="what is measured")
    parser.add_argument("--count", type=int, help="pictures (default 200; kills 400; flat 100000)")
    parser.add_argument("--rounds", type=int, default=2, help="speed: so often each way, in turns (default 2)")
    parser.add_argument("--times", type=int, default=100, help="kills (default 100)")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    {"speed": speed, "kills": kills, "flat": flat}[options.what](options)


def speed(options: argparse.Namespace) -> None:
    """Pictures a second and core-seconds a picture, each way; medians of a few rounds."""
    count = options.count or 200
    source = FOLDER / f"scenes-{count}.tar"
    if not source.is_file():
        write_tar(source, count, (scene(number) for number in range(count)))
    texts, runs = [], defaultdict(list)
    for _ in range(options.rounds):
        for name, (workers, more) in WAYS.items():
            out = FOLDER / "speed"
            shutil.rmtree(out, ignore_errors=True)
            looks = watched([*BULK, str(source), str(out), "--shard", str(SHARD), *more])
            runs[name].append(under_way(looks, sorted(path.stat().st_mtime for path in out.glob("part-*")), workers))
            table = ds.dataset(out).to_table(columns=["image", "text"]).to_pylist()
            texts.append(sorted((row["image"], row["text"]) for row in table))
    results = {name: {key: common.median(run[key] for run in some) for key in some[0]} for name, some in runs.items()}
    first = next(iter(results.values()))
    rows = [
        (
            name,
            one["rate"],
            one["own"],
            one["own"] / first["own"],
            one["cores"],
            one["cores"] / first["cores"],
            one["rest"],
        )
        for name, one in results.items()
    ]
    header = ["way", "pictures a second", "with processors of its own", "over the first"]
    header += ["core-seconds a picture", "over the first", "start and end"]
    same = "The texts are the same in all runs." if all(one == texts[0] for one in texts) else "The texts DIFFER."
    about = f"{count} pictures, {options.rounds} rounds. {same}"
    common.write_results(options, "bulk-speed", {"ways": results, "rounds": runs}, [common.table(header, rows), about])


def under_way(looks: Sequence[Look], ends: Sequence[float], workers: int) -> dict[str, float]:
    """What a run did between two moments.

    Args:
        looks: Its processes at many moments.
        ends: When its files of results were done, rising.
        workers: How many it has.

    Returns:
        ``rate``, pictures a second; ``own``, the same with processors of its own; ``cores``, core-seconds a picture;
        ``rest``, core-seconds before and after.
    """
    begin, end, done = ends[workers - 1], ends[-1], SHARD * (len(ends) - workers)
    before, after = (min(looks, key=lambda look, at=at: abs(look.time - at)) for at in (begin, end))  # type: ignore[misc]
    used = {thread: cpu - before.threads.get(thread, (0.0, 0.0))[0] for thread, (cpu, _) in after.threads.items()}
    busiest = sorted(used, key=lambda thread: -used[thread])[:workers]
    waits = [after.threads[thread][1] - before.threads.get(thread, (0.0, 0.0))[1] for thread in busiest]
    spent = after.core_seconds - before.core_seconds
    return {
        "rate": done / (end - begin),
        "own": done / (end - begin - sum(waits) / workers),
        "cores": spent / done,
        "rest": looks[-1].core_seconds - spent,
    }


def kills(options: argparse.Namespace) -> None:
    """Kill, start again, kill; check each run that came to its end."""
    count = options.count or 400
    source, kept = FOLDER / f"small-{count}.tar", FOLDER / "kills.json"
    if not source.is_file():
        write_tar(source, count, map(small, range(count)))
    state = json.loads(kept.read_text()) if kept.is_file() else {"kills": 0, "runs": 0, "lost": 0, "twice": 0}
    rng = random.Random(state["kills"])
    while state["kills"] < options.times:
        out = FOLDER / f"kills-{state['runs']}"
        workers = "1" if rng.random() < 0.75 else "2"
        command = [*BULK, str(source), str(out), "--shard", "8", "--quality", "fast", "--workers", workers]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        if lives(process, out, rng):
            process.send_signal(signal.SIGKILL)
            process.wait()
            state["kills"] += 1
        elif process.returncode:
            raise SystemExit(f"the run failed: {process.returncode}")
        else:
            check(out, count, state)
            shutil.rmtree(out)
            state["runs"] += 1
        kept.write_text(json.dumps(state))
        common.progress(state["kills"], options.times)
    out = FOLDER / f"kills-{state['runs']}"
    subprocess.run([*BULK, str(source), str(out), "--shard", "8", "--quality", "fast"], check=True)
    check(out, count, state)
    rows = [(name, value) for name, value in state.items()] + [("pictures in a run", count)]
    common.write_results(options, "bulk-kills", state, [common.table(["what", "count"], rows)])


def lives(process: subprocess.Popen[bytes], out: Path, rng: random.Random) -> bool:
    """Wait for a random moment, in half of the cases one after results have come; whether the process lives then."""
    done, later = len(list(out.glob("part-*"))), rng.random() < 0.5
    while later and process.poll() is None and len(list(out.glob("part-*"))) == done:
        time.sleep(0.02)
    try:
        process.wait(rng.uniform(0.0, LATEST))
    except subprocess.TimeoutExpired:
        return True
    return False


def check(out: Path, count: int, state: dict[str, int]) -> None:
    """Count what is lost and what is there twice."""
    images = Counter(ds.dataset(out).to_table(columns=["image"]).column(0).to_pylist())
    state["lost"] += count - len(images)
    state["twice"] += sum(number - 1 for number in images.values())


def flat(options: argparse.Namespace) -> None:
    """Memory and core-seconds in each tenth of a long run."""
    count = options.count or 100_000
    source, kept = FOLDER / f"small-{count}.tar", FOLDER / f"flat-{count}.jsonl"
    if not source.is_file():
        write_tar(source, count, (small(number % 500) for number in range(count)))
    make = partial(Reader, quality="fast", threads=1)
    before = (0, 0.0)
    with kept.open("a") as file:
        for step in run(Job(str(source), str(FOLDER / f"flat-{count}"), make, shard=max(1, min(500, count // 20)))):
            done, cores = step.pictures, step.core_seconds
            if done > before[0]:
                cost = (cores - before[1]) / (done - before[0])
                line = {"done": step.before + done, "core_seconds": cost, "resident": common.resident_memory()}
                file.write(json.dumps(line) + "\n")
                file.flush()
                common.progress(step.before + done, count)
            before = (done, cores)
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    tenths = [
        [one for one in lines if tenth * count / 10 < one["done"] <= (tenth + 1) * count / 10] for tenth in range(10)
    ]
    rows = [
        (tenth + 1, common.median(one["core_seconds"] for one in part), max(one["resident"] for one in part))
        for tenth, part in enumerate(tenths)
        if part
    ]
    told = f"Last tenth over the first: {rows[-1][1] / rows[0][1]:.3f} in core-seconds a picture, "
    told += f"{rows[-1][2] - rows[0][2]:+.1f} MB of memory. {count} pictures."
    header = ["tenth", "core-seconds a picture", "resident memory, MB"]
    common.write_results(options, "bulk-flat", {"tenths": rows}, [common.table(header, rows), told])


@dataclass(frozen=True)
class Look:
    """What a command and all processes below it have used at a moment.

    Attributes:
        time: Seconds since 1970.
        core_seconds: Of all of them, also of those that have ended.
        threads: Of each thread that lives, by process and thread: seconds on a processor, and seconds for which it
            could have run but waited for one.
    """

    time: float
    core_seconds: float
    threads: dict[tuple[int, int], tuple[float, float]]


def watched(command: list[str]) -> list[Look]:
    """Run a command and look at it ten times a second."""
    looks = []
    process = psutil.Popen(command)
    used: dict[tuple[int, float], float] = {}
    while process.poll() is None:
        threads: dict[tuple[int, int], tuple[float, float]] = {}
        for one in below(process):
            with suppress(psutil.Error, OSError):  # it ended while we looked
                times = one.cpu_times()
                used[one.pid, one.create_time()] = times.user + times.system
                for task in Path(f"/proc/{one.pid}/task").iterdir():
                    ran, waited, _ = (task / "schedstat").read_text().split()
                    threads[one.pid, int(task.name)] = int(ran) / 1e9, int(waited) / 1e9
        looks.append(Look(time.time(), sum(used.values()), threads))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return looks


def below(process: psutil.Process) -> list[psutil.Process]:
    """A process and all below it; empty where it has ended."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def scene(number: int) -> bytes:
    """A photograph-like picture with five words."""
    clip = make_clip(ClipConfig(seed=number, size=(800, 600), seconds=1))
    return encoded(next(clip.frames()), ".jpg")


def small(number: int) -> bytes:
    """A small picture with one number."""
    mask = cv2.resize(text_mask(f"{number:04}"), None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    picture = np.full((32, 110, 3), 250, np.uint8)
    picture[6 : 6 + mask.shape[0], 10 : 10 + mask.shape[1]] -= (mask * 0.9).astype(np.uint8)[..., None]
    return encoded(picture, ".png")


def encoded(picture: Any, suffix: str) -> bytes:
    """The bytes of a picture file."""
    return bytes(cv2.imencode(suffix, picture[:, :, ::-1])[1].tobytes())


def write_tar(path: Path, count: int, pictures: Any) -> None:
    """Write pictures into a tar file under distinct names."""
    part = path.with_suffix(".part")
    with tarfile.open(part, "w") as archive:
        for number, data in enumerate(pictures):
            member = tarfile.TarInfo(f"{number:08}.jpg")  # readers go by the bytes
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
            common.progress(number + 1, count)
    part.replace(path)


if __name__ == "__main__":
    main()
