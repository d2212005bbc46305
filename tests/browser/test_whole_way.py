"""The way of a new user with a real training: sign in, make a model, upload, label, train, try, find, correct.

Every step leaves a picture of the page in the folder that ``WORDSIGHT_SHOTS`` names (default: ``runs/browser``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from make_receipts import Receipt, draw
from parts import Live, living
from playwright.sync_api import expect
from tabs import watched_tab
from test_pages import new_model, saved

pytestmark = pytest.mark.browser

PICTURES, LABELLED = 12, 10
TRAINING_MS = 400_000
UNSEEN = 1000
"""Number of a receipt that is not learned from."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The service with its worker, as a user starts it."""
    with living(tmp_path_factory.mktemp("live")) as made:
        yield made


@pytest.fixture
def tab(live: Live, browser: Any) -> Iterator[Any]:
    with watched_tab(browser, live.url, 60_000) as made:
        yield made


def test_from_nothing_to_corrected_fields(tab: Any, live: Live) -> None:
    receipts = {f"receipt-{number:02}.png": draw(number) for number in range(PICTURES)}
    tab.goto("/sign-in")
    shot(tab, "sign-in")
    tab.fill("#key", live.key)
    tab.click("main button")
    tab.wait_for_url(f"{live.url}/")
    model = new_model(tab, "date, total", "Receipts")
    tab.set_input_files("#files", [file_of(name, receipt) for name, receipt in receipts.items()])
    expect(tab.locator(".grid li")).to_have_count(PICTURES)
    shot(tab, "pictures")
    label_all(tab, receipts)
    with live.client() as client:
        rows = client.get(f"/api/v1/models/{model}/pictures?state=marked").json()["pictures"]
        assert {row["name"]: said(row["boxes"]) for row in rows} == {name: receipts[name].texts for name in names(rows)}
        assert len(rows) == LABELLED
    train(tab)
    label_with_help(tab)
    try_it(tab)
    find_it(tab)
    correct_it(tab, live, model)


def label_all(tab: Any, receipts: dict[str, Receipt]) -> None:
    """Label ten pictures: the first with keys alone, the others with the mouse and the keyboard."""
    tab.click(".tabs >> text=Label")
    for number in range(LABELLED):
        name = tab.inner_text(".side strong")
        receipt = receipts.pop(name)  # the next picture is never one that is labelled already
        receipts[name] = receipt
        (by_keys if number == 0 else by_mouse)(tab, receipt)
        saved(tab)
        if number in (0, LABELLED - 1):
            shot(tab, f"label-{number + 1}")
        before = tab.url
        tab.keyboard.press("PageDown")
        tab.wait_for_url(lambda url, before=before: url != before)
        tab.wait_for_selector("#stage svg image[href]")


def by_mouse(tab: Any, receipt: Receipt) -> None:
    """Drag each box with the pointer, type what it says."""
    for key, label in enumerate(("date", "total"), 1):
        tab.keyboard.press("Escape")
        tab.keyboard.press(str(key))
        start, end = (on_screen(tab, receipt.boxes[label][corner]) for corner in (0, 2))
        tab.mouse.move(*start)
        tab.mouse.down()
        tab.mouse.move(*end, steps=3)
        tab.mouse.up()
        tab.keyboard.press("Control+a")
        tab.keyboard.type(receipt.texts[label])
        tab.keyboard.press("Enter")


def by_keys(tab: Any, receipt: Receipt) -> None:
    """Make each box, move it to its place and size it, without the pointer."""
    tab.focus("#stage svg")
    for key, label in enumerate(("date", "total"), 1):
        tab.keyboard.press("Escape")
        tab.keyboard.press(str(key))
        tab.keyboard.press("n")
        (left, top), _, (right, bottom), _ = receipt.boxes[label]
        x, y, width, height = tab.evaluate(BOX_CHOSEN)
        press(tab, "", "ArrowRight", left - x)
        press(tab, "", "ArrowDown", top - y)
        press(tab, "Shift+", "ArrowRight", right - left - width)
        press(tab, "Shift+", "ArrowDown", bottom - top - height)
        tab.keyboard.press("Enter")
        tab.keyboard.press("Control+a")
        tab.keyboard.type(receipt.texts[label])
        tab.keyboard.press("Enter")


BOX_CHOSEN = """(() => { const box = document.querySelector("#stage polygon.chosen").getBBox();
    return [box.x, box.y, box.width, box.height]; })()"""


def press(tab: Any, shift: str, arrow: str, distance: float) -> None:
    """Press an arrow key, or the one against it, until a distance in pixels is made; with Ctrl by tens."""
    against = {"ArrowRight": "ArrowLeft", "ArrowDown": "ArrowUp"}
    key = arrow if distance >= 0 else against[arrow]
    tens, ones = divmod(round(abs(distance)), 10)
    for _ in range(tens):
        tab.keyboard.press(f"Control+{shift}{key}")
    for _ in range(ones):
        tab.keyboard.press(f"{shift}{key}")


