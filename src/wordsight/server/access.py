"""Who sends a request: HTTP Basic with the key as user name, a bearer token, or the session of a browser."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import partial

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from wordsight.server.errors import NotSignedIn
from wordsight.server.fetch import Fetcher
from wordsight.server.inference import Inference
from wordsight.server.jobs import Jobs
from wordsight.server.pages.session import cookie_of, sessions
from wordsight.server.security import Caller, Keys
from wordsight.server.services.activity import Activity
from wordsight.server.services.context import Context
from wordsight.server.services.models import Models
from wordsight.server.services.pictures import Pictures
from wordsight.server.services.predictions import Predictions
from wordsight.server.services.results import Results
from wordsight.server.services.training import Trainings
from wordsight.server.services.webhooks import Webhooks
from wordsight.server.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """All that routes may use; kept at ``app.state.services``."""

    context: Context
    keys: Keys
    models: Models
    pictures: Pictures
    predictions: Predictions
    results: Results
    trainings: Trainings
    webhooks: Webhooks
    activity: Activity
    fetcher: Fetcher
    inference: Inference

    @classmethod
    def open(cls, settings: Settings, jobs: Jobs) -> Services:
        """Services over the settings' database and files.

        Args:
            settings: Where and how much.
            jobs: Asks workers for jobs.
        """
        context = Context.open(settings)
        inference = Inference(settings, context.files)
        webhooks = Webhooks(context, partial(jobs.enqueue, "deliver"))
        return cls(
            context=context,
            keys=Keys(context.store, settings.rate_per_minute),
            models=Models(context),
            pictures=Pictures(context),
            predictions=Predictions(context, inference, partial(jobs.enqueue, "predict"), webhooks),
            results=Results(context, webhooks),
            trainings=Trainings(context, partial(jobs.enqueue, "train")),
            webhooks=webhooks,
            activity=Activity(context),
            fetcher=Fetcher(settings),
            inference=inference,
        )

    def close(self) -> None:
        """Finish what is being done and let go of the database."""
        self.inference.close()
        self.context.store.close()


def services(request: Request) -> Services:
    """The services of the running application."""
    found: Services = request.app.state.services
    return found


def secret_of(header: str) -> str:
    """The key in an Authorization header; empty where there is none.

    Raises:
        NotSignedIn: The header cannot be read.
    """
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NotSignedIn("the Authorization header is no valid HTTP Basic; send base64 of 'key:'") from error
    return text.partition(":")[0]


async def caller(request: Request) -> Caller:
    """Whose key the request has.

    Raises:
        NotSignedIn: There is no key, or nobody has it.
        NotAllowed: A browser's session is to change something, and the request is not from one of our pages.
        TooBusy: It has sent too many requests.
    """
    secret = secret_of(request.headers.get("authorization", ""))
    cookie = cookie_of(request)
    key_id = sessions(request).key_of(cookie) if cookie and not secret else None
    if key_id is not None:
        sessions(request).check_token(request, cookie)
        return await run_in_threadpool(services(request).keys.check_session, key_id)
    return await run_in_threadpool(services(request).keys.check, secret)
