"""Settings of the service: from the environment (``WORDSIGHT_...``) and the command line, checked at the start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from wordsight.config import MAX_PIXELS, home

MEGABYTE = 1_000_000


class Settings(BaseSettings):
    """All settings; each one's environment variable is its name in capitals after ``WORDSIGHT_``.

    Attributes:
        data: Folder of everything that the service keeps.
        database_url: SQLAlchemy URL; empty: SQLite in ``data``.
        files_url: fsspec URL of pictures and model files, such as ``s3://bucket/folder``; empty: a folder in ``data``.
        public_url: How clients reach the service, for links in replies and messages.
        host: Address to listen on.
        port: Port to listen on.
        max_upload_bytes: Largest file that is taken.
        max_request_bytes: Largest body of one request.
        max_files: Most files in one request.
        max_pixels: Largest picture that is decoded.
        quota_bytes: Most bytes that a workspace may keep.
        queue: Requests for reading that may wait; further ones are told to come back.
        deadline_seconds: A request for reading that has waited this long is given up.
        rate_per_minute: Requests that one key may send in a minute; 0: any number.
        train_minutes: Time budget of a training where the request names none.
        fetch_urls: Whether pictures may be fetched from URLs that clients name; private addresses are never fetched.
        private_webhooks: Whether messages may go to private addresses, for receivers in the same network.
        smtp_host: Mail server; empty: no mail is sent.
        smtp_port: Its port.
        smtp_user: Name to sign in with; empty: without.
        smtp_password: Password to sign in with.
        smtp_starttls: Whether the connection is encrypted after it is made (587); port 465 always is.
        mail_from: Sender of messages.
        mail_to: Who is told when a training ends, separated by commas; empty: nobody.
        log_json: Whether logs are lines of JSON instead of lines for people.
        log_level: What is logged: "debug", "info" (every request), "warning" or "error".
        watch: Folder whose new pictures are read by the model ``watch_model``; empty: none.
        watch_model: Id of the model for ``watch``.
    """

    model_config = SettingsConfigDict(env_prefix="WORDSIGHT_", frozen=True, extra="ignore")

    data: Path = Field(default_factory=lambda: home() / "server")
    database_url: str = ""
    files_url: str = ""
    public_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    max_upload_bytes: int = Field(50 * MEGABYTE, ge=1)
    max_request_bytes: int = Field(500 * MEGABYTE, ge=1)
    max_files: int = Field(200, ge=1)
    max_pixels: int = Field(MAX_PIXELS, ge=1)
    quota_bytes: int = Field(50_000 * MEGABYTE, ge=0)
    queue: int = Field(64, ge=1)
    deadline_seconds: float = Field(120, gt=0)
    rate_per_minute: int = Field(0, ge=0)
    train_minutes: float = Field(10, gt=0)
    fetch_urls: bool = False
    private_webhooks: bool = False
    smtp_host: str = ""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_starttls: bool = True
    mail_from: str = "wordsight@localhost"
    mail_to: str = ""
    log_json: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    watch: Path | None = None
    watch_model: str = ""

    @model_validator(mode="after")
    def _watch_is_whole(self) -> Settings:
        if self.watch is not None and not (self.watch.is_dir() and self.watch_model):
            raise ValueError("WORDSIGHT_WATCH needs a folder that is there, and WORDSIGHT_WATCH_MODEL a model's id")
        return self

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.data / 'wordsight.db'}"

    @property
    def jobs_database(self) -> str:
        """SQLAlchemy URL of the database in which jobs are kept: the same server, a file of its own with SQLite."""
        return self.database_url or f"sqlite:///{self.data / 'jobs.db'}"

    @property
    def files(self) -> str:
        """The fsspec URL of pictures and model files."""
        return self.files_url or str(self.data / "files")

    @property
    def address(self) -> str:
        """How clients reach the service."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def dump_settings(settings: Settings) -> str:
    """Settings as one line of JSON, secrets included: for a child process, through a pipe."""
    return json.dumps(settings.model_dump(mode="json") | {"smtp_password": settings.smtp_password.get_secret_value()})


def read_settings(line: str) -> Settings:
    """Settings that :func:`dump_settings` wrote."""
    return Settings(**json.loads(line))
