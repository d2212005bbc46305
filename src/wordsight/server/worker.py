"""The worker process: does the jobs that the web process asks for.

Every job can be ended at any moment, by SIGKILL too. DBOS starts an interrupted job again at the step that was not
finished, and each step looks at its row first, so what was done is not done twice. A training runs in a process of
its own with a lower priority, and goes on from its checkpoint.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import aiosmtplib
import structlog
from dbos import DBOS
from dbos._core import StepOptions
from dbos._serialization import DBOSPortableJSONSerializer
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from wordsight.errors import ImageError, WordsightError
from wordsight.server import notify
from wordsight.server.access import Services
from wordsight.server.errors import NotThere, ServiceError, Unavailable
from wordsight.server.jobs import APPLICATION, AT_ONCE, VERSION, Jobs, queue_of
from wordsight.server.logs import set_up_logs
from wordsight.server.services.model_info import RUNNING
from wordsight.server.services.results import PENDING
from wordsight.server.services.training import AGAIN
from wordsight.server.services.webhooks import QUEUED, wait_after
from wordsight.server.settings import Settings, dump_settings, read_settings
from wordsight.server.store import driver_url
from wordsight.server.tables import Beat, Delivery, File, Model, Run
from wordsight.server.watch import Watcher

TRIES = 3
"""Attempts at a file before it is given up."""
DEATHS = 3
"""A training that is killed so often at one and the same place, by a lack of memory perhaps, is given up."""
CAN_GO_ON = (AGAIN, *range(-64, 0))
"""Exit statuses after which a training goes on: it said so, or was ended by a signal."""
SWEEP_SECONDS = 20.0
"""Time between two looks for rows whose job was never asked for, or whose worker is gone."""
SILENT_SECONDS = 90.0
"""A worker that has said nothing for so long is gone; the others take up its jobs."""
MOST_RECOVERIES = 10_000
"""A job may be killed so often before DBOS gives it up."""
DONE = "done"
CANCELLED, FINISHED, FAILED = "cancelled", "finished", "failed"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """The steps of all jobs; each may be done again from its start."""

    settings: Settings
    services: Services
    jobs: Jobs
    name: str = ""

    # ------------------------------------------------------------------------------------------------- training

    def teach(self, run_id: str) -> str:
        """Train, in a process of its own that may be killed; gives the state in which the run ended."""
        with self.services.context.store.session() as session:
            run = session.get(Run, run_id)
            if run is None or run.state not in ("queued", "running"):
                return run.state if run else CANCELLED
            run.state, run.started = "running", run.started or time.time()
            run.beat = time.time()
        places: list[object] = []
        while True:
            status = self._train(run_id)
            with self.services.context.store.session() as session:
                run = session.get(Run, run_id)
                if run is None:
                    return CANCELLED
                if run.state != "running":
                    return run.state
                places.append((run.progress.get("stage"), run.progress.get("done")))
                if status not in CAN_GO_ON or places[-DEATHS:] == [places[-1]] * DEATHS:
                    run.state, run.ended = FAILED, time.time()
                    run.error = f"the training process ended with status {status}; see the worker's log"
                    return run.state
            log.warning("the training goes on from its checkpoint", run=run_id, status=status)

    def _train(self, run_id: str) -> int:
        """One process that trains until the run has ended, or something ends the process; gives its exit status."""
        child = subprocess.Popen(  # settings may hold passwords: they go through a pipe, not the command line
            [sys.executable, "-m", "wordsight.server.train", run_id],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C in the terminal is for the worker, not for the training
        )
        assert child.stdin is not None
        with child.stdin:
            child.stdin.write(dump_settings(self.settings) + "\n")
            child.stdin.flush()
            return child.wait()  # the pipe stays open: the child ends when it closes, as it does if we are killed

    def announce_training(self, run_id: str) -> None:
        """Tell webhooks that a training has ended."""
        with self.services.context.store.session() as session:
            run = session.get(Run, run_id)
            if run is None or run.state == CANCELLED:
                return
            body = {"model_id": run.model_id, "run_id": run.id, "state": run.state, "version": run.version}
            event = "training.finished" if run.state == FINISHED else "training.failed"
            found = self.services.webhooks.announce(
                session, run.workspace_id, event, run.id, run.model_id, body | {"error": run.error}
            )
        self.services.webhooks.send(found)

    def mail_training(self, run_id: str) -> None:
        """Tell by mail that a training has ended."""
        with self.services.context.store.session() as session:
            run = session.get(Run, run_id)
            model = session.get(Model, run.model_id) if run else None
        if run is None or model is None or run.state == CANCELLED:
            return
        link = f"{self.settings.address}/models/{model.id}"
        if run.state == FINISHED:
            text = f"The training of {model.name!r} has ended.\n\nWhat came of it: {link}\n"
        else:
            text = f"The training of {model.name!r} has failed:\n\n{run.error}\n\n{link}\n"
        try:
            notify.mail(self.settings, f"wordsight: training of {model.name} {run.state}", text)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailError(f"{type(error).__name__}: {error}") from error

    # ------------------------------------------------------------------------------------------------ predictions

    def read(self, file_id: str) -> str:
        """Read a submitted file; gives "done", or why it is to be tried again."""
        try:
            self.services.predictions.finish(file_id)
        except NotThere:
            return DONE
        except (ImageError, ServiceError) as error:
            if isinstance(error, ServiceError) and error.status in (429, 503):
                raise
            self.services.predictions.give_up(file_id, str(error))
        except WordsightError as error:
            return str(error)
        return DONE

    def give_up(self, file_id: str, message: str) -> None:
        """Note that a file could not be read."""
        self.services.predictions.give_up(file_id, message)

    # -------------------------------------------------------------------------------------------------- webhooks

    def deliver(self, delivery_id: str) -> bool:
        """Send a message once, and ask for the next attempt where it failed; True where nothing more is to be done."""
        found = self.services.webhooks.open(delivery_id)
        if found is None:
            return True
        status, error = notify.post(self.settings, *found)
        attempts = self.services.webhooks.tried(delivery_id, status, error)
        if attempts:
            self.jobs.enqueue("deliver", delivery_id, attempts, wait_after(attempts))
        return not attempts

    # --------------------------------------------------------------------------------------------------- sweeping

    def sweep(self) -> None:
        """Say that this worker is there; ask for the jobs of rows that have none, and for those of workers gone."""
        now = time.time()
        with self.services.context.store.session() as session:
            session.merge(Beat(name=self.name, beat=now))
            alive = list(session.scalars(select(Beat.name).where(Beat.beat > now - SILENT_SECONDS)))
            runs = list(session.scalars(select(Run.id).where(Run.state.in_(RUNNING))))
            files = list(session.scalars(select(File.id).where(File.state == PENDING).limit(1000)))
            messages = list(session.scalars(select(Delivery).where(Delivery.state == QUEUED).limit(1000)))
        self.jobs.take_over([*alive, self.name])
        self.jobs.forget_failed()
        for run_id in runs:
            self.jobs.enqueue("train", run_id)
        for file_id in files:
            self.jobs.enqueue("predict", file_id)
        for message in messages:
            self.jobs.enqueue("deliver", message.id, message.attempts, message.due - now)


class MailError(WordsightError):
    """A message could not be mailed."""


def step(name: str) -> StepOptions:
    """A step that is tried again for two minutes, so that a database or mail server may go away for a while."""
    return {"name": name, "retries_allowed": True, "interval_seconds": 1, "max_attempts": 8, "backoff_rate": 2}


def register(worker: Worker) -> None:
    """Make the worker's jobs known to DBOS as the workflows "train", "predict" and "deliver"."""

    @DBOS.workflow(name="train", max_recovery_attempts=MOST_RECOVERIES)
    def train(run_id: str) -> str:
        state = DBOS.run_step(step("teach"), worker.teach, run_id)
        DBOS.run_step(step("announce"), worker.announce_training, run_id)
        DBOS.run_step(step("mail"), worker.mail_training, run_id)
        return state

    @DBOS.workflow(name="predict", max_recovery_attempts=MOST_RECOVERIES)
    def predict(file_id: str) -> None:
        trouble = ""
        for attempt in range(1, TRIES + 1):
            trouble = DBOS.run_step(step("read"), worker.read, file_id)
            if trouble == DONE:
                break
            DBOS.sleep(wait_after(attempt))
        else:
            DBOS.run_step(step("give-up"), worker.give_up, file_id, trouble)

    @DBOS.workflow(name="deliver", max_recovery_attempts=MOST_RECOVERIES)
    def deliver(delivery_id: str) -> None:
        # One attempt a job: a job that slept until the next would hold up the messages to those who answer.
        DBOS.run_step(step("deliver"), worker.deliver, delivery_id)


