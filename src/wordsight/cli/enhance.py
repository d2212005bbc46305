"""`wordsight enhance`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordsight.cli import options as opt
from wordsight.cli.output import make_folder
from wordsight.config import MAX_PIXELS
from wordsight.errors import WordsightError

if TYPE_CHECKING:
    from wordsight.image.load import Limits

SHOWN = 1000
"""Height, pixels, at which before and after stand side by side."""


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(enhance)


def enhance(
    paths: opt.Paths,
    steps: Annotated[
        str, typer.Option("--steps", help="auto, or steps such as sheet,clean (docs/enhance.md).")
    ] = "auto",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Write the pictures here.")] = Path("enhanced"),
    show: Annotated[bool, typer.Option("--show", help="Write before and after side by side.")] = False,
    max_pixels: opt.MaxPixels = MAX_PIXELS,
) -> None:
    """Make pictures easier to read, and say which steps that took.

    Examples:
        wordsight enhance photo.jpg --show

        wordsight enhance scans/ --steps flatten,sauvola --out black-and-white
    """
    from wordsight.cli.sources import expand
    from wordsight.image.enhance import steps_of
    from wordsight.image.load import Limits

    names, chosen = expand(paths), steps_of(steps)
    make_folder(out)
    failed = 0
    for number, name in enumerate(names):
        try:
            _write(name, chosen, out / f"{number:04d}-{Path(name).stem or 'picture'}.png", show, Limits(max_pixels))
        except WordsightError as error:
            failed += 1
            typer.echo(f"{name}: {error}", err=True)
    raise typer.Exit(1 if failed else 0)


def _write(name: str, steps: tuple[str, ...], target: Path, show: bool, limits: Limits) -> None:
    import sys

    from PIL import Image

    from wordsight.image.enhance import enhance
    from wordsight.image.load import load

    picture = load(sys.stdin.buffer if name == "-" else name, limits)
    better = enhance(picture, steps)
    images = [Image.fromarray(one) for one in ((picture, better.picture) if show else (better.picture,))]
    if show:
        images = [one.resize((max(1, round(one.width * SHOWN / one.height)), SHOWN)) for one in images]
    sheet = Image.new("RGB", (sum(one.width for one in images), max(one.height for one in images)))
    left = 0
    for one in images:
        sheet.paste(one, (left, 0))
        left += one.width
    sheet.save(target)
    typer.echo(f"{name}: {', '.join(better.steps) or 'nothing to do'} -> {target}")
