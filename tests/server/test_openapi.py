"""Requests made from the OpenAPI document: whatever is sent, no failure of the service, and every error typed.

Short form: a few examples for each operation. More: `SCHEMATHESIS_EXAMPLES=200 pytest tests/server/test_openapi.py`.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from parts import all_routes, crop_model
from starlette.testclient import TestClient

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
from schemathesis import GenerationMode  # noqa: E402

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "4"))
PARTS = ("method", "url", "params", "headers", "json", "data", "files")
TYPED = {"code", "message", "errors"}


@pytest.fixture
def known(client: TestClient, small: bytes) -> dict[str, str]:
    """Ids of real objects, so that requests come further than "there is no such thing"."""
    model = client.post("/api/v1/models", json={"labels": ["word"]}).json()["id"]
    file = {"file": ("m.wordsight", crop_model("word"))}
    client.post(f"/api/v1/models/{model}/versions", files=file).raise_for_status()
    picture = client.post(f"/api/v1/models/{model}/pictures", files={"file": ("a.png", small)}).json()["pictures"][0]
    read = client.post(f"/api/v1/read?model={model}", files={"file": ("a.png", small)}).json()["files"][0]
    hook = {"url": "https://example.com/x", "events": ["prediction.finished"]}
    return {
        "model_id": model,
        "picture_id": picture["id"],
        "file_id": read["id"],
        "page_id": read["pages"][0]["id"],
        "webhook_id": client.post("/api/v1/webhooks", json=hook).json()["id"],
        "key_id": client.post("/api/v1/keys", json={"name": "spare", "scopes": ["read"]}).json()["key"]["id"],
        "number": "1",
    }


def ask(client: TestClient, case: Any, known: dict[str, str], real: bool) -> None:
    """Send a case, with ids of real objects or those it made up, and look at the answer."""
    if real:
        case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
    made = case.as_transport_kwargs(base_url="http://testserver")
    sent = requests.Request(**{name: made[name] for name in PARTS if name in made}).prepare()
    headers = {name: value for name, value in sent.headers.items() if name.lower() != "authorization"}
    reply = client.request(sent.method, sent.url, content=sent.body or b"", headers=headers)
    told = f"{case.method} {case.path}: {reply.status_code} {reply.text[:300]}"
    assert reply.status_code < 500, told
    if reply.status_code >= 400:
        assert set(reply.json()) == TYPED, told
        assert reply.json()["code"] == reply.status_code, told
        assert reply.json()["message"] and reply.json()["errors"][0]["reason"], told


def last_first(operation: Any) -> tuple[bool, str]:
    """Deleting comes last."""
    return operation.method == "delete", operation.path


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
def test_no_request_makes_it_fail(client: TestClient, known: dict[str, str], mode: Any) -> None:
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    operations = sorted((found.ok() for found in schema.get_all_operations()), key=last_first)
    assert len(operations) > 70
    for operation in operations:
        if operation.path.endswith("/events"):
            continue  # a stream that lasts as long as a training

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            for real in (False, True):
                ask(client, case, known, real)

        try:
            run()
        except schemathesis.errors.InvalidSchema:
            raise
        except Exception as error:
            if type(error).__name__ in ("Unsatisfiable", "SkipTest"):
                continue  # nothing that does not fit can be made for an operation without parameters
            raise


def test_every_documented_path_is_there_and_described(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    served = {path for _, path in all_routes(client.app)}
    assert set(document["paths"]) <= served
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            assert operation["responses"]["default"]["content"]["application/json"]["schema"], (method, path)
            assert "422" not in operation["responses"], (method, path)