def work(settings: Settings, stop: threading.Event, name: str = "") -> None:
    """Do jobs until told to stop, then end the process.

    What is under way is not waited for: it must survive a kill anyway, and a training may take hours.

    Args:
        settings: Where the database and the files are.
        stop: Ends the work; what is under way is taken up again by the next start.
        name: Tells workers apart; the same name again takes up what this worker left. Default: the machine's name.
    """
    set_up_logs(settings)
    os.nice(5)  # reading for those who wait comes first
    jobs = Jobs(settings)
    services = Services.open(settings, jobs)
    name = name or socket.gethostname()
    worker = Worker(settings, services, jobs, name)
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": driver_url(settings.jobs_database),
            "application_version": VERSION,
            "executor_id": name,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "enable_otlp": False,
        }
    )
    register(worker)
    DBOS.launch()
    for kind, at_once in AT_ONCE.items():
        DBOS.register_queue(queue_of(kind), worker_concurrency=at_once, polling_interval_sec=0.5)
    if settings.watch is not None:
        watcher = Watcher(services.context, services.predictions, settings.watch, settings.watch_model)
        threading.Thread(target=watcher.run, args=(stop,), name="watch", daemon=True).start()
    services.context.files.tidy()
    while not stop.is_set():
        try:
            worker.sweep()
        except (Unavailable, SQLAlchemyError) as error:
            log.warning("the database does not answer", error=type(error).__name__)
        stop.wait(SWEEP_SECONDS)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads of jobs would keep an ordinary end waiting


def main() -> None:
    """Run as the child of another process, which gives the settings through the pipe and ends it by closing it."""
    settings = read_settings(sys.stdin.readline())
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())

    def end_with_parent() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=end_with_parent, name="parent", daemon=True).start()
    work(settings, stop)


if __name__ == "__main__":
    main()
