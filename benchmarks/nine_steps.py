"""The nine steps for real: from an empty data folder to a taught model that reads pictures it has never seen.

    python benchmarks/nine_steps.py ../shared/data/plates
    python benchmarks/nine_steps.py ../shared/data/plates --minutes 3 --held-out 20

Starts `wordsight serve` over an empty folder, and does what docs/nine-steps.md says with `wordsight.client`: create a
model, upload the pictures with their boxes, train, wait, predict. Pictures drawn by the seed are held out: they are not
uploaded, and predicted at last. Right is a prediction one of whose fields says what is written, separators aside.
Wanted: the first right prediction within 15 minutes of the start.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import RUNS, link_manifest, parser, table, write_results
from service import Service
from wordsight.client import Client
from wordsight.data.manifest import Manifest, Sample

WANTED_MINUTES = 15


@dataclass
class Course:
    """When what was reached, in seconds from the start."""

    began: float = field(default_factory=time.monotonic)
    reached: dict[str, float] = field(default_factory=dict)

    def at(self, what: str) -> None:
        """Something is reached, for the first time."""
        self.reached.setdefault(what, time.monotonic() - self.began)


def plain(text: str) -> str:
    """A text without separators, in capitals."""
    return re.sub(r"[\W_]", "", text).upper()


def is_right(sample: Sample, page: dict[str, Any]) -> bool:
    """Whether one of the fields that were found says what is written."""
    written = {plain(word.text) for word in sample.words or () if word.text and not word.ignore}
    return bool(written & {plain(found["text"] or "") for found in page["fields"]})


def go(client: Client, options: argparse.Namespace, folder: Path, unseen: Manifest, course: Course) -> dict[str, Any]:
    """All steps after the start; gives how the training ended and how many predictions were right."""
    model = client.create_model([options.label])
    failed = client.upload(model, folder)
    course.at("pictures uploaded")
    run = client.wait(client.train(model, minutes=options.minutes))
    course.at("training ended")
    right = 0
    for sample in unseen:
        if is_right(sample, client.predict(model, sample.path)["pages"][0]):
            course.at("first right prediction")
            right += 1
    course.at("all predicted")
    return {"state": run["state"], "error": run["error"], "not_taken": failed, "right": right, "of": len(unseen)}


def main() -> None:
    """Run the benchmark."""
    made = parser(__doc__)
    made.add_argument("folder", type=Path, help="manifest with photographs and one kind of field")
    made.add_argument("--label", default="number_plate", help="name of the field (default number_plate)")
    made.add_argument("--minutes", type=float, default=5, help="time to train (default 5)")
    made.add_argument("--held-out", type=int, default=30, help="pictures that are not uploaded (default 30)")
    made.add_argument("--seed", type=int, default=0, help="draws the pictures held out (default 0)")
    options = made.parse_args()
    every = Manifest.open(options.folder)
    legible = Manifest(every.folder, tuple(s for s in every if any(w.text and not w.ignore for w in s.words or ())))
    unseen = legible.choose(options.held_out, options.seed)
    names = {sample.image for sample in unseen}
    folder = RUNS / "nine-steps"
    link_manifest(folder, (sample for sample in every if sample.image not in names))
    course = Course()
    with tempfile.TemporaryDirectory() as data:
        service = Service(Path(data))
        service.start()
        course.at("service answers")
        try:
            with Client(service.url, service.key) as client:
                found = go(client, options, folder, unseen, course)
        finally:
            service.end()
    report(options, found, course)


def report(options: argparse.Namespace, found: dict[str, Any], course: Course) -> None:
    """Print and keep the figures; ends with status 1 where nothing was predicted rightly in time."""
    first = course.reached.get("first right prediction", float("inf"))
    rows: list[tuple[object, ...]] = [(f"{what}, minutes", at / 60, "") for what, at in course.reached.items()]
    rows.append(
        ("first right prediction within, minutes", WANTED_MINUTES, "yes" if first <= 60 * WANTED_MINUTES else "no")
    )
    rows.append(("training", found["state"], "finished"))
    rows.append(("held-out pictures read rightly", f"{found['right']} of {found['of']}", ""))
    write_results(
        options, "nine-steps", {"reached": course.reached} | found, [table(("what", "measured", "wanted"), rows)]
    )
    raise SystemExit(int(first > 60 * WANTED_MINUTES))


if __name__ == "__main__":
    main()
