"""The way of a new user: sign in, make a model, upload, label, read, search, review; in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

Make = Callable[[str], bytes]


def upload(page: Any, pictures: dict[str, bytes]) -> None:
    files = [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in pictures.items()]
    page.set_input_files("#files", files)


def new_model(page: Any, labels: str, name: str = "plates") -> str:
    """Make a model through its form; gives its id."""
    page.goto("/models")
    page.fill("#name", name)
    page.fill("#labels", labels)
    page.click("#new-model button")
    page.wait_for_url("**/pictures")
    return str(re.search(r"/models/([0-9a-f-]{36})/", page.url).group(1))  # type: ignore[union-attr]


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over the picture, in shares of its stage."""
    box = page.locator("#stage svg").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=4)
    page.mouse.up()


def saved(page: Any) -> None:
    expect(page.locator("#saved")).to_have_text("Saved")  # a change takes the word away at once


def test_nobody_sees_a_page_without_signing_in(page: Any, site: Any) -> None:
    page.goto("/models?archived=true")
    assert page.url.endswith("/sign-in?next=%2Fmodels%3Farchived%3Dtrue")
    page.fill("#key", "ws_wrong")
    page.click("main button")
    assert "Nobody has this key" in page.inner_text("#problem")
    page.fill("#key", site.key)
    page.click("main button")
    page.wait_for_url("**/models?archived=true")
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert site.key not in cookie["value"]
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in")
    page.goto("/")
    assert "/sign-in" in page.url


def test_label_with_mouse_and_keys(signed_in: Any, site: Any, plate: Make) -> None:
    page = signed_in
    model = new_model(page, "plate, city")
    upload(page, {"a.png": plate("AB 12"), "b.png": plate("CD 34"), "c.png": plate("EF 56"), "bad.png": b"no picture"})
    page.wait_for_selector("#problems li")
    assert "bad.png" in page.inner_text("#problems")
    page.goto(f"/models/{model}/pictures")
    assert page.locator(".grid li").count() == 3

    page.goto(f"/models/{model}/label")
    name = page.inner_text(".side strong")
    drag(page, (0.2, 0.3), (0.8, 0.7))
    page.keyboard.type("AB 12")  # the text field has the focus after a box was drawn
    page.keyboard.press("Enter")
    saved(page)
    page.keyboard.press("n")
    page.keyboard.press("2")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    saved(page)

    who = site.services.keys.check(site.key)
    rows, _ = site.services.pictures.all(who, model)
    [row] = [row for row in rows if row.name == name]
    assert [(box["label"], box["text"]) for box in row.boxes] == [("plate", "AB 12"), ("city", None)]
    (left, top), _, (right, bottom), _ = row.boxes[0]["quad"]
    assert 0 <= left < right <= 400
    assert 0 <= top < bottom <= 200
    assert row.state == "marked"

    page.keyboard.press("Delete")
    assert page.locator("#boxes li").count() == 1
    page.keyboard.press("Control+z")
    assert page.locator("#boxes li").count() == 2
    page.keyboard.press("Control+Shift+z")
    assert page.locator("#boxes li").count() == 1
    saved(page)
    before = page.url
    page.keyboard.press("PageDown")
    page.wait_for_url(lambda url: url != before and "/label/" in url)
    rows, _ = site.services.pictures.all(who, model)
    assert [len(row.boxes) for row in rows if row.name == name] == [1]


def test_boxes_are_moved_resized_and_turned(signed_in: Any, site: Any, plate: Make) -> None:
    page = signed_in
    model = new_model(page, "plate")
    upload(page, {"a.png": plate("AB 12")})
    page.wait_for_selector(".grid li")
    page.goto(f"/models/{model}/label")
    drag(page, (0.4, 0.4), (0.6, 0.6))
    page.keyboard.press("Enter")
    who = site.services.keys.check(site.key)

    def quad() -> list[list[float]]:
        saved(page)
        found: list[list[float]] = site.services.pictures.all(who, model)[0][0].boxes[0]["quad"]
        return found

    first = quad()
    drag(page, (0.5, 0.5), (0.6, 0.5))
    second = quad()
    shift = second[0][0] - first[0][0]
    assert shift > 5
    assert second == [[pytest.approx(x + shift, abs=0.01), pytest.approx(y, abs=0.01)] for x, y in first]
    drag(page, (0.7, 0.6), (0.75, 0.7))
    third = quad()
    assert third[0] == pytest.approx(second[0], abs=0.01)
    assert third[2][0] > second[2][0]
    assert third[2][1] > second[2][1]
    for _ in range(5):
        page.keyboard.press("]")
    fourth = quad()
    assert fourth[1][1] > fourth[0][1]  # the top edge goes down to the right
    knob = page.locator("#stage circle.turn").bounding_box()
    at = (knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2)
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] + 30, at[1], steps=3)
    page.mouse.up()
    fifth = quad()
    assert fifth[1][1] - fifth[0][1] > fourth[1][1] - fourth[0][1] + 2  # it has turned further
    page.keyboard.press("Control+z")
    assert quad() == fourth


