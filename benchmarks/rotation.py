"""How well is text read at every angle? Photographs and rendered pages, turned by 0, 30, ... 330 degrees.

    python benchmarks/rotation.py ../shared/data/icdar2015_train --where-number 10:5 --photos 50 --pages 20
    python benchmarks/rotation.py photos --photos 10 --pages 4 --step 90 --peer

The copies stand on a canvas that is just large enough, their truth is turned along (wordsight.data.rotate), and the
F of the page's words is printed for each angle. "Drop" is how far the worst angle is below 0 degrees, in points of F.
The copies are kept in runs/rotation (or --work) and used again. What was read is kept there too; after an interruption,
--resume goes on with it (only do so with the same version of the reader).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import common
import render_pages
from engines import Record, Settings, Worker
from wordsight.data.jsonl import read_jsonl
from wordsight.data.manifest import LABELS, Manifest, Sample
from wordsight.data.rotate import rotate_manifest
from wordsight.evaluation.report import evaluate
from wordsight.image.load import load


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("manifest", type=Path, nargs="?", help="folder of photographs; without it only pages are read")
    parser.add_argument("--photos", type=int, default=50, help="how many photographs (default 50)")
    parser.add_argument("--pages", type=int, default=20, help="how many rendered pages (default 20)")
    common.add_where_number(parser)
    parser.add_argument("--step", type=int, default=30, help="degrees between two copies (default 30)")
    parser.add_argument("--seed", type=int, default=0, help="draws the photographs and makes the pages (default 0)")
    parser.add_argument("--quality", choices=["fast", "balanced", "best"], default="balanced", help="of wordsight")
    parser.add_argument("--threads", type=int, help="most threads (default: each engine's own default)")
    parser.add_argument("--work", type=Path, default=common.RUNS / "rotation", help="folder for the turned copies")
    parser.add_argument("--peer", action="store_true", help="read them with RapidOCR too")
    parser.add_argument("--resume", action="store_true", help="keep what an interrupted run has read")
    options = parser.parse_args(arguments)
    sets: dict[str, Manifest] = {}
    if options.manifest and options.photos:
        sets["photographs"] = turned_photos(options)
    if options.pages:
        sets["pages"] = turned_pages(options)
    engines = [f"wordsight-{options.quality}", *(["rapidocr"] if options.peer else [])]
    found: dict[str, dict[str, dict[int, float]]] = {}
    for engine in engines:
        with Worker(Settings(engine, options.threads)) as worker:
            found[engine] = {
                name: by_angle(samples, read_all(worker, samples, options.resume)) for name, samples in sets.items()
            }
    drops = {engine: {name: drop(fs) for name, fs in one.items()} for engine, one in found.items()}
    results = {
        "set": options.manifest.resolve().name if options.manifest else None,
        "pictures": {name: len(samples) * options.step // 360 for name, samples in sets.items()},
        "seed": options.seed,
        "page_words_f": found,
        "drop": drops,
    }
    common.write_results(options, "rotation", results, [about(results), angle_table(found, drops)])


def turned_photos(options: argparse.Namespace) -> Manifest:
    """Turned copies of photographs, made where they are not there yet."""
    samples = Manifest.open(options.manifest)
    name = f"{options.manifest.resolve().name}-{options.photos}-{options.seed}-{options.step}"
    if options.where_number:
        samples = common.numbered(samples, options.where_number)
        name += f"-{options.where_number.replace(':', '_')}"
    return turned(options.work / name, samples.choose(options.photos, options.seed), options.step)


def turned_pages(options: argparse.Namespace) -> Manifest:
    """Turned copies of rendered pages, made where they are not there yet."""
    upright = options.work / f"pages-{options.pages}-{options.seed}"
    if not (upright / LABELS).is_file():
        render_pages.main([str(upright), "--count", str(options.pages), "--seed", str(options.seed)])
    return turned(Path(f"{upright}-{options.step}"), Manifest.open(upright), options.step)


def turned(folder: Path, samples: Manifest, step: int) -> Manifest:
    """Turned copies of a manifest, made where they are not there yet."""
    if (folder / LABELS).is_file():
        return Manifest.open(folder)
    return rotate_manifest(samples, folder, range(0, 360, step), common.progress)


def read_all(worker: Worker, samples: Manifest, resume: bool) -> list[Record]:
    """What the worker reads in all pictures, each kept in a file as soon as it is there."""
    path = samples.folder / f"{worker.name}.jsonl"
    if not resume:
        path.unlink(missing_ok=True)
    records = {record["image"]: record for record in kept(path)}
    with path.open("a", encoding="utf-8") as file:
        for number, sample in enumerate(samples, 1):
            if sample.image not in records:
                records[sample.image] = worker.read(load(sample.path)).record | {"image": sample.image}
                file.write(json.dumps(records[sample.image], ensure_ascii=False) + "\n")
                file.flush()
            common.progress(number, len(samples))
    return [records[sample.image] for sample in samples]


def kept(path: Path) -> Iterator[Record]:
    """The lines that an interrupted run has written."""
    if path.is_file():
        yield from (record for _, record in read_jsonl(path))


def by_angle(samples: Manifest, records: Sequence[Record]) -> dict[int, float]:
    """F of the page's words at every angle."""
    groups: dict[int, list[tuple[Sample, Record]]] = {}
    for sample, record in zip(samples, records, strict=True):
        angle = int(Path(sample.image).stem.rpartition("_r")[2])
        groups.setdefault(angle, []).append((sample, record))
    return {
        angle: evaluate([s for s, _ in pairs], [r for _, r in pairs], "page-words").totals["f"]
        for angle, pairs in sorted(groups.items())
    }


def drop(fs: dict[int, float]) -> float:
    """How far the worst angle is below 0 degrees, in points."""
    return 100 * (fs[0] - min(fs.values()))


def about(results: dict[str, Any]) -> str:
    """What was read."""
    counts = ", ".join(f"{count} {name}" for name, count in results["pictures"].items())
    source = f"; photographs of {results['set']}" if results["set"] else ""
    return f"F of the page's words by angle, in percent; {counts}{source}, seed {results['seed']}."


def angle_table(found: dict[str, dict[str, dict[int, float]]], drops: dict[str, dict[str, float]]) -> str:
    """One row an angle, one column an engine and set; the drop below."""
    columns = [(engine, name) for engine, one in found.items() for name in one]
    first = found[columns[0][0]][columns[0][1]]
    rows: list[list[object]] = [[f"{a}°", *(f"{100 * found[e][n][a]:.1f}" for e, n in columns)] for a in first]
    rows.append(["drop", *(f"{drops[e][n]:.1f}" for e, n in columns)])
    return common.table(["angle", *(f"{engine}, {name}" for engine, name in columns)], rows)


if __name__ == "__main__":
    main()
