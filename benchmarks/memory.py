"""Memory and start-up: what reading costs beside time per picture.

    python benchmarks/memory.py ../shared/data/icdar2015_train ../shared/data/plates
    python benchmarks/memory.py --only start
    python benchmarks/memory.py --only growth --count 200

peak    The largest resident set of a process that reads one photograph of 12 megapixels (--picture; else the example
        picture enlarged to 4243x2828). The networks were compiled by an earlier process and come from the cache, as
        they do on every run but the first.
growth  The resident set while one process reads --count pictures: after the first 50, and at the end. Pictures are
        taken in turn from the manifests (else sizes of the example picture), so that sizes change all the time.
start   Seconds to import the package, to print the help, and to read the first picture with everything that a fresh
        process needs for it: medians of --repeat runs. "Compiled before" is every run but the first on a machine.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

import common
from wordsight.data.manifest import Manifest
from wordsight.examples import example_path
from wordsight.reader import Reader

PARTS = ("peak", "growth", "start")
SETTLED = 50
"""Pictures after which memory should not grow."""

READ_ONE = """
import json, sys
from common import peak_memory, resident_memory
from wordsight.reader import Reader
reader = Reader()
loaded = resident_memory()
page = reader.read(sys.argv[1])
print(json.dumps({"peak_mb": peak_memory(), "loaded_mb": loaded, "pixels": page.width * page.height,
                  "words": len(page.words), "seconds": sum(page.seconds.values())}))
"""
IMPORT = "import time; start = time.perf_counter(); import wordsight; print(time.perf_counter() - start)"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("manifests", type=Path, nargs="*", help="folders with labels.jsonl, for growth")
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")
    parser.add_argument("--picture", type=Path, help="photograph of about 12 megapixels, for peak")
    parser.add_argument("--count", type=int, default=1000, help="pictures, for growth (default 1000)")
    parser.add_argument("--repeat", type=int, default=5, help="runs, for start (default 5)")
    options = parser.parse_args(arguments)
    measures: dict[str, Callable[[argparse.Namespace], tuple[dict[str, Any], str]]] = {
        "peak": peak,
        "growth": growth,
        "start": start,
    }
    results: dict[str, Any] = {}
    parts = []
    for name in [options.only] if options.only else PARTS:
        results[name], part = measures[name](options)
        parts.append(part)
    common.write_results(options, "memory", results, parts)


def peak(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Memory of one large photograph."""
    with tempfile.TemporaryDirectory() as folder:
        picture = options.picture.resolve() if options.picture else large_picture(Path(folder))
        run([sys.executable, "-c", READ_ONE, str(picture)])  # compiles the networks where nobody has yet
        found = json.loads(run([sys.executable, "-c", READ_ONE, str(picture)]))
    text = (
        f"Peak memory of a process that reads {found['pixels'] / 1e6:.1f} megapixels ({found['words']} words, "
        f"{found['seconds']:.2f} s): {found['peak_mb']:.0f} MB, of which {found['loaded_mb']:.0f} MB before it."
    )
    return found, text


def large_picture(folder: Path) -> Path:
    """The example picture, enlarged to 12 megapixels."""
    path = folder / "large.jpg"
    with Image.open(example_path()) as image:
        image.resize((4243, 2828), Image.Resampling.BICUBIC).save(path, quality=90)
    return path


def growth(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Memory over many pictures, in this process."""
    reader = Reader()
    series: list[tuple[int, float]] = []
    for number, picture in enumerate(itertools.islice(pictures(options.manifests), options.count), 1):
        reader.read(picture)
        if number % SETTLED == 0 or number == options.count:
            series.append((number, round(common.resident_memory(), 1)))
        common.progress(number, options.count)
    settled, end = series[0][1], series[-1][1]
    found = {
        "settled_mb": settled,
        "end_mb": end,
        "growth": end / settled - 1,
        "count": options.count,
        "sets": [folder.resolve().name for folder in options.manifests] or ["example"],
        "series": series,
    }
    text = (
        f"Resident memory after {series[0][0]} pictures: {settled:.0f} MB; after {options.count}: {end:.0f} MB "
        f"({100 * found['growth']:+.1f} %)."
    )
    return found, text


def pictures(folders: Sequence[Path]) -> Iterator[Any]:
    """Pictures without end, taken from the sets in turn."""
    if folders:
        sets = [itertools.cycle(Manifest.open(folder)) for folder in folders]
        for samples in itertools.cycle(sets):
            yield next(samples).path
    with Image.open(example_path()) as image:
        for number in itertools.count():
            size = (600 + 37 * (number % 23), 400 + 29 * (number % 19))
            yield image.convert("RGB").resize(size)


def start(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Seconds from nothing."""
    command = [sys.executable, "-m", "wordsight"]
    read = [*command, "read", str(example_path())]
    run(read)
    found = {
        "import wordsight": common.median(float(run([sys.executable, "-c", IMPORT])) for _ in range(options.repeat)),
        "wordsight --help": common.median(seconds([*command, "--help"]) for _ in range(options.repeat)),
        "first picture, compiled before": common.median(seconds(read) for _ in range(options.repeat)),
        "first picture ever": common.median(first_ever(read) for _ in range(options.repeat)),
        "python -c pass": common.median(seconds([sys.executable, "-c", "pass"]) for _ in range(options.repeat)),
    }
    rows = [[name, value] for name, value in found.items()]
    return found, common.table([f"median of {options.repeat} runs", "seconds"], rows)


def first_ever(command: Sequence[str]) -> float:
    """Seconds of a command that has no compiled networks to begin with."""
    with tempfile.TemporaryDirectory() as home:
        return seconds(command, dict(os.environ) | {"WORDSIGHT_HOME": home})


def seconds(command: Sequence[str], environment: dict[str, str] | None = None) -> float:
    """Time on the clock of a process, from its start to its end."""
    begin = time.perf_counter()
    run(command, environment)
    return time.perf_counter() - begin


def run(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """What a process prints; exits with its complaint where it fails."""
    folder = Path(__file__).parent  # so that the processes find the module `common`
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
