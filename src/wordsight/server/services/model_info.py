"""What is counted about models, and the state that clients ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select, true
from sqlalchemy.orm import Session

from wordsight.server.tables import Model, Picture, Run, Version

RUNNING = ("queued", "running")

STATES = {
    -1: "Training failed; see the run's error, mend the data and train again.",
    0: "Created; upload pictures.",
    1: "Pictures are there; mark the fields in some of them.",
    2: "Pictures are marked; start the training.",
    3: "Waiting for training.",
    4: "Training.",
    5: "Ready; it can predict.",
    6: "Training again with new data; it can predict meanwhile.",
}


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as it is shown.

    Attributes:
        id: Its id.
        name: Its name.
        model_type: What kind the client asked for; always read as "ocr".
        labels: Names of its fields, in the order given, with the number of marked boxes of each.
        state: -1 to 6, see ``STATES``.
        pictures: Number of pictures to learn from.
        active_version: The version that predicts, or None.
        archived: Whether it is hidden from lists.
        created: Seconds since 1970.
        accuracy: Share of right fields on held-out pictures, of the active version; 0 before.
        run: Id of the newest training, or None.
    """

    id: str
    name: str
    model_type: str
    labels: tuple[tuple[str, int], ...]
    state: int
    pictures: int
    active_version: int | None
    archived: bool
    created: float
    accuracy: float
    run: str | None

    @property
    def status(self) -> str:
        """The state in words."""
        return STATES[self.state]


def describe(session: Session, model: Model) -> ModelInfo:
    """A model with all that is counted about it."""
    return describe_all(session, [model])[0]


def describe_all(session: Session, models: Sequence[Model]) -> list[ModelInfo]:
    """Models with all that is counted about them; the database counts, however many pictures there are."""
    ids = [model.id for model in models]
    of_models = Picture.model_id.in_(ids)
    counts = select(Picture.model_id, func.count()).where(of_models).group_by(Picture.model_id)
    pictures = {model_id: count for model_id, count in session.execute(counts)}  # noqa: C416 (rows are no pairs)
    marks = count_marks(session, ids)
    newest: dict[str, Run] = {}
    for run in session.scalars(select(Run).where(Run.model_id.in_(ids)).order_by(Run.created)):
        newest[run.model_id] = run
    active = and_(Version.model_id == Model.id, Version.number == Model.active_version)
    versions = session.scalars(select(Version).join(Model, active).where(Model.id.in_(ids)))
    predicts = {version.model_id: version for version in versions}
    return [
        _info(model, pictures.get(model.id, 0), marks[model.id], newest.get(model.id), predicts.get(model.id))
        for model in models
    ]


def count_marks(session: Session, ids: Sequence[str]) -> dict[str, Counter[str]]:
    """How many boxes have which label, for each model."""
    found: dict[str, Counter[str]] = {model_id: Counter() for model_id in ids}
    if session.get_bind().dialect.name == "postgresql":
        box = func.json_array_elements(Picture.boxes).table_valued("value").render_derived()
        label = func.json_extract_path_text(box.c.value, "label")
    else:
        box = func.json_each(Picture.boxes).table_valued("value")
        label = func.json_extract(box.c.value, "$.label")
    query = select(Picture.model_id, label, func.count()).select_from(Picture).join(box, true())
    for model_id, name, count in session.execute(
        query.where(Picture.model_id.in_(ids)).group_by(Picture.model_id, label)
    ):
        found[model_id][str(name)] = count
    return found


def _info(model: Model, pictures: int, marks: Counter[str], run: Run | None, version: Version | None) -> ModelInfo:
    return ModelInfo(
        id=model.id,
        name=model.name,
        model_type=model.model_type,
        labels=tuple((label, marks[label]) for label in model.labels),
        state=state_of(run, version is not None, pictures, marks.total()),
        pictures=pictures,
        active_version=model.active_version,
        archived=model.archived,
        created=model.created,
        accuracy=float((version.metrics if version else {}).get("accuracy", 0.0)),
        run=run.id if run else None,
    )


def state_of(run: Run | None, can_predict: bool, pictures: int, boxes: int) -> int:
    """The number that clients poll for, see ``STATES``."""
    if run is not None and run.state in RUNNING:
        return 6 if can_predict else 3 if run.state == "queued" else 4
    if can_predict:
        return 5
    if run is not None and run.state == "failed":
        return -1
    return (2 if boxes else 1) if pictures else 0
