"""`wordsight model ...`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from wordsight.cli.output import check_file

app = typer.Typer(no_args_is_help=True, help="Look after taught models.")

Reference = Annotated[str, typer.Argument(metavar="MODEL", help="Name of a model, or of a version: plates@2.")]


@app.callback()
def model() -> None:
    """Look after taught models."""


@app.command(name="list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List models and versions; the active version is marked.

    Example:
        wordsight model list
    """
    from wordsight.fields.store import Store

    store = Store.default()
    versions = [version for name in store.names() for version in store.versions(name)]
    if as_json:
        rows = [{"name": v.name, "version": v.number, "active": v.active, "path": str(v.path)} for v in versions]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for version in versions:
        size = version.path.stat().st_size / 2**20
        typer.echo(f"{version}{' (active)' if version.active else ''}  {size:.1f} MB")


@app.command()
def show(reference: Reference, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show what a model is: labels, data, figures, licence.

    Example:
        wordsight model show plates
    """
    from wordsight.fields.model import ModelFile
    from wordsight.fields.parts import model_path

    file = ModelFile.read(model_path(reference))
    if as_json:
        typer.echo(json.dumps({**asdict(file.card), "sha256": file.digest}, ensure_ascii=False))
        return
    card = file.card
    typer.echo(f"{card.name}, taught {card.created} by wordsight {card.version}\nSHA-256 {file.digest}")
    for label in card.labels:
        often = ", may occur several times" if label.many else ""
        forms = ", ".join(list(label.forms)[:3])
        typer.echo(f"  {label.name}: {label.kind}{often}{'; forms ' + forms if forms else ''}")
    typer.echo(f"{card.data.get('pictures')} pictures; held out: {card.metrics.get('held_out')}")
    before, after = (card.metrics.get(when, {}) for when in ("before", "after"))
    typer.echo(f"F before {before.get('f')}, now {after.get('f')}; licence: {card.licence}")


@app.command()
def export(reference: Reference, path: Annotated[Path, typer.Argument(help="File to write.")]) -> None:
    """Copy a model to a file that another machine can import.

    Example:
        wordsight model export plates plates.wordsight
    """
    from wordsight.fields.model import ModelFile
    from wordsight.fields.parts import model_path

    check_file(path)
    source = model_path(reference)
    ModelFile.read(source)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(source.read_bytes())
    part.replace(path)
    typer.echo(f"{path}")


@app.command(name="import")
def import_model(
    path: Annotated[Path, typer.Argument(help="A .wordsight file.")],
    name: Annotated[str | None, typer.Option("--name", help="Name; by default the one in the file.")] = None,
) -> None:
    """Take a model file into the store; it becomes the active version of its name.

    Example:
        wordsight model import plates.wordsight
    """
    from wordsight.fields.model import ModelFile
    from wordsight.fields.store import Store

    file = ModelFile.read(path)
    typer.echo(str(Store.default().add(path.read_bytes(), name or file.card.name)))


@app.command()
def activate(reference: Reference) -> None:
    """Make a version the one that the name alone means.

    Example:
        wordsight model activate plates@1
    """
    from wordsight.fields.store import Store

    store = Store.default()
    version = store.find(reference)
    store.activate(version.name, version.number)
    typer.echo(f"{version} is active")


@app.command()
def delete(reference: Reference) -> None:
    """Delete a version, or all versions of a name.

    Example:
        wordsight model delete plates@1
    """
    from wordsight.fields.store import Store

    for version in Store.default().delete(reference):
        typer.echo(f"{version} deleted")
