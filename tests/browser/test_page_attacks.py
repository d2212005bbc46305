"""What comes from outside stays text; other sites can neither act for a signed-in user nor frame a page."""

from __future__ import annotations

from typing import Any

import pytest
from test_pages import Make, drag, new_model, saved, upload

from wordsight.server.pages.session import COOKIE, LASTS, Sessions

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def no_dialog(signed_in: Any) -> Any:
    """A tab of the admin; the test fails where a script of an attacker runs."""
    seen: list[str] = []

    def note(dialog: Any) -> None:
        seen.append(dialog.message)
        dialog.dismiss()

    signed_in.on("dialog", note)
    yield signed_in
    assert seen == []


def test_file_names_labels_and_texts_stay_text(no_dialog: Any, site: Any, plate: Make) -> None:
    page = no_dialog
    label = f"'\"{HOSTILE}</script>"
    model = new_model(page, label, f"model {HOSTILE}")
    upload(page, {f"{HOSTILE}.png": plate("AB 12")})
    page.wait_for_selector(".grid li")
    assert HOSTILE in page.inner_text(".grid")
    page.goto(f"/models/{model}/label")
    drag(page, (0.2, 0.3), (0.8, 0.7))
    page.keyboard.type(HOSTILE)
    saved(page)
    page.reload()
    assert page.input_value("#boxes input") == HOSTILE
    assert page.inner_text("#labels button") == f"1 {label}"
    for path in ("/models", f"/models/{model}", f"/models/{model}/use", f"/models/{model}/train", "/activity"):
        page.goto(path)
        assert page.locator("main img").count() == 0
        assert HOSTILE in page.inner_text("main")
    site.services.webhooks.add(
        site.services.keys.check(site.key), f"https://example.com/{HOSTILE}", ["training.failed"]
    )
    page.goto("/webhooks")
    assert HOSTILE in page.inner_text("main table")


def test_text_that_was_read_and_words_that_are_searched_stay_text(no_dialog: Any, site: Any, plate: Make) -> None:
    page = no_dialog
    upload(page, {f"read {HOSTILE}.png": plate("HI")})
    page.wait_for_selector("#text .word")
    page.goto(f"/results?words={HOSTILE}")
    assert page.input_value("#words") == HOSTILE
    page.goto(f"/nothing/{HOSTILE}")
    assert page.locator("main img").count() == 0
    page.goto(f"/sign-in?next=javascript:alert(1)//{HOSTILE}")
    assert page.input_value("[name=next]") == "/"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(page: Any, site: Any, elsewhere: str) -> None:
    page.goto("/sign-in")
    page.eval_on_selector("[name=next]", "(input, value) => { input.value = value; }", elsewhere)
    page.fill("#key", site.key)
    page.click("main button")
    page.wait_for_url(f"{site.address}/")


def test_a_session_changes_nothing_without_the_token(signed_in: Any, site: Any) -> None:
    page = signed_in
    ask = """(headers) => fetch('/api/v1/models', {method: 'POST', body: '{"labels": ["stolen"]}',
        headers: {'Content-Type': 'application/json', ...headers}}).then((reply) => reply.status)"""
    assert page.evaluate(ask, {}) == 403
    assert page.evaluate(ask, {"X-CSRF-Token": "0" * 64}) == 403
    who = site.services.keys.check(site.key)
    assert not [model for model in site.services.models.all(who) if "stolen" in model.name]
    token = page.get_attribute("meta[name=csrf-token]", "content")
    assert page.evaluate(ask, {"X-CSRF-Token": token}) == 201


def test_another_site_can_neither_sign_in_nor_sign_out(signed_in: Any, site: Any) -> None:
    request = signed_in.context.request
    for path in ("/sign-in", "/sign-out"):
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            reply = request.post(f"{site.address}{path}", headers=headers, form={"key": site.key}, max_redirects=0)
            assert reply.status == 403
    signed_in.goto("/models")
    assert signed_in.url.endswith("/models")


def test_a_session_ends_with_its_key(page: Any, site: Any) -> None:
    admin = site.services.keys.check(site.key)
    key, secret = site.services.keys.add(admin, "soon gone", ["write"])
    page.goto("/sign-in")
    page.fill("#key", secret)
    page.click("main button")
    page.wait_for_url(f"{site.address}/")
    page.goto("/keys")
    assert "Not allowed" in page.inner_text("h1")
    site.services.keys.revoke(admin, key.id)
    page.goto("/models")
    assert "/sign-in" in page.url


def test_a_forged_or_old_cookie_is_nobody(page: Any, site: Any) -> None:
    admin = site.services.keys.check(site.key)
    forged = Sessions(b"0" * 32).make(admin.key)
    secret = (site.services.context.settings.data / "session.key").read_bytes()
    ours = Sessions(secret)
    old = Sessions(secret, clock=lambda: 1.0).make(admin.key)
    good = ours.make(admin.key)
    assert ours.key_of(good) == admin.key
    assert [ours.key_of(value) for value in (forged, old, good[:-1], f"x{good}", "", "a.b.c.d")] == [None] * 6
    assert Sessions(secret, clock=lambda: 10e9 + LASTS).key_of(good) is None
    page.context.add_cookies([{"name": COOKIE, "value": forged, "url": site.address}])
    page.goto("/models")
    assert "/sign-in" in page.url


def test_headers(signed_in: Any, site: Any) -> None:
    request = signed_in.context.request
    page = request.get(f"{site.address}/models").headers
    assert "script-src 'self'" in page["content-security-policy"]
    assert "unsafe" not in page["content-security-policy"]
    assert "frame-ancestors 'none'" in page["content-security-policy"]
    assert (page["x-frame-options"], page["x-content-type-options"]) == ("DENY", "nosniff")
    assert page["cache-control"] == "no-store"
    data = request.get(f"{site.address}/api/v1/models").headers
    assert data["content-security-policy"].startswith("default-src 'none'")
    assert request.get(f"{site.address}/static/style.css").headers["cache-control"] == "no-cache"
