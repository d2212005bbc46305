"""Pages in the form of the hosted service: what its clients get as replies, and webhooks as messages."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from wordsight.server.tables import DAY, File, Page

Json = dict[str, Any]


def sides(quad: Sequence[Sequence[float]]) -> dict[str, int]:
    """The upright box around a quad, whole pixels."""
    xs, ys = [point[0] for point in quad], [point[1] for point in quad]
    return {
        "xmin": round(min(xs)),
        "ymin": round(min(ys)),
        "xmax": round(max(xs)),
        "ymax": round(max(ys)),
    }


def field_json(box: Mapping[str, Any], page: Page, problems: Mapping[str, str]) -> Json:
    """One field that was read; ``problems`` are the messages of broken rules by field."""
    broken = problems.get(box["label"], "")
    return {
        "id": box["id"],
        "label": box["label"],
        "label_id": box.get("label_id", ""),
        "type": "field",
        **sides(box["quad"]),
        "score": box.get("score", 1.0),
        "ocr_text": box.get("text") or "",
        "status": "moderated" if box.get("moderated") else "correctly_predicted",
        "page": page.number,
        "page_no": page.number,
        "validation_status": "failed" if broken else "",
        "validation_message": broken,
    }


def page_json(file: File, page: Page) -> Json:
    """One page that was read: what a request is answered with, and what is kept, in one."""
    problems = {problem["field"]: problem["message"] for problem in file.problems or []}
    predicted = [field_json(box, page, problems) for box in page.boxes]
    corrected = [field_json(box, page, problems) for box in page.corrected or []]
    current = predicted if page.corrected is None else corrected
    return {
        "message": "Success",
        "input": file.name,
        "prediction": current,
        "page": page.number,
        "request_file_id": file.id,
        "id": page.id,
        "filepath": file_path(file, "PredictionImages"),
        "rotation": 0,
        "file_url": file_path(file, "RawPredictions"),
        "request_metadata": file.request_metadata,
        "processing_type": "async" if file.asynchronous else "",
        "size": {"width": page.width, "height": page.height},
        "model_id": file.model_id or "",
        "day_since_epoch": page.day,
        "hour_of_day": int(page.created % DAY // 3600),
        "is_moderated": file.approval == "approved",
        "url": file_path(file, "PredictionImages"),
        "predicted_boxes": predicted,
        "moderated_boxes": corrected,
        "raw_ocr": [word_json(word) for word in page.words],
        "original_file_name": file.name,
        "no_of_fields": len(current),
        "status": file.state,
        "updated_at": iso(page.changed),
        "verified_at": iso(file.verified) if file.verified else "",
        "verified_by": file.verified_by,
        "approval_status": file.approval,
        "export_status": "",
        "assigned_member": "",
        "current_stage_id": "",
        "custom_response": None,
    }


def word_json(word: Mapping[str, Any]) -> Json:
    """One word that was read."""
    return {"text": word["text"], **sides(word["quad"]), "score": word.get("confidence", 0.0)}


def file_path(file: File, kind: str) -> str:
    """The name under which clients know a file's picture."""
    return f"uploadedfiles/{file.model_id or 'full-text'}/{kind}/{file.id}"


def iso(seconds: float) -> str:
    """Seconds since 1970 as a date and time (UTC)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
