"""What a request carries, however its client wrote it.

Clients of hosted services send text fields as file parts with an empty file name, JSON with the content type of a
form, lists as repeated fields, as JSON in a field, as a comma-joined text or as Python's ``str(list)``. So nothing
here trusts a content type or a file's extension.
"""

from __future__ import annotations

import ast
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

from wordsight.server.errors import BadRequest, TooLarge
from wordsight.server.settings import Settings

LONGEST_NAME = 255
MOST_FIELDS = 2000
FILE_FIELDS = ("file", "files", "image", "image_file")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a client sent.

    Attributes:
        name: Its base name; folders of the client's machine are cut off.
        data: What is in it.
    """

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The fields and files of a request.

    Attributes:
        fields: Every value of every text field, as sent; values of a JSON body may be of any type.
        uploads: Files in the order in which they were sent.
    """

    fields: dict[str, list[Any]] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        """The first value of a field, as text."""
        values = self.fields.get(name)
        if not values or values[0] is None:
            return default
        return values[0] if isinstance(values[0], str) else json.dumps(values[0])

    def texts(self, name: str) -> list[str]:
        """All values of a field that may be written as a list in any of the known ways."""
        return [text for value in self.fields.get(name, []) for text in _as_list(value) if text]

    def objects(self, name: str) -> list[dict[str, Any]]:
        """A field that holds a JSON list of objects, itself JSON or a text with JSON in it.

        Raises:
            BadRequest: It holds something else.
        """
        found: list[dict[str, Any]] = []
        for value in self.fields.get(name, []):
            parsed = _parsed(value, name)
            found += [parsed] if isinstance(parsed, dict) else parsed or []
        if not all(isinstance(entry, dict) for entry in found):
            raise BadRequest(f"{name!r} is a JSON list of objects, such as [{{'filename': 'a.jpg', 'object': []}}]")
        return found


def base_name(name: str) -> str:
    """The last part of a path of any system, without characters that no file name has."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(char for char in last if char.isprintable())[:LONGEST_NAME] or "file"


async def read_form(request: Request, settings: Settings) -> Form:
    """Take a request apart.

    Raises:
        BadRequest: The body is broken.
        TooLarge: A file, the body or the number of files is over the limit.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            async with request.form(max_files=settings.max_files + MOST_FIELDS, max_fields=MOST_FIELDS) as parts:
                return await _from_parts(parts, settings)
        body = await request.body()
    except ClientDisconnect as error:
        raise BadRequest("the connection ended before the body did; send it again") from error
    except MultiPartException as error:
        raise BadRequest(f"the form cannot be read: {error.message}") from error
    if body[:1].lstrip() in (b"{", b"["):
        return _from_json(body)
    if kind == "application/x-www-form-urlencoded":
        parts = await request.form()  # the body is kept, so this reads it again
        return Form({name: list(parts.getlist(name)) for name in parts})
    return _from_json(body) if body.strip() else Form()


async def _from_parts(parts: FormData, settings: Settings) -> Form:
    form = Form()
    for name, part in parts.multi_items():
        if not isinstance(part, UploadFile):
            form.fields.setdefault(name, []).append(part)
            continue
        if (part.size or 0) > settings.max_upload_bytes:
            raise TooLarge(
                f"{base_name(part.filename or name)} has {part.size} bytes, {settings.max_upload_bytes} are allowed; "
                "send a smaller file"
            )
        data = await part.read()
        if part.filename and name not in ("data", "modelId", "urls"):
            form.uploads.append(Upload(base_name(part.filename), data))
        elif data:
            form.fields.setdefault(name, []).append(data.decode("utf-8", "replace"))
    form.uploads.extend(_from_base64(form, settings))
    if len(form.uploads) > settings.max_files:
        raise TooLarge(f"{len(form.uploads)} files in one request, {settings.max_files} are allowed; send fewer")
    return form


def _from_base64(form: Form, settings: Settings) -> Iterator[Upload]:
    """A file sent as text: ``base64_data``, with its name in ``file`` or ``filename``."""
    name = form.text("filename") or form.text("file")
    for text in form.fields.get("base64_data", []):
        data = str(text).rpartition("base64,")[2]
        if len(data) * 3 // 4 > settings.max_upload_bytes:
            raise TooLarge(f"'base64_data' holds more than {settings.max_upload_bytes} bytes; send a smaller file")
        try:
            yield Upload(base_name(name), base64.b64decode(data, validate=True))
        except ValueError as error:  # binascii.Error is one
            raise BadRequest("'base64_data' is no base64; encode the file's bytes, without line breaks") from error


def _from_json(body: bytes) -> Form:
    try:
        record = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is neither a form nor JSON; see the documentation of this route") from error
    if not isinstance(record, dict):
        raise BadRequest("the body is a JSON object, such as {'categories': ['total']}")
    return Form({name: value if isinstance(value, list) else [value] for name, value in record.items()})


def _as_list(value: Any) -> list[str]:
    """A list that may be JSON, Python's ``str(list)``, comma-joined URLs, or one text."""
    if not isinstance(value, str):
        return [str(value)]
    text = value.strip()
    if text.startswith("["):
        for parse in (json.loads, ast.literal_eval):
            try:
                parsed = parse(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(parsed, list):
                return [str(entry).strip() for entry in parsed]
    for separator in (",http://", ",https://"):
        text = text.replace(separator, "\n" + separator[1:])
    return [part.strip() for part in text.split("\n")]


def _parsed(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.strip() else []
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{name!r} is not valid JSON: {error}; write a list of objects") from error
