"""`wordsight dataset check`, `split`, `stats` and `merge`: work on manifests."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wordsight.cli.output import check_file
from wordsight.errors import ConfigError

if TYPE_CHECKING:
    from wordsight.data.check import Checked
    from wordsight.data.faults import Fault
    from wordsight.data.stats import Stats

Folder = Annotated[Path, typer.Argument(metavar="MANIFEST", help="Folder with labels.jsonl.")]
Form = Annotated[Literal["text", "json"], typer.Option("--format", "-f", help="text or json.")]
Link = Annotated[bool, typer.Option("--link", help="Make symbolic links to the pictures instead of copies.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (check, split, stats, merge):
        app.command()(command)


def check(
    manifest: Folder,
    label: Annotated[
        list[str] | None, typer.Option("--label", help="A label that words may have; repeat it. Any by default.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Do not decode the pictures.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings too make the exit status 1.")] = False,
    output: Form = "text",
) -> None:
    """Look for every fault of a manifest, and say what to do about each.

    Exit status: 0 when nothing is wrong, 1 when there are errors, 2 for wrong usage. Warnings count with --strict only.

    Examples:
        wordsight dataset check plates

        wordsight dataset check receipts --label total --label date --strict --format json
    """
    from wordsight.data.check import check_manifest

    with bar("Checking") as progress:
        found = check_manifest(manifest, label or (), quick=quick, progress=progress)
    errors, warnings = found.count("error"), found.count("warning")
    if output == "json":
        typer.echo(json.dumps(_report(found), ensure_ascii=False, indent=2))
    else:
        for fault in found.faults:
            typer.echo(_line(found, fault))
        typer.echo(f"{found.pictures} pictures: {_many(errors, 'error')}, {_many(warnings, 'warning')}")
    raise typer.Exit(1 if errors or (strict and warnings) else 0)


def split(
    manifest: Folder,
    shares: Annotated[
        str, typer.Option("--shares", help="Parts and their shares of the groups.")
    ] = "train=0.8,val=0.1,test=0.1",
    by: Annotated[
        str, typer.Option("--by", help="Key that tells what belongs together: group, or fields.NAME, or another.")
    ] = "group",
    seed: Annotated[int, typer.Option("--seed", help="Another seed gives other parts.")] = 0,
    exact: Annotated[bool, typer.Option("--exact", help="Exact shares; pictures added later may move others.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave pictures that have a part where they are.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Part all pictures anew.")] = False,
) -> None:
    """Write into each line of a manifest which part of the set it belongs to.

    The part follows from a hash of the picture's group (else of its name): it is the same on every machine, and
    pictures that are added later move no other. Equal files stay together.

    Examples:
        wordsight dataset split plates --shares train=0.7,test=0.3 --by fields.number_plate

        wordsight dataset split receipts --exact --again
    """
    from wordsight.data.split import split_manifest

    counts = split_manifest(manifest, _shares(shares), by=by, seed=seed, exact=exact, keep=keep, again=again)
    for part in [*_shares(shares), *sorted(counts.keys() - _shares(shares).keys())]:
        typer.echo(f"{part} {counts[part]}")
    empty = [part for part in _shares(shares) if not counts[part]]
    if empty:
        typer.echo(f"wordsight: no picture is in {', '.join(empty)}; try --exact, or another --seed", err=True)


def stats(
    manifest: Folder,
    split_name: Annotated[str, typer.Option("--split", help="Only this part of the manifest.")] = "",
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the distributions into this file, such as stats.png.")
    ] = None,
    output: Form = "text",
) -> None:
    """Count what is in a manifest, and draw how it is distributed.

    Example:
        wordsight dataset stats plates --picture plates-stats.png
    """
    from wordsight.data.manifest import Manifest
    from wordsight.data.stats import measure

    if picture is not None:
        check_file(picture)
    found = measure(Manifest.open(manifest).part(split_name))
    typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=2) if output == "json" else _summary(found))
    if picture is not None:
        _draw(found, picture)


def merge(
    manifests: Annotated[list[Path], typer.Argument(metavar="MANIFEST...", help="Folders with labels.jsonl.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
    link: Link = False,
) -> None:
    """Join manifests into one; equal files are taken once.

    Example:
        wordsight dataset merge plates more-plates --out all-plates
    """
    from wordsight.data.merge import merge_manifests

    with bar("Copying") as progress:
        done = merge_manifests(manifests, out, link=link, progress=progress)
    tell(done.left_out)
    typer.echo(f"{done.pictures} pictures in {out}")


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error, as a function of the number done and of all; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def tell(left_out: tuple[str, ...]) -> None:
    """Say on standard error what was left out."""
    for what in left_out:
        typer.echo(f"wordsight: left out: {what}", err=True)


def _report(found: Checked) -> dict[str, object]:
    return {
        "manifest": str(found.file.parent),
        "pictures": found.pictures,
        "errors": found.count("error"),
        "warnings": found.count("warning"),
        "faults": [fault.to_dict(str(found.file)) for fault in found.faults],
    }


def _line(found: Checked, fault: Fault) -> str:
    place = f"{found.file}:{fault.line}" if fault.line is not None else str(found.file)
    return f"{place}: {fault.severity} {fault.kind}: {fault.message}; {fault.advice}"


def _many(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def _shares(text: str) -> dict[str, float]:
    shares = {}
    for part in text.split(","):
        name, equals, share = part.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            equals = ""
        if not equals or not name.strip():
            raise ConfigError(f"--shares is written like train=0.8,test=0.2, not {text!r}")
    return shares


def _summary(found: Stats) -> str:
    record = found.to_dict()
    lines = []
    for name, value in record.items():
        if isinstance(value, dict) and name in ("splits", "levels", "labels", "fields", "characters"):
            value = "  ".join(f"{key or '(none)'} {count}" for key, count in list(value.items())[:12])
        elif isinstance(value, dict):
            value = f"{value['least']:g} to {value['most']:g}, median {value['median']:g}"
        if value not in (None, "", "(none) 0"):
            lines.append(f"{name.replace('_', ' '):<20}{value}")
    return "\n".join(lines)


def _draw(found: Stats, path: Path) -> None:
    from PIL import Image

    from wordsight.data.stats_picture import draw_stats

    if path.suffix.lower() not in Image.registered_extensions():
        raise ConfigError(f"{path} does not end like a picture; call it stats.png")
    Image.fromarray(draw_stats(found)).save(path)
