"""A report as one HTML page that needs nothing else: tables, drawings, pictures, in light and in dark."""

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
from wordsight.image.load import load

THUMB = 320
"""Longer side of the pictures in the page, pixels."""
WIDTH, HEIGHT, EDGE = 420, 220, 34
"""A drawing's size and the room for its axes, pixels."""


def write_page(path: Path, report: Mapping[str, Any], pictures: Mapping[str, Path]) -> Path:
    """Write a report as a page, and beside it as JSON.

    Args:
        path: The page; the JSON has the same name with the suffix ``.json``.
        report: As ``evaluation.summary.summarize`` makes it, with ``name``, and what a teaching adds.
        pictures: Where the pictures are that the report names.

    Returns:
        The page's path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    path.write_text(render(report, pictures), encoding="utf-8", errors="replace")
    return path


def render(report: Mapping[str, Any], pictures: Mapping[str, Path]) -> str:
    """The report as HTML; every text that comes from pictures or labels is escaped."""
    parts = [
        f"<h1>{_e(report['name'])}</h1>",
        _verdict(report),
        *(f"<p class=warn>{_e(warning)}</p>" for warning in report.get("warnings", ())),
        _table(report),
        f"<div class=pair>{_curve(report.get('curve', ()))}{_reliable(report['reliability'])}</div>",
        _doubts(report.get("doubts", ())),
        _confusions(report["confusions"]),
        _worst(report["worst"], pictures),
    ]
    body = "\n".join(part for part in parts if part)
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    head += f"<title>{_e(report['name'])}</title>"
    return f'<!doctype html>\n<html lang="en">{head}\n{STYLE}\n<main>\n{body}\n</main>\n'


STYLE = """<style>
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5a6475; --line: #dfe3ea; --page: #fff; --card: #f6f7f9;
  --now: #1f6feb; --then: #7b8494; --bad: #a33b00 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #9aa4b5; --line: #313845; --page: #14181f;
  --card: #1c222c; --now: #6ea8ff; --then: #7d8798; --bad: #ffab70 } }
* { box-sizing: border-box } body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif } main { max-width: 70rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { margin: 0; font-size: 1.9rem; overflow-wrap: anywhere } h2 { margin: 2.2rem 0 .6rem; font-size: 1.2rem }
p { margin: .4rem 0 } .verdict { font-size: 1.1rem } .soft, small, figcaption { color: var(--soft) }
.warn { color: var(--bad) } .scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } caption { text-align: left }
td, th { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top }
td.text, th.text { text-align: left; overflow-wrap: anywhere; min-width: 6rem } thead th { color: var(--soft);
  font-weight: 500; white-space: nowrap } tbody th { font-weight: 600 }
  .tight { white-space: nowrap } tr.all th, tr.all td { font-weight: 700 }
td svg { display: block } .pair { display: flex; flex-wrap: wrap; gap: 0 3rem } svg text { fill: var(--soft);
  font-size: 11px } .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem }
figure { margin: 0; padding: .8rem; background: var(--card); border-radius: .5rem; overflow-wrap: anywhere }
figure img { display: block; width: 100%; height: 13rem; object-fit: contain; margin-bottom: .5rem }
figcaption { font-size: .9rem } figcaption b { color: var(--ink); font-weight: 600 } mark { background: none;
  color: var(--bad) } code { font-size: .95em }
