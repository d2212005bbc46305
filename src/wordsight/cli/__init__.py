"""The command line. Each command imports what it needs when it runs, so that `wordsight --help` is instant."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import typer

from wordsight.cli import (
    bulk,
    convert,
    data,
    enhance,
    model,
    predict,
    read,
    search,
    serve,
    synth,
    teach,
    tools,
    train,
    train_recognizer,
    train_script,
    watch,
)
from wordsight.cli.output import UNICODE
from wordsight.errors import ConfigError, WordsightError

app = typer.Typer(
    name="wordsight",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Reads text in pictures: photographs, scans and screens, at any angle.",
)
read.register(app)
tools.register(app)
convert.register(app)
enhance.register(app)
serve.register(app)
watch.register(app)
bulk.register(app)
search.register(app)
app.add_typer(data.app, name="dataset")
train.app.command()(train_recognizer.recognizer)
train.app.command()(train_script.script)
app.add_typer(train.app, name="train")
app.add_typer(synth.app, name="synth")
teach.register(app)
predict.register(app)
app.add_typer(model.app, name="model")


def main() -> None:
    """Run the command line; the exit status is 0 when all went well, 1 when something failed, 2 for wrong usage."""
    if isinstance(sys.stdout, TextIOWrapper):
        # Results are UTF-8 whatever the locale: no letter of a picture may stop a run on its way into a pipe.
        sys.stdout.reconfigure(encoding="utf-8", errors=UNICODE)
    try:
        app()
    except WordsightError as error:
        typer.echo(f"wordsight: {error}", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except BrokenPipeError:
        # The reader of a pipe went away (`wordsight read ... | head`): nobody is left to tell.
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        # What the system refuses at any point, such as room on a full disk.
        typer.echo(f"wordsight: {error}", err=True)
        sys.exit(1)
