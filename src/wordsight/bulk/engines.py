"""Who does the work: this process, processes of this machine, or actors of a Ray cluster."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, cast

import cv2

from wordsight.bulk.plan import Job
from wordsight.bulk.work import Worker
from wordsight.errors import MissingExtra, WordsightError

RETRIES = 3
"""How often processes that died are started anew without a shard done in between."""
WAITING = 2
"""Shards under way and waiting, for each worker; the rest is not handed out yet."""
OBJECT_STORE = 200 * 1024 * 1024
"""Bytes that a Ray of this machine keeps for objects: only numbers of shards and counts go through it."""


def locally(job: Job, shards: Sequence[int], workers: int, threads: int) -> Iterator[dict[str, Any]]:
    """Do shards on this machine; yields what :class:`Worker` returns, as each is done.

    Raises:
        WordsightError: Processes die again and again.
    """
    if workers == 1:
        before = cv2.getNumThreads()
        try:
            yield from map(Worker(job, threads), ({"shard": shard} for shard in shards))
        finally:
            cv2.setNumThreads(before)  # the process is the caller's
        return
    left, failures = list(shards), 0
    while left:
        try:
            for done in _pool(job, left, workers, threads):
                failures = 0
                left.remove(done["shard"])
                yield done
        except BrokenProcessPool as error:
            failures += 1
            if failures > RETRIES:
                raise WordsightError(
                    f"a worker process died {failures} times in a row, for want of memory perhaps; use fewer workers, "
                    "and start again: what is done stays"
                ) from error


def _pool(job: Job, shards: Sequence[int], workers: int, threads: int) -> Iterator[dict[str, Any]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(job, threads)) as pool:
        under_way: set[Future[dict[str, Any]]] = set()
        try:
            for shard in shards:
                under_way.add(pool.submit(_do, {"shard": shard}))
                if len(under_way) >= WAITING * workers:
                    done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    yield from (one.result() for one in done)
            while under_way:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in done)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Here:
    """What a process of a pool knows; its tasks have no other way to find it."""

    job: Job | None = None
    threads: int = 1
    worker: Worker | None = None


_HERE = _Here()


def _start(job: Job, threads: int) -> None:
    _HERE.job, _HERE.threads = job, threads
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    """A process whose parent was killed would wait for ever."""
    parent.join()
    os._exit(1)


def _do(task: dict[str, Any]) -> dict[str, Any]:
    if _HERE.worker is None:  # made here and not at the start, so that what goes wrong is told to whoever waits
        _HERE.worker = Worker(cast(Job, _HERE.job), _HERE.threads)
    return _HERE.worker(task)


def on_ray(
    job: Job, shards: Sequence[int], workers: int, threads: int, address: str | None = None
) -> Iterator[dict[str, Any]]:
    """Do shards in actors of Ray Data, each with one reader.

    Ray starts actors anew that died, gives their shards to others, and hands out only what actors can take.

    Args:
        job: What is to be done.
        shards: Their numbers.
        workers: Actors.
        threads: Processors of each.
        address: A cluster to join, such as ``ray://head:10001`` or ``auto``; None starts a Ray of this machine.

    Raises:
        MissingExtra: The extra ``bulk`` is not installed.
        WordsightError: No cluster is there, or it gives up.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise MissingExtra("ray[data]", "bulk") from error
    _join(ray, address, workers * threads)
    try:
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        tasks = ray.data.from_items([{"shard": shard} for shard in shards], override_num_blocks=len(shards))
        pool = ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=WAITING)
        done = tasks.map(Worker, fn_constructor_args=(job, threads), num_cpus=threads, compute=pool)
        yield from done.iter_rows()
    except ray.exceptions.RayError as error:
        raise WordsightError(f"Ray gave up: {error}; start again: what is done stays") from error
    finally:
        ray.shutdown()


def _join(ray: Any, address: str | None, processors: int) -> None:
    own = {"num_cpus": processors, "object_store_memory": OBJECT_STORE, "include_dashboard": False}
    try:
        ray.init(address=address or "local", logging_level="ERROR", log_to_driver=False, **({} if address else own))
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise WordsightError(f"no Ray at {address or 'this machine'}: {error}") from error
