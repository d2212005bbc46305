"""Makes the pictures of docs/pages.md again: ``python docs/make_page_pictures.py``.

Starts the service in a folder of its own, with receipts that ``examples/make_receipts.py`` draws and the example
picture, teaches a model for real, and takes pictures of the pages in Chromium (``chromium`` on the path).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parent
sys.path.append(str(FOLDER.parent / "examples"))
from make_receipts import Receipt, draw  # noqa: E402 (an example, which is not installed)

WIDTH = 1200
"""Pixels of the pictures that are kept."""
QUALITY = 72
VIEW = {"width": 1200, "height": 750}
PHONE = {"width": 390, "height": 780}
LEARNED = 10
PATHS = {"read": "/", "models": "/models", "results": "/results", "webhooks": "/webhooks"}
"""Pages that are not of one model."""


def main() -> None:
    """Start, fill, teach, take pictures."""
    with tempfile.TemporaryDirectory() as data:
        server, address, key = start(Path(data))
        try:
            with httpx.Client(base_url=address, auth=(key, ""), timeout=120) as client:
                model = fill(client)
            with sync_playwright() as playwright:
                arguments = ["--no-sandbox", "--disable-background-networking"]
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
                take(browser, address, key, model)
                browser.close()
        finally:
            server.terminate()
            server.wait(30)


def start(data: Path) -> tuple[subprocess.Popen[str], str, str]:
    """The service, its address and its first key."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = data / "said.txt"
    command = [sys.executable, "-m", "wordsight", "serve", "--port", str(port)]
    environment = os.environ | {"WORDSIGHT_DATA": str(data / "data")}
    with said.open("w") as out:
        server = subprocess.Popen(command, env=environment, stdout=out, text=True)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                break
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    return server, address, said.read_text().rpartition(": ")[2].strip()


def fill(client: httpx.Client) -> str:
    """A taught model with pictures, and a few results; gives its id."""
    model = client.post("/api/v1/models", json={"labels": ["date", "total"], "name": "Receipts"}).json()["id"]
    client.post("/api/v1/models", json={"labels": ["number_plate"], "name": "Plates at the gate"})
    root = f"/api/v1/models/{model}"
    for number in range(LEARNED + 3):
        receipt = draw(number)
        row = client.post(f"{root}/pictures", files=file_of(f"receipt-{number + 1:02}.png", receipt)).json()
        boxes = [{"label": name, "quad": quad, "text": receipt.texts[name]} for name, quad in receipt.boxes.items()]
        if number < LEARNED:
            client.put(f"{root}/pictures/{row['pictures'][0]['id']}/boxes", json={"boxes": boxes}).raise_for_status()
    run = client.post(f"{root}/runs", json={"minutes": 1}).json()["id"]
    while client.get(f"/api/v1/runs/{run}").json()["state"] in ("queued", "running"):
        time.sleep(2)
    hook = {"url": "https://example.com/receipts", "events": ["prediction.approved", "training.finished"]}
    client.post("/api/v1/webhooks", json=hook).raise_for_status()
    for number in range(100, 104):
        files = file_of(f"scan-{number}.png", draw(number))
        client.post("/api/v1/read", params={"model": model}, files=files).raise_for_status()
    return str(model)


def file_of(name: str, receipt: Receipt) -> dict[str, tuple[str, bytes, str]]:
    """A receipt as a form has it."""
    out = BytesIO()
    receipt.picture.save(out, "PNG")
    return {"file": (name, out.getvalue(), "image/png")}


def take(browser: Any, address: str, key: str, model: str) -> None:
    """Take the pictures, some of them dark, one of them on a phone."""
    root = f"/models/{model}"
    for scheme, view, names in (
        ("light", VIEW, ("read", "models", "pictures", "label", "train", "use", "review", "results", "webhooks")),
        ("dark", VIEW, ("label",)),
        ("light", PHONE, ("read",)),
        ("dark", PHONE, ("review",)),
    ):
        context = browser.new_context(base_url=address, viewport=view, color_scheme=scheme)
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("#key", key)
        page.click("main button")
        page.wait_for_url(f"{address}/")
        for name in names:
            page.goto(PATHS.get(name, f"{root}/{name}"))
            ready(page, name)
            suffix = ("-phone" if view is PHONE else "") + ("-dark" if scheme == "dark" else "")
            save(page.screenshot(), f"page-{name}{suffix}")
        context.close()


def ready(page: Any, name: str) -> None:
    """Wait until a page shows what it is about."""
    if name == "read":
        page.click("#example")
        page.wait_for_selector("#text .word", timeout=120_000)
        if page.viewport_size["width"] < WIDTH:
            page.evaluate("document.querySelector('#shown').scrollIntoView()")
    if name == "label":
        page.wait_for_selector("#boxes li", timeout=120_000)
    if name == "train":
        page.wait_for_selector("#outcome")
    page.wait_for_timeout(1500)


def save(data: bytes, name: str) -> None:
    """Write a picture small enough for a repository."""
    path = FOLDER / f"{name}.webp"
    shot = Image.open(BytesIO(data)).convert("RGB")
    shot.save(path, quality=QUALITY, method=6)
    sys.stdout.write(f"{path.name}: {path.stat().st_size // 1024} KB\n")


if __name__ == "__main__":
    main()
