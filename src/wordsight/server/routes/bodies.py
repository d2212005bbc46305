"""What the OpenAPI document says of bodies that are taken apart by hand (:mod:`wordsight.server.forms`)."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "description": "The files."}
_TEXT = {"type": "string"}
_URLS = {"type": "array", "items": _TEXT, "description": "Files behind URLs, where the server may fetch them."}
_DATA = {
    "type": "string",
    "description": "JSON: what is marked in each file.",
    "example": '[{"filename": "1.jpg", "object": [{"name": "number_plate", "ocr_text": "AB 12", '
    '"bndbox": {"xmin": 1, "ymin": 1, "xmax": 90, "ymax": 30}}]}]',
}


def _body(**contents: Json) -> Json:
    """A request body: a schema for each content type, whose ``/`` is written ``__`` and ``-`` is written ``_``."""
    kinds = {kind.replace("__", "/").replace("_", "-"): {"schema": schema} for kind, schema in contents.items()}
    return {"requestBody": {"required": True, "content": kinds}}


def _form(required: tuple[str, ...] = (), **fields: Json) -> Json:
    return {"type": "object", "properties": fields, "required": list(required)}


PICTURES = _body(multipart__form_data=_form(("file",), file=_FILES, data=_DATA))
PICTURE_URLS = _body(
    application__json=_form(("urls",), urls=_URLS, data={"type": "array", "items": {"type": "object"}}),
    multipart__form_data=_form(("urls",), urls=_URLS, data=_DATA),
)
FILE = _body(multipart__form_data=_form(("file",), file={"type": "string", "format": "binary"}))
READ = _body(multipart__form_data=_form(("file",), file=_FILES, pages=_TEXT, metadata=_TEXT))
LABEL_FILES = _body(
    multipart__form_data=_form(
        file=_FILES, urls=_URLS, request_metadata=_TEXT, pages_to_process=_TEXT, base64_data=_TEXT
    ),
    application__x_www_form_urlencoded=_form(("urls",), urls=_URLS, request_metadata=_TEXT, pages_to_process=_TEXT),
)
FULL_TEXT = _body(
    multipart__form_data=_form(file=_FILES, urls=_URLS), application__x_www_form_urlencoded=_form(("urls",), urls=_URLS)
)
MODEL = _body(
    application__json=_form(
        ("categories",),
        categories={"type": "array", "items": _TEXT, "minItems": 1, "example": ["number_plate"]},
        model_type={"type": "string", "example": "ocr"},
    )
)
CORRECTION = _body(application__json=_form(moderated_boxes={"type": "array", "items": {"type": "object"}}))
