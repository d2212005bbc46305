"""What is hostile: URLs, names, sizes, texts; every refusal is typed, nothing is half-written."""

from __future__ import annotations

import csv
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from wordsight.server.access import Services
from wordsight.server.app import create_app
from wordsight.server.errors import NotThere
from wordsight.server.fetch import Fetcher, FetchError, public_target
from wordsight.server.forms import base_name
from wordsight.server.jobs import Jobs
from wordsight.server.services.export import harmless
from wordsight.server.settings import Settings
from wordsight.server.tables import Workspace

PRIVATE = [
    "http://127.0.0.1/a.png",
    "http://localhost/a.png",
    "http://10.0.0.1/a.png",
    "http://192.168.1.1/a.png",
    "http://169.254.169.254/latest/meta-data",
    "http://100.64.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://0.0.0.0/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://224.0.0.1/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "http:///a",
    "no url",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_a_private_address_is_not_fetched(url: str) -> None:
    with pytest.raises(FetchError):
        public_target(url)


def test_the_connection_goes_to_the_checked_address() -> None:
    target = public_target("https://93.184.216.34:8443/a?b=c")
    assert str(target.url) == "https://93.184.216.34:8443/a?b=c"
    assert (target.host, target.name) == ("93.184.216.34:8443", "93.184.216.34")
    assert public_target("http://[2606:4700::1111]/x").url.host == "2606:4700::1111"


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A server that redirects to a private address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/secret")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/a.png"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_redirect_to_a_private_address_is_not_followed(
    elsewhere: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wordsight.server import fetch

    asked: list[str] = []

    def checked(host: str, port: int) -> list[str]:
        asked.append(f"{host}:{port}")
        if len(asked) > 1:  # the first stands for a public server, which a test has none of
            return fetch_addresses(host, port)
        return [host]

    fetch_addresses = fetch.public_addresses
    monkeypatch.setattr(fetch, "public_addresses", checked)
    fetcher = Fetcher(settings.model_copy(update={"fetch_urls": True}))
    found, failed = fetcher.fetch_all([elsewhere])
    assert (found, len(asked)) == ([], 2)
    assert "not a public address" in failed[0][1]


def test_fetching_is_off_by_default(client: TestClient) -> None:
    reply = client.post("/api/v1/read", json={"urls": ["https://example.com/a.png"]})
    assert reply.status_code == 400
    assert "--fetch-urls" in reply.json()["message"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\..\\passwd", "a/b/../passwd", "pass\0wd"])
def test_only_the_end_of_a_name_is_kept(name: str) -> None:
    assert base_name(name) == "passwd"


def test_files_have_no_other_names_than_digests(service: Services) -> None:
    for name in ("../secret", "a" * 63, "A" * 64, "../" * 22, ""):
        with pytest.raises(NotThere):
            service.context.files.get(name)


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_a_spreadsheet_would_run(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["12.50", "-12.50", "+49", "-1,5", "total", ""])
def test_a_text_that_it_would_not(text: str) -> None:
    assert harmless(text) == text


def test_a_name_that_is_a_formula_is_exported_as_text(client: TestClient, small: bytes) -> None:
    from openpyxl import load_workbook

    client.post("/api/v1/models", json={"labels": ["=cmd()"]}).raise_for_status()
    model = client.get("/api/v1/models").json()[0]["id"]
    text = client.get(f"/api/v1/files/export?model={model}").content.decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text)))
    assert rows[0][:5] == ["file", "id", "created", "approval", "problems"]
    assert rows[0][5] == "'=cmd()"
    book = load_workbook(BytesIO(client.get(f"/api/v1/files/export?model={model}&kind=xlsx").content))
    assert book.active["F1"].value == "'=cmd()"


def limited(folder: Path, **limits: Any) -> Iterator[TestClient]:
    settings = Settings(data=folder, **limits)
    services = Services.open(settings, Jobs(settings))
    key = services.keys.first()
    with TestClient(create_app(services), follow_redirects=False) as client:
        client.auth = (key or "", "")
        yield client


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({"max_upload_bytes": 100}, 413),
        ({"max_request_bytes": 200}, 413),
        ({"max_pixels": 100}, 400),
        ({"max_files": 1}, 413),
        ({"quota_bytes": 100}, 507),
    ],
)
def test_a_limit(tmp_path: Path, small: bytes, limits: dict[str, int], status: int) -> None:
    for client in limited(tmp_path / "data", **limits):
        files = [("file", ("a.png", small)), ("file", ("b.png", small))]
        reply = client.post("/api/v1/read", files=files[: limits.get("max_files", 0) + 1])
        assert reply.status_code == status, reply.text
        assert reply.json()["code"] == status
        assert client.get("/api/v1/files").json()["total"] == 0
        services: Services = client.app.state.services  # type: ignore[attr-defined]
        with services.context.store.session() as session:
            assert [row.used_bytes for row in session.query(Workspace)] == [0]


def test_a_key_with_a_rate(tmp_path: Path) -> None:
    for client in limited(tmp_path / "data", rate_per_minute=3):
        found = [client.get("/api/v1/models") for _ in range(4)]
        assert [reply.status_code for reply in found] == [200, 200, 200, 429]
        assert 1 <= int(found[3].headers["retry-after"]) <= 20


def hostile(small: bytes, count: int) -> Iterator[tuple[str, bytes]]:
    """Files that are broken in one of many ways, the same ones every time."""
    chance = random.Random(6)
    heads = [
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"%PDF-1.7\n",
        b"II*\0",
        b"RIFF\0\0\0\0WEBP",
        b"PK\3\4",
    ]
    for _ in range(count):
        kind = chance.randrange(4)
        if kind == 0:
            data = chance.choice(heads) + chance.randbytes(chance.randrange(2000))
        elif kind == 1:
            data = small[: chance.randrange(len(small))]
        elif kind == 2:
            flipped = bytearray(small)
            for _ in range(chance.randrange(1, 30)):
                flipped[chance.randrange(len(flipped))] = chance.randrange(256)
            data = bytes(flipped)
        else:
            data = b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>" * chance.randrange(3)
        yield chance.choice(["a.png", "../a.jpg", "\u202egnp.exe", "a" * 5000, "con", "x.pdf"]), data


def test_hostile_uploads(client: TestClient, small: bytes) -> None:
    model = client.post("/api/v1/models", json={"labels": ["word"]}).json()["id"]
    for number, (name, data) in enumerate(hostile(small, 50)):
        path = ["/api/v1/read", "/api/v2/OCR/FullText", f"/api/v2/OCR/Model/{model}/UploadFile/"][number % 3]
        reply = client.post(path, files={"file": (name, data)})
        assert reply.status_code in (200, 202, 400, 413), (number, reply.text)
        if reply.status_code >= 400:
            assert set(reply.json()) == {"code", "message", "errors"}
    assert client.post("/api/v1/read", files={"file": ("a.png", small)}).status_code == 200


def test_metrics_count_and_name_nothing(client: TestClient, small: bytes) -> None:
    client.post("/api/v1/read", files={"file": ("secret-name.png", small)})
    client.get("/api/v1/models/secret-id")
    text = client.get("/metrics", auth=None).text
    assert 'wordsight_requests_total{method="POST",route="/api/v1/read",status="200"} 1.0' in text
    assert 'route="/api/v1/models/{model_id}",status="404"} 1.0' in text
    assert 'wordsight_rows{state="pending",table="files"} 0.0' in text
    assert "wordsight_reading 0.0" in text
    assert "secret" not in text
