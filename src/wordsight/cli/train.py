"""`wordsight train ...`."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from wordsight.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from wordsight.training.delivery import Delivery
    from wordsight.training.holdout import Parts

app = typer.Typer(no_args_is_help=True, help="Train networks on your own pictures.")

STARTS = {"east": "wordsight/weights/east.onnx", "stock": "PP-OCRv6_det_small"}
"""What the names that ``--from`` of a detector knows stand for."""

NEEDED = ("torch", "onnx", "onnxslim", "safetensors")

Mix = Annotated[str, typer.Option("--weights-mix", help="Shares of the manifests, such as 3,1; equal by default.")]
HeldOut = Annotated[
    str, typer.Option("--held-out", help="What to measure on: a manifest folder, a split's name, or a share below 1.")
]
Head = Annotated[
    Literal["rbox", "quad", "db", "sliding-window", "single-shot", "region"],
    typer.Option(
        "--head",
        help="rbox: EAST, turned boxes. quad: EAST, quads. db: differentiable binarization. Or another family: "
        "sliding-window, single-shot, region.",
    ),
]
Start = Annotated[
    str,
    typer.Option(
        "--from",
        help="What to start from: east, the word detector that comes with wordsight; stock, the published network; "
        "or the detector.onnx or best.safetensors of an earlier training.",
    ),
]


@app.callback()
def train() -> None:
    """Train networks on your own pictures."""


@app.command()
def detector(
    manifests: Annotated[list[Path], typer.Argument(metavar="MANIFEST...", help="Folders with labels.jsonl.")],
    minutes: Annotated[float, typer.Option("--minutes", help="How long to train.")] = 60.0,
    weights_mix: Mix = "",
    held_out: HeldOut = "",
    head: Head = "rbox",
    start: Start = "east",
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds draw equal views.")] = 0,
    out: Annotated[Path, typer.Option("--out", help="Folder for checkpoint and result.")] = Path("runs/detector"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in that folder.")] = False,
) -> None:
    """Train a detector on pictures in which the words are marked, and write it as an ONNX file.

    Ctrl-C ends the training with a checkpoint, from which the same command with --resume goes on.

    Examples:
        wordsight train detector street --minutes 60

        wordsight train detector street receipts --weights-mix 3,1 --held-out val --out runs/mine

        wordsight train detector signs --from runs/mine/detector.onnx --out runs/more
    """
    check_extra()
    from rich.console import Console

    from wordsight.training import delivery
    from wordsight.training.detector import Source, config_for, train_detector
    from wordsight.training.holdout import part
    from wordsight.training.interrupt import INTERRUPTED, interruptible
    from wordsight.training.loop import TrainConfig
    from wordsight.training.progress import show

    parts, mix = part(manifests, held_out), shares(weights_mix, len(manifests))
    budget = TrainConfig(minutes=minutes, seed=seed, validate_minutes=max(minutes / 8, 0.5))
    told = {"manifests": [str(folder) for folder in manifests], "mix": mix, "held_out": held_out}
    delivery.start(out, {**told, "head": head, "seed": seed, "from": start}, resume)
    console = Console(stderr=True)
    console.print(f"{sum(map(len, parts.learnt))} pictures to learn from, {len(parts.held_out)} held out", style="dim")
    sources = [Source(samples, weight) for samples, weight in zip(parts.learnt, mix, strict=True)]
    config = replace(config_for(head), start=detector_file(start))
    events = train_detector(sources, parts.held_out, out, budget, config, resume)
    stopped = show(interruptible(events), console)
    if stopped.reason == INTERRUPTED:
        again = shlex.join(["wordsight", *(word for word in sys.argv[1:] if word != "--resume"), "--resume"])
        typer.echo(f"stopped at step {stopped.step}; go on with: {again}", err=True)
        raise typer.Exit(130)
    record = describe(manifests, parts, mix) | {"seed": seed, "minutes": round(stopped.seconds / 60, 1)}
    record["training_sets"].append({"set": f"{STARTS.get(start, start)} (initialisation)", "terms": "Apache-2.0"})
    conclude(delivery.deliver(out, head, parts.held_out, record))


def check_extra() -> None:
    """Refuse to train without the packages for it.

    Raises:
        MissingExtra: One is not installed.
    """
    for package in NEEDED:
        if find_spec(package) is None:
            raise MissingExtra(package, "train")


def detector_file(start: str) -> Path | None:
    """The weights that ``--from`` of a detector means; None for those of the published network."""
    from wordsight.models import cards

    if start == "stock":
        return None
    return cards.locate(cards.EAST_DETECTOR) if start == "east" else Path(start)


def shares(text: str, count: int) -> list[float]:
    """The numbers of ``--weights-mix``, one for each manifest.

    Raises:
        ConfigError: Their number is another one, or one of them is not above 0.
    """
    if not text:
        return [1.0] * count
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError as error:
        raise ConfigError(f"--weights-mix takes numbers with commas between them, such as 3,1, not {text!r}") from error
    if len(numbers) != count or not all(0 < number < float("inf") for number in numbers):
        raise ConfigError(f"--weights-mix takes one number above 0 for each of the {count} manifests, not {text!r}")
    return numbers


def describe(manifests: list[Path], parts: Parts, mix: list[float]) -> dict[str, Any]:
    """What a card says about the data of a training."""
    sets = [
        {"set": folder.resolve().name, "pictures": len(samples), "weight": weight, "terms": "the user's own"}
        for folder, samples, weight in zip(manifests, parts.learnt, mix, strict=True)
    ]
    return {
        "training_sets": sets,
        "split": f"{parts.rule} ({len(parts.held_out)} pictures)",
        "command": shlex.join(["wordsight", *sys.argv[1:]]),
    }


def conclude(made: Delivery) -> None:
    """Say what a training has made and how it is used."""
    figures = "  ".join(f"{name} {value:.3f}" for name, value in made.figures.items())
    typer.echo(f"{made.weights}\n{made.card}")
    typer.echo(f"held-out pictures: {figures}")
    typer.echo(f"use it: wordsight read photo.jpg --east-model {shlex.quote(str(made.weights))}")
