"""`wordsight dataset import`, `export` and `info`: data sets of other programs and of the field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordsight.cli.manifests import Folder, Link, bar, tell
from wordsight.errors import ConfigError

if TYPE_CHECKING:
    from wordsight.data.catalog import Dataset


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("import")(import_)
    app.command()(export)
    app.command()(info)


def import_(
    paths: Annotated[
        list[str], typer.Argument(metavar="[NAME] SOURCE OUT", help="A format's name, what to read, folder to write.")
    ],
    format_name: Annotated[
        str, typer.Option("--format", "-f", help="Layout of the source; found out by default. See `info --formats`.")
    ] = "",
    link: Link = False,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Leave out what has faults, is missing or cannot be read, and say so.")
    ] = False,
) -> None:
    """Write a data set of another program, or one of the field's public sets, as a manifest.

    SOURCE is its folder or its annotation file. OUT appears when all is there. Exit status 1 when something was wrong
    or left out.

    Examples:
        wordsight dataset import exported-by-cvat plates --format voc

        wordsight dataset import svhn housenumbers/train numbers --link
    """
    from wordsight.data.importers.formats import import_dataset

    if len(paths) == 3 and not format_name:
        format_name, *paths = paths
    if len(paths) != 2:
        raise ConfigError(f"name a source and a folder to write, and a format by --format, not {len(paths)} paths")
    with bar("Copying") as progress:
        done = import_dataset(paths[0], paths[1], format_name, link=link, lenient=lenient, progress=progress)
    tell(done.left_out)
    typer.echo(f"{done.pictures} pictures in {paths[1]} ({done.format})")
    raise typer.Exit(1 if done.left_out else 0)


def export(
    manifest: Folder,
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    format_name: Annotated[
        str, typer.Option("--format", "-f", help="coco, icdar, labelstudio, voc, yolo or yolo-obb.")
    ],
    split: Annotated[str, typer.Option("--split", help="Only this part of the manifest.")] = "",
    link: Link = False,
) -> None:
    """Write a manifest in the layout of another program.

    Example:
        wordsight dataset export plates plates-yolo --format yolo
    """
    from wordsight.data.exporters.formats import export_manifest
    from wordsight.data.manifest import Manifest

    samples = Manifest.open(manifest).part(split)
    without = export_manifest(samples, out, format_name, link=link)
    if without:
        typer.echo(f"wordsight: left out: {without} words without a place", err=True)
    typer.echo(f"{len(samples)} pictures in {out}")


def info(
    name: Annotated[str, typer.Argument(help="A public data set; all of them by default.")] = "",
    formats: Annotated[bool, typer.Option("--formats", help="List the layouts that can be imported.")] = False,
) -> None:
    """Say what the field's public data sets are, under which terms, where they are had, and how they are laid out.

    Examples:
        wordsight dataset info

        wordsight dataset info svhn
    """
    from wordsight.data.catalog import DATASETS, dataset_of

    if formats:
        from wordsight.data.importers.formats import FORMATS

        for layout in sorted(FORMATS, key=lambda layout: layout.name):
            typer.echo(f"{layout.name:<14}{layout.about}")
    elif name:
        typer.echo(_card(dataset_of(name)))
    else:
        for dataset in DATASETS:
            typer.echo(f"{dataset.name:<14}{dataset.about}")


def _card(dataset: Dataset) -> str:
    return "\n".join(
        [
            dataset.title,
            f"  what     {dataset.about}",
            f"  licence  {dataset.licence}",
            f"  where    {dataset.home}",
            f"  layout   {dataset.layout}",
            f"  paper    {dataset.paper}",
            f"  import   wordsight dataset import SOURCE OUT --format {dataset.format}",
        ]
    )
