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
    others = {name: f"/{name}" for name in ("models", "results", "keys", "webhooks", "activity", "nothing")}
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
    [waiting] = site.services.predictions.all(who, model_id=model)[0]
    site.services.predictions.approve(who, waiting.file.id, "")
    tab.fill("#key", site.key)
    tab.click("main button")
    tab.goto(paths["review"])
    tab.fill("#fields input", "AB 12")
    tab.keyboard.press("Control+Enter")
    tab.wait_for_selector("text=Nothing to review")
    [done] = site.services.predictions.all(who, model_id=model)[0]
    assert done.file.approval == "approved"
    assert [box["text"] for box in done.pages[0].corrected or ()] == ["AB 12"]