def test_a_change_by_somebody_else_is_not_overwritten(signed_in: Any, site: Any, plate: Make) -> None:
    page = signed_in
    model = new_model(page, "plate")
    upload(page, {"a.png": plate("AB 12")})
    page.wait_for_selector(".grid li")
    page.goto(f"/models/{model}/label")
    who = site.services.keys.check(site.key)
    row = site.services.pictures.all(who, model)[0][0]
    theirs = [{"label": "plate", "quad": [[1, 1], [9, 1], [9, 9], [1, 9]], "text": "theirs"}]
    site.services.pictures.mark(who, model, row.id, theirs, row.revision)
    page.keyboard.press("n")
    page.wait_for_selector("#messages .bad")
    assert "somebody else" in page.inner_text("#messages").lower()
    assert [box["text"] for box in site.services.pictures.get(who, model, row.id).boxes] == ["theirs"]


def test_pre_filled_by_the_reader(signed_in: Any, site: Any, plate: Make) -> None:
    page = signed_in
    model = new_model(page, "plate")
    upload(page, {"a.png": plate("HELLO")})
    page.wait_for_selector(".grid li")
    page.goto(f"/models/{model}/label")
    page.keyboard.press("s")
    page.locator("polygon.hintbox").first.click()
    assert page.input_value("#boxes input") == "HELLO"
    saved(page)
    who = site.services.keys.check(site.key)
    assert site.services.pictures.all(who, model)[0][0].boxes[0]["text"] == "HELLO"
    assert site.services.results.all(who, model_id=model)[1] == 0  # nothing was kept as a result


def test_read_and_find_again(signed_in: Any, plate: Make) -> None:
    page = signed_in
    upload(page, {"hello.png": plate("HELLO")})
    page.wait_for_selector("#text .word")
    assert page.inner_text("#text").strip() == "HELLO"
    assert page.locator("#stage polygon").count() == 1
    page.hover("#text .word")
    assert page.locator("#stage polygon.lit").count() == 1
    with page.expect_download() as waiting:
        page.click('[data-save="json"]')
    record = json.loads(waiting.value.path().read_text())
    assert [entry["pages"][0]["text"] for entry in record] == ["HELLO"]
    upload(page, {"broken.png": b"no picture"})
    page.wait_for_selector("#problems li")
    assert "broken.png" in page.inner_text("#problems")

    page.goto("/results")
    page.fill("#words", "hello")
    page.keyboard.press("Enter")
    page.click("text=hello.png")
    page.wait_for_selector("polygon.hit")
    assert page.inner_text("#text .word.hit") == "HELLO"


def test_keys_are_shown_once_and_revoked(signed_in: Any, site: Any) -> None:
    page = signed_in
    page.goto("/keys")
    page.fill("#name", "camera")
    page.click("#new-key button")
    secret = page.inner_text("#fresh code")
    assert site.services.keys.check(secret).scopes == ("read",)
    page.reload()
    assert secret not in page.content()
    page.locator("tr", has_text="camera").get_by_role("button", name="Revoke").click()
    page.click("dialog >> text=Go on")
    page.wait_for_selector("tr:has-text('camera'):has-text('revoked')")


def test_deleting_asks_first(signed_in: Any) -> None:
    page = signed_in
    model = new_model(page, "plate", "to be deleted")
    page.goto(f"/models/{model}")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.click("dialog >> text=Keep it")
    assert page.url.endswith(model)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.click("dialog >> text=Go on")
    page.wait_for_url("**/models")
    assert "to be deleted" not in page.content()


def test_rules_are_set_and_refused_where_the_user_looks(signed_in: Any, site: Any) -> None:
    page = signed_in
    model = new_model(page, "date, net, tax, total", "with rules")
    page.goto(f"/models/{model}")
    page.check("[aria-label='total must be there']")
    page.fill("[aria-label='What date must look like']", "[0-9")
    page.click("text=Save the rules")
    page.wait_for_selector("#rules-problem:not([hidden])")
    page.fill("[aria-label='What date must look like']", "[0-9]{2}/[0-9]{2}/[0-9]{4}")
    page.fill("[aria-label='Fields that total must be the sum of']", "net, taxes")
    page.click("text=Save the rules")
    page.wait_for_selector("#rules-problem:has-text('taxes')")
    page.fill("[aria-label='Fields that total must be the sum of']", "net, tax")
    page.fill("#least", "80")
    page.click("text=Save the rules")
    page.wait_for_selector("text=The rules are saved")
    assert page.locator("#rules-problem").is_hidden()
    rules = site.services.models.rules(site.services.keys.check(site.key), model)
    assert rules.fields["total"].required
    assert rules.fields["date"].pattern == "[0-9]{2}/[0-9]{2}/[0-9]{4}"
    assert [(rule.total, rule.parts) for rule in rules.sums] == [("total", ["net", "tax"])]
    assert rules.confidence == 0.8
    page.reload()
    assert page.input_value("[aria-label='Fields that total must be the sum of']") == "net, tax"
    page.fill("[aria-label='Fields that total must be the sum of']", "")
    page.click("text=Save the rules")
    page.wait_for_selector("text=The rules are saved")
    assert site.services.models.rules(site.services.keys.check(site.key), model).sums == []
    assert page.is_checked("[aria-label='total must be there']")
    assert page.input_value("#least") == "80"
