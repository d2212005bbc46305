"""A training as a stage of a teaching: told as shares of its time, resumed where it was stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from wordsight.training.events import Event, Noted, Scored, Working
from wordsight.training.loop import Event as Step
from wordsight.training.loop import Progress, Saved, Stopped, TrainConfig, Validated, Warned

CHECKPOINT = "checkpoint.safetensors"
SAVE_MINUTES = 0.33
"""A teaching that is killed loses at most this much."""


STEPPING = 0.85
"""Share of a training's time in which it learns; in the rest it is validated and exported."""


def schedule(minutes: float, seed: int, looks: int = 5, patience: int = 0) -> TrainConfig:
    """Budget and rhythm of a training of a few minutes.

    Args:
        minutes: Time for all of it.
        seed: Of everything that is drawn.
        looks: So many validations, if there is time.
        patience: After so many without a new best it ends; 0: never.
    """
    return TrainConfig(
        minutes=max(STEPPING * minutes, 0.03),
        seed=seed,
        ema=0.995,
        warmup=20,
        save_minutes=SAVE_MINUTES,
        validate_minutes=max(minutes / looks, 0.25),
        patience=patience,
    )


def run(
    stage: str, folder: Path, told: str, deliver: Callable[[Path], None], train: Callable[[bool], Iterator[Step]]
) -> Generator[Event, None, bytes]:
    """Run a training to its end and export it, unless that was done before.

    Args:
        stage: Name of the stage.
        folder: The training's; what it delivers is kept there.
        told: The settings; a training that was told something else starts anew.
        deliver: Exports the finished training to a file.
        train: Starts the training; its argument is whether it goes on from a checkpoint.

    Returns:
        The exported file.
    """
    done = folder / "done.onnx"
    if not done.is_file():
        _same(folder, told)
        steps = train((folder / CHECKPOINT).is_file())
        try:
            for step in steps:
                yield from _told(stage, step)
        finally:
            if isinstance(steps, Generator):
                steps.close()
        part = folder / "part.onnx"
        deliver(part)
        part.replace(done)
        (folder / "part.json").unlink(missing_ok=True)
    return done.read_bytes()


def _same(folder: Path, told: str) -> None:
    """Make the folder of a training, without what is left of one with other settings."""
    settings = folder / "settings.txt"
    if folder.is_dir() and (not settings.is_file() or settings.read_text(encoding="utf-8") != told):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    settings.write_text(told, encoding="utf-8")


def _told(stage: str, step: Step) -> Iterator[Event]:
    if isinstance(step, Progress):
        total = step.seconds + step.remaining
        losses = "  ".join(f"{name} {value:.3f}" for name, value in step.losses.items())
        yield Working(stage, min(step.seconds / max(total, 1e-6), 1.0), step.remaining, losses)
    elif isinstance(step, Validated):
        yield Scored(stage, step.figures)
    elif isinstance(step, Warned):
        yield Noted(step.message)
    elif not isinstance(step, Saved | Stopped):
        raise TypeError(f"a training told {step!r}")
