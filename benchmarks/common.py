"""What the benchmark scripts share: choosing pictures, measuring memory, writing results."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from wordsight.data.manifest import LABELS, Manifest, Sample

RESULTS = Path(__file__).parent / "results"
"""Folder of the results that are kept in the repository, one folder a day."""

RUNS = Path(__file__).parents[1] / "runs"
"""Folder of large files that can be made again; not kept in the repository."""

T = TypeVar("T")

PACKAGES = ("wordsight", "openvino", "onnxruntime", "opencv-python-headless", "rapidocr", "tesserocr", "numpy")


def parser(doc: str | None) -> argparse.ArgumentParser:
    """A parser whose help is a script's docstring, as it stands, with the options that all scripts have."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument(
        "--out", type=Path, default=RESULTS / date.today().isoformat(), help="folder for the results (default: today's)"
    )
    made.add_argument("--name", help="name of the results' files (default: the script's and the set's)")
    return made


def add_selection(made: argparse.ArgumentParser, count: int | None) -> None:
    """Add the options by which pictures of a manifest are chosen; see :func:`select`."""
    every = "all" if count is None else count
    made.add_argument("--count", type=int, default=count, help=f"so many pictures, drawn by the seed (default {every})")
    made.add_argument("--seed", type=int, default=0, help="equal seeds draw equal pictures (default 0)")
    made.add_argument("--split", help="only this part of the manifest, such as train")
    made.add_argument("--where", metavar="FLAG", help="only pictures whose line has a true value under this key")
    add_where_number(made)
    made.add_argument("--max-side", type=int, metavar="PIXELS", help="only pictures whose sides are at most so long")


def select(folder: Path, options: argparse.Namespace) -> Manifest:
    """The pictures that the options choose; exits where that is none."""
    samples = Manifest.open(folder)
    if options.split:
        samples = samples.split(options.split)
    if options.where:
        samples = samples.where(options.where)
    if options.where_number:
        samples = numbered(samples, options.where_number)
    if options.max_side:
        small = tuple(s for s in samples if s.size is not None and max(s.size) <= options.max_side)
        samples = Manifest(samples.folder, small)
    if options.count is not None:
        samples = samples.choose(options.count, options.seed)
    if not len(samples):
        raise SystemExit(f"no picture of {folder} is left; check --split, --where, --where-number and --max-side")
    return samples


def add_where_number(made: argparse.ArgumentParser) -> None:
    """Add the option for pictures by their number; see :func:`numbered`."""
    made.add_argument("--where-number", metavar="M:R", help="only pictures img_N with N %% M == R, such as 10:5")


def numbered(samples: Manifest, where: str) -> Manifest:
    """The pictures whose number N leaves the rest R when divided by M; ``where`` is "M:R"."""
    modulus, rest = (int(word) for word in where.split(":"))
    kept = tuple(s for s in samples if int("".join(filter(str.isdigit, Path(s.image).stem))) % modulus == rest)
    return Manifest(samples.folder, kept)


def progress(done: int, total: int) -> None:
    """A running count on standard error, where a person is watching."""
    if sys.stderr.isatty():
        print(f"\r{done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def outcome(steps: Generator[object, None, T], total: int = 0) -> T:
    """What a generator of events returns at its end; of ``total`` events, where it is given, a count is shown."""
    done = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value
        done += 1
        if total:
            progress(done, total)


def kept(path: Path, measure: Callable[[], dict[str, Any]], anew: bool) -> dict[str, Any]:
    """A record as an earlier run left it, or measured and kept now; ``anew`` measures what is there too."""
    if path.is_file() and not anew:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    record = measure()
    part = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    part.replace(path)
    return record


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; floats get three digits after the point, columns with nothing but None are left out."""
    kept = [i for i in range(len(header)) if any(row[i] is not None for row in rows)]
    lines = [[header[i] for i in kept], ["---", *["---:"] * (len(kept) - 1)]]
    lines += [[_cell(row[i]) for i in kept] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def link_manifest(folder: Path, samples: Iterable[Sample]) -> None:
    """A data set as a user has it, in a folder that is emptied first; the pictures are linked."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = []
    for sample in samples:
        target = folder / sample.image
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(sample.path.resolve())
        lines.append(json.dumps(sample.to_record(), ensure_ascii=False) + "\n")
    (folder / LABELS).write_text("".join(lines), encoding="utf-8")


def write_results(options: argparse.Namespace, name: str, results: dict[str, Any], parts: Sequence[str]) -> None:
    """Print the parts, and write NAME.md (the parts) and NAME.json (the results) into the folder ``--out``.

    Args:
        options: What :func:`parser` parsed.
        name: Name of the files where ``--name`` is not given.
        results: Everything that was measured.
        parts: Paragraphs and tables in Markdown.
    """
    command = shlex.join(["python", *(_relative(word) for word in [sys.argv[0], *sys.argv[1:]])])
    where = machine()
    print("\n\n".join(parts))
    options.out.mkdir(parents=True, exist_ok=True)
    name = options.name or name
    packages = ", ".join(f"{package} {number}" for package, number in where["packages"].items())
    about = f"{where['processor']}, {where['cores']} cores, {where['memory_gb']} GB, load {where['load']} at the end; "
    about += f"Python {where['python']}, {packages}"
    head = [f"# {name}", f"{date.today().isoformat()}\n\n```sh\n{command}\n```", about]
    (options.out / f"{name}.md").write_text("\n\n".join([*head, *parts]) + "\n", encoding="utf-8")
    record = {"date": date.today().isoformat(), "command": command, "machine": where} | results
    (options.out / f"{name}.json").write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten: {_relative(str(options.out))}/{name}.md and .json", file=sys.stderr)


def machine() -> dict[str, Any]:
    """What the figures were measured on. ``load`` is the one-minute load average: about 1 where nothing else runs."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "packages": found,
    }


def peak_memory() -> float:
    """Largest resident set of this process so far, in MB (10**6 bytes)."""
    return _status("VmHWM")


def resident_memory() -> float:
    """Resident set of this process, in MB (10**6 bytes)."""
    return _status("VmRSS")


def median(values: Iterable[float]) -> float:
    """The middle value; the mean of the two middle ones where their number is even."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _status(key: str) -> float:
    # Not getrusage: its peak also counts what the parent had when it started this process.
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit(f"/proc/self/status has no {key}; memory can be measured on Linux only")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _relative(word: str) -> str:
    """A word of a command without the folders of this machine."""
    return os.path.relpath(word) if os.path.isabs(word) else word  # noqa: PTH117 (a word, not always a path)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}".replace("-", "−") if isinstance(value, float) else str(value)