</style>"""


def _e(value: object) -> str:
    return html.escape(str(value))


def _verdict(report: Mapping[str, Any]) -> str:
    """What became of the model, and what the figures are about."""
    parts = []
    if "adopted" in report:
        outcome = "The new model is in use." if report["adopted"] else "The new model was not kept."
        parts.append(f"<p class=verdict><b>{outcome}</b> {_e(report['reason'])}.</p>")
    elif report.get("change"):
        change = report["change"]
        said = f"{change['fixed']} values became right, {change['broken']} became wrong"
        parts.append(f"<p class=verdict><b>{said}</b> (by chance: p = {change['chance']:.2g}).</p>")
    count, held = report.get("pictures"), report.get("held_out")
    if count is not None:
        about = f"{count} labelled pictures" + (f"; held out: {_e(held)}" if held else "")
        parts.append(f"<p class=soft>{about}.</p>")
    return "".join(parts)


COLUMNS = ("precision", "recall", "exact", "letters_exact", "coverage", "ece")
NAMES = ("precision", "recall", "exact", "letters and digits", "coverage at 98 %", "ECE")


def _table(report: Mapping[str, Any]) -> str:
    """Before and now by field."""
    before, after = report["before"], report["after"]
    compared = bool(before.get("cases"))
    names = ["field", *(["F before"] if compared else []), "F now" if compared else "F", "95 %", "", *NAMES]
    head = "".join(f'<th scope=col class="{"text" if i == 0 else ""}">{name}' for i, name in enumerate(names))
    rows = []
    labels = list(after.get("by_label", {}))
    for name in ["", *(labels if len(labels) > 1 else [])]:
        old, new = (figure if not name else figure.get("by_label", {}).get(name, {}) for figure in (before, after))
        if not new.get("cases"):
            continue
        low, high = new["f_interval"]
        cells = [old.get("f")] if compared else []
        shown = "".join(f"<td>{_number(cell)}" for cell in [*cells, new["f"]])
        bar = _bar(old.get("f") if compared else None, new["f"], low, high)
        shown += f"<td class=tight>{low:.2f} to {high:.2f}<td>{bar}"
        shown += "".join(f"<td>{_number(new[key])}" for key in COLUMNS)
        title = _e(name) or ("all" if len(labels) > 1 else _e("".join(labels)))
        rows.append(f"<tr{'' if name else ' class=all'}><th scope=row class='text tight'>{title}{shown}")
    title = "Before and now" if compared else "How right it is"
    table = f"<div class=scroll><table><thead><tr>{head}<tbody>{''.join(rows)}</table></div>"
    return f"<h2>{title}</h2>{table}{_extra(report)}"


def _bar(old: float | None, new: float, low: float, high: float) -> str:
    """F before as a tick, now as a bar with its interval."""
    tick = "" if old is None else f'<rect x="{old * 100:.1f}" y="1" width="2" height="14" fill="var(--then)"/>'
    return (
        f'<svg width="104" height="16" role="img" aria-label="F {new:.2f}"><rect x="0" y="4" width="100" height="8" '
        f'fill="var(--line)"/><rect x="0" y="4" width="{new * 100:.1f}" height="8" fill="var(--now)"/><line '
        f'x1="{low * 100:.1f}" x2="{high * 100:.1f}" y1="8" y2="8" stroke="var(--ink)"/>{tick}</svg>'
    )


def _extra(report: Mapping[str, Any]) -> str:
    boxes = report.get("extra", {}).get("box_ap50", {})
    parts = [f"<p>Boxes of {_e(label)}: average precision {v:.3f} at an IoU of 0.5.</p>" for label, v in boxes.items()]
    general = report.get("general")
    if general:
        parts.append(
            f"<p>{general['words']} words of a street scene, taught by nobody: {general['stock']:.3f} right with the "
            f"stock recognizer, {general['taught']:.3f} with the taught one.</p>"
        )
    return "".join(parts)


def _number(cell: object) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) else "–" if cell is None else _e(cell)


def _curve(points: Sequence[Mapping[str, float]]) -> str:
    """F by number of pictures that were learnt from."""
    if len(points) < 2:
        return ""
    most = max(point["pictures"] for point in points)
    places = [(point["pictures"] / most, point["f"]) for point in points]
    marks = [f"{point['f']:.2f}" for point in points]
    drawn = _drawing(places, marks, f"{most:g}", "pictures learnt from", "F", line=True)
    return f"<section><h2>How many pictures are enough</h2>{drawn}</section>"


def _reliable(rows: Sequence[Mapping[str, float]]) -> str:
    """Share of right values by confidence."""
    if not rows:
        return ""
    places = [(row["confidence"], row["accuracy"]) for row in rows]
    drawn = _drawing(places, [f"{row['count']:g}" for row in rows], "1", "confidence", "right", diagonal=True)
    note = "<p class=soft>On the dashed line a confidence means what it says; beside each dot: how many values.</p>"
    return f"<section><h2>Does the confidence hold?</h2>{drawn}{note}</section>"


def _drawing(
    places: Sequence[tuple[float, float]],
    marks: Sequence[str],
    last: str,
    across: str,
    up: str,
    line: bool = False,
    diagonal: bool = False,
) -> str:
    """Dots in a unit square with axes."""
    wide, high = WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE
    dots = [(EDGE + x * wide, HEIGHT - EDGE - y * high) for x, y in places]
    left, bottom, right = EDGE, HEIGHT - EDGE, WIDTH - EDGE
    parts = [
        f'<path d="M{left} {EDGE}V{bottom}H{right}" fill="none" stroke="var(--line)"/>',
        f'<text x="{left - 6}" y="{EDGE + 4}" text-anchor="end">1</text>',
        f'<text x="{left - 6}" y="{bottom + 4}" text-anchor="end">0</text>',
        f'<text x="{right}" y="{bottom + 16}" text-anchor="end">{_e(last)}</text>',
        f'<text x="{(left + right) / 2}" y="{bottom + 26}" text-anchor="middle">{_e(across)}</text>',
        f'<text x="{left}" y="{EDGE - 12}" text-anchor="middle">{_e(up)}</text>',
    ]
    if diagonal:
        parts.append(f'<path d="M{left} {bottom}L{right} {EDGE}" stroke="var(--then)" stroke-dasharray="4 4"/>')
    if line:
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in dots)
        parts.append(f'<path d="M{path}" fill="none" stroke="var(--now)" stroke-width="2"/>')
    for (x, y), mark in zip(dots, marks, strict=True):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="var(--now)"/>')
        parts.append(f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{_e(mark)}</text>')
    drawn = "".join(parts)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" style="max-width:100%"'
    return f'<svg {size} role="img" aria-label="{_e(up)} by {_e(across)}">{drawn}</svg>'


def _confusions(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    cells = "".join(
        f"<tr><td class=text><code>{_e(r['is'])}</code><td class=text><code>{_e(r['said'])}</code><td>{r['count']}"
        for r in rows
    )
    head = "<thead><tr><th class=text>is<th class=text>read as<th>times<tbody>"
    return f"<h2>Confused characters</h2><table>{head}{cells}</table>"


def _doubts(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    cells = "".join(
        f"<tr><td class=text>{_e(r['image'])}<td class=text>{_e(r['label'])}<td class=text>{_e(r['labelled'])}"
        f"<td class=text>{_e(r['found'])}<td>{r['confidence']:.2f}"
        for r in rows[:50]
    )
    names = "".join(f"<th class=text>{name}" for name in ("picture", "field", "labelled", "found"))
    table = f"<table><thead><tr>{names}<th>confidence<tbody>{cells}</table>"
    return f"<h2>Labels that look wrong</h2><div class=scroll>{table}</div>"


def _worst(rows: Sequence[Mapping[str, Any]], pictures: Mapping[str, Path]) -> str:
    if not rows:
        return ""
    shown = []
    for row in rows:
        wanted, said = " | ".join(row["wanted"]) or "nothing", " | ".join(row["said"]) or "nothing"
        caption = f"<b>{_e(row['label'])}: {_e(_cut(wanted))}</b><br>read <mark>{_e(_cut(said))}</mark>"
        caption += f"<br>confidence {row['confidence']:.2f}, {_e(row['image'])}"
        picture = _thumb(pictures[row["image"]], row["image"]) if row["image"] in pictures else ""
        shown.append(f"<figure>{picture}<figcaption>{caption}</figcaption></figure>")
    return f"<h2>The worst pictures</h2><div class=cards>{''.join(shown)}</div>"


def _cut(text: str) -> str:
    return text if len(text) <= 300 else text[:300] + " …"


def _thumb(path: Path, name: str) -> str:
    try:
        picture = load(path)
    except ImageError:
        return ""
    height, width = picture.shape[:2]
    scale = min(1.0, THUMB / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    _, data = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 70])
    return f'<img alt="{_e(name)}" src="data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}">'
