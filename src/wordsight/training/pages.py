"""Pages read once and kept: a teaching that was stopped does not read them again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from wordsight.image.load import load
from wordsight.page import Page
from wordsight.reader import Reader
from wordsight.types import Line, Quad, Word


def read_page(reader: Reader, path: Path, cache: Path) -> Page:
    """A picture's page, from the cache where it was read before.

    Args:
        reader: Reads it.
        path: The picture.
        cache: Folder, one for each reader.

    Raises:
        ImageError: The picture cannot be loaded.
    """
    kept = cache / f"{hashlib.sha256(path.read_bytes()).hexdigest()}.json"
    try:
        return parse_page(json.loads(kept.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not read yet, or the machine stopped while it was written
    record = reader.read(load(path)).to_dict()
    cache.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    part.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    part.replace(kept)
    return parse_page(record)


def parse_page(record: dict[str, Any]) -> Page:
    """The page of a record of ``Page.to_dict``; a KeyError, TypeError or ValueError where it is none."""
    words = tuple(
        Word(_quad(w["quad"]), w["text"], w["confidence"], w["detection_score"], w["line"]) for w in record["words"]
    )
    lines = tuple(Line(_quad(x["quad"]), x["text"], x["confidence"], tuple(x["words"])) for x in record["lines"])
    return Page(
        image=record["image"],
        page=record["page"],
        width=record["width"],
        height=record["height"],
        scale=record["scale"],
        words=words,
        lines=lines,
        seconds=record["seconds"],
    )


def _quad(points: list[list[float]]) -> Quad:
    return Quad(np.array(points, np.float32))
