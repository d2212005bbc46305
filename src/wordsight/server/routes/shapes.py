"""What the clean API takes and gives, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from wordsight.server.services.model_info import ModelInfo
from wordsight.server.services.reads import Read
from wordsight.server.services.rules import Problem
from wordsight.server.tables import File, Webhook

Corner = tuple[float, float]
Decision = Literal["approved", "rejected", ""]
Scope = Literal["read", "write", "admin"]


class Shape(BaseModel):
    """Base: unknown keys are refused, so that a mistyped one is noticed."""

    model_config = ConfigDict(extra="forbid")


class Row(Shape):
    """What is shown of a row, by the names of its columns where nothing else is said."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    @classmethod
    def of(cls, row: object) -> Self:
        """From a row."""
        return cls.model_validate(row)


class Reason(Shape):
    """What is wrong, in one or two words, for a program."""

    reason: str


class ErrorShape(Shape):
    """Every answer that is not a success."""

    code: int = Field(description="The HTTP status.")
    message: str = Field(description="What is wrong and what to do.")
    errors: list[Reason]


class NewModel(Shape):
    """A model to make."""

    labels: list[str] = Field(min_length=1, description="Names of the fields.", examples=[["number_plate"]])
    name: str = Field("", max_length=200)


class ModelChange(Shape):
    """What is to change in a model."""

    name: str | None = Field(None, max_length=200)
    labels: list[str] | None = None
    archived: bool | None = None


class LabelShape(Shape):
    """A field of a model and how many boxes are marked as it."""

    name: str
    count: int


class ModelShape(Shape):
    """A model."""

    id: str
    name: str
    labels: list[LabelShape]
    state: int
    status: str
    pictures: int
    active_version: int | None
    archived: bool
    created: float
    accuracy: float
    run: str | None

    @classmethod
    def of(cls, model: ModelInfo) -> ModelShape:
        """From the service's form."""
        return cls(
            id=model.id,
            name=model.name,
            labels=[LabelShape(name=name, count=count) for name, count in model.labels],
            state=model.state,
            status=model.status,
            pictures=model.pictures,
            active_version=model.active_version,
            archived=model.archived,
            created=model.created,
            accuracy=model.accuracy,
            run=model.run,
        )


class VersionShape(Row):
    """A trained state of a model."""

    number: int
    created: float
    size: int
    metrics: dict[str, Any]
    run: str | None = Field(validation_alias="run_id")


class BoxShape(Shape):
    """A marked or read field: four corners in pixels, top left first, clockwise."""

    model_config = ConfigDict(extra="ignore")

    id: str | None = None
    label: str
    quad: list[Corner] = Field(min_length=4, max_length=4)
    text: str | None = None
    score: float | None = None


class Boxes(Shape):
    """All boxes of a picture."""

    boxes: list[BoxShape]
    revision: int | None = Field(None, description="The picture's revision that you have seen.")


class PictureShape(Row):
    """A picture to learn from."""

    id: str
    name: str
    width: int
    height: int
    bytes: int
    state: str
    revision: int
    created: float
    source: str
    boxes: list[BoxShape]


class Failed(Shape):
    """A file that was not taken, and why."""

    name: str
    reason: str


class Uploaded(Shape):
    """What came of an upload."""

    pictures: list[PictureShape]
    failed: list[Failed]


class PicturePage(Shape):
    """A part of a list of pictures."""

    pictures: list[PictureShape]
    total: int


class NewRun(Shape):
    """A training to start."""

    minutes: float | None = Field(None, gt=0)


class RunShape(Row):
    """A training."""

    id: str
    model: str = Field(validation_alias="model_id")
    state: str
    minutes: float
    created: float
    started: float | None
    ended: float | None
    progress: dict[str, Any]
    error: str
    version: int | None
    report: dict[str, Any]


class WordShape(Shape):
    """A word that was read."""

    text: str
    quad: list[Corner]
    confidence: float


class PageShape(Row):
    """What was read on one page."""

    id: str
    number: int
    width: int
    height: int
    text: str
    words: list[WordShape]
    fields: list[BoxShape] = Field(validation_alias="boxes")
    corrected: list[BoxShape] | None


class FileShape(Shape):
    """A file that was read, or will be."""

    id: str
    name: str
    model: str | None
    version: int | None
    state: str
    error: str
    created: float
    approval: str
    problems: list[Problem]
    metadata: str
    pages: list[PageShape]

    @classmethod
    def of(cls, read: Read) -> FileShape:
        """From the service's form."""
        row: File = read.file
        return cls(
            id=row.id,
            name=row.name,
            model=row.model_id,
            version=row.version,
            state=row.state,
            error=row.error,
            created=row.created,
            approval=row.approval,
            problems=[Problem(**problem) for problem in row.problems or []],
            metadata=row.request_metadata,
            pages=[PageShape.of(page) for page in read.pages],
        )


class FilePage(Shape):
    """A part of a list of files."""

    files: list[FileShape]
    total: int


class ReadReply(Shape):
    """Files that were read now, and those that could not be."""

    files: list[FileShape]
    failed: list[Failed]


class Approval(Shape):
    """What a person says about a file."""

    approval: Decision


class NewKey(Shape):
    """A key to make."""

    name: str = Field(min_length=1, max_length=200)
    scopes: list[Scope] = Field(min_length=1)
    expires: float | None = Field(None, description="Seconds since 1970; without it the key does not end.")


class KeyShape(Row):
    """A key, without its secret."""

    id: str
    name: str
    start: str
    scopes: list[str]
    created: float
    expires: float | None
    revoked: float | None
    used: float | None


class MadeKey(Shape):
    """A new key; its secret is never shown again."""

    key: KeyShape
    secret: str


class NewWebhook(Shape):
    """A webhook to add."""

    url: str
    events: list[str] = Field(min_length=1)
    model: str | None = None


class WebhookShape(Shape):
    """A webhook."""

    id: str
    url: str
    events: list[str]
    model: str | None
    created: float
    secret: str = Field("", description="For checking signatures; shown only when the webhook is made.")

    @classmethod
    def of(cls, row: Webhook, secret: bool = False) -> WebhookShape:
        """From a row."""
        return cls(
            id=row.id,
            url=row.url,
            events=row.events,
            model=row.model_id,
            created=row.created,
            secret=row.secret if secret else "",
        )


class DeliveryShape(Row):
    """A message to a webhook."""

    id: str
    webhook: str = Field(validation_alias="webhook_id")
    event: str
    state: str
    attempts: int
    status: int | None
    error: str
    created: float
    delivered: float | None


class ActivityShape(Row):
    """One entry of the audit log."""

    created: float
    key: str = Field(validation_alias="key_name")
    action: str
    object: str = Field(validation_alias="object_id")
    detail: str
