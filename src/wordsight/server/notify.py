"""Messages to the outside: webhooks and mail."""

from __future__ import annotations

import asyncio
import time
from email.message import EmailMessage

import aiosmtplib
import httpx

from wordsight.server.fetch import FetchError, public_target
from wordsight.server.services.webhooks import signature
from wordsight.server.settings import Settings
from wordsight.server.tables import Delivery, Webhook

SECONDS = 10.0


def post(settings: Settings, delivery: Delivery, hook: Webhook) -> tuple[int | None, str]:
    """Send a message to its webhook; gives the status and what is wrong (empty when it was taken).

    A receiver that gets a message twice knows it by the header ``Idempotency-Key``. Redirects are not followed.
    """
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "wordsight",
        "Idempotency-Key": delivery.id,
        "X-Wordsight-Event": delivery.event,
        "X-Wordsight-Timestamp": stamp,
        "X-Wordsight-Signature": signature(hook.secret, stamp, delivery.body),
    }
    try:
        url, extensions = httpx.URL(hook.url), {}
        if not settings.private_webhooks:
            target = public_target(hook.url)
            url, extensions = target.url, {"sni_hostname": target.name}
            headers["Host"] = target.host
        with httpx.Client(timeout=SECONDS, trust_env=False, follow_redirects=False) as client:
            response = client.post(url, content=delivery.body.encode(), headers=headers, extensions=extensions)
    except (httpx.HTTPError, httpx.InvalidURL, FetchError) as error:
        return None, str(error) or type(error).__name__
    if response.is_success:
        return response.status_code, ""
    return response.status_code, f"the receiver answered {response.status_code}"


def mail(settings: Settings, subject: str, text: str) -> None:
    """Send a message to those who want to know; does nothing where no mail is set up.

    Raises:
        aiosmtplib.SMTPException: The mail server does not take it.
        OSError: The mail server does not answer.
    """
    if not settings.smtp_host or not settings.mail_to:
        return
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = settings.mail_to
    message["Subject"] = subject
    message.set_content(text)
    tls = settings.smtp_port == 465
    asyncio.run(
        aiosmtplib.send(
            message,
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            use_tls=tls,
            start_tls=False if tls else settings.smtp_starttls,
            timeout=SECONDS,
        )
    )
