"""The report of a teaching: before and after on held-out pictures, as plain values and as a page."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from wordsight.errors import ImageError
from wordsight.evaluation.calibration import reliability
from wordsight.evaluation.fields import Case, compare_cases, figures, folded
from wordsight.image.load import load
from wordsight.training.events import Outcome
from wordsight.training.lesson import Lesson, Split

WORST = 12
"""So many pictures are shown."""
THUMB = 320
"""Their longer side in the page, pixels."""


def make_report(name: str, lesson: Lesson, split: Split, outcomes: Sequence[Outcome], reason: str) -> dict[str, Any]:
    """All figures of a teaching as plain values.

    Returns:
        ``before``, ``after`` (see ``wordsight.evaluation.fields.figures``), ``change``, ``curve``, ``worst``,
        ``confusions``, ``doubts``, ``reliability`` and what was held out.
    """
    before = [case for outcome in outcomes for case in outcome.before]
    after = [case for outcome in outcomes for case in outcome.after]
    change = compare_cases(before, after)
    turns = not split.told and all(label.kind == "document" for label in lesson.labels)
    return {
        "name": name,
        "reason": reason,
        "pictures": len(lesson.examples),
        "labels": {label.name: {"kind": label.kind, "pictures": label.pictures} for label in lesson.labels},
        "held_out": "each picture once, by cross-validation" if turns else f"{len(split.test)} pictures",
        "warnings": list(lesson.warnings),
        "before": figures(before),
        "after": figures(after),
        "change": {"fixed": change.fixed, "broken": change.broken, "chance": round(change.chance, 4)},
        "extra": {key: value for outcome in outcomes for key, value in outcome.extra.items()},
        "curve": [dict(point) for outcome in outcomes for point in outcome.curve],
        "worst": [_wrong(case) for case in _worst(after)],
        "confusions": confusions(after),
        "doubts": [
            {"image": d.image, "label": d.label, "labelled": d.labelled, "found": d.found, "confidence": d.confidence}
            for outcome in outcomes
            for d in outcome.doubts
        ],
        "reliability": _reliability(after),
    }


def confusions(cases: Sequence[Case], most: int = 20) -> list[dict[str, Any]]:
    """Characters that are taken for others, in values of equal length, the most frequent first."""
    counted: dict[tuple[str, str], int] = {}
    for case in cases:
        if len(case.wanted) != 1 or not case.said:
            continue
        wanted, said = folded(case.wanted[0]), folded(case.said[0].text)
        if len(wanted) == len(said):
            for a, b in zip(wanted, said, strict=True):
                if a != b:
                    counted[a, b] = counted.get((a, b), 0) + 1
    rows = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:most]
    return [{"is": a, "said": b, "count": count} for (a, b), count in rows]


def _worst(cases: Sequence[Case]) -> list[Case]:
    """Cases that are wrong, those with the surest wrong values first."""
    wrong = [case for case in cases if not case.right()]
    return sorted(wrong, key=lambda case: -max((said.confidence for said in case.said), default=0.0))[:WORST]


def _wrong(case: Case) -> dict[str, Any]:
    return {
        "image": case.image,
        "label": case.label,
        "wanted": list(case.wanted),
        "said": [said.text for said in case.said],
        "confidence": round(max((said.confidence for said in case.said), default=0.0), 4),
    }


def _reliability(cases: Sequence[Case]) -> list[dict[str, float]]:
    sure = [said.confidence for case in cases for said in case.counted]
    right = [verdict for case in cases for verdict in case.verdicts()]
    if not sure:
        return []
    return [
        {"confidence": round(bin_.confidence, 4), "accuracy": round(bin_.accuracy, 4), "count": bin_.count}
        for bin_ in reliability(sure, right, bins=10)
    ]


def write_page(path: Path, report: Mapping[str, Any], lesson: Lesson) -> Path:
    """Write the report as one page that needs nothing else, and beside it as JSON.

    Returns:
        The page's path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    path.write_text(render(report, lesson), encoding="utf-8")
    return path


def render(report: Mapping[str, Any], lesson: Lesson) -> str:
    """The report as HTML; every text that comes from pictures or labels is escaped."""
    outcome = "The new model is in use." if report.get("adopted") else "The new model was not kept."
    parts = [
        f"<h1>{_e(report['name'])}</h1>",
        f"<p class=verdict><b>{outcome}</b> {_e(report['reason'])}.</p>",
        f"<p>{report['pictures']} labelled pictures; held out: {_e(report['held_out'])}.</p>",
        *(f"<p class=warn>{_e(warning)}</p>" for warning in report["warnings"]),
        _table(report),
        _curve(report["curve"]),
        _bars(report["reliability"]),
        _confusions(report["confusions"]),
        _doubts(report["doubts"]),
        _pictures(report["worst"], lesson),
    ]
    body = "\n".join(part for part in parts if part)
    head = f'<meta charset="utf-8"><title>{_e(report["name"])}</title>'
    return f'<!doctype html>\n<html lang="en">{head}\n{STYLE}\n{body}\n'


