"""Real parts that tests of the service need: the service as a process, PostgreSQL, a receiver of webhooks."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from wordsight.fields.model import LabelCard, ModelCard, pack

START_SECONDS = 120.0


def all_routes(app: Any) -> list[tuple[str, str]]:
    """Every (method, path) that an application answers, those of included routers too; paths without a method not."""
    found = []
    for route in app.routes:
        included = getattr(route, "effective_route_contexts", None)
        for one in included() if included else [route]:
            found += [(method.lower(), one.path) for method in getattr(one, "methods", None) or () if method != "HEAD"]
    return found


def crop_model(*labels: str) -> bytes:
    """A model file that reads the whole picture as each of its fields, with the stock recognizer: quick to make."""
    cards = tuple(LabelCard(label, "crop") for label in labels)
    return pack(ModelCard("crops", cards, "2026-01-01T00:00:00Z", "0"), {})


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def until(what: Any, seconds: float = 60.0, every: float = 0.2) -> Any:
    """What a function gives as soon as it is not false."""
    end = time.monotonic() + seconds
    while True:
        if found := what():
            return found
        assert time.monotonic() < end, f"waited for {seconds:g} seconds"
        time.sleep(every)


@dataclass
class Live:
    """`wordsight serve` as a process of its own, with its worker."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    key: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        out = self.folder / "out.txt"
        with out.open("wb") as first, (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wordsight", "serve", "--port", str(self.port), *self.arguments],
                env=os.environ | {"WORDSIGHT_DATA": str(self.folder / "data")} | self.environment,
                stdout=first,
                stderr=log,
                cwd=self.folder,
            )
        until(self.answers, START_SECONDS)
        if not self.key:
            self.key = out.read_text().rpartition(": ")[2].strip()

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log.txt").read_text()
        try:
            return httpx.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, auth=(self.key, ""), timeout=60)

    def worker(self) -> psutil.Process | None:
        """The worker process, once there is one."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            if "wordsight.server.worker" in child.cmdline():
                return child
        return None

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; gives the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(40)


@contextmanager
def living(folder: Path, *arguments: str, **environment: str) -> Iterator[Live]:
    """A service that is ended at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    live = Live(folder, environment, arguments)
    live.start()
    try:
        yield live
    finally:
        if live.process is not None and live.process.poll() is None:
            live.stop()


@dataclass(frozen=True)
class Message:
    """What a receiver got."""

    path: str
    headers: dict[str, str]
    body: str


class Receiver:
    """Takes webhooks: /ok takes all, /fail none, /flaky the second one, /stall waits, /redirect sends elsewhere."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                seen = sum(message.path == self.path for message in receiver.got)
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append(Message(self.path, headers, body))
                if self.path == "/stall":
                    receiver.over.wait(30)
                refused = self.path == "/fail" or (self.path == "/flaky" and not seen)
                self.send_response(500 if refused else 302 if self.path == "/redirect" else 204)
                if self.path == "/redirect":
                    self.send_header("Location", "/ok")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def at(self, path: str) -> list[Message]:
        return [message for message in self.got if message.path == path]

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Postgres:
    """PostgreSQL in a folder of its own, as an ordinary user: it refuses to run as root."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder, self.port = programs, folder, free_port()
        self.made = 0
        self._user = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
        if self._user:
            subprocess.run(["chown", "nobody", folder], check=True)
        data = folder / "data"
        self._run("initdb", "-D", data, "-U", "ocr", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start("-c fsync=off")

    def database(self) -> str:
        """The URL of a new, empty database."""
        self.made += 1
        self._run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "ocr", f"d{self.made}")
        return f"postgresql://ocr@127.0.0.1:{self.port}/d{self.made}"

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop")

    def start(self, more: str = "") -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=300 {more}"
        self._run("pg_ctl", "-D", self.folder / "data", "-o", options, "-l", self.folder / "log.txt", "-w", "start")

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self._user, str(self.programs / program), *map(str, arguments)]
        with (self.folder / "commands.txt").open("ab") as log:
            subprocess.run(command, check=True, cwd="/", stdout=log, stderr=log)


@contextmanager
def running_postgres(stop: str = "fast") -> Iterator[Postgres]:
    """A server in a temporary folder; where PostgreSQL is not installed the test is skipped.

    Args:
        stop: The mode in which it is stopped at the end.
    """
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs are not installed")
    folder = Path(tempfile.mkdtemp(prefix="wordsight-postgres-"))
    server = Postgres(programs, folder)
    yield server
    server.stop(stop)
    shutil.rmtree(folder)


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's programs, as Debian installs them; the newest."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None
