"""How a command of `wordsight` ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Done:
    """Exit status and what was printed."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The lines of JSON that were printed."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Done]