STYLE = """<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: 1em 0 } td, th { padding: .25em .8em; border-bottom: 1px solid #ddd }
td { font-variant-numeric: tabular-nums } th { text-align: left } .warn { color: #a40 }
.cards { display: flex; flex-wrap: wrap; gap: 1em } figure { margin: 0; max-width: 20em }
figcaption { font-size: .85em } small { color: #666 }
</style>"""


def _e(value: object) -> str:
    return html.escape(str(value))


def _table(report: Mapping[str, Any]) -> str:
    """Before and after by label."""
    rows = ["<tr><th>field<th>F before<th>F now<th>95 %<th>exact<th>letters and digits<th>coverage at 98 %<th>ECE"]
    before, after = report["before"], report["after"]
    names = [*after.get("by_label", {})]
    for name in ["", *names]:
        old, new = (figure if not name else figure.get("by_label", {}).get(name, {}) for figure in (before, after))
        if new.get("cases"):
            low, high = new["f_interval"]
            cells = [old.get("f"), new["f"], f"{low:.2f} to {high:.2f}", new["exact"], new["letters_exact"]]
            cells += [new["coverage"], new["ece"]]
            shown = "".join(f"<td>{_number(cell)}" for cell in cells)
            rows.append(f"<tr><th>{_e(name) or 'all'}{shown}")
    extra = "".join(
        f"<p>Boxes of {_e(label)}: average precision {value:.3f} at an IoU of 0.5.</p>"
        for label, value in report["extra"].get("box_ap50", {}).items()
    )
    general = report.get("general") or {}
    if general:
        extra += f"<p>{general['words']} words of a street scene, taught by nobody: {general['stock']:.3f} right with "
        extra += f"the stock recognizer, {general['taught']:.3f} with the taught one.</p>"
    return f"<h2>Before and now</h2><table>{''.join(rows)}</table>{extra}"


def _number(cell: object) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) else "–" if cell is None else _e(cell)


def _curve(points: Sequence[Mapping[str, float]]) -> str:
    if not points:
        return ""
    rows = "".join(f"<tr><td>{point['pictures']:g}<td>{point['f']:.3f}" for point in points)
    return f"<h2>How many pictures are enough</h2><table><tr><th>pictures<th>F{rows}</table>"


def _bars(rows: Sequence[Mapping[str, float]]) -> str:
    if not rows:
        return ""
    cells = "".join(f"<tr><td>{r['confidence']:.2f}<td>{r['accuracy']:.2f}<td>{r['count']}" for r in rows)
    return f"<h2>Does the confidence hold?</h2><table><tr><th>confidence<th>right<th>values{cells}</table>"


def _confusions(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    cells = "".join(f"<tr><td>{_e(r['is'])}<td>{_e(r['said'])}<td>{r['count']}" for r in rows)
    return f"<h2>Confused characters</h2><table><tr><th>is<th>read as<th>times{cells}</table>"


def _doubts(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    cells = "".join(
        f"<tr><td>{_e(r['image'])}<td>{_e(r['label'])}<td>{_e(r['labelled'])}<td>{_e(r['found'])}<td>{r['confidence']:.2f}"
        for r in rows[:50]
    )
    head = "<tr><th>picture<th>field<th>labelled<th>found<th>confidence"
    return f"<h2>Labels that look wrong</h2><table>{head}{cells}</table>"


def _pictures(rows: Sequence[Mapping[str, Any]], lesson: Lesson) -> str:
    if not rows:
        return ""
    paths = {example.name: example.sample.path for example in lesson.examples}
    figures_ = []
    for row in rows:
        wanted, said = " | ".join(row["wanted"]) or "nothing", " | ".join(row["said"]) or "nothing"
        caption = f"<b>{_e(row['label'])}</b>: {_e(wanted)}<br>read: {_e(said)} <small>{row['confidence']:.2f}</small>"
        picture = _thumb(paths[row["image"]]) if row["image"] in paths else ""
        figures_.append(f"<figure>{picture}<figcaption>{caption}<br><small>{_e(row['image'])}</small></figure>")
    return f"<h2>The worst pictures</h2><div class=cards>{''.join(figures_)}</div>"


def _thumb(path: Path) -> str:
    try:
        picture = load(path)
    except ImageError:
        return ""
    height, width = picture.shape[:2]
    scale = min(1.0, THUMB / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    _, data = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 70])
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}">'
