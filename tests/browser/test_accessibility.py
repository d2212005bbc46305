"""axe-core finds nothing on any page, full or empty, light or dark, wide or narrow; none is wider than the screen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from test_pages import Make

from wordsight.server.forms import Upload
from wordsight.server.services.predictions import Request
from wordsight.server.tables import File, Model, Page, Run, Version

pytestmark = pytest.mark.browser

VIEWS = {"light, wide": ("light", 1440), "dark, narrow": ("dark", 390)}


@pytest.fixture(scope="module")
def paths(site: Any, plate: Make) -> dict[str, str]:
    """A path of every page, with something on it."""
    use = site.services
    who = use.keys.check(site.key)
    model = use.models.create(who, ["plate", "city"], "yard")
    empty = use.models.create(who, ["total"], "receipts")
    rows, _ = use.pictures.add(who, model.id, [Upload(f"a{number}.png", plate("AB 12")) for number in range(3)])
    quad = [[80, 60], [320, 60], [320, 140], [80, 140]]
    use.pictures.mark(who, model.id, rows[0].id, [{"label": "plate", "quad": quad, "text": "AB 12"}], None)
    read = use.predictions.predict(who, Upload("read.png", plate("HELLO")), Request())
    use.webhooks.add(who, "https://example.com/hook", ["training.finished"])
    with use.context.store.session() as session:
        notes = [{"stage": "detector", "scores": {"f": 0.2 * number}} for number in range(4)]
        report = use.context.files.put(b"<!doctype html><html lang='en'><title>Report</title><h1>Report</h1></html>")
        run = Run(workspace_id=who.workspace, model_id=model.id, minutes=1, state="finished", progress={"notes": notes})
        run.report_digest, run.ended = report, time.time()
        session.add(run)
        data = use.context.files.put(b"no real model: these pages only show its row")
        for number in (1, 2):
            row = Version(workspace_id=who.workspace, model_id=model.id, number=number, digest=data, size=1)
            row.metrics = {"accuracy": 0.9}
            session.add(row)
        session.get_one(Model, model.id).active_version = 2
        file = File(workspace_id=who.workspace, model_id=model.id, name="doubt.png", digest=read.file.digest, version=2)
        session.add(file)
        session.flush()
        boxes = [{"id": "0", "label": "plate", "quad": quad, "text": "AB", "score": 0.4}]
        page = Page(workspace_id=who.workspace, file_id=file.id, model_id=model.id, number=0, width=400, height=200)
        page.day, page.boxes, page.words, page.doubt = 1, boxes, [], 0.6
        session.add(page)
    root = f"/models/{model.id}"
    parts = {part: f"{root}/{part}" for part in ("pictures", "train", "try", "use", "review")}
    others = {name: f"/{name}" for name in ("models", "results", "keys", "webhooks", "activity", "settings", "nothing")}
    bare = {f"empty {part}": f"/models/{empty.id}/{part}" for part in ("", "pictures", "train", "review")}
    more = {"read": "/", "model": root, "label": f"{root}/label/{rows[0].id}", "result": f"/results/{read.file.id}"}
    return more | parts | others | bare


@pytest.fixture(params=VIEWS)
def tab(request: Any, site: Any, browser: Any) -> Iterator[Any]:
    scheme, width = VIEWS[request.param]
    context = browser.new_context(
        base_url=site.address, color_scheme=scheme, viewport={"width": width, "height": 844}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/sign-in")
    yield page
    context.close()


def problems(page: Any) -> list[str]:
    """What is wrong with the page that is shown."""
    found = [f"{entry['id']}: {entry['nodes'][0]['html'][:120]}" for entry in Axe().run(page).response["violations"]]
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return found + ([f"{wider} pixels too wide"] if wider > 0 else [])


def test_every_page_can_be_used_by_everybody(tab: Any, site: Any, paths: dict[str, str]) -> None:
    found = {"sign-in": problems(tab)}
    tab.fill("#key", site.key)
    tab.click("main button")
    tab.wait_for_url(f"{site.address}/")
    for name, path in paths.items():
        tab.goto(path)
        found[name] = problems(tab)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_review_with_the_keyboard(tab: Any, site: Any, paths: dict[str, str]) -> None:
    who = site.services.keys.check(site.key)
    model = paths["review"].split("/")[2]
    [waiting] = site.services.results.all(who, model_id=model)[0]
    site.services.results.approve(who, waiting.file.id, "")
    tab.fill("#key", site.key)
    tab.click("main button")
    tab.goto(paths["review"])
    tab.fill("#fields input", "AB 12")
    tab.keyboard.press("Control+Enter")
    tab.wait_for_selector("text=Nothing to review")
    [done] = site.services.results.all(who, model_id=model)[0]
    assert done.file.approval == "approved"
    assert [box["text"] for box in done.pages[0].corrected or ()] == ["AB 12"]


ZOOMS = {"200 %": (720, 450), "400 %": (360, 225)}


@pytest.mark.parametrize("zoom", ZOOMS)
def test_zoomed_pages_stay_whole(zoom: str, site: Any, browser: Any, paths: dict[str, str]) -> None:
    """A browser that zooms shows a page of 1440x900 in fewer pixels of its style sheet: nothing is cut off."""
    width, height = ZOOMS[zoom]
    context = browser.new_context(
        base_url=site.address, viewport={"width": width, "height": height}, device_scale_factor=2
    )
    page = context.new_page()
    sign_in_by_keys(page, site)
    found = {}
    for name, path in paths.items():
        page.goto(path)
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[name] = [*page.evaluate(OUT_OF_REACH), *([f"{wider} pixels too wide"] if wider > 0 else [])]
    context.close()
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_text_of_twice_the_size_stays_whole(site: Any, browser: Any, paths: dict[str, str]) -> None:
    context = browser.new_context(base_url=site.address, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in_by_keys(page, site)
    found = {}
    for name, path in paths.items():
        page.goto(path)
        page.evaluate("document.body.style.fontSize = document.documentElement.style.fontSize = '200%'")
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[name] = [*page.evaluate(OUT_OF_REACH), *([f"{wider} pixels too wide"] if wider > 0 else [])]
    context.close()
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


OUT_OF_REACH = """[...document.querySelectorAll("main button, main a, main input, main select, main textarea")]
    .filter((part) => part.checkVisibility() && part.type !== "file" && !part.closest(".scroll, .tabs, .sr, pre"))
    .filter((part) => { const at = part.getBoundingClientRect(); return at.right > innerWidth + 1 || at.left < -1; })
    .map((part) => part.outerHTML.slice(0, 100))"""
"""Controls that lie beyond the edge, where no scrolling of the page leads."""


def sign_in_by_keys(page: Any, site: Any) -> None:
    page.goto("/sign-in")
    page.wait_for_function("document.activeElement.matches('input')")  # the field has the focus
    page.keyboard.type(site.key)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.address}/")


def tab_to(page: Any, text: str, most: int = 60) -> None:
    """Press Tab until what has the focus says a text."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if text in page.evaluate("document.activeElement.innerText || document.activeElement.name || ''"):
            return
    raise AssertionError(f"the key Tab never leads to {text!r}")


def test_keys_alone_make_a_model_and_a_key_and_delete(site: Any, browser: Any) -> None:
    context = browser.new_context(base_url=site.address, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    sign_in_by_keys(page, site)
    page.keyboard.press("Tab")
    assert "Skip to the content" in page.evaluate("document.activeElement.innerText")
    tab_to(page, "Models")
    page.keyboard.press("Enter")
    page.wait_for_url("**/models")
    tab_to(page, "name")
    page.keyboard.type("by keys")
    page.keyboard.press("Tab")
    page.keyboard.type("plate")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pictures")
    tab_to(page, "Overview")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Next step")
    tab_to(page, "Delete")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate("document.activeElement.innerText") == "Keep it"  # Enter does no harm
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog", state="hidden")
    assert page.evaluate("document.activeElement.innerText") == "Delete"  # the focus comes back
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/models")
    assert "by keys" not in page.inner_text("main")
    context.close()
