"""Who may do what: every route that the application has, documented or not, with every kind of key."""

from __future__ import annotations

import re
from typing import Any

import pytest
from parts import all_routes
from starlette.testclient import TestClient

from wordsight.server.access import Services
from wordsight.server.security import Caller, RateLimiter

OPEN = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/sign-in"}
OPEN |= {"/example", "/sign-out"}  # a picture that the package carries; ends the session of whoever asks
BODIES: dict[str, Any] = {
    "/api/v1/models": {"labels": ["total"]},
    "/api/v1/keys": {"name": "x", "scopes": ["read"]},
    "/api/v1/webhooks": {"url": "https://example.com/x", "events": ["training.finished"]},
    "/api/v1/models/{model_id}": {"name": "taken"},
    "/api/v1/models/{model_id}/rules": {"confidence": 0.5},
    "/api/v1/models/{model_id}/pictures/{picture_id}/boxes": {"boxes": []},
    "/api/v1/pages/{page_id}/boxes": {"boxes": []},
    "/api/v1/files/{file_id}/approval": {"approval": "approved"},
}
ADMIN = re.compile(r"/(keys|webhooks|deliveries|activity)(/|$)")
NAMES = {
    "model_id": "model",
    "picture_id": "picture",
    "file_id": "file",
    "page_id": "page",
    "run_id": "run",
    "webhook_id": "webhook",
    "delivery_id": "none",
    "key_id": "key",
    "number": "1",
}


@pytest.fixture
def things(client: TestClient, small: bytes) -> dict[str, str]:
    """One of everything in the first workspace."""
    model = client.post("/api/v1/models", json={"labels": ["word"]}).json()["id"]
    picture = client.post(f"/api/v1/models/{model}/pictures", files={"file": ("a.png", small)}).json()["pictures"][0]
    quad = [[1, 1], [50, 1], [50, 50], [1, 50]]
    body = {"boxes": [{"label": "word", "quad": quad, "text": "HELLO"}]}
    client.put(f"/api/v1/models/{model}/pictures/{picture['id']}/boxes", json=body).raise_for_status()
    file = client.post("/api/v1/read", files={"file": ("a.png", small)}).json()["files"][0]
    run = client.post(f"/api/v1/models/{model}/runs", json={"minutes": 1}).json()["id"]
    client.post(f"/api/v1/runs/{run}/cancel").raise_for_status()  # its events end
    url = {"url": "https://example.com/x", "events": ["training.finished"]}
    webhook = client.post("/api/v1/webhooks", json=url).json()["id"]
    key = client.get("/api/v1/keys").json()[0]["id"]
    return {
        "model": model,
        "picture": picture["id"],
        "file": file["id"],
        "page": file["pages"][0]["id"],
        "run": run,
        "webhook": webhook,
        "key": key,
        "none": "none",
        "1": "1",
    }


def routes(client: TestClient) -> list[tuple[str, str]]:
    """Every (method, path) of the API, asked of the application itself: a new route cannot be forgotten."""
    return [(method, path) for method, path in all_routes(client.app) if path.startswith("/api/")]


def test_every_route_is_open_on_purpose_documented_or_a_page(client: TestClient) -> None:
    documented = set(client.get("/openapi.json").json()["paths"])
    for method, path in all_routes(client.app):
        if path.startswith("/api/"):
            hidden = path.rstrip("/") not in documented
            assert not hidden or path.startswith("/api/v2/ImageCategorization"), (method, path)
        elif path not in OPEN:
            reply = client.request(method, path.replace("{", "").replace("}", ""), auth=None)
            assert reply.status_code in (303, 401), (method, path, reply.status_code)


def ask(client: TestClient, secret: str, method: str, path: str, things: dict[str, str], small: bytes) -> Any:
    filled = re.sub(r"{(\w+)}", lambda found: things[NAMES[found[1]]], path)
    if path in ("/api/v1/files/export", "/api/v1/read"):
        filled += f"?model={things['model']}"
    if path == "/api/v1/files/{file_id}/document":
        filled += "?kind=hocr"
    sent: dict[str, Any] = {}
    path = path.rstrip("/")
    if method in ("post", "put", "patch"):
        sent = {"json": BODIES[path]} if path in BODIES else {"files": {"file": ("a.png", small)}}
        if path.endswith(("/runs", "/ImageLevelInferences/{page_id}", "/ImageLevelInference/{page_id}")):
            sent = {"json": {}}
        if re.fullmatch(r"/api/v2/\w+/Model", path):
            sent = {"json": {"categories": ["a"]}}
    client.auth = None
    return client.request(method, filled, headers={"Authorization": f"Bearer {secret}"} if secret else {}, **sent)


