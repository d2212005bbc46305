"""Models: made, listed, archived, deleted; their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from wordsight.fields.model import ModelFile, pack
from wordsight.server.errors import BadRequest, Conflict
from wordsight.server.security import Caller
from wordsight.server.services.context import Context, charge, is_kept, model_of, note, refund
from wordsight.server.services.model_info import RUNNING, ModelInfo, describe, describe_all
from wordsight.server.services.rules import Rules, check_rules
from wordsight.server.tables import File, Model, Page, Picture, Run, Version

LONGEST_LABEL = 100
MOST_LABELS = 200


class Models:
    """What can be done with models."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def create(self, caller: Caller, labels: Sequence[str], name: str = "", model_type: str = "ocr") -> ModelInfo:
        """Make a model.

        Raises:
            BadRequest: There is no label, or one is empty, too long or given twice.
        """
        caller.need("write")
        clean = check_labels(labels)
        with self.context.store.session() as session:
            model = Model(
                workspace_id=caller.workspace,
                name=(name.strip() or ", ".join(clean))[:200],
                model_type=model_type[:50] or "ocr",
                labels=clean,
            )
            session.add(model)
            session.flush()
            note(session, caller, "model.create", model.id, model.name)
            return describe(session, model)

    def get(self, caller: Caller, model_id: str) -> ModelInfo:
        """One model.

        Raises:
            NotThere: There is none with this id.
        """
        caller.need("read")
        with self.context.store.session() as session:
            return describe(session, model_of(session, caller, model_id))

    def all(self, caller: Caller, archived: bool = False, offset: int = 0, limit: int = 1000) -> list[ModelInfo]:
        """The models of the workspace, newest first."""
        caller.need("read")
        with self.context.store.session() as session:
            query = select(Model).where(Model.workspace_id == caller.workspace)
            if not archived:
                query = query.where(Model.archived.is_(False))
            models = session.scalars(query.order_by(Model.created.desc()).offset(offset).limit(limit)).all()
            return describe_all(session, models)

    def change(
        self,
        caller: Caller,
        model_id: str,
        *,
        name: str | None = None,
        labels: Sequence[str] | None = None,
        archived: bool | None = None,
    ) -> ModelInfo:
        """Change what is given; a label that boxes use cannot be taken away.

        Raises:
            NotThere: There is none with this id.
            BadRequest: A label is wrong.
            Conflict: A label that would go is in use.
        """
        caller.need("write")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            if labels is not None:
                clean = check_labels(labels)
                used = [label for label, count in describe(session, model).labels if count and label not in clean]
                if used:
                    raise Conflict(f"boxes are marked as {used[0]!r}; rename or delete them first")
                model.labels = clean
            model.name = (name.strip()[:200] or model.name) if name is not None else model.name
            model.archived = model.archived if archived is None else archived
            note(session, caller, "model.change", model.id, model.name)
            return describe(session, model)

    def rules(self, caller: Caller, model_id: str) -> Rules:
        """The rules by which files are approved or put up for review.

        Raises:
            NotThere: There is no such model.
        """
        caller.need("read")
        with self.context.store.session() as session:
            return Rules.model_validate(model_of(session, caller, model_id).settings.get("rules") or {})

    def set_rules(self, caller: Caller, model_id: str, rules: Rules) -> Rules:
        """Judge files by other rules from now on; those that were read before stay as they were judged.

        Raises:
            NotThere: There is no such model.
            BadRequest: A rule names no field of the model, or a pattern cannot be used.
        """
        caller.need("write")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            check_rules(rules, model.labels)
            model.settings = model.settings | {"rules": rules.model_dump(mode="json")}
            note(session, caller, "model.rules", model.id)
            return rules

    def delete(self, caller: Caller, model_id: str) -> None:
        """Delete a model with its pictures, versions and predictions.

        Raises:
            NotThere: There is none with this id.
            Conflict: It is being trained.
        """
        caller.need("write")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            if session.scalar(select(Run.id).where(Run.model_id == model.id, Run.state.in_(RUNNING)).limit(1)):
                raise Conflict("the model is being trained; cancel the training first")
            digests = []
            for table, size in ((Picture, Picture.bytes), (File, File.bytes), (Version, Version.size)):
                rows = session.execute(select(table.digest, size).where(table.model_id == model.id)).all()
                digests += [row[0] for row in rows if row[0]]
                refund(session, caller.workspace, sum(row[1] for row in rows))
            session.execute(delete(Page).where(Page.model_id == model.id))
            for owned in (File, Picture, Version, Run):
                session.execute(delete(owned).where(owned.model_id == model.id))
            session.delete(model)
            note(session, caller, "model.delete", model.id, model.name)
            session.flush()
            unused = [digest for digest in set(digests) if not is_kept(session, digest)]
        for digest in unused:
            self.context.files.delete(digest)

    def versions(self, caller: Caller, model_id: str) -> list[Version]:
        """The trained versions of a model, newest first.

        Raises:
            NotThere: There is none with this id.
        """
        caller.need("read")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            return list(
                session.scalars(select(Version).where(Version.model_id == model.id).order_by(Version.number.desc()))
            )

    def activate(self, caller: Caller, model_id: str, number: int) -> ModelInfo:
        """Let a version predict from now on.

        Raises:
            NotThere: There is no such model.
            BadRequest: It has no such version.
        """
        caller.need("write")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            if not session.scalar(select(Version.id).where(Version.model_id == model.id, Version.number == number)):
                raise BadRequest(f"the model has no version {number}; list its versions")
            model.active_version = number
            note(session, caller, "model.activate", model.id, str(number))
            return describe(session, model)

    def export(self, caller: Caller, model_id: str, number: int | None = None) -> tuple[str, bytes]:
        """A version's file, whose card bears the model's name, and a name for it.

        Raises:
            NotThere: There is no such model.
            Conflict: It was never trained.
            BadRequest: It has no such version.
        """
        caller.need("read")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            wanted = number if number is not None else model.active_version
            if wanted is None:
                raise Conflict("the model was never trained; train it, or import a version")
            row = session.scalar(select(Version).where(Version.model_id == model.id, Version.number == wanted))
            if row is None:
                raise BadRequest(f"the model has no version {wanted}; list its versions")
            name = "".join(c if c.isascii() and c.isalnum() else "-" for c in model.name.lower())[:60].strip("-")
            digest = row.digest
        # Outside of the session: packing takes a while, and nothing in the database is needed for it.
        file = ModelFile.parse(self.context.files.get(digest))
        named = replace(file.card, name=name or model_id)
        return f"{named.name}-v{wanted}.wordsight", pack(named, file.members)

    def import_version(self, caller: Caller, model_id: str, data: bytes) -> Version:
        """Add a version from a model file and let it predict.

        Raises:
            NotThere: There is no such model.
            ModelError: The file is damaged, was made by a newer version, or is no model file.
            BadRequest: It has a field that the model has not.
        """
        caller.need("write")
        self.get(caller, model_id)
        card = ModelFile.parse(data).card
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            strange = [label.name for label in card.labels if label.name not in model.labels]
            if strange:
                raise BadRequest(f"the file has the field {strange[0]!r}, the model has not; add it to the model first")
            row = self.add_version(session, model, data, scored(card.metrics))
            model.active_version = row.number
            note(session, caller, "model.import", model.id, str(row.number))
            return row

    def add_version(
        self, session: Session, model: Model, data: bytes, metrics: dict[str, Any], run_id: str | None = None
    ) -> Version:
        """Keep a trained version; the caller decides whether it becomes the active one.

        Raises:
            OutOfSpace: The quota or the disk is full.
        """
        charge(session, self.context, model.workspace_id, len(data))
        last = session.scalar(select(func.max(Version.number)).where(Version.model_id == model.id)) or 0
        row = Version(
            workspace_id=model.workspace_id,
            model_id=model.id,
            number=last + 1,
            digest=self.context.files.put(data),
            size=len(data),
            metrics=metrics,
            run_id=run_id,
        )
        session.add(row)
        session.flush()
        return row


def check_labels(labels: Sequence[str]) -> list[str]:
    """Labels without blanks around them.

    Raises:
        BadRequest: There is none, or one is empty, too long or given twice.
    """
    clean = [str(label).strip() for label in labels]
    if not clean:
        raise BadRequest("a model needs at least one category; send {'categories': ['total']}")
    if len(clean) > MOST_LABELS:
        raise BadRequest(f"a model has at most {MOST_LABELS} categories")
    for label in clean:
        if not label or len(label) > LONGEST_LABEL or not label.isprintable():
            raise BadRequest(f"a category is 1 to {LONGEST_LABEL} printable characters, not {label[:120]!r}")
    if len(set(clean)) != len(clean):
        raise BadRequest("a category is given twice; give each once")
    return clean


def scored(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """A card's figures, with the share of right values where pages look for it; no file is trusted to have one."""
    after = metrics.get("after")
    share = after.get("exact") if isinstance(after, Mapping) else None
    is_share = isinstance(share, int | float) and 0 <= share <= 1
    others = {name: value for name, value in metrics.items() if name != "accuracy"}
    return {**others, "accuracy": share} if is_share else others
