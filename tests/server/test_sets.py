"""Annotated sets, counts, the picture to label next, documents: what the pages rest on, without a browser."""

from __future__ import annotations

import json
import stat
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import cv2
import numpy as np
import pytest
from parts import crop_model
from starlette.testclient import TestClient

from wordsight.server.access import Services
from wordsight.server.errors import BadRequest, NotThere, TooLarge
from wordsight.server.forms import Upload
from wordsight.server.pages import browse
from wordsight.server.security import Caller
from wordsight.server.services.choice import Choice
from wordsight.server.services.documents import lines_of
from wordsight.server.services.imports import DEEPEST, import_set, unpack
from wordsight.server.services.models import scored

WORD = {"quad": [[10, 10], [200, 10], [200, 70], [10, 70]], "text": "HELLO"}


def zipped(files: dict[str, bytes | str]) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def lines(*records: object) -> str:
    return "\n".join(map(json.dumps, records))


def test_boxes_are_taken_and_what_is_not_is_told(service: Services, who: Caller, small: bytes) -> None:
    model = service.models.create(who, ["word", "other"])
    strange = WORD | {"label": "strange"}
    polygon = {"polygon": [[10, 10], [200, 10], [200, 70], [100, 72], [10, 70]], "label": "other"}
    labels = lines(
        {"image": "a.png", "words": [WORD | {"label": "word"}, polygon, WORD | {"ignore": True}]},
        {"image": "deep/b.png", "words": [strange, strange, WORD]},
        {"image": "c.png"},
        {"image": "missing.png", "words": []},
        {"image": "labels.jsonl", "words": []},
    )
    files = {"set/labels.jsonl": labels, "set/a.png": small, "set/deep/b.png": small + b"b", "set/c.png": small + b"c"}
    done = import_set(service.pictures, who, model.id, ["word", "other"], zipped(files))
    assert (done.format, done.pictures, done.boxes) == ("manifest", 3, 2)
    assert sorted(name for name, _ in done.failed) == ["deep-b.png", "deep-b.png", "labels.jsonl", "missing.png"]
    rows = {row.name: row for row in service.pictures.all(who, model.id)[0]}
    assert [(box["label"], box["text"]) for box in rows["a.png"].boxes] == [("word", "HELLO"), ("other", None)]
    assert [row.state for _, row in sorted(rows.items())] == [
        "marked",
        "new",
        "marked",
    ]  # of c.png the set says nothing
    assert service.models.get(who, model.id).labels == (("word", 1), ("other", 1))
    again = import_set(service.pictures, who, model.id, ["word", "other"], zipped(files))
    assert again.pictures == 3
    assert service.pictures.all(who, model.id)[1] == 3  # nothing is kept twice


def test_crops_and_boxes_without_labels_suit_a_model_with_one_field(
    service: Services, who: Caller, small: bytes
) -> None:
    model = service.models.create(who, ["word"])
    labels = lines({"image": "a.png", "text": "HELLO", "size": [260, 80]}, {"image": "b.png", "words": [WORD]})
    done = import_set(
        service.pictures,
        who,
        model.id,
        ["word"],
        zipped({"labels.jsonl": labels, "a.png": small, "b.png": small + b"b"}),
    )
    assert (done.pictures, done.boxes, done.failed) == (2, 2, [])
    whole = service.pictures.all(who, model.id)[0][0].boxes[0]
    assert (whole["quad"], whole["text"]) == ([[0, 0], [260, 0], [260, 80], [0, 80]], "HELLO")


def test_a_picture_over_the_limit_is_left_out(service: Services, who: Caller, small: bytes) -> None:
    model = service.models.create(who, ["word"])
    large = small + bytes(service.context.settings.max_upload_bytes)
    data = zipped({"labels.jsonl": lines({"image": "a.png", "words": [WORD]}), "a.png": large})
    done = import_set(service.pictures, who, model.id, ["word"], data)
    assert done.pictures == 0
    [(name, reason)] = done.failed
    assert name == "a.png"
    assert "make it smaller" in reason


def test_a_zip_that_unpacks_to_too_much_is_refused_on_the_way(tmp_path: Path) -> None:
    bomb = zipped({"zeros": bytes(10_000_000)})
    assert len(bomb) < 20_000
    with pytest.raises(TooLarge, match="more than one request"):
        unpack(bomb, tmp_path, 1_000_000)
    assert (tmp_path / "zeros").stat().st_size <= 1_000_000


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:evil", "/".join("d" * DEEPEST) + "/x"]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadRequest):
        unpack(zipped({name: b"x"}), tmp_path / "inside", 1000)
    assert not list(tmp_path.rglob("*evil*"))


