"""SIGKILL at random moments: is anything lost, half-written, or done twice to the outside?

    python benchmarks/kills.py
    python benchmarks/kills.py --kills 3 --minutes 0.2 --work runs/kills-short

Starts `wordsight serve` on SQLite. While clients upload pictures to learn from, ask for asynchronous readings and get
webhooks, and while a model is trained, one of these processes is killed with SIGKILL at a random moment: the worker,
the web process, both, or the training. Then the service goes on (the web process by being started again, the others by
themselves), and the next moment comes. In the end everything must be there, once. It can be interrupted: what was done
stays in the folder ``--work``, and the same command goes on; a finished one begins anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import psutil

from common import RUNS, parser, table, write_results
from service import Receiver, Service, free_port

WORKER, TRAINING = "wordsight.server.worker", "wordsight.server.train"
TARGETS = ("worker", "web", "both", "training")
KEPT = {"pictures": "bytes", "files": "bytes", "versions": "size"}
"""Tables with kept files, and their columns of sizes."""
MARKED = 40
"""Pictures that are marked for the training, before the first kill."""
SETTLE_SECONDS = 600
STILL = 10
"""Seconds without anything left to be done, before it is looked for what is missing."""


class Ledger:
    """What was promised to clients, what was told to the outside, what was killed: lines of JSON in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        lines = path.read_text().splitlines() if path.exists() else []
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def add(self, kind: str, **what: Any) -> None:
        """Note something, at once on disk."""
        with self.lock, self.path.open("a") as file:
            self.lines.append({"kind": kind, **what})
            file.write(json.dumps(self.lines[-1]) + "\n")

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Everything of a kind, in the order in which it was noted."""
        with self.lock:
            return [line for line in self.lines if line["kind"] == kind]


def picture(text: str, seed: int) -> bytes:
    """A noisy picture of a text."""
    chance = np.random.default_rng(seed)
    page = np.full((64, 60 + 32 * len(text), 3), 255, np.uint8)
    cv2.putText(page, text, (20, 46), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (0, 0, 0), 3)
    noisy = page.astype(int) + chance.normal(0, 40, page.shape)
    return cv2.imencode(".png", noisy.clip(0, 255).astype(np.uint8))[1].tobytes()


def prepare(service: Service, receiver: int, minutes: float, ledger: Ledger) -> None:
    """A model with marked pictures that is being trained, and a webhook."""
    with service.client() as client:
        model = client.post("/api/v1/models", json={"labels": ["code"]}).raise_for_status().json()["id"]
        for number in range(MARKED):
            text = f"{random.Random(number).randrange(10**5):05}"
            data = picture(text, number)
            side = {"xmin": 0, "ymin": 0, "xmax": 60 + 32 * len(text), "ymax": 64}
            said = json.dumps([{"filename": "x", "object": [{"name": "code", "bndbox": side, "ocr_text": text}]}])
            files = {"file": (f"marked-{number}.png", data)}
            client.post(f"/api/v1/models/{model}/pictures", files=files, data={"data": said}).raise_for_status()
        hook = {"url": f"http://127.0.0.1:{receiver}/", "events": ["prediction.finished", "training.finished"]}
        hook["events"].append("training.failed")
        client.post("/api/v1/webhooks", json=hook).raise_for_status()
        run = client.post(f"/api/v1/models/{model}/runs", json={"minutes": minutes}).raise_for_status().json()["id"]
    ledger.add("ready", model=model, run=run, receiver=receiver, port=service.port)


def clients(service: Service, model: str, ledger: Ledger, over: threading.Event, worker: int) -> None:
    """Upload and ask for readings until told to stop; only what the service has acknowledged is noted."""
    chance = random.Random(time.time_ns() + worker)
    with service.client() as client:
        while not over.is_set():
            number = chance.randrange(10**9)
            data = picture(f"{number % 10**5:05}", number)
            file = {"file": (f"{number}.png", data)}
            with suppress(httpx.TransportError, KeyError):
                if number % 2:
                    reply = client.post(f"/api/v1/models/{model}/pictures", files=file)
                    if reply.is_success:
                        ledger.add("uploaded", id=reply.json()["pictures"][0]["id"], name=f"{number}.png")
                else:
                    reply = client.post("/api/v1/read?async=true", files=file)
                    if reply.is_success:
                        ledger.add("asked", id=reply.json()["files"][0]["id"])
                if reply.status_code >= 500 and reply.status_code != 503:
                    ledger.add("failure", status=reply.status_code, text=reply.text[:300])
            over.wait(chance.uniform(0.2, 0.8))


def kill(service: Service, target: str, ledger: Ledger, run: str) -> bool:
    """Kill with SIGKILL and let the service go on; whether there was something to kill."""
    assert service.process is not None
    workers, trainings = service.children(WORKER), service.children(TRAINING)
    web = psutil.Process(service.process.pid)
    doomed = {"worker": workers, "web": [web], "both": [*workers, web], "training": trainings}[target]
    before = progress(service, run)
    for process in doomed:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    if target in ("web", "both"):
        service.process.wait(30)
        for one in (*workers, *trainings):  # the worker must end by itself when its web process is gone
            one.wait(30) if one.is_running() else None
        service.start()
    if doomed:
        ledger.add("kill", target=target, at=time.time(), progress=before)
    return bool(doomed)


def progress(service: Service, run: str) -> dict[str, Any]:
    """How far the training is."""
    with suppress(httpx.TransportError, KeyError), service.client() as client:
        found = client.get(f"/api/v1/runs/{run}").json()
        return {"state": found["state"], "stage": found["progress"].get("stage"), "done": found["progress"].get("done")}
    return {}


def settled(service: Service) -> bool:
    """Whether nothing is left to be done."""
    text = httpx.get(f"{service.url}/metrics", timeout=30).text
    waits = [line for line in text.splitlines() if line.startswith("wordsight_rows") and not line.endswith(" 0.0")]
    return not [line for line in waits if 'state="failure"' not in line and 'state="dead"' not in line]


def check(service: Service, ledger: Ledger) -> dict[str, int]:
    """Count what is wrong; everything must be 0, but "sent_twice_with_the_same_key" may be more."""
    data = service.folder / "data"
    uploaded, asked = ledger.all("uploaded"), ledger.all("asked")
    ready = ledger.all("ready")[0]
    with sqlite3.connect(data / "wordsight.db") as base:
        rows = dict(base.execute("SELECT id, name FROM pictures"))
        files = {row[0]: row[1:] for row in base.execute("SELECT id, state, digest FROM files")}
        pages = Counter(row[0] for row in base.execute("SELECT file_id FROM pages"))
        (integrity,) = base.execute("PRAGMA integrity_check").fetchone()
        used = base.execute("SELECT used_bytes FROM workspaces").fetchone()[0]
        kept = sum(
            base.execute(f"SELECT coalesce(sum({size}), 0) FROM {name}").fetchone()[0] for name, size in KEPT.items()
        )
        digests = {
            row[0] for name in ("pictures", "files", "versions") for row in base.execute(f"SELECT digest FROM {name}")
        }
        state, runs = base.execute("SELECT state, count(*) FROM runs").fetchone()
        dead = base.execute("SELECT count(*) FROM deliveries WHERE state = 'dead'").fetchone()[0]
    blobs = [path for path in (data / "files").rglob("*") if path.is_file()]
    whole = {path.name for path in blobs if hashlib.sha256(path.read_bytes()).hexdigest() == path.name}
    told = [(line["key"], json.loads(line["body"])) for line in ledger.all("told")]
    of_files = Counter(file for file, _ in {(body.get("request_file_id"), key) for key, body in told} if file)
    of_run = {key for key, body in told if body.get("run_id") == ready["run"]}
    return {
        "uploads_lost": sum(rows.get(line["id"]) != line["name"] for line in uploaded),
        "readings_lost": sum(files.get(line["id"], [""])[0] != "success" for line in asked),
        "readings_without_exactly_one_page": sum(pages[line["id"]] != 1 for line in asked),
        "readings_not_told": sum(of_files[line["id"]] == 0 for line in asked),
        "readings_told_under_two_keys": sum(count > 1 for count in of_files.values()),
        "trainings_not_ended": int(state not in ("finished", "failed") or runs != 1),
        "training_not_told_once": int(len(of_run) != 1),
        "dead_letters": dead,
        "files_missing_or_damaged": len(digests - whole),
        "unfinished_files_left": sum(path.suffix == ".part" for path in blobs),
        "quota_off_by_bytes": abs(used - kept),
        "database_damaged": int(integrity != "ok"),
        "answers_500": len(ledger.all("failure")),
        "training_began_anew": began_anew(ledger),
        "sent_twice_with_the_same_key": len(told) - len({key for key, _ in told}),
    }


def began_anew(ledger: Ledger) -> int:
    """How often a training was further before a kill than it was at any look after it, by more than a checkpoint."""
    looks = [line["progress"] for line in ledger.all("kill") if line["progress"].get("stage") == "train"]
    done = [look["done"] or 0.0 for look in looks]
    return sum(later < earlier - 0.34 for earlier, later in pairwise(done))


def work(options: argparse.Namespace, ledger: Ledger, service: Service) -> None:
    """Kill until there were as many kills as wanted."""
    ready = ledger.all("ready")[0]
    chance = random.Random(options.seed + len(ledger.all("kill")))
    while (count := len(ledger.all("kill"))) < options.kills:
        over = threading.Event()
        threads = [
            threading.Thread(target=clients, args=(service, ready["model"], ledger, over, n), daemon=True)
            for n in range(2)
        ]
        for thread in threads:
            thread.start()
        # A training needs a while to begin: some of the waits are long enough for it to come to a checkpoint.
        longest = options.longest if chance.random() < 0.2 else 4
        time.sleep(chance.uniform(options.shortest, max(options.shortest, min(longest, options.longest))))
        kill(service, chance.choice(TARGETS), ledger, ready["run"])
        over.set()
        for thread in threads:
            thread.join(60)
        if count % 5 == 0:
            print(f"{count} of {options.kills}", progress(service, ready["run"]), flush=True)


def main() -> None:
    """Run the benchmark."""
    made = parser(__doc__)
    made.add_argument("--kills", type=int, default=50, help="how many (default 50)")
    made.add_argument("--minutes", type=float, default=2, help="time budget of the training (default 2)")
    made.add_argument("--shortest", type=float, default=0.3, help="shortest time between kills, s (default 0.3)")
    made.add_argument(
        "--longest", type=float, default=40, help="longest time from one kill to the next, s (default 40)"
    )
    made.add_argument("--seed", type=int, default=0, help="equal seeds draw equal moments and processes (default 0)")
    made.add_argument("--work", type=Path, default=RUNS / "kills", help="folder of what was done so far")
    options = made.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if (options.work / "over").exists():
        raise SystemExit(f"{options.work} holds a finished run; delete it, or choose another folder with --work")
    ledger = Ledger(options.work / "ledger.jsonl")
    service = Service(options.work.resolve() / "service", WORDSIGHT_PRIVATE_WEBHOOKS="true")
    ready = ledger.all("ready")
    receiver = ready[0]["receiver"] if ready else free_port()
    Receiver(receiver, lambda key, body, at: ledger.add("told", key=key, body=body, at=at))
    service.start()
    try:
        if not ready:
            prepare(service, receiver, options.minutes, ledger)
        work(options, ledger, service)
        end, still = time.monotonic() + SETTLE_SECONDS, 0
        while still < STILL and time.monotonic() < end:  # between two steps of a job nothing may seem to be left
            still = still + 1 if settled(service) else 0
            time.sleep(1)
        last = progress(service, ledger.all("ready")[0]["run"])
    finally:
        service.end()
    report(options, ledger, check(service, ledger), last)


def report(options: argparse.Namespace, ledger: Ledger, wrong: dict[str, int], last: dict[str, Any]) -> None:
    """Print and keep the figures; ends with status 1 where something is wrong."""
    kills = Counter(line["target"] for line in ledger.all("kill"))
    counts = {
        "acknowledged uploads": len(ledger.all("uploaded")),
        "acknowledged readings": len(ledger.all("asked")),
        "messages received": len(ledger.all("told")),
    }
    rows = [[f"killed: {name}", count, ""] for name, count in sorted(kills.items())]
    rows += [[name, count, ""] for name, count in counts.items()]
    rows += [[name.replace("_", " "), count, "" if "same_key" in name else "0"] for name, count in wrong.items()]
    results = {"kills": dict(kills), **counts, "wrong": wrong, "training": last}
    write_results(options, "kills", results, [table(("what", "count", "wanted"), rows)])
    (options.work / "over").touch()
    raise SystemExit(int(any(count for name, count in wrong.items() if "same_key" not in name)))


if __name__ == "__main__":
    main()
