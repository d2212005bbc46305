"""The classes of published advisories about a labelling service of this kind: a test for each.

Script in pages is tested in a real browser as well (tests/browser/test_page_attacks.py), forged requests of the server
in test_safety.py and test_notices.py with addresses, redirects and names that resolve to private addresses.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from parts import all_routes
from pydantic import BaseModel
from starlette.testclient import TestClient

from wordsight.server.access import Services
from wordsight.server.app import create_app
from wordsight.server.jobs import Jobs
from wordsight.server.routes import shapes
from wordsight.server.settings import Settings
from wordsight.server.tables import Base

SCRIPT = "<script>alert(1)</script>"


# ------------------------------------------------------------------------------------- script that others would run


@pytest.mark.parametrize("data", [f"<html>{SCRIPT}".encode(), f"<svg xmlns='x'>{SCRIPT}</svg>".encode()])
def test_no_file_comes_back_as_a_page(client: TestClient, data: bytes, small: bytes) -> None:
    reply = client.post("/api/v1/read", files={"file": ("a.html", data, "text/html")})
    assert reply.status_code == 400
    both = client.post("/api/v1/read", files={"file": ("a.html", small + data, "text/html")})
    file = both.json()["files"][0]["id"]
    picture = client.get(f"/api/v1/files/{file}/picture")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert b"script" not in picture.content, "it is drawn anew, not passed on"


def test_names_come_back_as_json_and_errors_too(client: TestClient) -> None:
    for reply in (
        client.post("/api/v1/models", json={"labels": ["a"], "name": SCRIPT}),
        client.get(f"/api/v1/models/{SCRIPT}"),
        client.get(f"/api/v1/{SCRIPT}"),
    ):
        assert reply.headers["content-type"] == "application/json"
    page = client.get(f"/{SCRIPT}", headers={"Accept": "text/html"}, auth=None)
    assert SCRIPT not in page.text


# -------------------------------------------------------------------------------------------- a secret in the source


def test_every_installation_has_secrets_of_its_own(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        settings = Settings(data=tmp_path / name)
        services = Services.open(settings, Jobs(settings))
        key = services.keys.first()
        with TestClient(create_app(services)):
            path = settings.data / "session.key"
            found.append((key, path.read_bytes()))
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(settings.data.stat().st_mode) == 0o700
    assert found[0][0] != found[1][0]
    assert found[0][1] != found[1][1] and len(found[0][1]) >= 32


# ----------------------------------------------------------------------------- columns that a client should not reach


@pytest.mark.parametrize(
    "change",
    [
        {"workspace_id": "other"},
        {"active_version": 1},
        {"id": "other"},
        {"settings": {"rules": {}}},
        {"workspace": {"name": "x"}},
        {"labels__contains": "a"},
    ],
)
def test_a_client_sets_no_column_that_is_not_offered(client: TestClient, change: Any) -> None:
    model = client.post("/api/v1/models", json={"labels": ["a"]}).json()
    assert client.patch(f"/api/v1/models/{model['id']}", json=change).status_code == 400
    assert client.get(f"/api/v1/models/{model['id']}").json() == model


@pytest.mark.parametrize("query", ["workspace_id=x", "digest__startswith=a", "order_by=digest", "secret=1"])
def test_a_client_filters_by_no_column_that_is_not_offered(client: TestClient, query: str, small: bytes) -> None:
    client.post("/api/v1/read", files={"file": ("a.png", small)}).raise_for_status()
    plain = client.get("/api/v1/files").json()
    assert client.get(f"/api/v1/files?{query}").json() == plain, "it is not looked at"


def test_no_reply_has_a_column_that_others_must_not_see() -> None:
    secret = {"workspace_id", "digest", "report_digest"}
    columns = {column.name for table in Base.metadata.tables.values() for column in table.columns}
    assert secret <= columns, "they are still called so"
    for shape in vars(shapes).values():
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            assert not secret & set(shape.model_fields), shape
    assert set(shapes.KeyShape.model_fields).isdisjoint({"secret", "digest"})


def test_wildcards_and_quotes_are_searched_for_as_they_stand(client: TestClient, small: bytes) -> None:
    client.post("/api/v1/read", files={"file": ("a.png", small)}).raise_for_status()
    for words in ("%", "_", "H%O", "' OR 1=1 --", "\\", "hello%' AND '1'='1"):
        assert client.get("/api/v1/files", params={"words": words}).json()["total"] == 0, words
    assert client.get("/api/v1/files", params={"words": "hello"}).json()["total"] == 1


# ------------------------------------------------------------------------------------- paths that lead somewhere else

WAYS = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "....//etc/passwd",
    "/etc/passwd",
)


@pytest.mark.parametrize("way", WAYS)
def test_no_id_leads_out_of_the_store(client: TestClient, way: str) -> None:
    for method, path in all_routes(client.app):
        if method == "get" and "{" in path and path.startswith("/api/v1"):
            filled = path.split("{")[0] + way
            reply = client.get(filled)
            assert reply.status_code in (400, 404, 405), (filled, reply.status_code)
            assert "root:" not in reply.text


@pytest.mark.parametrize("way", WAYS)
def test_no_path_leads_out_of_the_pages(client: TestClient, way: str) -> None:
    reply = client.get(f"/static/{way}")
    assert reply.status_code in (303, 401, 404)
    assert "root:" not in reply.text


@pytest.mark.parametrize("way", ["../../x.png", "/x.png", "..\\..\\x.png", "a/../../x.png"])
def test_a_name_becomes_no_path(client: TestClient, service: Services, way: str, small: bytes) -> None:
    file = client.post("/api/v1/read", files={"file": (way, small)}).json()["files"][0]
    assert file["name"] == "x.png"
    root = Path(service.context.settings.files)
    kept = [path for path in root.parent.parent.rglob("*") if path.is_file() and path.suffix == ".png"]
    assert kept == [], "files are kept under their digests"
    data = json.dumps([{"filename": way, "object": []}])
    model = client.post("/api/v1/models", json={"labels": ["a"]}).json()["id"]
    client.post(
        f"/api/v1/models/{model}/pictures", files={"file": (way, small)}, data={"data": data}
    ).raise_for_status()
    exported = client.get(f"/api/v1/models/{model}/pictures").json()["pictures"]
    assert [picture["name"] for picture in exported] == ["x.png"]
