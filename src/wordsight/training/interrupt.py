"""Ctrl-C in a training: it ends after the step that runs, with a checkpoint to go on from."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import FrameType

from wordsight.training.loop import Event, Progress, Stopped

INTERRUPTED = "interrupted"
"""The reason in ``Stopped`` after Ctrl-C."""


def interruptible(events: Generator[Event]) -> Iterator[Event]:
    """A run's events up to Ctrl-C (or SIGTERM), then ``Stopped`` with the reason "interrupted".

    Closing the run makes it write its checkpoint. A second Ctrl-C ends at once, without. Outside of the main thread,
    where Python delivers no signals, the events pass as they are.
    """
    asked = threading.Event()
    step, seconds = 0, 0.0
    with _handling(asked):
        for event in events:
            yield event
            if isinstance(event, Progress):
                step, seconds = event.step, event.seconds
            if asked.is_set() and not isinstance(event, Stopped):
                events.close()
                yield Stopped(step, seconds, INTERRUPTED)
                return


@contextmanager
def unheard() -> Iterator[None]:
    """A block in which processes are started that will not hear Ctrl-C, which a terminal sends to all of them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _handling(asked: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