def test_no_route_works_without_a_key(client: TestClient, things: dict[str, str], small: bytes) -> None:
    found = routes(client)
    assert len(found) > 60
    for method, path in found:
        for secret in ("", "ws_wrong"):
            reply = ask(client, secret, method, path, things, small)
            assert reply.status_code == 401, (method, path, reply.text)
            assert reply.json()["errors"][0]["reason"] == "unauthorized"


def test_nobody_reaches_into_another_workspace(
    client: TestClient, service: Services, things: dict[str, str], small: bytes
) -> None:
    found, secret = routes(client), service.keys.add_workspace("stranger")[1]
    for method, path in found:
        reply = ask(client, secret, method, path, things, small)
        if "{" in path or path.endswith("/export"):  # as if there were nothing
            assert reply.status_code == 404, (method, path, reply.status_code, reply.text)
        elif path.startswith("/api/v1/read"):
            assert reply.status_code == 404
        else:
            assert reply.status_code in (200, 201), (method, path, reply.text)
        for name in ("model", "picture", "file", "page", "run", "webhook"):
            assert things[name] not in reply.text or reply.status_code == 404


def test_what_each_scope_may_do(
    client: TestClient, service: Services, who: Caller, things: dict[str, str], small: bytes
) -> None:
    found = routes(client)
    reading = service.keys.add(who, "reads", ["read"])[1]
    writing = service.keys.add(who, "writes", ["write"])[1]
    for method, path in found:
        if ADMIN.search(path):
            for secret in (reading, writing):
                assert ask(client, secret, method, path, things, small).status_code == 403, (method, path)
        elif method == "get":
            assert ask(client, reading, method, path, things, small).status_code != 403, (method, path)
        elif not path.rstrip("/").endswith(("/read", "/FullText", "/LabelFile", "/LabelUrls")):
            assert ask(client, reading, method, path, things, small).status_code == 403, (method, path)


def test_a_revoked_and_an_expired_key(client: TestClient, service: Services, who: Caller) -> None:
    key, secret = service.keys.add(who, "short", ["read"])
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/models", headers=headers, auth=None).status_code == 200
    assert client.delete(f"/api/v1/keys/{key.id}").status_code == 204
    reply = client.get("/api/v1/models", headers=headers, auth=None)
    assert reply.status_code == 401
    assert "revoked" in reply.json()["message"]
    assert client.delete(f"/api/v1/keys/{who.key}").status_code == 400


def test_a_key_is_shown_once_and_kept_as_a_digest(client: TestClient, service: Services) -> None:
    made = client.post("/api/v1/keys", json={"name": "x", "scopes": ["read"]}).json()
    assert made["secret"].startswith("ws_")
    assert made["secret"] not in client.get("/api/v1/keys").text
    with service.context.store.session() as session:
        rows = [str(row) for row in session.connection().exec_driver_sql("SELECT * FROM keys").all()]
    assert not any(made["secret"] in row for row in rows)


def test_the_audit_log_says_who_did_what(client: TestClient, things: dict[str, str]) -> None:
    entries = client.get("/api/v1/activity").json()
    assert {entry["action"] for entry in entries} >= {"model.create", "picture.add", "picture.mark", "training.start"}
    assert all(entry["key"] == "admin" for entry in entries)


def test_the_rate_limit_refills() -> None:
    now = [0.0]
    limiter = RateLimiter(60, lambda: now[0])
    from wordsight.server.errors import TooBusy

    for _ in range(60):
        limiter.take("a")
    with pytest.raises(TooBusy) as refused:
        limiter.take("a")
    assert refused.value.retry_after == pytest.approx(1.0)
    limiter.take("b")
    now[0] += 1.0
    limiter.take("a")
