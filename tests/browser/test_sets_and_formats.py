"""Annotated sets come in, documents go out; what the settings page shows and hides."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from make_receipts import draw, write
from playwright.sync_api import expect
from test_pages import Make, new_model, upload

from wordsight.server.pages.overview import groups
from wordsight.server.settings import Settings

pytestmark = pytest.mark.browser


def zipped(folder: Path, more: dict[str, bytes] | None = None) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, f"set/{path.relative_to(folder)}")
        for name, data in (more or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def send_set(page: Any, data: bytes) -> None:
    page.set_input_files("#set", [{"name": "set.zip", "mimeType": "application/zip", "buffer": data}])


def test_a_manifest_becomes_pictures_and_boxes(signed_in: Any, site: Any, tmp_path: Path) -> None:
    page = signed_in
    write(tmp_path / "set", 4)
    lines = (tmp_path / "set" / "labels.jsonl").read_text().splitlines()
    missing = json.loads(lines[0]) | {"image": "images/missing.png"}
    strange = json.loads(lines[1])
    strange["words"][0]["label"] = "strange"
    lines[1] = json.dumps(strange)
    (tmp_path / "set" / "labels.jsonl").write_text("\n".join([*lines, json.dumps(missing)]))
    model = new_model(page, "date, total")
    send_set(page, zipped(tmp_path / "set"))
    expect(page.locator("#imported")).to_contain_text("4 pictures with 7 boxes were taken from the set (manifest)")
    problems = page.locator("#problems li").all_inner_texts()
    assert any("missing.png: the picture is not in the zip" in text for text in problems)
    assert any("the model has no field 'strange'" in text for text in problems)
    page.click("text=Show the pictures")
    expect(page.locator(".grid li")).to_have_count(4)
    who = site.services.keys.check(site.key)
    rows, _ = site.services.pictures.all(who, model)
    whole = [row for row in rows if len(row.boxes) == 2]
    assert len(whole) == 3
    assert {box["label"]: box["text"] for box in rows[0].boxes} == draw(0).texts
    assert rows[0].boxes[0]["quad"] == [list(corner) for corner in draw(0).boxes[rows[0].boxes[0]["label"]]]


def test_coco_is_found_out(signed_in: Any, site: Any, tmp_path: Path) -> None:
    page = signed_in
    receipt = draw(1)
    receipt.picture.save(tmp_path / "a.png")
    (x, y), _, (x2, y2), _ = receipt.boxes["total"]
    (tmp_path / "instances.json").write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": "a.png", "width": 520, "height": 660}],
                "categories": [{"id": 1, "name": "total"}],
                "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [x, y, x2 - x, y2 - y]}],
            }
        )
    )
    model = new_model(page, "total")
    send_set(page, zipped(tmp_path))
    expect(page.locator("#imported")).to_contain_text("1 pictures with 1 boxes were taken from the set (coco)")
    who = site.services.keys.check(site.key)
    [row] = site.services.pictures.all(who, model)[0]
    assert row.boxes[0]["quad"][0] == [x, y]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no zip at all", "cannot be unpacked"),
        (zipped(Path("nowhere"), {"../../etc/evil": b"x"}), "leads out of the zip"),
        (zipped(Path("nowhere"), {"readme.txt": b"x"}), "holds no set that is known"),
    ],
)
def test_a_bad_set_is_refused_where_the_user_looks(signed_in: Any, data: bytes, said: str, tmp_path: Path) -> None:
    new_model(signed_in, "total")
    send_set(signed_in, data)
    expect(signed_in.locator("#problems li")).to_contain_text(said)
    assert "/tmp" not in signed_in.inner_text("#problems")


def test_documents_of_what_was_read(signed_in: Any, plate: Make) -> None:
    page = signed_in
    upload(page, {"héllo <b>.png": plate("HELLO")})
    page.wait_for_selector("#text .word")
    found = {}
    for kind in ("hocr", "alto", "markdown", "pdf"):
        with page.expect_download() as waiting:
            page.click(f'[data-document="{kind}"]')
        found[kind] = waiting.value.path().read_bytes()
        assert waiting.value.suggested_filename.startswith("héllo")
    assert b"ocrx_word" in found["hocr"]
    assert b"HELLO" in found["hocr"]
    assert b'CONTENT="HELLO"' in found["alto"]
    assert found["markdown"].strip() == b"HELLO"
    assert found["pdf"].startswith(b"%PDF")
    assert b"<b>.png" not in found["hocr"]  # a name of a file is text there too


def test_the_example_is_read(signed_in: Any) -> None:
    signed_in.click("#example")
    expect(signed_in.locator("#text")).to_contain_text("HARBOUR STREET")


def test_equal_pictures_are_shown_together(signed_in: Any, plate: Make) -> None:
    page = signed_in
    new_model(page, "plate")
    upload(page, {"a.png": plate("AB 12"), "b.png": plate("AB 12"), "c.png": plate("CD 34")})
    expect(page.locator(".grid li")).to_have_count(3)
    page.click("text=Duplicates 2")
    expect(page.locator(".grid li")).to_have_count(2)
    assert sorted(page.locator(".grid .name").all_inner_texts()) == ["a.png", "b.png"]


def test_settings_are_shown_to_admins_without_secrets(page: Any, site: Any, tmp_path: Path) -> None:
    shown = groups(
        Settings(data=tmp_path, database_url="postgresql://me:hidden@db/x", files_url="s3://id:hidden@bucket/x")
    )
    assert "hidden" not in str(shown)
    assert ("Database", "postgresql://me:***@db/x", "WORDSIGHT_DATABASE_URL") in dict(shown)["Service"]
    admin = site.services.keys.check(site.key)
    for scopes, heading in ((["admin"], "Settings"), (["write"], "Not allowed")):
        _, secret = site.services.keys.add(admin, "somebody", scopes)
        page.goto("/sign-in")
        page.fill("#key", secret)
        page.click("main button")
        page.wait_for_url(f"{site.address}/")
        page.goto("/settings")
        assert page.inner_text("h1") == heading
