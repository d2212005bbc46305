"""A run from its beginning, or from where it was killed, to its end."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from wordsight.bulk.contents import write_atomically
from wordsight.bulk.engines import locally, on_ray
from wordsight.bulk.plan import SUMMARY, Job, prepare, remove_rests
from wordsight.config import check_choice, check_whole
from wordsight.errors import ConfigError

EngineName = Literal["local", "ray"]


@dataclass(slots=True)
class Progress:
    """How far a run is.

    Attributes:
        total: Pictures of the whole job.
        before: Pictures that were done when this run began.
        pictures: Pictures that this run has done.
        rows: Rows that it has written.
        errors: How often each error came.
        seconds: Since it began.
        core_seconds: What its workers computed.
    """

    total: int
    before: int = 0
    pictures: int = 0
    rows: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    core_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return self.pictures / self.seconds if self.seconds > 0 else 0.0

    @property
    def remaining(self) -> float:
        """Seconds to the end at this rate; infinite as long as nothing is done."""
        left = self.total - self.before - self.pictures
        return left / self.rate if self.rate > 0 else float("inf") if left else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as in ``_summary.json``."""
        return asdict(self) | {"errors": dict(self.errors), "rate": self.rate}


def run(
    job: Job, engine: EngineName = "local", workers: int = 1, threads: int = 1, address: str | None = None
) -> Iterator[Progress]:
    """Do all that is left of a job.

    Each picture is in the results exactly once, however often a run is killed and started again.

    Args:
        job: What is to be done.
        engine: ``local`` or ``ray``.
        workers: Processes or actors, each with a reader. One local worker works in this process.
        threads: Processors of each; the job's reader should have as many.
        address: A Ray cluster to join; None starts a Ray of this machine.

    Yields:
        How far it is: at once, and whenever a shard is done; always the same object.

    Raises:
        ConfigError: See :func:`wordsight.bulk.plan.prepare`; or an address without Ray.
        WordsightError: Workers die again and again.
    """
    check_choice("engine", engine, ("local", "ray"))
    check_whole("workers", workers, 1, 100_000)
    check_whole("threads", threads, 1, 1024)
    if address is not None and engine != "ray":
        raise ConfigError("an address is of a Ray cluster; choose engine 'ray'")
    plan = prepare(job)
    remove_rests(job)
    start = time.perf_counter()
    progress = Progress(plan.items, plan.done)
    yield progress
    if plan.left:
        results = (
            on_ray(job, plan.left, workers, threads, address)
            if engine == "ray"
            else locally(job, plan.left, min(workers, len(plan.left)), threads)
        )
        for done in results:
            progress.pictures += done["pictures"]
            progress.rows += done["rows"]
            progress.core_seconds += done["core_seconds"]
            for name, count in (one.split("=") for one in done["errors"].split()):
                progress.errors[name] += int(count)
            progress.seconds = time.perf_counter() - start
            yield progress
    if progress.pictures or not progress.before:  # a run that finds all done has nothing new to tell
        write_atomically(job.destination, SUMMARY, json.dumps(progress.to_dict(), indent=1).encode())
