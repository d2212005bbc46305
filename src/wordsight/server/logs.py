"""How the processes of the service log."""

from __future__ import annotations

import sys

import structlog
from structlog.typing import Processor

from wordsight.server.settings import Settings


def set_up_logs(settings: Settings) -> None:
    """Logs go to standard error: a line of JSON each, or lines for people."""
    last: Processor = structlog.dev.ConsoleRenderer(colors=False)
    if settings.log_json:
        last = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            last,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
    )
