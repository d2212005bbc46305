"""`wordsight dataset ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wordsight.cli import datasets, manifests

app = typer.Typer(no_args_is_help=True, help="Work with data sets.")


@app.callback()
def dataset() -> None:
    """Work with data sets."""


@app.command()
def rotate(
    manifest: Annotated[Path, typer.Argument(help="Folder with labels.jsonl.")],
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    step: Annotated[int, typer.Option("--step", min=1, max=359, help="Degrees between two copies.")] = 30,
    count: Annotated[
        int | None, typer.Option("--count", help="So many pictures, chosen by the seed; all by default.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Chooses the pictures.")] = 0,
) -> None:
    """Write copies of the pictures turned by 0, STEP, 2 STEP ... degrees on a grown canvas, the truth turned along.

    Example:
        wordsight dataset rotate street turned --step 30 --count 50
    """
    from wordsight.data.manifest import Manifest
    from wordsight.data.rotate import rotate_manifest

    samples = Manifest.open(manifest)
    made = rotate_manifest(samples if count is None else samples.choose(count, seed), out, range(0, 360, step))
    typer.echo(f"{len(made)} pictures in {out}")


manifests.register(app)
datasets.register(app)
