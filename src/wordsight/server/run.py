"""Running the service: the web process, and a worker beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import structlog
import uvicorn

from wordsight.server.access import Services
from wordsight.server.app import create_app
from wordsight.server.jobs import Jobs
from wordsight.server.logs import set_up_logs
from wordsight.server.settings import Settings, dump_settings

LONGEST_PAUSE = 30.0
ENDING_SECONDS = 20.0

log = structlog.get_logger(__name__)


class WorkerProcess:
    """A worker process beside this one, started again when it dies."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._over = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._keep, name="keeps-worker", daemon=True)

    def start(self) -> None:
        """Start it, and keep it going."""
        self._thread.start()

    def _keep(self) -> None:
        pause = 1.0
        while not self._over.is_set():
            began = time.monotonic()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "wordsight.server.worker"],
                stdin=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C in the terminal is for this process, which then ends the worker
            )
            assert self._process.stdin is not None
            with self._process.stdin as pipe:  # open as long as we live: the worker ends when it closes
                pipe.write(dump_settings(self.settings) + "\n")
                pipe.flush()
                status = self._process.wait()
            if time.monotonic() - began > LONGEST_PAUSE:
                pause = 1.0  # it did work; only one that dies at once is kept waiting
            if not self._over.is_set():
                log.error("the worker process ended; it is started again", status=status, seconds=pause)
                self._over.wait(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)

    def stop(self) -> None:
        """End it, first kindly."""
        self._over.set()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._thread.join(ENDING_SECONDS)


def open_services(settings: Settings) -> tuple[Services, str | None]:
    """The services, and the admin key of a new installation, to be shown once."""
    services = Services.open(settings, Jobs(settings))
    return services, services.keys.first()


def serve(settings: Settings, services: Services, with_worker: bool = True) -> None:
    """Answer requests until the process is told to end."""
    set_up_logs(settings)
    worker = WorkerProcess(settings) if with_worker else None
    if worker is not None:
        worker.start()
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(services),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=int(ENDING_SECONDS),
        )
    )

    def end(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again when it has ended, which without this would end us before the worker.
        signal.signal(number, end)
    try:
        server.run()
    finally:
        if worker is not None:
            worker.stop()
