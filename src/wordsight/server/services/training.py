"""Trainings: asked for here, done by a worker (see :mod:`wordsight.server.jobs`)."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import select

from wordsight.server.errors import BadRequest, Conflict, NotThere
from wordsight.server.security import Caller
from wordsight.server.services.context import Context, model_of, note
from wordsight.server.services.model_info import RUNNING
from wordsight.server.tables import Picture, Run

LONGEST_MINUTES = 24 * 60
AGAIN = 75
"""Exit status (``EX_TEMPFAIL``) of a training process that cannot go on now, and can later."""


class Trainings:
    """What can be done with the trainings of a model."""

    def __init__(self, context: Context, enqueue: Callable[[str], None]) -> None:
        """Make the service.

        Args:
            context: Settings, database and files.
            enqueue: Gives a worker the id of a run; asking twice for one run does nothing more.
        """
        self.context = context
        self.enqueue = enqueue

    def start(self, caller: Caller, model_id: str, minutes: float | None = None) -> Run:
        """Ask for a training.

        Raises:
            NotThere: There is no such model.
            BadRequest: Nothing is marked, or the time is out of bounds.
            Conflict: It is being trained.
        """
        caller.need("write")
        budget = self.context.settings.train_minutes if minutes is None else minutes
        if not 0 < budget <= LONGEST_MINUTES:
            raise BadRequest(f"'minutes' lies between 0 and {LONGEST_MINUTES}")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            if session.scalar(select(Run.id).where(Run.model_id == model.id, Run.state.in_(RUNNING)).limit(1)):
                raise Conflict("the model is being trained already; wait for it, or cancel it")
            if not session.scalar(
                select(Picture.id).where(Picture.model_id == model.id, Picture.state == "marked").limit(1)
            ):
                raise BadRequest(
                    "Model not ready for training: no picture is marked; upload pictures with their boxes first"
                )
            run = Run(workspace_id=caller.workspace, model_id=model.id, minutes=budget)
            session.add(run)
            session.flush()
            note(session, caller, "training.start", model.id, f"{budget:g} min")
        self.enqueue(run.id)
        return run

    def get(self, caller: Caller, run_id: str) -> Run:
        """One training.

        Raises:
            NotThere: There is none with this id.
        """
        caller.need("read")
        with self.context.store.session() as session:
            run = session.scalar(select(Run).where(Run.id == run_id, Run.workspace_id == caller.workspace))
            if run is None:
                raise NotThere("there is no such training in your workspace")
            return run

    def all(self, caller: Caller, model_id: str) -> list[Run]:
        """The trainings of a model, newest first.

        Raises:
            NotThere: There is no such model.
        """
        caller.need("read")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            return list(session.scalars(select(Run).where(Run.model_id == model.id).order_by(Run.created.desc())))

    def cancel(self, caller: Caller, run_id: str) -> Run:
        """End a training; the worker stops at its next step and keeps no version.

        Raises:
            NotThere: There is none with this id.
            Conflict: It is over.
        """
        caller.need("write")
        with self.context.store.session() as session:
            run = session.scalar(select(Run).where(Run.id == run_id, Run.workspace_id == caller.workspace))
            if run is None:
                raise NotThere("there is no such training in your workspace")
            if run.state not in RUNNING:
                raise Conflict(f"the training is over ({run.state})")
            run.state, run.ended = "cancelled", time.time()
            note(session, caller, "training.cancel", run.id)
            return run
