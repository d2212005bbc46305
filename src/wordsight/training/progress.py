"""A training run on the terminal: one line that moves, and a line for every validation."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from wordsight.errors import ModelError
from wordsight.training.loop import Event, Stopped, Validated, Warned
from wordsight.training.loop import Progress as Step


def show(events: Iterable[Event], console: Console) -> Stopped:
    """Consume a run's events, which makes it run, and show steps, losses and the time that is left.

    Args:
        events: What ``train_detector`` gives.
        console: Where to write; the bar appears only on a terminal.

    Raises:
        ModelError: The events ended without ``Stopped``.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("preparing", total=None)
        for event in events:
            if isinstance(event, Step):
                losses = "  ".join(f"{name} {value:.3f}" for name, value in event.losses.items())
                total = event.seconds + event.remaining
                bar.update(task, completed=event.seconds, total=total, description=f"step {event.step}  {losses}")
            elif isinstance(event, Validated):
                figures = "  ".join(f"{name} {value:.3f}" for name, value in event.figures.items())
                best = "  best so far" if event.best else ""
                console.print(f"step {event.step}, {event.seconds / 60:.1f} min: {figures}{best}", highlight=False)
            elif isinstance(event, Warned):
                console.print(f"step {event.step}: {event.message}", style="yellow", highlight=False)
            elif isinstance(event, Stopped):
                return event
    raise ModelError("the training ended without a word; look at the error before this one")