def test_a_link_in_a_zip_is_passed_over(tmp_path: Path) -> None:
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        link = ZipInfo("secret.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    unpack(out.getvalue(), tmp_path, 1000)
    assert not list(tmp_path.iterdir())


def test_pictures_are_counted(service: Services, who: Caller, small: bytes) -> None:
    model = service.models.create(who, ["word"]).id
    names = ("a.png", "b.png", "c.png")
    rows, _ = service.pictures.add(
        who, model, [*(Upload(name, small) for name in names[:2]), Upload("c.png", small + b"c")]
    )
    service.pictures.mark(who, model, rows[2].id, [WORD | {"label": "word"}, WORD | {"label": "word"}], None)
    assert browse.counts(service.context, who, model) == browse.Counts(all=3, new=2, marked=1, double=2)
    assert [row.name for row in browse.doubles(service.context, who, model, 0, 10)] == ["a.png", "b.png"]
    assert browse.doubles(service.context, who, model, 2, 10) == []
    empty = service.models.create(who, ["other"]).id
    found = {info.id: (info.pictures, info.labels) for info in service.models.all(who)}
    assert found == {model: (3, (("word", 2),)), empty: (0, (("other", 0),))}


def test_the_next_picture_is_one_that_nobody_has_labelled(service: Services, who: Caller, small: bytes) -> None:
    choice = Choice(service.context, service.inference)
    model = service.models.create(who, ["word"]).id
    rows, _ = service.pictures.add(who, model, [Upload(f"{n}.png", small + bytes([n])) for n in range(4)])
    assert choice.next(who, model).picture is None  # not trained: there is nothing to tell
    service.models.import_version(who, model, crop_model("word"))
    service.pictures.mark(who, model, rows[0].id, [], None)
    chosen = choice.next(who, model, rows[1].id)
    assert chosen.picture in (rows[2].id, rows[3].id)
    assert (chosen.looked, chosen.left) == (2, 2)
    assert 0 <= chosen.doubt <= 1
    assert choice.next(who, model, seconds=0).looked == 2  # no time to look at more; what was seen is remembered
    with pytest.raises(NotThere):
        choice.next(who, "nothing")


def test_a_picture_unlike_the_labelled_ones_comes_first(service: Services, who: Caller, small: bytes) -> None:
    """An empty picture is doubted most; where one is labelled already, another one teaches nothing."""
    model = service.models.create(who, ["word"]).id
    empty = cv2.imencode(".png", np.tile(np.arange(200, dtype=np.uint8), (80, 1)))[1].tobytes()
    files = [Upload("a.png", empty), Upload("b.png", empty + b"b"), Upload("c.png", small)]
    rows, _ = service.pictures.add(who, model, files)
    service.models.import_version(who, model, crop_model("word"))
    choice = Choice(service.context, service.inference)
    assert choice.next(who, model, rows[0].id).picture == rows[1].id
    service.pictures.mark(who, model, rows[0].id, [], None)
    assert choice.next(who, model).picture == rows[2].id


def test_figures_of_an_imported_model_are_not_trusted() -> None:
    assert scored({"after": {"exact": 0.85}})["accuracy"] == 0.85
    for strange in ({}, {"accuracy": "much"}, {"after": 3}, {"after": {"exact": "1"}}, {"after": {"exact": 7}}):
        assert "accuracy" not in scored(strange)


def test_thumbnails_are_made_once_and_go_with_their_picture(
    service: Services, client: TestClient, who: Caller, small: bytes
) -> None:
    model = service.models.create(who, ["word"]).id
    [row], _ = service.pictures.add(who, model, [Upload("a.png", small)])
    address = f"/api/v1/models/{model}/pictures/{row.id}/image?width=160"
    first = client.get(address)
    assert first.headers["content-type"] == "image/jpeg"
    assert "immutable" in first.headers["cache-control"]
    assert service.context.files.get_beside(row.digest, "0-160") == first.content
    same = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    other = client.get(address.replace("160", "100"), headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    assert service.context.files.get_beside(row.digest, "0-100") is None  # clients cannot fill the disk
    service.pictures.delete(who, model, row.id)
    assert service.context.files.get_beside(row.digest, "0-160") is None


def test_documents_over_the_api(client: TestClient, small: bytes) -> None:
    read = client.post("/api/v1/read", files={"file": ('<b>"é.png', small)}).json()["files"][0]
    found = {
        kind: client.get(f"/api/v1/files/{read['id']}/document?kind={kind}")
        for kind in ("hocr", "alto", "markdown", "pdf")
    }
    assert [reply.status_code for reply in found.values()] == [200] * 4
    assert found["markdown"].text.strip() == "HELLO"
    assert "ocrx_word" in found["hocr"].text
    assert "<b>" not in found["hocr"].text
    assert 'CONTENT="HELLO"' in found["alto"].text
    assert found["pdf"].content.startswith(b"%PDF")
    assert all("attachment" in reply.headers["content-disposition"] for reply in found.values())
    assert client.get(f"/api/v1/files/{read['id']}/document?kind=exe").status_code == 400
    assert client.get("/api/v1/files/nothing/document?kind=pdf").status_code == 404


def test_lines_are_those_of_the_text() -> None:
    assert lines_of(["a", "b", "c", "d"], "a b\nc\n\nd") == [0, 0, 1, 2]
    assert lines_of(["a", "corrected", "c"], "a\nb\nc") == [0, 1, 2]
    assert lines_of([], "") == []


def test_a_set_comes_in_over_the_api(client: TestClient, small: bytes) -> None:
    model = client.post("/api/v1/models", json={"labels": ["word"]}).json()["id"]
    data = zipped({"labels.jsonl": lines({"image": "a.png", "words": [WORD]}), "a.png": small})
    reply = client.post(f"/api/v1/models/{model}/pictures/import", files={"file": ("set.zip", data)})
    assert reply.status_code == 201
    assert reply.json() == {"format": "manifest", "pictures": 1, "boxes": 1, "failed": []}
    bad = client.post(f"/api/v1/models/{model}/pictures/import", files={"file": ("set.zip", b"no zip")})
    assert bad.status_code == 400
    assert "cannot be unpacked" in bad.json()["message"]
    assert client.get(f"/api/v1/models/{model}/next-picture").json()["picture"] is None