def train(tab: Any) -> None:
    """Train for real; see the report and that the new version predicts."""
    tab.click(".tabs >> text=Train")
    expect(tab.locator("#start")).to_be_visible()
    assert f"{LABELLED} labelled pictures" in tab.inner_text(".next")
    tab.fill("#minutes", "0.5")
    tab.click("text=Start training")
    tab.wait_for_selector("#bar")
    shot(tab, "training")
    expect(tab.locator("#run-state")).to_have_text("Finished", timeout=TRAINING_MS)
    report = tab.frame_locator("iframe.report")
    expect(report.locator("body")).to_contain_text("total")
    expect(tab.locator("#outcome")).to_contain_text("Version 1 predicts now")
    shot(tab, "trained")


def label_with_help(tab: Any) -> None:
    """After the training the model fills in the next picture, and says which one comes after it."""
    tab.click(".tabs >> text=Label")
    expect(tab.locator("#saved")).to_contain_text("Filled in by the model")
    expect(tab.locator("#why")).to_contain_text("Next comes the picture that teaches most")
    texts = [tab.locator("#boxes input").nth(n).input_value() for n in range(tab.locator("#boxes input").count())]
    shot(tab, "label-filled-in")
    receipt = draw(int(tab.inner_text(".side strong").removeprefix("receipt-").removesuffix(".png")))
    assert receipt.texts["total"] in texts
    tab.goto(tab.url.partition("/label")[0] + "/pictures?state=new")
    expect(tab.locator(".grid li")).to_have_count(PICTURES - LABELLED)  # what nobody has seen is not saved


def try_it(tab: Any) -> None:
    """The model reads a receipt that it has never seen."""
    tab.click(".tabs >> text=Try")
    tab.wait_for_url("**/try")  # the page before it has a field for files too
    receipt = draw(UNSEEN)
    tab.set_input_files("#files", [file_of("unseen.png", receipt)])
    tab.wait_for_selector("#text .word")
    assert receipt.texts["total"] in tab.inner_text("#text")
    assert receipt.texts["date"] in tab.inner_text("#text")
    shot(tab, "try")


def find_it(tab: Any) -> None:
    """What was read is found by its text, and marked."""
    total = draw(UNSEEN).texts["total"]
    tab.click("header >> text=Results")
    tab.fill("#words", total)
    tab.keyboard.press("Enter")
    tab.click("text=unseen.png")
    tab.wait_for_selector("polygon.hit")
    assert tab.inner_text("#text .word.hit") == total
    shot(tab, "found")


def correct_it(tab: Any, live: Live, model: str) -> None:
    """A field is corrected and accepted; the picture becomes one to learn from."""
    tab.goto(f"/models/{model}/review")
    tab.wait_for_selector("#fields li")
    rows = tab.locator("#fields li")
    [index] = [n for n in range(rows.count()) if rows.nth(n).locator("select").input_value() == "date"][:1]
    rows.nth(index).locator("input").fill("corrected")
    shot(tab, "review")
    tab.keyboard.press("Control+Enter")
    expect(tab.locator("main")).to_contain_text("Nothing to review")
    with live.client() as client:
        [file] = client.get("/api/v1/files", params={"model": model}).json()["files"]
        assert file["approval"] == "approved"
        assert "corrected" in [box["text"] for box in file["pages"][0]["corrected"]]
        found = client.get(f"/api/v1/models/{model}/pictures?state=marked").json()
        assert found["total"] == LABELLED + 1
        [learned] = [row for row in found["pictures"] if row["name"] == "unseen.png"]
        assert said(learned["boxes"])["date"] == "corrected"


def file_of(name: str, receipt: Receipt) -> dict[str, Any]:
    """A receipt as a browser uploads it."""
    out = BytesIO()
    receipt.picture.save(out, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": out.getvalue()}


def said(boxes: list[dict[str, Any]]) -> dict[str, str]:
    return {box["label"]: box["text"] for box in boxes}


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


def on_screen(tab: Any, corner: tuple[float, float]) -> tuple[float, float]:
    """Where a point of the picture is on the screen."""
    x, y = tab.evaluate(
        """([x, y]) => { const at = new DOMPoint(x, y).matrixTransform(
        document.querySelector("#stage svg").getScreenCTM()); return [at.x, at.y]; }""",
        list(corner),
    )
    return x, y


def shot(tab: Any, name: str) -> None:
    """Keep a picture of the page."""
    folder = Path(os.environ.get("WORDSIGHT_SHOTS") or Path(__file__).parents[2] / "runs" / "browser")
    folder.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=folder / f"{name}.png", full_page=True)
