"""The calls of real clients, sent as they send them (text as file parts with an empty file name, and so on)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

PREFIXES = ("/api/v2/OCR", "/api/v2/ObjectDetection")
BOX = {"name": "number_plate", "bndbox": {"xmin": 10, "ymin": 12, "xmax": 90, "ymax": 60}, "ocr_text": "MH 02"}


def create(client: TestClient, *labels: str, prefix: str = PREFIXES[1]) -> str:
    body = json.dumps({"categories": list(labels or ("number_plate",)), "model_type": "ocr"})
    reply = client.post(f"{prefix}/Model/", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200, reply.text
    return str(reply.json()["model_id"])


def upload(client: TestClient, model: str, name: str, data: bytes, marked: Any, prefix: str = PREFIXES[1]) -> Any:
    files = {
        "file": (name, data, "application/octet-stream"),
        "data": ("", json.dumps(marked)),
        "modelId": ("", model),
    }
    return client.post(f"{prefix}/Model/{model}/UploadFile/", files=files)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_model_is_made_and_found_under_both_prefixes_and_spellings(
    client: TestClient, prefix: str, slash: str
) -> None:
    reply = client.post(f"{prefix}/Model{slash}", json={"categories": ["total"], "model_type": "ocr"})
    assert reply.status_code == 200
    made = reply.json()
    assert made["state"] == 0
    assert made["status"]
    assert made["categories"] == [{"name": "total", "count": 0}]
    for other in PREFIXES:
        assert client.get(f"{other}/Model/{made['model_id']}{slash}").json() == made
        assert made in client.get(f"{other}/Model{slash}").json()
    assert made in client.get(f"/api/v2/ImageCategorization/Models{slash}").json()


def test_json_with_the_content_type_of_a_form(client: TestClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = client.post("/api/v2/OCR/Model/", content='{"categories": ["a", "b"]}', headers=headers)
    assert [entry["name"] for entry in reply.json()["categories"]] == ["a", "b"]


@pytest.mark.parametrize("categories", [[], ["a", "a"], [""], ["x" * 101]])
def test_bad_categories(client: TestClient, categories: list[str]) -> None:
    reply = client.post("/api/v2/OCR/Model/", json={"categories": categories})
    assert reply.status_code == 400
    assert reply.json()["code"] == 400
    assert reply.json()["errors"][0]["reason"] == "bad_request"


def test_the_sample_uploads_a_file_with_text_as_file_parts(client: TestClient, small: bytes) -> None:
    model = create(client)
    reply = upload(client, model, "1.jpg", small, [{"filename": "1.jpg", "object": [BOX]}])
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert body["Meta"]["State"] == body["Meta"]["state"] == 2
    assert body["Meta"]["categories"] == [{"name": "number_plate", "count": 1}]
    assert body["Data"][0]["filename"] == "1.jpg"
    assert body["Data"][0]["size"] == {"width": 260, "height": 80}
    assert body["Data"][0]["object"] == [BOX]
    listed = client.get(f"/api/v2/OCR/Model/{model}/Annotations/").json()
    assert len(listed["Data"]) == 1


@pytest.mark.parametrize(("marked", "count"), [({}, 0), (None, 0), (BOX, 1), ([], 0), ([BOX, BOX], 2)])
def test_object_may_be_a_box_a_list_empty_or_absent(client: TestClient, small: bytes, marked: Any, count: int) -> None:
    model = create(client)
    entry = {"filename": "1.jpg"} | ({} if marked is None else {"object": marked})
    body = upload(client, model, "1.jpg", small, [entry]).json()
    assert body["Meta"]["categories"][0]["count"] == count


def test_boxes_beyond_the_picture_are_clipped(client: TestClient, small: bytes) -> None:
    model = create(client)
    box = BOX | {"bndbox": {"xmin": -5, "ymin": 12, "xmax": 9000, "ymax": 60}, "difficult": "0"}
    body = upload(client, model, "1.jpg", small, [{"filename": "1.jpg", "object": [box]}]).json()
    assert body["Data"][0]["object"][0]["bndbox"] == {"xmin": 0, "ymin": 12, "xmax": 260, "ymax": 60}


def test_a_name_with_a_path_is_reduced_to_its_end(client: TestClient, small: bytes) -> None:
    model = create(client)
    for name in ("../../etc/passwd", "/home/me/1.png", "C:\\scans\\1.png"):
        body = upload(client, model, name, small, [{"filename": name}]).json()
        assert body["Data"][0]["filename"] in ("passwd", "1.png")


def test_a_label_that_the_model_has_not(client: TestClient, small: bytes) -> None:
    model = create(client)
    reply = upload(client, model, "1.jpg", small, [{"filename": "1.jpg", "object": [BOX | {"name": "total"}]}])
    assert reply.status_code == 400
    assert "number_plate" in reply.json()["message"]
    assert client.get(f"/api/v2/OCR/Model/{model}").json()["state"] == 0


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n broken"])
def test_a_file_that_is_no_picture(client: TestClient, data: bytes) -> None:
    model = create(client)
    reply = upload(client, model, "1.jpg", data, [{"filename": "1.jpg"}])
    assert reply.status_code == 400
    assert client.get(f"/api/v2/OCR/Model/{model}").json()["state"] == 0


def test_one_bad_file_does_not_hurt_the_others(client: TestClient, small: bytes) -> None:
    model = create(client)
    files = [("file", ("good.png", small)), ("file", ("bad.png", b"nothing"))]
    reply = client.post(f"/api/v2/OCR/Model/{model}/UploadFile/", files=files)
    assert reply.status_code == 202
    assert [entry["filename"] for entry in reply.json()["Data"]] == ["good.png"]
    assert reply.json()["errors"][0]["filename"] == "bad.png"


def test_the_same_file_twice_is_kept_once(client: TestClient, small: bytes) -> None:
    model = create(client)
    for _ in range(2):
        upload(client, model, "1.jpg", small, [{"filename": "1.jpg", "object": [BOX]}])
    body = client.get(f"/api/v2/OCR/Model/{model}/Annotations").json()
    assert len(body["Data"]) == 1
    assert body["Meta"]["categories"][0]["count"] == 1


def test_training_needs_data(client: TestClient, small: bytes) -> None:
    model = create(client)
    reply = client.post(f"/api/v2/OCR/Model/{model}/Train/?modelId={model}", data={"modelId": model})
    assert reply.status_code == 400
    assert "not ready" in reply.json()["message"]
    upload(client, model, "1.jpg", small, [{"filename": "1.jpg", "object": [BOX]}])
    reply = client.post(f"/api/v2/OCR/Model/{model}/Train/?modelId={model}")
    assert reply.status_code == 200
    assert reply.json()["state"] == 3
    assert client.post(f"/api/v2/OCR/Model/{model}/Train/").status_code == 409


def test_predicting_before_training(client: TestClient, small: bytes) -> None:
    model = create(client)
    reply = client.post(f"/api/v2/OCR/Model/{model}/LabelFile/", files={"file": ("1.png", small)})
    assert reply.status_code == 409
    assert reply.json()["errors"][0]["reason"] == "not_trained"


@pytest.mark.parametrize("slash", ["", "/"])
def test_full_text(client: TestClient, small: bytes, slash: str) -> None:
    reply = client.post(f"/api/v2/OCR/FullText{slash}", files={"file": ("scan.png", small, "application/pdf")})
    assert reply.status_code == 200
    page = reply.json()["results"][0]["page_data"][0]
    assert reply.json()["results"][0]["filename"] == "scan.png"
    assert page["raw_text"] == "HELLO "
    assert page["words"][0]["text"] == "HELLO"
    assert 0 <= page["words"][0]["xmin"] < page["words"][0]["xmax"] <= 260


def test_a_key_is_tested_with_a_url(client: TestClient) -> None:
    url = "https://upload.wikimedia.org/wikipedia/commons/Povray_hello_world.png"
    reply = client.post("/api/v2/OCR/FullText", data={"urls": [url]})
    assert reply.status_code == 200
    assert reply.json()["results"] == [{"filename": url, "page_data": []}]


def test_a_placeholder_url_beside_a_file_is_ignored(client: TestClient, small: bytes) -> None:
    reply = client.post("/api/v2/OCR/FullText", files={"file": ("a.png", small)}, data={"urls": ["MY_IMAGE_URL"]})
    assert reply.status_code == 200
    assert len(reply.json()["results"]) == 1


def test_a_chunked_body(client: TestClient, small: bytes) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    parts = iter([head, small[:100], small[100:], b"\r\n--x--\r\n"])
    reply = client.post(
        "/api/v2/OCR/FullText", content=parts, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert reply.json()["results"][0]["page_data"][0]["raw_text"] == "HELLO "


@pytest.mark.parametrize("path", ["/api/v2/OCR/Model/none", "/api/v2/Inferences/Model/none/ImageLevelInferences/x"])
def test_what_is_not_there(client: TestClient, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 404
    assert set(reply.json()) == {"code", "message", "errors"}


def test_without_a_key_and_with_a_wrong_one(client: TestClient) -> None:
    client.auth = None
    assert client.get("/api/v2/OCR/Model").status_code == 401
    reply = client.get("/api/v2/OCR/Model", headers={"Authorization": "Basic d3Jvbmc6"})
    assert reply.status_code == 401
    assert "key" in reply.json()["message"]
