"""How many machine-readable zones are read without a single error, and how fast?

    python benchmarks/mrz.py ../shared/data/mrz
    python benchmarks/mrz.py --rendered 500

A document counts where every field and every line is right. Rendered documents are drawn by the seed (see
render_mrz.py) and kept in runs/mrz (or --work), as is what was read in them, with which --resume goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import common
import render_mrz
from wordsight.fields.presets.mrz import MrzPreset
from wordsight.reader import Reader


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("manifest", type=Path, nargs="?", help="folder of documents; without it some are rendered")
    parser.add_argument("--rendered", type=int, default=500, help="how many to render (default 500)")
    parser.add_argument("--seed", type=int, default=0, help="draws the rendered documents (default 0)")
    parser.add_argument("--threads", type=int, help="most threads (default: all)")
    parser.add_argument("--resume", action="store_true", help="keep what an interrupted run has read")
    parser.add_argument("--work", type=Path, default=common.RUNS / "mrz", help="folder for the rendered documents")
    options = parser.parse_args(arguments)
    folder, font = options.manifest, None
    if folder is None:
        folder = options.work / f"seed-{options.seed}"
        font = render_mrz.render(folder, options.rendered, options.seed)
    lines = (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    records = list(map(json.loads, filter(None, lines)))
    preset = MrzPreset(Reader(threads=options.threads))
    journal = options.work / f"{folder.name}.jsonl"
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.resume:
        journal.unlink(missing_ok=True)
    rows = [json.loads(line) for line in journal.open(encoding="utf-8")] if journal.exists() else []
    with journal.open("a", encoding="utf-8") as out:
        for record in records[len(rows) :]:
            rows.append(measure(preset, folder, record))
            out.write(json.dumps(rows[-1]) + "\n")
            out.flush()
            common.progress(len(rows), len(records))
    results = summary(rows) | {"set": folder.name, "seed": options.seed if font else None, "font": font}
    header = [
        "layout",
        "documents",
        "whole documents right",
        "without a zone",
        "checks right, yet wrong",
        "median ms",
        "95 % ms",
    ]
    table = [[name, *figures.values()] for name, figures in results["by_layout"].items()]
    common.write_results(options, options.name or f"mrz-{folder.name}", results, [common.table(header, table)])
    for row in rows:
        if not row["right"]:
            print(row["image"], json.dumps(row["wrong"]))


def measure(preset: MrzPreset, folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Read one document and compare it with its truth."""
    start = time.perf_counter()
    (found,) = preset.read_pages(str(folder / record["image"]))
    took = time.perf_counter() - start
    said = {name: list(text) if isinstance(text, tuple) else text for name, text in found.fields.items()}
    truth = record["fields"]
    names = sorted(truth.keys() | said.keys())
    wrong = {name: [truth.get(name), said.get(name)] for name in names if truth.get(name) != said.get(name)}
    valid = bool(found.beside) and found.beside["mrz"]["valid"]
    layout = record.get("group") or truth["mrz_type"]
    return {
        "image": record["image"],
        "layout": layout,
        "right": not wrong,
        "found": bool(said),
        "deceived": bool(wrong) and valid,
        "seconds": took,
        "wrong": wrong,
    }


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figures of all documents and of each layout."""
    groups = {"all": list(rows)}
    for row in rows:
        groups.setdefault(row["layout"], []).append(row)
    return {"by_layout": {name: _figures(group) for name, group in groups.items()}}


def _figures(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    seconds = [row["seconds"] for row in rows]
    return {
        "documents": len(rows),
        "right": sum(row["right"] for row in rows) / len(rows),
        "none": sum(not row["found"] for row in rows),
        "deceived": sum(row["deceived"] for row in rows),
        "median_ms": round(1000 * median(seconds)),
        "p95_ms": round(1000 * float(np.percentile(seconds, 95))),
    }


if __name__ == "__main__":
    main()
