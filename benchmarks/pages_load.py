"""The web pages over a large workspace: seconds for each page, and memory of the web process while they are asked for.

    python benchmarks/pages_load.py
    python benchmarks/pages_load.py --pictures 100000 --rounds 5

A folder of its own is filled directly through the database: one model with --pictures pictures, half of them marked
with --boxes boxes each, and as many results, messages and entries of the audit log. Then `wordsight serve` is started
over it as a process, signed in to as a browser does, and every page is asked for --rounds times, one after the other.

first   Seconds until the whole page had come, asked for the first time.
median  The same, the median of all rounds.
slowest The slowest of all rounds.

Memory is the resident set of the web process, without its worker: after the first round, and after the last.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import psutil
from sqlalchemy import insert

import common
from wordsight.server.access import Services
from wordsight.server.jobs import Jobs
from wordsight.server.security import Caller
from wordsight.server.settings import Settings
from wordsight.server.tables import Activity, Delivery, File, Model, Page, Picture, Run, Version, new_id

LABELS = ("date", "total", "shop", "tax")
WORDS = ("bread", "hammer", "total", "street", "harbour", "coffee", "paper", "lamp", "soap", "orchard")
WORDS_A_PAGE = 40
START_SECONDS = 60
CHUNK = 1000
SIZE = (320, 240)


def main() -> None:
    """Fill, start, measure, write."""
    made = common.parser(__doc__)
    made.add_argument("--pictures", type=int, default=10_000, help="pictures of the model (default 10000)")
    made.add_argument("--boxes", type=int, default=4, help="boxes in each marked picture (default 4)")
    made.add_argument("--rounds", type=int, default=12, help="how often each page is asked for (default 12)")
    options = made.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        began = time.perf_counter()
        key, paths = fill(data, options)
        filled = time.perf_counter() - began
        rows, memory = ask(data, key, paths, options.rounds)
    results = {"pictures": options.pictures, "pages": rows, "memory_mb": memory, "fill_seconds": round(filled, 1)}
    cells = [[row["page"], row["kb"], row["first"], row["median"], row["slowest"]] for row in rows]
    said = f"{options.pictures} pictures, as many results, messages and entries; {options.rounds} rounds. "
    said += f"Web process: {memory['first']:.0f} MB after the first round, {memory['last']:.0f} MB after the last."
    common.write_results(options, "pages_load", results, [said, common.table(HEADER, cells)])


HEADER = ("page", "kB", "first", "median", "slowest")


def fill(folder: Path, options: argparse.Namespace) -> tuple[str, dict[str, str]]:
    """Make a large workspace; gives its admin key and the paths of the pages by their names."""
    settings = Settings(data=folder)
    services = Services.open(settings, Jobs(settings))
    key = services.keys.first()
    assert key is not None
    who = services.keys.check(key)
    model = services.models.create(who, LABELS, "Ten thousand").id
    hook = services.webhooks.add(who, "https://example.com/hook", ["training.finished"]).id
    chance = random.Random(0)
    started = time.time() - options.pictures
    with services.context.store.session() as session:
        version = Version(workspace_id=who.workspace, model_id=model, number=1, size=1, metrics={"accuracy": 0.9})
        version.digest = services.context.files.put(b"no model: only its row is shown")
        session.add_all([version, Run(workspace_id=who.workspace, model_id=model, minutes=1, state="finished")])
        session.get_one(Model, model).active_version = 1
    for start in range(0, options.pictures, CHUNK):
        numbers = range(start, min(start + CHUNK, options.pictures))
        rows = [one(services, who, model, hook, number, started, chance, options.boxes) for number in numbers]
        with services.context.store.session() as session:
            for table in (Picture, File, Page, Delivery, Activity):
                session.execute(insert(table), [row[table] for row in rows])
        common.progress(numbers.stop, options.pictures)
    picture, _ = services.pictures.all(who, model, "", options.pictures // 2, 1)
    file, _ = services.results.all(who, offset=options.pictures // 2, limit=1)
    services.close()
    return key, paths_of(model, picture[0].id, file[0].file.id, options.pictures)


def one(  # noqa: PLR0913
    services: Services,
    who: Caller,
    model: str,
    hook: str,
    number: int,
    started: float,
    chance: random.Random,
    boxes: int,
) -> dict[Any, dict[str, Any]]:
    """The rows of one picture and of one result, and what was told and noted of them."""
    digest = services.context.files.put(drawn(number))
    file = new_id()
    base = {"workspace_id": who.workspace, "created": started + number}
    own = base | {"model_id": model}
    quad = [[10.5, 20.5], [120.25, 20.5], [120.25, 44.5], [10.5, 44.5]]
    marks = [
        {"id": new_id(), "label": chance.choice(LABELS), "quad": quad, "text": f"{number}.{n:02}"} for n in range(boxes)
    ]
    words = [{"text": chance.choice(WORDS), "quad": quad, "confidence": 0.93} for _ in range(WORDS_A_PAGE)]
    name = f"picture-{number:06}.jpg"
    kept = {"name": name, "digest": digest, "bytes": 5000}
    size = {"width": SIZE[0], "height": SIZE[1]}
    is_marked = number % 2 == 0
    picture = own | kept | size | {"id": new_id(), "state": "marked" if is_marked else "new"}
    page = (
        own | size | {"id": new_id(), "file_id": file, "number": 0, "day": 1, "words": words, "doubt": chance.random()}
    )
    page |= {"boxes": [mark | {"score": 0.8} for mark in marks], "text": " ".join(word["text"] for word in words)}
    message = {"id": new_id(), "webhook_id": hook, "event": "training.finished", "body": "{}", "state": "delivered"}
    entry = {"id": new_id(), "key_name": who.name, "action": "picture.mark", "detail": f"{boxes} boxes"}
    return {
        Picture: picture | {"boxes": marks if is_marked else []},
        File: own | kept | {"id": file, "version": 1},
        Page: page,
        Delivery: base | message,
        Activity: base | entry,
    }


def drawn(number: int) -> bytes:
    """A small JPEG that no other number has."""
    picture = np.full((SIZE[1], SIZE[0], 3), 200, np.uint8)
    cv2.putText(picture, str(number), (30, 130), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 3)
    return cv2.imencode(".jpg", picture)[1].tobytes() + str(number).encode()


def paths_of(model: str, picture: str, file: str, pictures: int) -> dict[str, str]:
    """The path of every page, lists at their beginning, middle and end."""
    root, api = f"/models/{model}", f"/api/v1/models/{model}"
    middle, end = pictures // 96, -(-pictures // 48)
    return {
        "read": "/",
        "models": "/models",
        "model": root,
        "pictures": f"{root}/pictures",
        "pictures, middle": f"{root}/pictures?page={middle}",
        "pictures, last": f"{root}/pictures?page={end}",
        "pictures, not labelled": f"{root}/pictures?state=new&page={middle // 2}",
        "pictures, duplicates": f"{root}/pictures?state=double",
        "label, next": f"{root}/label",
        "label": f"{root}/label/{picture}",
        "train": f"{root}/train",
        "try": f"{root}/try",
        "use": f"{root}/use",
        "review": f"{root}/review",
        "review, middle": f"{root}/review?skip={pictures // 2}",
        "results": "/results",
        "results, last": f"/results?page={-(-pictures // 30)}",
        "results, two words": "/results?words=harbour+orchard",
        "results, no hit": "/results?words=nowhere",
        "result": f"/results/{file}",
        "keys": "/keys",
        "webhooks": "/webhooks",
        "activity": "/activity",
        "activity, last": f"/activity?page={pictures // 100}",
        "settings": "/settings",
        "thumbnail": f"{api}/pictures/{picture}/image?width=320",
    }


def ask(folder: Path, key: str, paths: dict[str, str], rounds: int) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Start the service, ask for every page in every round."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "wordsight", "serve", "--port", str(port)]
    with subprocess.Popen(
        command, env=os.environ | {"WORDSIGHT_DATA": str(folder)}, stdout=subprocess.DEVNULL
    ) as server:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, follow_redirects=True) as client:
                wait(client)
                client.post("/sign-in", data={"key": key}).raise_for_status()
                return rounds_of(client, psutil.Process(server.pid), paths, rounds)
        finally:
            server.terminate()


def rounds_of(
    client: httpx.Client, process: psutil.Process, paths: dict[str, str], rounds: int
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Seconds of each page, and memory after the first and the last round."""
    seconds: dict[str, list[float]] = {name: [] for name in paths}
    size, memory = {}, {}
    for number in range(rounds):
        for name, path in paths.items():
            began = time.perf_counter()
            reply = client.get(path)
            seconds[name].append(time.perf_counter() - began)
            reply.raise_for_status()
            size[name] = len(reply.content) / 1000
        memory["last"] = process.memory_info().rss / 1e6
        memory.setdefault("first", memory["last"])
        common.progress(number + 1, rounds)
    rows = [
        {
            "page": name,
            "kb": round(size[name]),
            "first": round(found[0], 4),
            "median": round(common.median(found), 4),
            "slowest": round(max(found), 4),
        }
        for name, found in seconds.items()
    ]
    return rows, memory


def wait(client: httpx.Client) -> None:
    """Until the service answers."""
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit("the service did not start; see its messages above")


if __name__ == "__main__":
    main()
