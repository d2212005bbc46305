"""The training process: one run, started by a worker, ended by the end of the pipe that the worker holds.

Its folder under the service's data keeps the pictures as they were when the run began and the checkpoints; a run that
was killed goes on from there when a worker starts it again.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from wordsight.data.manifest import LABELS
from wordsight.errors import WordsightError
from wordsight.server.errors import ServiceError, Unavailable
from wordsight.server.services.context import Context
from wordsight.server.services.models import Models
from wordsight.server.services.pictures import samples
from wordsight.server.services.training import AGAIN
from wordsight.server.settings import Settings, read_settings
from wordsight.server.tables import Model, Run
from wordsight.training.events import Checked, Event, Noted, Scored, Taught, Working
from wordsight.training.teach import TeachConfig, teach

NAME = "model"
TELL_SECONDS = 1.0
MOST_NOTES = 50

log = structlog.get_logger(__name__)


class Cancelled(Exception):
    """Somebody has cancelled the run."""


class Training:
    """One run, from its row to a new version."""

    def __init__(self, context: Context, run_id: str) -> None:
        self.context = context
        self.run_id = run_id
        self.folder = context.settings.data / "runs" / run_id
        self.progress: dict[str, Any] = {"notes": []}
        self._told = 0.0
        self._title = ""

    def go(self) -> None:
        """Train until the run has ended in one of its ways."""
        try:
            minutes = self._begin()
            # Everything that teaching keeps is this run's own: names of models cannot meet, checkpoints are found.
            os.environ["WORDSIGHT_HOME"] = str(self.folder)
            for event in teach(self._config(minutes)):
                self._tell(event)
                if isinstance(event, Taught):
                    self._end_at_last(event)
        except Cancelled:
            log.info("training cancelled", run=self.run_id)
        except (WordsightError, ValueError) as error:
            if isinstance(error, ServiceError) and error.status == 503:
                raise
            self._fail(str(error).replace(f"{self.folder}{os.sep}", ""))  # nobody sees where that is
        shutil.rmtree(self.folder, ignore_errors=True)

    def _config(self, minutes: float) -> TeachConfig:
        """What is taught; the report bears the model's name as people have written it."""
        return TeachConfig(self.folder / "set", NAME, minutes=minutes, threads=None, title=self._title)

    def _begin(self) -> float:
        """Write the marked pictures as a manifest, once; gives the time to train."""
        with self.context.store.session() as session:
            run = session.get(Run, self.run_id)
            if run is None or run.state != "running":
                raise Cancelled
            self.progress |= run.progress
            rows = list(samples(session, session.get_one(Model, run.model_id)))
            minutes = run.minutes
            self._title = session.get_one(Model, run.model_id).name
        target = self.folder / "set"
        if target.is_dir():
            return minutes
        part = self.folder / "set.part"
        shutil.rmtree(part, ignore_errors=True)
        (part / "images").mkdir(parents=True)
        lines = []
        for row in rows:
            name = f"images/{row.id}"
            (part / name).write_bytes(self.context.files.get(row.digest))
            words = [{key: box[key] for key in ("quad", "label", "text") if box.get(key)} for box in row.boxes]
            lines.append(json.dumps({"image": name, "size": [row.width, row.height], "words": words}))
        (part / LABELS).write_text("\n".join(lines) + "\n", encoding="utf-8")
        part.rename(target)
        return minutes

    def _tell(self, event: Event) -> None:
        """Keep how far the run is, about once a second; notice that somebody has cancelled it."""
        self.progress |= described(event)
        if isinstance(event, Noted | Scored):
            self.progress["notes"] = [*self.progress["notes"], described(event)][-MOST_NOTES:]
        if isinstance(event, Working) and time.monotonic() - self._told < TELL_SECONDS:
            return
        self._told = time.monotonic()
        try:
            with self.context.store.session() as session:
                run = session.get(Run, self.run_id)
                if run is None or run.state != "running":
                    raise Cancelled
                run.progress, run.beat = dict(self.progress), time.time()
        except Unavailable:
            log.warning("progress not written: the database does not answer", run=self.run_id)

    def _end_at_last(self, event: Taught) -> None:
        """Keep what was taught, as soon as the database answers: it is worth waiting for."""
        while True:
            try:
                return self._end(event)
            except Unavailable:
                time.sleep(TELL_SECONDS)

    def _end(self, event: Taught) -> None:
        """Make what was taught a version of the model; it predicts from now on if it is better."""
        report = json.loads(json.dumps(event.report, default=str))
        page = self.context.files.put(event.page.read_bytes())
        with self.context.store.session() as session:
            run = session.get_one(Run, self.run_id)
            if run.state != "running":
                raise Cancelled
            run.ended, run.report, run.report_digest = time.time(), report, page
            if event.path is None:
                run.state = "failed"
                run.error = f"the new model was not kept: {event.reason}"
                return
            model = session.get_one(Model, run.model_id)
            data = Path(event.path).read_bytes()
            version = Models(self.context).add_version(session, model, data, figures(report), run.id)
            model.active_version = run.version = version.number
            run.state = "finished"

    def _fail(self, message: str) -> None:
        with self.context.store.session() as session:
            run = session.get(Run, self.run_id)
            if run is not None and run.state == "running":
                run.state, run.ended, run.error = "failed", time.time(), message[:2000]


def described(event: Event) -> dict[str, Any]:
    """An event as plain values for the progress that clients see."""
    if isinstance(event, Working):
        return {
            "stage": event.stage,
            "done": round(event.done, 4),
            "remaining": round(event.remaining, 1),
            "message": event.message,
        }
    if isinstance(event, Scored):
        return {"stage": event.stage, "scores": {name: round(value, 4) for name, value in event.figures.items()}}
    if isinstance(event, Checked):
        return {
            "stage": "checked",
            "pictures": event.pictures,
            "test": event.test,
            "labels": dict(event.labels),
            "warnings": list(event.warnings),
        }
    if isinstance(event, Noted):
        return {"note": event.message}
    return {"stage": "done", "done": 1.0, "remaining": 0.0, "reason": event.reason}


def figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a list of versions shows of a report."""
    after = report.get("after") or {}
    exact = after.get("exact", after.get("accuracy", 0.0)) if isinstance(after, dict) else 0.0
    return {"accuracy": exact, "before": report.get("before"), "after": after, "held_out": report.get("held_out")}


def main() -> None:
    """Run as the child of a worker: the run's id is the argument, the settings come through the pipe."""
    settings: Settings = read_settings(sys.stdin.readline())

    def end_with_worker() -> None:
        sys.stdin.read()
        os._exit(3)  # the worker is gone; whoever takes over the run starts it again

    threading.Thread(target=end_with_worker, name="worker", daemon=True).start()
    os.nice(10)
    context = Context.open(settings)
    try:
        Training(context, sys.argv[1]).go()
    except Unavailable:
        os._exit(AGAIN)
    context.store.close()
    os._exit(0)  # not waiting for the thread above, which reads until the worker ends


if __name__ == "__main__":
    main()
