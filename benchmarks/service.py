"""What the benchmarks of the service share: the service as a process, and a receiver of its webhooks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil

START_SECONDS = 120.0


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Service:
    """`wordsight serve` with its worker, its data in a folder; the admin key stays in the folder too."""

    def __init__(self, folder: Path, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.environment = environment
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        """The admin key."""
        return (self.folder / "key.txt").read_text()

    def start(self) -> None:
        """Start it and wait until it answers."""
        out = self.folder / "out.txt"
        command = [sys.executable, "-m", "wordsight", "serve", "--port", str(self.port)]
        settings = {"WORDSIGHT_DATA": str(self.folder / "data"), **self.environment}
        with out.open("wb") as told, (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=told, stderr=log, env=os.environ | settings, cwd=self.folder
            )
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"the service does not start:\n{(self.folder / 'log.txt').read_text()[-3000:]}")
            time.sleep(0.2)
        if "admin key" in out.read_text():
            (self.folder / "key.txt").write_text(out.read_text().rpartition(": ")[2].strip())

    def answers(self) -> bool:
        """Whether it is ready."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    def client(self) -> httpx.Client:
        """Sends requests with the admin key."""
        return httpx.Client(base_url=self.url, auth=(self.key, ""), timeout=60)

    def children(self, module: str) -> list[psutil.Process]:
        """Processes below it that run a module."""
        assert self.process is not None
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
            return [one for one in found if module in one.cmdline()]
        except psutil.Error:
            return []

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(60)


class Receiver:
    """Takes every webhook, after a moment in which a sender can be killed, and calls back with it."""

    def __init__(self, port: int, took: Callable[[str, str, float], None], moment: float = 0.05) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                took(self.headers["Idempotency-Key"], body, time.time())
                time.sleep(moment)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    return  # the sender was killed

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
