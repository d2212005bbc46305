"""Health and figures of the process."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool

from wordsight.server.routes.nanonets import Use

router = APIRouter(tags=["system"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """Whether the process answers at all."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(use: Use) -> dict[str, str]:
    """Whether its database answers too; 503 where it does not."""
    await run_in_threadpool(use.context.store.ping)
    return {"status": "ok"}


@router.get("/metrics", response_class=Response)
def metrics() -> Response:
    """Counts and times in the form that Prometheus reads; they name no workspace, file or text."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
