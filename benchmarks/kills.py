"""SIGKILL at random moments: is anything lost, half-written, or done twice to the outside?

    python benchmarks/kills.py
    python benchmarks/kills.py --kills 3 --minutes 0.2 --work runs/kills-short

Starts `wordsight serve` on SQLite. While clients upload pictures to learn from, ask for asynchronous readings and get
webhooks, and while a model is trained, one of these processes is killed with SIGKILL at a random moment: the worker,
the web process, both, or the training. Every kill ends the training; a part of them waits until it has come to its next
checkpoint, so that trainings get on, and a further one is asked for when one is over. Then the service goes on (the web
process by being started again, the others by themselves), and the next moment comes. In the end everything must be
there, once, and no training may have begun anew where it had a checkpoint. It can be interrupted: what was done stays
in the folder ``--work``, and the same command goes on.
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
from safetensors import SafetensorError, safe_open

from common import RUNS, parser, table, write_results
from service import Receiver, Service, free_port

WORKER, TRAINING = "wordsight.server.worker", "wordsight.server.train"
TARGETS = ("worker", "web", "both", "training")
KEPT = {"pictures": "bytes", "files": "bytes", "versions": "size"}
"""Tables with kept files, and their columns of sizes."""
SOON = 4.0
"""Longest time, in seconds, until a kill that waits for nothing."""
MARKED = 40
"""Pictures that are marked for the training, before the first kill."""
SETTLE_SECONDS = 600
FULL = 50
"""From so many kills on some training must have gone on from a checkpoint."""
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
    ledger.add("ready", model=model, receiver=receiver, port=service.port)


def keep_training(service: Service, model: str, minutes: float, ledger: Ledger) -> str:
    """The training that is under way; asks for one where there is none."""
    runs = ledger.all("run")
    if runs and progress(service, runs[-1]["id"]).get("state") not in ("finished", "failed"):
        return str(runs[-1]["id"])
    with service.client() as client:
        run = client.post(f"/api/v1/models/{model}/runs", json={"minutes": minutes}).raise_for_status().json()["id"]
    ledger.add("run", id=run)
    return str(run)


def watch_checkpoints(service: Service, ledger: Ledger) -> None:
    """Note every checkpoint of a training when it has been written: its seconds of learning."""
    last = {line["path"]: line["seconds"] for line in ledger.all("checkpoint")}
    runs = service.folder / "data" / "runs"
    while True:
        for path in runs.glob("*/teaching/**/checkpoint.safetensors"):
            with suppress(OSError, SafetensorError), safe_open(path, "numpy") as file:
                state, at, name = (
                    json.loads(file.metadata()["state"]),
                    path.stat().st_mtime,
                    str(path.relative_to(runs)),
                )
                if last.get(name) != state["seconds"]:
                    last[name] = state["seconds"]
                    ledger.add("checkpoint", path=name, at=at, seconds=state["seconds"], step=state["step"])
        time.sleep(0.5)


def wait_for_checkpoint(ledger: Ledger, longest: float) -> None:
    """Wait until a further checkpoint was written, or for the longest time."""
    before, end = len(ledger.all("checkpoint")), time.monotonic() + longest
    while len(ledger.all("checkpoint")) == before and time.monotonic() < end:
        time.sleep(0.2)


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
        runs = dict(base.execute("SELECT id, state FROM runs"))
        dead = base.execute("SELECT count(*) FROM deliveries WHERE state = 'dead'").fetchone()[0]
    blobs = [path for path in (data / "files").rglob("*") if path.is_file()]
    whole = {path.name for path in blobs if hashlib.sha256(path.read_bytes()).hexdigest() == path.name}
    told = [(line["key"], json.loads(line["body"])) for line in ledger.all("told")]
    of_files = Counter(file for file, _ in {(body.get("request_file_id"), key) for key, body in told} if file)
    of_runs = Counter(run for run, _ in {(body.get("run_id"), key) for key, body in told} if run)
    asked_runs = [line["id"] for line in ledger.all("run")]
    return {
        "uploads_lost": sum(rows.get(line["id"]) != line["name"] for line in uploaded),
        "readings_lost": sum(files.get(line["id"], [""])[0] != "success" for line in asked),
        "readings_without_exactly_one_page": sum(pages[line["id"]] != 1 for line in asked),
        "readings_not_told": sum(of_files[line["id"]] == 0 for line in asked),
        "readings_told_under_two_keys": sum(count > 1 for count in of_files.values()),
        "trainings_lost_or_not_ended": sum(runs.get(run) not in ("finished", "failed") for run in asked_runs),
        "trainings_twice": len(runs) - len(asked_runs),
        "trainings_not_told_once": sum(of_runs[run] != 1 for run in asked_runs),
        "dead_letters": dead,
        "files_missing_or_damaged": len(digests - whole),
        "unfinished_files_left": sum(path.suffix == ".part" for path in blobs),
        "quota_off_by_bytes": abs(used - kept),
        "database_damaged": int(integrity != "ok"),
        "answers_500": len(ledger.all("failure")),
        "trainings_begun_anew": anew(ledger),
        "trainings_never_gone_on": int(len(ledger.all("kill")) >= FULL and not gone_on(ledger)),
        "sent_twice_with_the_same_key": len(told) - len({key for key, _ in told}),
    }


def following(ledger: Ledger) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every checkpoint with the one that came after it in the same training of a network."""
    lines = ledger.all("checkpoint")
    paths = sorted({line["path"] for line in lines})
    return [pair for path in paths for pair in pairwise(line for line in lines if line["path"] == path)]


