"""A client of the service: create a model, upload pictures, train, wait, predict.

    from wordsight.client import Client

    with Client("http://127.0.0.1:8080", key) as client:
        model = client.create_model(["number_plate"])
        client.upload(model, "plates")
        client.wait(client.train(model, minutes=10))
        print(client.predict(model, "car.jpg")["pages"][0]["fields"])

Needs httpx (in the extra ``serve``). Replies are plain values, as the service's ``/docs`` describes them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from wordsight.data.manifest import Manifest, Sample
from wordsight.errors import MissingExtra, WordsightError

try:
    import httpx
except ImportError as error:
    raise MissingExtra("httpx", "serve") from error

Json = dict[str, Any]
OVER = ("finished", "failed", "cancelled")
RETRIES = 5
BATCH = 20
"""Pictures in one request of an upload."""


class ServiceRefused(WordsightError):
    """The service answered with an error.

    Attributes:
        status: HTTP status code.
        reason: What is wrong, in one or two words.
    """

    def __init__(self, status: int, message: str, reason: str) -> None:
        super().__init__(f"{message} ({status}, {reason})")
        self.status = status
        self.reason = reason


class Client:
    """A connection to one service with one key; safe to use from several threads."""

    def __init__(self, url: str, key: str, timeout: float = 120.0) -> None:
        """Connect.

        Args:
            url: Where the service is, such as ``http://127.0.0.1:8080``.
            key: An API key of it.
            timeout: Seconds after which a request is given up.
        """
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=f"{url.rstrip('/')}/api/v1", headers=headers, timeout=timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def create_model(self, labels: list[str], name: str = "") -> str:
        """Make a model with these fields; gives its id.

        Raises:
            ServiceRefused: A label is wrong, or the key may not write.
        """
        return str(self._ask("POST", "/models", json={"labels": labels, "name": name})["id"])

    def model(self, model: str) -> Json:
        """A model and its state.

        Raises:
            ServiceRefused: There is none with this id.
        """
        return self._ask("GET", f"/models/{model}")

    def upload(self, model: str, folder: str | Path, told: Callable[[int, int], None] | None = None) -> list[Json]:
        """Upload the pictures of a manifest with their labelled boxes.

        A box without a label gets the model's only one, where there is only one; those to be ignored are left out.

        Args:
            model: Where to.
            folder: Folder with ``labels.jsonl``.
            told: Called with (pictures sent, pictures in all) on the way.

        Returns:
            What the service did not take: ``{"name", "reason"}``.

        Raises:
            ManifestError: The manifest is broken.
            ServiceRefused: A label is not one of the model's, or the quota is used up.
        """
        manifest = Manifest.open(folder)
        labels = [str(label["name"]) for label in self.model(model)["labels"]]
        only = labels[0] if len(labels) == 1 else None
        failed: list[Json] = []
        for start in range(0, len(manifest), BATCH):
            batch = list(manifest)[start : start + BATCH]
            files = [("file", (sample.path.name, sample.path.read_bytes())) for sample in batch]
            data = json.dumps([_marking(sample, only) for sample in batch])
            reply = self._ask("POST", f"/models/{model}/pictures", files=files, data={"data": data})
            failed += reply["failed"]
            if told is not None:
                told(min(start + BATCH, len(manifest)), len(manifest))
        return failed

    def train(self, model: str, minutes: float | None = None) -> str:
        """Start a training; gives its id.

        Raises:
            ServiceRefused: Nothing is labelled, or it is being trained.
        """
        body = {} if minutes is None else {"minutes": minutes}
        return str(self._ask("POST", f"/models/{model}/runs", json=body)["id"])

    def runs(self, run: str, every: float = 2.0) -> Iterator[Json]:
        """A training as it goes on, until it is over.

        Raises:
            ServiceRefused: There is none with this id.
        """
        while True:
            state = self._ask("GET", f"/runs/{run}")
            yield state
            if state["state"] in OVER:
                return
            time.sleep(every)

    def wait(self, run: str, every: float = 2.0) -> Json:
        """Wait until a training is over; gives its last state.

        Raises:
            ServiceRefused: There is none with this id.
        """
        *_, last = self.runs(run, every)
        return last

    def predict(self, model: str, picture: str | Path) -> Json:
        """Read a file with a model.

        Raises:
            ServiceRefused: The model is not trained, or the file cannot be read.
        """
        return self._read(picture, {"model": model})

    def read(self, picture: str | Path) -> Json:
        """Read all text of a file, without a model.

        Raises:
            ServiceRefused: The file cannot be read.
        """
        return self._read(picture, {})

    def _read(self, picture: str | Path, query: dict[str, str]) -> Json:
        path = Path(picture)
        reply = self._ask("POST", "/read", params=query, files=[("file", (path.name, path.read_bytes()))])
        return cast(Json, reply["files"][0])

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        json: Json | None = None,
        data: dict[str, str] | None = None,
        files: list[tuple[str, tuple[str, bytes]]] | None = None,
    ) -> Json:
        """Send a request; where the service is busy, wait as long as it says and send it again."""
        for attempt in range(RETRIES):
            reply = self._http.request(method, path, params=params, json=json, data=data, files=files)
            if reply.status_code not in (429, 503) or attempt == RETRIES - 1:
                break
            time.sleep(float(reply.headers.get("Retry-After", 2**attempt)))
        if reply.is_success:
            return cast(Json, reply.json())
        try:
            body = reply.json()
        except ValueError:
            body = {}
        reason = (body.get("errors") or [{}])[0].get("reason", "")
        raise ServiceRefused(reply.status_code, body.get("message", reply.reason_phrase), reason)


def _marking(sample: Sample, only: str | None) -> Json:
    """A picture's labelled boxes, as the service takes them."""
    boxes = []
    for word in sample.words or ():
        label = word.label or only
        if word.quad is None or label is None or word.ignore:
            continue
        xs, ys = [x for x, _ in word.quad], [y for _, y in word.quad]
        sides = {"xmin": min(xs), "ymin": min(ys), "xmax": max(xs), "ymax": max(ys)}
        boxes.append({"name": label, "bndbox": sides, "ocr_text": word.text})
    return {"filename": sample.path.name, "object": boxes}
