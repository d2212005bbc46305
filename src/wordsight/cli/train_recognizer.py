"""`wordsight train recognizer`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from wordsight.cli.train import HeldOut, Mix, check_extra, describe, shares
from wordsight.config import check_choice
from wordsight.errors import ConfigError

if TYPE_CHECKING:
    from wordsight.data.crops import Example
    from wordsight.evaluation.compare import Verdict
    from wordsight.stages import Recognizer
    from wordsight.training.crops import CropSource
    from wordsight.training.holdout import Parts
    from wordsight.training.loop import TrainConfig
    from wordsight.training.recognizer import RecognizerConfig

RESULT = "recognizer.onnx"


Arch = Annotated[
    Literal["svtr", "crnn", "crnn-vgg"],
    typer.Option("--arch", help="svtr: the default reader. crnn: LSTM on its backbone. crnn-vgg: the paper's."),
]
Start = Annotated[
    Path | None,
    typer.Option("--from", help="Folder or ONNX file of an earlier training; the published one by default."),
]
Characters = Annotated[
    str, typer.Option("--charset", help="keep, latin, or the characters; those of the labels are always added.")
]
Silent = Annotated[
    list[str] | None,
    typer.Option("--silent", help="What the labels do not tell: case, punctuation. May be given twice."),
]


def recognizer(
    manifests: Annotated[
        list[Path], typer.Argument(metavar="MANIFEST...", help="Folders with labels.jsonl: crops, or marked pictures.")
    ],
    arch: Arch = "svtr",
    minutes: Annotated[float, typer.Option("--minutes", help="How long to train.")] = 30.0,
    start: Start = None,
    charset: Characters = "",
    silent: Silent = None,
    synthetic: Annotated[float, typer.Option("--synthetic", help="Share of made words, 0 to 0.95.")] = 0.5,
    weights_mix: Mix = "",
    held_out: HeldOut = "",
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds draw equal crops.")] = 0,
    out: Annotated[Path, typer.Option("--out", help="Folder for checkpoint and result.")] = Path("runs/recognizer"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in that folder.")] = False,
) -> None:
    """Train a recognizer on word crops or marked pictures, compare it with its parent, and write it as an ONNX file.

    Ctrl-C ends the training with a checkpoint, from which the same command with --resume goes on.

    Examples:
        wordsight train recognizer plates --minutes 20

        wordsight train recognizer signs --arch crnn --silent case --held-out val --out runs/signs
    """
    check_extra()
    for name in silent or ():
        check_choice("silent", name, ("case", "punctuation"))
    if not 0 <= synthetic <= 0.95:
        raise ConfigError(f"--synthetic is a share from 0 to 0.95, not {synthetic}")
    from wordsight.training.delivery import start as begin
    from wordsight.training.holdout import part
    from wordsight.training.loop import TrainConfig
    from wordsight.training.recognizer import config_for

    parts, mix = part(manifests, held_out), shares(weights_mix, len(manifests))
    told = {"manifests": [str(folder) for folder in manifests], "mix": mix, "held_out": held_out, "arch": arch}
    begin(out, {**told, "charset": charset, "synthetic": synthetic, "seed": seed}, resume)
    sources, held = gather(parts, mix, silent or [], synthetic, seed)
    budget = TrainConfig(minutes=minutes, seed=seed, validate_minutes=max(minutes / 8, 0.5))
    seconds = run(sources, held, out, budget, config_for(arch, start, charset), resume)
    record = describe(manifests, parts, mix) | {"seed": seed, "minutes": round(seconds / 60, 1)}
    record["training_sets"].append({"set": f"{start or 'PP-OCRv6_rec_small'} (initialisation)", "terms": "Apache-2.0"})
    if synthetic:
        record["training_sets"].append({"set": "words made by wordsight", "weight": synthetic, "terms": "none"})
    conclude(out, held, start, record)


def gather(
    parts: Parts, mix: list[float], silent: list[str], synthetic: float, seed: int
) -> tuple[list[CropSource], tuple[Example, ...]]:
    """What to learn from, and the crops to measure on."""
    from wordsight.data.crops import examples
    from wordsight.training.crops import RealCrops, synthesized

    held = tuple(examples(parts.held_out, silent))
    learnt = [tuple(examples(samples, silent)) for samples in parts.learnt]
    typer.echo(f"{sum(map(len, learnt))} crops to learn from, {len(held)} held out", err=True)
    scale = (1 - synthetic) / sum(mix)
    sources: list[CropSource] = [RealCrops(crops, weight * scale) for crops, weight in zip(learnt, mix, strict=True)]
    return ([*sources, synthesized(synthetic, seed)] if synthetic else sources), held


def run(
    sources: list[CropSource],
    held: tuple[Example, ...],
    out: Path,
    budget: TrainConfig,
    config: RecognizerConfig,
    resume: bool,
) -> float:
    """Train and show it; the seconds that it took. After Ctrl-C the program ends with exit status 130."""
    from rich.console import Console

    from wordsight.training.interrupt import INTERRUPTED, interruptible
    from wordsight.training.progress import show
    from wordsight.training.recognizer import train_recognizer

    stopped = show(interruptible(train_recognizer(sources, held, out, budget, config, resume)), Console(stderr=True))
    if stopped.reason == INTERRUPTED:
        again = shlex.join(["wordsight", *(word for word in sys.argv[1:] if word != "--resume"), "--resume"])
        typer.echo(f"stopped at step {stopped.step}; go on with: {again}", err=True)
        raise typer.Exit(130)
    return stopped.seconds


def conclude(out: Path, held: Iterable[Example], start: Path | None, record: dict[str, Any]) -> None:
    """Export a training's result, compare it with its parent, and say what came of it."""
    from wordsight.recognition.trained import load_recognizer
    from wordsight.stages import StageOptions
    from wordsight.training.crops import general_set
    from wordsight.training.export_ctc import export_recognizer

    path = out / RESULT
    export_recognizer(out, path, record)
    options = StageOptions()
    verdict = judge(start, load_recognizer(path, options), tuple(held), general_set())
    card = export_recognizer(out, path, record | {"compared_with_parent": as_record(verdict)})
    typer.echo(f"{path}\n{card}")
    for row in verdict.rows:
        typer.echo(
            f"{row.name}: {row.parent:.1%} before, {row.child:.1%} now ({row.count} crops, p = {row.chance:.2f})"
        )
    typer.echo(("use it: " if verdict.adopt else "keep what you have: ") + verdict.reason)
    typer.echo(f"try it: wordsight recognize crop.jpg --recognizer {shlex.quote(str(path))}")


def judge(start: Path | None, child: Recognizer, held: tuple[Example, ...], general: list[Example]) -> Verdict:
    """The comparison with the recognizer that the training started from."""
    from wordsight import registry
    from wordsight.evaluation.compare import compare
    from wordsight.recognition.trained import load_recognizer
    from wordsight.stages import StageOptions

    options = StageOptions()
    known = start is not None and (start / RESULT).is_file()
    parent = (
        load_recognizer(start / RESULT, options) if known and start else registry.create_recognizer("svtr", options)
    )
    return compare(parent, child, {"held-out crops": held, "made words": general})


def as_record(verdict: Verdict) -> dict[str, Any]:
    """A comparison as a card tells it."""
    rows = {
        row.name: {"crops": row.count, "parent": round(row.parent, 4), "child": round(row.child, 4)}
        for row in verdict.rows
    }
    return {"adopt": verdict.adopt, "reason": verdict.reason, "sets": rows}
