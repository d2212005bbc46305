"""`wordsight train script`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordsight.cli.train import check_extra
from wordsight.cli.train_recognizer import RESULT, Start, run

if TYPE_CHECKING:
    from wordsight.training.scripts import Script

EACH = 60
"""So many held-out words of each language are read while a training runs."""
LAST = 500
"""And so many at its end."""


def script(
    languages: Annotated[
        list[str] | None, typer.Argument(metavar="LANGUAGE...", help="Such as ru, ko or hi; several share a network.")
    ] = None,
    text_file: Annotated[
        Path | None, typer.Option("--text-file", metavar="FILE", help="Words of any other language, one a line.")
    ] = None,
    fonts: Annotated[
        list[Path] | None, typer.Option("--fonts", metavar="DIR", help="Folder of fonts; the system's by default.")
    ] = None,
    minutes: Annotated[float, typer.Option("--minutes", help="How long to train.")] = 25.0,
    start: Start = None,
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds draw equal crops.")] = 0,
    out: Annotated[Path, typer.Option("--out", help="Folder for checkpoint and result.")] = Path("runs/script"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in that folder.")] = False,
) -> None:
    """Teach a recognizer a script that it lacks, from words made in the fonts of this machine.

    Four families of fonts of five are learnt from, the fifth is measured on. Ctrl-C ends the training with a
    checkpoint, from which the same command with --resume goes on.

    Examples:
        wordsight train script ru --minutes 25 --out runs/ru

        wordsight train script --text-file words.txt --fonts my-fonts --out runs/mine
    """
    check_extra()
    from wordsight.training.delivery import start as begin
    from wordsight.training.loop import TrainConfig
    from wordsight.training.scripts import Script, held_out, recognizer_config, sources

    wanted = Script(tuple(languages or ()), text_file, tuple(fonts or ()))
    config = recognizer_config(wanted, start)
    words = str(text_file) if text_file else ""
    begin(out, {"languages": list(wanted.languages), "text_file": words, "seed": seed}, resume)
    held = tuple(example for some in held_out(wanted, EACH).values() for example in some)
    typer.echo(f"{len(config.charset)} characters to learn, {len(held)} words held out", err=True)
    budget = TrainConfig(
        minutes=minutes, seed=seed, ema=0.99, warmup=50, validate_minutes=max(minutes / 6, 0.5), save_minutes=2.0
    )
    seconds = run(list(sources(wanted, seed)), held, out, budget, config, resume)
    deliver(wanted, out, seed, seconds)


def deliver(wanted: Script, out: Path, seed: int, seconds: float) -> None:
    """Export what was taught, measure it on words that it has never seen, and say how it is used."""
    from wordsight.evaluation.compare import figures, read_all
    from wordsight.recognition.trained import load_recognizer
    from wordsight.stages import StageOptions
    from wordsight.training.export_ctc import export_recognizer
    from wordsight.training.scripts import held_out

    path = out / RESULT
    record = {
        "languages": list(wanted.languages),
        "training_sets": [
            {
                "set": "words made by wordsight in the fonts of this machine",
                "terms": "words of wordfreq (CC BY-SA 4.0)",
            },
            {"set": "PP-OCRv6_rec_small (initialisation)", "terms": "Apache-2.0"},
        ],
        "split": "font families by the CRC-32 of their names: four of five to learn from, the fifth to measure on",
        "command": shlex.join(["wordsight", *sys.argv[1:]]),
        "seed": seed,
        "minutes": round(seconds / 60, 1),
    }
    export_recognizer(out, path, record)
    accuracy = {}
    for name, crops in held_out(wanted, LAST).items():
        language = name if wanted.languages else "auto"
        right = figures(crops, read_all(load_recognizer(path, StageOptions(language=language)), crops))["right"]
        accuracy[name] = round(right, 4)
        typer.echo(f"{name}: {right:.1%} of {len(crops)} made words in fonts that were held out are read exactly")
    card = export_recognizer(out, path, record | {"accuracy": {"words": LAST, "exact": accuracy}})
    typer.echo(f"{path}\n{card}")
    option = f" --language {wanted.languages[0]}" if wanted.languages else ""
    typer.echo(f"try it: wordsight read page.jpg --recognizer {shlex.quote(str(path))}{option}")