def anew(ledger: Ledger) -> int:
    """How often a training has forgotten its checkpoint: the next one had learned for less time."""
    return sum(after["seconds"] <= before["seconds"] for before, after in following(ledger))


def gone_on(ledger: Ledger) -> int:
    """How often a training that was killed has gone on from its checkpoint to the next."""
    kills = [line["at"] for line in ledger.all("kill")]
    pairs = [pair for pair in following(ledger) if pair[1]["seconds"] > pair[0]["seconds"]]
    return sum(any(before["at"] < at < after["at"] for at in kills) for before, after in pairs)


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
        run = keep_training(service, ready["model"], options.minutes, ledger)
        if chance.random() < options.at_checkpoints:
            wait_for_checkpoint(ledger, options.longest)
        time.sleep(chance.uniform(options.shortest, max(options.shortest, min(SOON, options.longest))))
        kill(service, chance.choice(TARGETS), ledger, run)
        over.set()
        for thread in threads:
            thread.join(60)
        if count % 5 == 0:
            print(f"{count} of {options.kills}", progress(service, run), flush=True)


def main() -> None:
    """Run the benchmark."""
    made = parser(__doc__)
    made.add_argument("--kills", type=int, default=50, help="how many (default 50)")
    made.add_argument("--minutes", type=float, default=2, help="time budget of the training (default 2)")
    made.add_argument("--shortest", type=float, default=0.3, help="shortest time between kills, s (default 0.3)")
    made.add_argument("--longest", type=float, default=120, help="longest wait for a checkpoint, s (default 120)")
    made.add_argument(
        "--at-checkpoints", type=float, default=0.25, help="share of the kills that wait for one (default 0.25)"
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
    threading.Thread(target=watch_checkpoints, args=(service, ledger), daemon=True).start()
    try:
        if not ready:
            prepare(service, receiver, options.minutes, ledger)
        work(options, ledger, service)
        end, still = time.monotonic() + SETTLE_SECONDS, 0
        while still < STILL and time.monotonic() < end:  # between two steps of a job nothing may seem to be left
            still = still + 1 if settled(service) else 0
            time.sleep(1)
        ends = Counter(str(progress(service, line["id"]).get("state")) for line in ledger.all("run"))
    finally:
        service.end()
    report(options, ledger, check(service, ledger), ends)


def report(options: argparse.Namespace, ledger: Ledger, wrong: dict[str, int], ends: Counter[str]) -> None:
    """Print and keep the figures; ends with status 1 where something is wrong."""
    kills = Counter(line["target"] for line in ledger.all("kill"))
    counts = {
        "acknowledged uploads": len(ledger.all("uploaded")),
        "acknowledged readings": len(ledger.all("asked")),
        "messages received": len(ledger.all("told")),
        "checkpoints": len(ledger.all("checkpoint")),
        "gone on from a checkpoint after a kill": gone_on(ledger),
    }
    phases = Counter(str(line["progress"].get("stage") or "before the first step") for line in ledger.all("kill"))
    rows = [[f"killed: {name}", count, ""] for name, count in sorted(kills.items())]
    rows += [[f"killed while the training was at: {name}", count, ""] for name, count in sorted(phases.items())]
    rows += [[name, count, ""] for name, count in counts.items()]
    rows += [[f"trainings {name}", count, ""] for name, count in sorted(ends.items())]
    rows += [[name.replace("_", " "), count, "" if "same_key" in name else "0"] for name, count in wrong.items()]
    results = {"kills": dict(kills), **counts, "wrong": wrong, "phases": phases, "trainings": ends}
    write_results(options, "kills", results, [table(("what", "count", "wanted"), rows)])
    (options.work / "over").touch()
    raise SystemExit(int(any(count for name, count in wrong.items() if "same_key" not in name)))


if __name__ == "__main__":
    main()
