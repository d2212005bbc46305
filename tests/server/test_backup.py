"""Backup and restore, from one kind of database into another too; files in an object store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from parts import free_port
from sqlalchemy import inspect
from starlette.testclient import TestClient

from wordsight.server.access import Services
from wordsight.server.app import create_app
from wordsight.server.backup import BackupError, backup, restore
from wordsight.server.files import Files
from wordsight.server.jobs import Jobs
from wordsight.server.settings import Settings
from wordsight.server.tables import Base


def test_everything_comes_back(
    client: TestClient, service: Services, small: bytes, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    model = client.post("/api/v1/models", json={"labels": ["word"]}).json()["id"]
    client.post(f"/api/v1/models/{model}/pictures", files={"file": ("a.png", small)}).raise_for_status()
    client.post("/api/v1/read", files={"file": ("b.png", small)}).raise_for_status()
    told = [client.get(path).json() for path in ("/api/v1/models", "/api/v1/files", "/api/v1/activity")]
    assert backup(service.context, tmp_path / "all.zip") == 1
    assert client.auth is not None
    for url in dict.fromkeys((new_database(), "")):
        settings = Settings(data=tmp_path / f"other{len(url)}", database_url=url)
        services = Services.open(settings, Jobs(settings))
        assert restore(services.context, tmp_path / "all.zip") == 1
        with pytest.raises(BackupError, match="already"):
            restore(services.context, tmp_path / "all.zip")
        with TestClient(create_app(services)) as other:
            other.auth = client.auth
            found = [other.get(path).json() for path in ("/api/v1/models", "/api/v1/files", "/api/v1/activity")]
            assert found == told
            file = told[1]["files"][0]["id"]
            assert other.get(f"/api/v1/files/{file}/picture").content[:2] == b"\xff\xd8"


def test_a_backup_is_not_written_over(service: Services, tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(b"mine")
    with pytest.raises(BackupError, match="already"):
        backup(service.context, tmp_path / "all.zip")
    with pytest.raises(BackupError, match="no backup"):
        restore(service.context, tmp_path / "all.zip")


def test_the_migrations_make_the_tables(service: Services) -> None:
    found = inspect(service.context.store.engine)
    for table in Base.metadata.sorted_tables:
        columns = {column["name"] for column in found.get_columns(table.name)}
        assert columns == {column.name for column in table.columns}, table.name


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The endpoint of an object store."""
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    port = free_port()
    running = server.ThreadedMotoServer("127.0.0.1", port)
    running.start()
    yield f"http://127.0.0.1:{port}"
    running.stop()


def test_files_in_an_object_store(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("s3fs", reason="s3fs is not installed")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    import fsspec as specs

    monkeypatch.setitem(specs.config.conf, "s3", {"endpoint_url": bucket})
    fsspec.S3FileSystem().mkdir("pictures")
    files = Files("s3://pictures/ocr")
    digest = files.put(b"some bytes")
    assert files.put(b"some bytes") == digest
    assert files.get(digest) == b"some bytes"
    with files.open(digest) as stream:
        assert stream.read() == b"some bytes"
    files.delete(digest)
    files.delete(digest)
    from wordsight.server.errors import NotThere

    with pytest.raises(NotThere):
        files.get(digest)
