"""Asking for jobs. The rows of the database say what is to be done; DBOS sees that it is done once.

A job is named after its row, so asking twice does nothing more. Where the database of jobs does not answer, the row
stays as it is and a worker finds it later (:mod:`wordsight.server.worker`).
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Literal

import structlog
from dbos import DBOSClient, EnqueueOptions, WorkflowStatus
from dbos._serialization import DBOSPortableJSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from wordsight.server.settings import Settings
from wordsight.server.store import driver_url

Kind = Literal["train", "predict", "deliver"]
APPLICATION = "wordsight"
VERSION = "3"
"""Jobs of one version are done by workers of the same; raise it when a workflow's steps change."""
AT_ONCE: dict[Kind, int] = {"train": 1, "predict": 2, "deliver": 8}
"""How many jobs of a kind one worker does at the same time."""

log = structlog.get_logger(__name__)


def queue_of(kind: Kind) -> str:
    """The queue of a kind of job."""
    return f"wordsight-{kind}"


def job_id(kind: Kind, row_id: str, attempt: int = 0) -> str:
    """The name of the job for a row, or for a further attempt at it."""
    return f"{kind}-{row_id}-{attempt}" if attempt else f"{kind}-{row_id}"


class Jobs:
    """Asks workers for jobs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._client: DBOSClient | None = None

    @property
    def client(self) -> DBOSClient:
        """The connection to the database of jobs, made on first use."""
        with self._lock:
            if self._client is None:
                self._client = DBOSClient(
                    system_database_url=driver_url(self.settings.jobs_database),
                    serializer=DBOSPortableJSONSerializer(),
                    application_name=APPLICATION,
                    lazy=True,
                    retry_connection_errors=False,
                )
            return self._client

    def enqueue(self, kind: Kind, row_id: str, attempt: int = 0, wait: float = 0.0) -> None:
        """Ask for the job of a row.

        Args:
            kind: What is to be done.
            row_id: The row.
            attempt: How often it was tried already.
            wait: Seconds until it is begun; it takes no place in the queue before.
        """
        options: EnqueueOptions = {
            "workflow_name": kind,
            "queue_name": queue_of(kind),
            "workflow_id": job_id(kind, row_id, attempt),
            "app_version": VERSION,
        }
        if wait > 0:
            options["delay_seconds"] = wait
        try:
            self.client.enqueue(options, row_id)
        except SQLAlchemyError as error:
            log.warning("job not queued; a worker will find it", kind=kind, row=row_id, error=type(error).__name__)

    def take_over(self, alive: Collection[str]) -> list[str]:
        """Let any worker go on with the jobs of workers that are not alive; gives the names of these jobs.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: The database of jobs does not answer.
        """
        found = []
        for kind in AT_ONCE:
            for job in self._of(kind, "PENDING"):
                if job.executor_id not in alive:
                    self.client.resume_workflow(job.workflow_id, queue_name=queue_of(kind))
                    found.append(job.workflow_id)
        return found

    def forget_failed(self) -> list[str]:
        """Forget jobs that ended with an error, so that those whose row is still open can be asked for again.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: The database of jobs does not answer.
        """
        found = [job.workflow_id for kind in AT_ONCE for job in self._of(kind, "ERROR")]
        if found:
            log.error("jobs ended with an error; those that are not done are begun again", jobs=found[:20])
            self.client.delete_workflows(found)
        return found

    def _of(self, kind: Kind, status: str) -> list[WorkflowStatus]:
        return self.client.list_workflows(
            status=status, queue_name=queue_of(kind), limit=1000, load_input=False, load_output=False
        )

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            if self._client is not None:
                self._client.destroy()
                self._client = None
