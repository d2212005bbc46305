"""What comes from outside stays text; other sites can neither act for a signed-in user nor frame a page."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont
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


def test_markup_in_a_picture_stays_text(no_dialog: Any, site: Any) -> None:
    """The reader reads the markup from the picture; nothing of it runs, now or when it is found again."""
    page = no_dialog
    picture = Image.new("RGB", (900, 160), "white")
    ImageDraw.Draw(picture).text((30, 50), HOSTILE, "black", ImageFont.load_default(44))
    out = BytesIO()
    picture.save(out, "PNG")
    upload(page, {"markup.png": out.getvalue()})
    page.wait_for_selector("#text .word")
    assert "onerror" in page.inner_text("#text")
    assert "<" in page.inner_text("#text")
    assert page.locator("#text img, #stage img").count() == 0
    page.goto("/results?words=onerror")
    assert "onerror" in page.inner_text(".preview >> nth=0")
    page.click("text=markup.png")
    page.wait_for_selector("#text .word.hit")
    assert page.locator("#text img").count() == 0


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


def test_another_site_cannot_frame_a_page(signed_in: Any, site: Any) -> None:
    page = signed_in
    page.goto("about:blank")
    page.set_content(f'<iframe src="{site.address}/keys"></iframe><iframe src="{site.address}/sign-in"></iframe>')
    page.wait_for_timeout(1500)
    assert len(page.frames) == 3
    for frame in page.frames[1:]:
        assert frame.url.startswith("chrome-error:")
        assert frame.locator("header.bar").count() == 0


def test_a_form_of_another_site_changes_nothing(signed_in: Any, site: Any) -> None:
    """The browser really sends it, without the session: the cookie stays on our own pages."""
    page = signed_in
    who = site.services.keys.check(site.key)
    before = len(site.services.models.all(who))
    forged = {'{"labels": ["stolen"], "name": "': '"}'}  # sent as plain text, this is JSON with a "=" in it
    for path, fields in (("/api/v1/models", forged), ("/sign-out", {})):
        inputs = "".join(f"<input name='{name}' value='{value}'>" for name, value in fields.items())
        other = page.context.new_page()
        other.set_content(f'<form method="post" enctype="text/plain" action="{site.address}{path}">{inputs}</form>')
        with other.expect_response(f"**{path}") as waiting:
            other.evaluate("document.forms[0].submit()")
        assert waiting.value.status in (401, 403)
        other.close()
    assert len(site.services.models.all(who)) == before
    page.goto(f"{site.address}/models")
    assert page.url.endswith("/models")


def test_a_hostile_name_in_messages_and_questions_stays_text(no_dialog: Any, plate: Make) -> None:
    page = no_dialog
    new_model(page, "plate")
    upload(page, {f"{HOSTILE}.png": b"no picture"})
    page.wait_for_selector("#problems li")
    assert HOSTILE in page.inner_text("#problems")
    upload(page, {f"{HOSTILE}.png": plate("AB 12")})
    page.wait_for_selector(".grid li")
    page.click(".grid button")
    assert HOSTILE in page.inner_text("#ask-text")
    assert page.locator("dialog img").count() == 0
