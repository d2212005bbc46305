"""Predicting, stored predictions, corrections and approval, as clients of the hosted service call them.

The calls are those of the JavaScript SDK, the swagger client, the robocorp library and the connectors, each with its
own way of writing slashes, lists and files.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from parts import crop_model
from starlette.testclient import TestClient

from wordsight.server import fetch
from wordsight.server.access import Services
from wordsight.server.app import create_app
from wordsight.server.jobs import Jobs
from wordsight.server.settings import Settings
from wordsight.server.tables import DAY

BOTH = ("OCR", "ObjectDetection")


@pytest.fixture
def pictures(small: bytes) -> Iterator[str]:
    """Where pictures can be fetched: ``/a.png`` and ``/b.png``; everything else is not there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.partition("?")[0] in ("/a.png", "/b.png")
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(small if found else b"")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetching(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Sends requests to a service that fetches URLs; for these tests this machine counts as public."""
    monkeypatch.setattr(fetch, "is_public", lambda address: True)
    jobs = Jobs(settings)
    services = Services.open(settings.model_copy(update={"fetch_urls": True}), jobs)
    with TestClient(create_app(services), follow_redirects=False) as client:
        client.auth = (str(services.keys.first()), "")
        yield client
    services.close()
    jobs.close()


def taught(client: TestClient) -> str:
    """A model that reads the whole picture as its field."""
    body = {"categories": ["number_plate"], "model_type": "ocr"}
    made = str(client.post("/api/v2/OCR/Model/", json=body).json()["model_id"])
    file = {"file": ("m.wordsight", crop_model("number_plate"))}
    client.post(f"/api/v1/models/{made}/versions", files=file).raise_for_status()
    return made


@pytest.fixture
def model(client: TestClient) -> str:
    return taught(client)


def texts(reply: Any) -> list[tuple[str, list[str]]]:
    """(input, texts of the fields) of each page of a reply."""
    return [(page["input"], [box["ocr_text"] for box in page["prediction"]]) for page in reply.json()["result"]]


@pytest.mark.parametrize("prefix", BOTH)
@pytest.mark.parametrize("end", ["", "/", "/?async=false&l=en"])
def test_a_file_is_predicted_under_every_spelling(
    client: TestClient, model: str, small: bytes, prefix: str, end: str
) -> None:
    files = {"file": ("C:\\scans\\REPLACE.jpg", small, "application/pdf"), "modelId": ("", model)}
    reply = client.post(f"/api/v2/{prefix}/Model/{model}/LabelFile{end}", files=files)
    assert reply.status_code == 200, reply.text
    assert texts(reply) == [("REPLACE.jpg", ["HELLO"])]
    [page] = reply.json()["result"]
    [box] = page["prediction"]
    assert (box["label"], box["type"], box["page_no"]) == ("number_plate", "field", 0)
    assert [box[side] for side in ("xmin", "ymin", "xmax", "ymax")] == [0, 0, 260, 80]
    assert all(isinstance(box[side], int) for side in ("xmin", "ymin", "xmax", "ymax"))
    assert page["size"] == {"width": 260, "height": 80} and page["page"] == 0
    assert page["filepath"] in reply.json()["signed_urls"]


def test_what_came_with_a_file_comes_back(client: TestClient, model: str, small: bytes) -> None:
    data = {"request_metadata": "order 7", "pages_to_process": "1", "data": '[{"filename": "a.png"}]'}
    reply = client.post(f"/api/v2/OCR/Model/{model}/LabelFile/", files={"file": ("a.png", small)}, data=data)
    assert reply.json()["result"][0]["request_metadata"] == "order 7"


def test_a_file_in_base64_with_its_name_beside_it(client: TestClient, model: str, small: bytes) -> None:
    fields = {"file": (None, "scan.png"), "base64_data": (None, base64.b64encode(small).decode())}
    reply = client.post(f"/api/v2/OCR/Model/{model}/LabelFile/", files=fields)
    assert texts(reply) == [("scan.png", ["HELLO"])]


def test_one_bad_file_is_told_beside_the_others(client: TestClient, model: str, small: bytes) -> None:
    files = [("file", ("good.png", small)), ("file", ("bad.png", b"nothing"))]
    reply = client.post(f"/api/v2/OCR/Model/{model}/LabelFile/", files=files)
    assert reply.status_code == 202
    assert texts(reply) == [("good.png", ["HELLO"]), ("bad.png", [])]


def test_neither_file_nor_urls(client: TestClient, model: str) -> None:
    reply = client.post(f"/api/v2/OCR/Model/{model}/LabelUrls/", data={"modelId": model})
    assert reply.status_code == 400
    assert reply.json()["errors"] == [{"reason": "file_missing"}]


@pytest.mark.parametrize("way", ["repeated", "joined", "str of a list", "JSON in a form", "JSON", "multipart"])
def test_urls_in_every_way_that_clients_write_them(fetching: TestClient, pictures: str, way: str) -> None:
    urls = [f"{pictures}/a.png", f"{pictures}/b.png"]
    path = f"/api/v2/ObjectDetection/Model/{taught(fetching)}/LabelUrls/"
    sent: dict[str, Any] = {
        "repeated": {"data": {"urls": urls}, "headers": {"Accept": "application/x-www-form-urlencoded"}},
        "joined": {"data": {"urls": ",".join(urls)}},
        "str of a list": {"data": {"urls": str(urls)}},
        "JSON in a form": {"files": {"urls": (None, json.dumps(urls))}},
        "JSON": {"json": {"urls": urls}},
        "multipart": {"files": [("urls", (None, url)) for url in urls]},
    }[way]
    reply = fetching.post(path, **sent)
    assert reply.status_code == 200, reply.text
    assert texts(reply) == [(url, ["HELLO"]) for url in urls]


def test_a_url_that_fails_is_told_beside_the_others(fetching: TestClient, pictures: str) -> None:
    urls = [f"{pictures}/a.png", f"{pictures}/none.png"]
    reply = fetching.post(f"/api/v2/OCR/Model/{taught(fetching)}/LabelUrls", data={"urls": urls})
    assert reply.status_code == 202
    assert texts(reply) == [(urls[0], ["HELLO"]), (urls[1], [])]
    assert "404" in reply.json()["result"][1]["message"]


def test_pictures_to_learn_from_by_url(fetching: TestClient, pictures: str) -> None:
    model, url = taught(fetching), f"{pictures}/a.png"
    box = {"name": "number_plate", "bndbox": {"xmin": 10, "ymin": 12, "xmax": 90, "ymax": 60}}
    body = {"urls": [url], "data": [{"filename": url, "object": [box]}]}
    reply = fetching.post(f"/api/v2/OCR/Model/{model}/UploadUrls/", json=body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["Data"][0]["filename"] == url
    assert reply.json()["Meta"]["categories"] == [{"name": "number_plate", "count": 1}]


def test_later(client: TestClient, service: Services, model: str, small: bytes) -> None:
    reply = client.post(f"/api/v2/OCR/Model/{model}/LabelFile/?async=true", files={"file": ("a.png", small)})
    assert reply.status_code == 200, reply.text
    [flat] = reply.json()["result"]
    [nested] = flat["result"]
    assert flat["prediction"] == [] and flat["input"] == nested["input"] == "a.png"
    file = flat["request_file_id"]
    assert file == nested["request_file_id"]
    poll = f"/api/v2/Inferences/Model/{model}/InferenceRequestFiles/GetPredictions/{file}"
    waiting = client.get(poll).json()
    assert (waiting["status"], waiting["moderated_images"], waiting["unmoderated_images"]) == ("pending", [], [])
    service.predictions.finish(file)
    done = client.get(f"{poll}/").json()
    assert done["status"] == "success"
    [page] = done["unmoderated_images"]
    assert (page["processing_type"], page["predicted_boxes"][0]["ocr_text"]) == ("async", "HELLO")


def test_stored_predictions_are_corrected_and_approved(client: TestClient, model: str, small: bytes) -> None:
    reply = client.post(f"/api/v2/OCR/Model/{model}/LabelFile", files={"file": ("a.png", small)})
    [page] = reply.json()["result"]
    base, today = f"/api/v2/Inferences/Model/{model}", int(time.time() // DAY)
    days = {"start_day_interval": today - 1, "current_batch_day": today + 1}
    for slash in ("", "/"):
        listed = client.get(f"{base}/ImageLevelInferences{slash}", params=days).json()
        assert (listed["moderated_images_count"], listed["unmoderated_images_count"]) == (0, 1)
    past = {"start_day_interval": today - 9, "current_batch_day": today - 8}
    assert client.get(f"{base}/ImageLevelInferences/", params=past).json()["unmoderated_images"] == []
    right = page["prediction"][0] | {"ocr_text": "JELLO"}
    path = f"{base}/ImageLevelInference/{page['id']}?use_ui_version=true"
    changed = client.patch(path, json={"moderated_boxes": [right]}).json()["result"][0]
    assert [(box["ocr_text"], box["status"]) for box in changed["moderated_boxes"]] == [("JELLO", "moderated")]
    assert changed["predicted_boxes"][0]["ocr_text"] == "HELLO"
    file = page["request_file_id"]
    assert client.post(f"{base}/ImageLevelInferences/Verify/{file}").json()["approval_status"] == "approved"
    moderated = client.get(f"{base}/InferenceRequestFiles/GetPredictions/{file}").json()
    assert (moderated["moderated_images_count"], moderated["unmoderated_images_count"]) == (1, 0)
    learned = client.get(f"/api/v2/OCR/Model/{model}/Annotations").json()
    assert learned["Data"][0]["object"][0]["ocr_text"] == "JELLO"
    assert client.post(f"{base}/ImageLevelInferences/UnVerify/{file}/").json()["approval_status"] == ""
    other = f"/api/v2/ImageLevelInferences/Model/{model}"  # clients disagree where this is
    assert client.post(f"{other}/Verify/{file}/").json()["approval_status"] == "approved"
    assert client.post(f"{other}/UnVerify/{file}").json()["approval_status"] == ""
    one = client.get(f"{base}/ImageLevelInferences/{page['id']}").json()["result"][0]
    assert (one["id"], one["is_moderated"]) == (page["id"], False)


def test_a_stored_file_is_forgotten(client: TestClient, model: str, small: bytes) -> None:
    reply = client.post(f"/api/v2/OCR/Model/{model}/LabelFile", files={"file": ("a.png", small)})
    file = reply.json()["result"][0]["request_file_id"]
    path = f"/api/v2/Inferences/Model/{model}/InferenceRequestFiles"
    assert client.delete(f"{path}/{file}").status_code == 200
    assert client.get(f"{path}/GetPredictions/{file}").status_code == 404


def test_a_url_to_learn_from_that_fails_is_told_beside_the_others(fetching: TestClient, pictures: str) -> None:
    model, urls = taught(fetching), [f"{pictures}/b.png", f"{pictures}/none.png"]
    path = f"/api/v2/ObjectDetection/Model/{model}/UploadUrls"
    reply = fetching.post(path, files={"urls": (None, json.dumps(urls))})
    assert reply.status_code == 202
    assert [entry["filename"] for entry in reply.json()["Data"]] == urls[:1]
    assert [entry["filename"] for entry in reply.json()["errors"]] == urls[1:]


def test_a_long_url_is_kept_shortened(fetching: TestClient, pictures: str) -> None:
    model, url = taught(fetching), f"{pictures}/a.png?signature={'x' * 3000}"
    learned = fetching.post(f"/api/v2/OCR/Model/{model}/UploadUrls", json={"urls": [url]})
    assert learned.json()["Data"][0]["filename"] == url[:500]
    read = fetching.post(f"/api/v2/OCR/Model/{model}/LabelUrls", json={"urls": [url]})
    assert texts(read) == [(url[:2000], ["HELLO"])]


def test_urls_are_not_fetched_unless_the_service_may(client: TestClient, model: str, pictures: str) -> None:
    for route in ("UploadUrls", "LabelUrls"):
        refused = client.post(f"/api/v2/OCR/Model/{model}/{route}/", json={"urls": [f"{pictures}/a.png"]})
        assert refused.status_code == 400
        assert "--fetch-urls" in refused.json()["message"]
        assert client.post(f"/api/v2/OCR/Model/{model}/{route}/", json={"data": []}).status_code == 400
