"""Figures of the service for Prometheus, and one line of log for each request. Neither names a key, file or text."""

from __future__ import annotations

import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import func, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wordsight.server.store import Store
from wordsight.server.tables import Delivery, File, Run

SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 120)
OPEN_STATES = (
    ("runs", Run.state, ("queued", "running")),
    ("files", File.state, ("pending", "failure")),
    ("deliveries", Delivery.state, ("queued", "dead")),
)

log = structlog.get_logger(__name__)


class Figures:
    """What one process counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "wordsight_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "wordsight_request_seconds", "Time of requests.", ("route",), buckets=SECONDS, registry=self.registry
        )
        self.reading = Gauge("wordsight_reading", "Requests that wait or are being read.", registry=self.registry)
        self.rows = Gauge(
            "wordsight_rows", "Rows of all workspaces by state.", ("table", "state"), registry=self.registry
        )

    def text(self, store: Store, reading: int) -> bytes:
        """All figures as Prometheus reads them.

        Raises:
            Unavailable: The database does not answer.
        """
        self.reading.set(reading)
        with store.session() as session:
            for table, column, states in OPEN_STATES:
                for state in states:
                    count = session.scalar(select(func.count(column)).where(column == state))
                    self.rows.labels(table, state).set(count or 0)
        return generate_latest(self.registry)


class Observed:
    """Counts and logs every request under its route's pattern, so that no id of a client becomes a name."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self.app = app
        self.figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began = 500, time.monotonic()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            seconds = time.monotonic() - began
            route = getattr(scope.get("route"), "path", "") or "other"
            self.figures.requests.labels(scope["method"][:10], route, str(status)).inc()
            self.figures.seconds.labels(route).observe(seconds)
            log.info("request", method=scope["method"][:10], route=route, status=status, seconds=round(seconds, 3))
