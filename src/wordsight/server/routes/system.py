"""Health and figures of the process."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from wordsight.server.metrics import Figures
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
async def metrics(request: Request, use: Use) -> Response:
    """Counts and times in the form that Prometheus reads; they name no workspace, file or text."""
    figures: Figures = request.app.state.figures
    text = await run_in_threadpool(figures.text, use.context.store, use.inference.waiting)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
