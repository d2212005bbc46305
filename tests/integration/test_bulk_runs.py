"""Whole runs of `wordsight bulk`: killed, in several processes, on Ray; and memory that does not grow."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from io import BytesIO

import cv2
import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

import pyarrow.dataset as ds

from wordsight.image.glyphs import text_mask

BULK = [sys.executable, "-m", "wordsight", "bulk"]
SHARDS = ["--shard", "6", "-q", "fast"]


def write_tar(path, count, different=20):
    """A tar file of small pictures with distinct names."""
    pictures = []
    for number in range(different):
        mask = cv2.resize(text_mask(f"{number:03}"), None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
        picture = np.full((32, 96, 3), 250, np.uint8)
        picture[6 : 6 + mask.shape[0], 10 : 10 + mask.shape[1]] -= (mask * 0.9).astype(np.uint8)[..., None]
        pictures.append(cv2.imencode(".png", picture)[1].tobytes())
    with tarfile.open(path, "w") as archive:
        for number in range(count):
            member = tarfile.TarInfo(f"{number:06}.png")
            member.size = len(pictures[number % different])
            archive.addfile(member, BytesIO(pictures[number % different]))


def table(folder):
    return ds.dataset(folder).to_table(columns=["image", "text", "error_type"]).to_pylist()


@pytest.mark.training
def test_killed_at_any_moment_each_picture_is_there_once(tmp_path):
    write_tar(tmp_path / "in.tar", 120)
    command = [*BULK, str(tmp_path / "in.tar"), str(tmp_path / "out"), "--shard", "8", "--workers", "1", "-q", "fast"]
    rng = random.Random(5)
    kills = 0
    while kills < 3:
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        done = len(list((tmp_path / "out").glob("part-*"))) if (tmp_path / "out").is_dir() else 0
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if len(list((tmp_path / "out").glob("part-*"))) > done:  # it has begun to work: now at any moment
                time.sleep(rng.uniform(0, 0.15))
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.01)
        assert process.wait(60) in (0, -signal.SIGKILL)
        kills += 1
    subprocess.run(command, check=True, timeout=300, stderr=subprocess.DEVNULL)
    rows = table(tmp_path / "out")
    assert sorted(row["image"] for row in rows) == [f"{tmp_path}/in.tar/{n:06}.png" for n in range(120)]
    assert all(row["error_type"] is None for row in rows)
    by_name = {row["image"]: row["text"] for row in rows}
    assert sum(by_name[f"{tmp_path}/in.tar/{n:06}.png"] == f"{n % 20:03}" for n in range(120)) > 100
    assert not list((tmp_path / "out").glob("_part-*"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A tar file of 40 pictures."""
    path = tmp_path_factory.mktemp("pictures") / "in.tar"
    write_tar(path, 40)
    return path


@pytest.fixture(scope="module")
def alone(pictures):
    """The table of what one process reads in them."""
    out = pictures.parent / "out"
    subprocess.run([*BULK, str(pictures), str(out), *SHARDS, "--workers", "1"], check=True, timeout=300)
    return sorted(map(str, table(out)))


def test_two_processes_read_as_one_does_and_end_with_their_parent(tmp_path, pictures, alone):
    psutil = pytest.importorskip("psutil")
    command = [*BULK, str(pictures), str(tmp_path / "two"), *SHARDS, "--workers", "2"]
    subprocess.run(command, check=True, timeout=300, stderr=subprocess.DEVNULL)
    assert sorted(map(str, table(tmp_path / "two"))) == alone
    process = subprocess.Popen(
        [*BULK, str(pictures), str(tmp_path / "three"), "--workers", "2", "--shard", "2", "-q", "fast"],
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list((tmp_path / "three").glob("part-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait(60)
    assert len(children) >= 2
    assert not psutil.wait_procs(children, timeout=30)[1]


@pytest.mark.training
def test_memory_stays_flat_over_hundreds_of_pictures(tmp_path):
    write_tar(tmp_path / "in.tar", 400)
    script = f"""
from functools import partial
from pathlib import Path
from wordsight import Reader
from wordsight.bulk import Job, run
def resident():
    return int(next(l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmRSS")).split()[1])
make = partial(Reader, quality="fast", threads=1)
job = Job({str(tmp_path / "in.tar")!r}, {str(tmp_path / "out")!r}, make, shard=40)
for progress in run(job):
    print(progress.pictures, resident())
"""
    if not os.path.exists("/proc/self/status"):  # noqa: PTH110
        pytest.skip("needs Linux's /proc")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600, check=True)
    kilobytes = [int(line.split()[1]) for line in done.stdout.splitlines()]
    assert len(kilobytes) == 11
    assert kilobytes[-1] - kilobytes[2] < 12_000, kilobytes  # 38 a picture


@pytest.mark.training
def test_on_ray_the_results_are_the_same(tmp_path, pictures, alone):
    pytest.importorskip("ray")
    command = [*BULK, str(pictures), str(tmp_path), *SHARDS, "--engine", "ray", "--workers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    assert "40 pictures in" in done.stderr
    assert sorted(map(str, table(tmp_path))) == alone
