"""Teaching a model from a folder of labelled pictures: check, plan, train, measure, and keep it only if it is better.

::

    for event in teach(TeachConfig(Path("plates"), "plates")):
        print(event)

The events do the work: whoever stops consuming them stops the teaching, and the next one with the same data and
settings goes on where it was, after a kill too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wordsight.config import Quality, check_choice, check_range, home
from wordsight.errors import ConfigError
from wordsight.evaluation.fields import Change, compare_cases
from wordsight.fields.model import ModelCard, pack
from wordsight.fields.parts import Parts, build_parts
from wordsight.fields.store import Store, check_name
from wordsight.stages import StageOptions
from wordsight.training.events import Checked, Event, Outcome, Room, Taught, Working
from wordsight.training.general import general
from wordsight.training.kinds import decide
from wordsight.training.lesson import Lesson, Split, divide, prepare
from wordsight.training.teach_crops import teach_crops
from wordsight.training.teach_documents import teach_documents
from wordsight.training.teach_objects import teach_objects
from wordsight.training.verdict import make_report, write_page

PLAN = "plan.json"
USEFUL = 0.5
"""Where there is nothing yet, a model of things is kept that finds them with this F and does not clearly read worse."""


@dataclass(frozen=True, slots=True)
class TeachConfig:
    """What to teach, and how.

    Attributes:
        folder: Manifest with the labelled pictures.
        name: Name of the model.
        minutes: Time for the trainings; reading the pages and measuring come on top.
        test_split: Name of the split, or share of the pictures, that is held out for the report; None takes the split
            "test" where there is one, else a fifth.
        kinds: ``object``, ``document`` or ``crop`` by label, where the choice is not left to the data.
        seed: Draws other held-out pictures and batches.
        quality: At which pages are read.
        threads: Most threads; None takes all that the process may use.
        report: Where the report goes as a page; None: among the models' reports.
        title: What the report calls the model; empty: its name.

    Raises:
        ConfigError: A setting is out of bounds.
    """

    folder: Path
    name: str
    minutes: float = 10.0
    test_split: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    quality: Quality = "balanced"
    threads: int | None = None
    report: Path | None = None
    title: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check_range("minutes", self.minutes, 0.05, 10_000)
        for kind in self.kinds.values():
            check_choice("kind", kind, ("object", "document", "crop"))


def teach(config: TeachConfig) -> Generator[Event, None, Taught]:
    """Teach a model; iterate over the events to make it run. Closing the iterator stops it; it can be resumed.

    Yields:
        ``Checked`` first, ``Working``, ``Scored`` and ``Noted`` on the way, ``Taught`` at last, which is returned too.

    Raises:
        ManifestError: The data are broken, or too few.
        ImageError: A picture cannot be read.
        ConfigError: A setting does not fit the data, or the same name is being taught by another process.
        ModelError: Weights or a runtime cannot be used.
    """
    lesson = prepare(config.folder, config.kinds)
    work = home() / "teaching" / config.name
    with _alone(work):
        _plan(work, config, lesson)
        stock = build_parts({}, StageOptions(quality=config.quality, threads=config.threads))
        room = Room(work, config.minutes, config.seed, config.quality, config.threads)
        yield Working("read pages", 0.0, 5.0)
        lesson = decide(lesson, stock.reader, room)
        split = divide(lesson, config.test_split, config.seed)
        yield _checked(lesson, split)
        outcomes = yield from _stages(lesson, split, stock, room)
        taught = _finish(config, lesson, split, outcomes, stock)
        shutil.rmtree(work, ignore_errors=True)
    yield taught
    return taught


def _stages(lesson: Lesson, split: Split, stock: Parts, room: Room) -> Generator[Event, None, list[Outcome]]:
    """Teach the labels of each kind; the time is shared between kinds that train networks."""
    kinds = sorted({label.kind for label in lesson.labels if label.kind})
    networks = sum(kind != "document" for kind in kinds)
    room = replace(room, minutes=room.minutes / max(networks, 1))
    if networks and not split.test:
        raise ConfigError("there is only one picture, or one group: nothing can be held out; label more")
    outcomes = []
    for kind in kinds:
        labels, own = lesson.of_kind(kind), replace(room, folder=room.folder / kind)
        if kind == "document":
            told = replace(split, told=split.told or len(kinds) > 1)
            outcomes.append((yield from teach_documents(labels, told, stock.reader, own)))
        elif kind == "object":
            outcomes.append((yield from teach_objects(labels, split, stock, own)))
        else:
            if len(labels) > 1:
                raise ConfigError("a whole picture can have one label only; choose other kinds for the others")
            outcomes.append((yield from teach_crops(labels[0], split, stock.recognizer, own)))
    return outcomes


def _checked(lesson: Lesson, split: Split) -> Checked:
    turns = all(label.kind == "document" for label in lesson.labels) and not split.told
    kinds = {label.name: label.kind or "" for label in lesson.labels}
    return Checked(len(lesson.examples), 0 if turns else len(split.test), kinds, lesson.warnings)


def _finish(config: TeachConfig, lesson: Lesson, split: Split, outcomes: Sequence[Outcome], stock: Parts) -> Taught:
    """Judge, write the report, and keep the model if it is better."""
    before = [case for outcome in outcomes for case in outcome.before]
    after = [case for outcome in outcomes for case in outcome.after]
    change = compare_cases(before, after)
    first = config.name not in Store.default().names()
    adopted, reason = verdict(change, len(after), [share for one in outcomes for share in one.placed.values()], first)
    members = {name: content for outcome in outcomes for name, content in outcome.members.items()}
    report = make_report(config.title or config.name, lesson, split, outcomes, reason)
    report["general"] = general(members, stock.recognizer, config.threads)
    store = Store.default()
    kept = None
    if adopted:
        kept = store.add(pack(make_card(config, lesson, outcomes, report), members), config.name)
    place = config.report or home() / "reports" / f"{kept or config.name + '-not-kept'}.html"
    report = {**report, "adopted": adopted, "model": str(kept) if kept else None}
    page = write_page(place, report, lesson)
    return Taught(adopted, reason, str(kept) if kept else None, kept.path if kept else None, report, page)


def verdict(change: Change, cases: int, placed: Sequence[float] = (), first: bool = False) -> tuple[bool, str]:
    """Whether a taught model is kept, and why.

    Args:
        change: Held-out values before and after.
        cases: How many there are.
        placed: F of the places of each label that the stock reader has no means to find, on other held-out pictures.
        first: Whether there is no model of this name yet.
    """
    numbers = f"{change.fixed} of {cases} held-out values became right, {change.broken} became wrong"
    if change.better:
        return True, numbers
    worse = Change(change.broken, change.fixed).better
    if first and placed and min(placed) >= USEFUL and not worse:
        return True, f"it finds what the stock reader cannot (F {min(placed):.2f} of the places); {numbers}"
    if change.fixed > change.broken:
        return False, f"{numbers}: that can be chance (p = {change.chance:.2f}); label more pictures"
    return False, f"{numbers}: not better than the stock reader"


def make_card(config: TeachConfig, lesson: Lesson, outcomes: Sequence[Outcome], report: Mapping[str, Any]) -> ModelCard:
    """The card of the new model."""
    return ModelCard(
        name=config.name,
        labels=tuple(label for outcome in outcomes for label in outcome.labels),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("wordsight"),
        data={"pictures": len(lesson.examples), "fingerprint": lesson.fingerprint, "folder": lesson.folder.name},
        metrics={"before": report["before"], "after": report["after"], "held_out": report["held_out"]},
    )


def _plan(work: Path, config: TeachConfig, lesson: Lesson) -> None:
    """Keep what a teaching is told; one that was told something else starts from nothing."""
    told = {
        "fingerprint": lesson.fingerprint,
        "minutes": config.minutes,
        "test_split": config.test_split,
        "kinds": dict(config.kinds),
        "seed": config.seed,
        "quality": config.quality,
        "wordsight": version("wordsight"),
    }
    try:
        before = json.loads((work / PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = None
    if before != told:
        for entry in work.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
        (work / PLAN).write_text(json.dumps(told), encoding="utf-8")


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """A folder that no other process works in; the lock goes with the process, however it ends."""
    work.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows has no such locks; there nobody should teach one name twice at once
        yield
        return
    with (work / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(f"{work.name} is being taught by another process; wait for it, or stop it") from error
        yield
