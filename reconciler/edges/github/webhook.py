"""A line to a chat: `{"text": ...}` as JSON, which the usual incoming webhooks take."""

from __future__ import annotations

import requests

from reconciler.edges.github.limits import FORGE_ANSWER_S_MAX
from reconciler.edges.secrets import SECRETS
from reconciler.errors import Problem, Unavailable


def post_text(url: str, text: str) -> None:
    """Raises Unavailable; the address is a secret and in no message (PL-12)."""
    SECRETS.add(url)
    told = {"text": SECRETS.redacted(text)}
    try:
        with requests.post(url, json=told, timeout=FORGE_ANSWER_S_MAX, stream=True) as answer:
            status = answer.status_code
    except (requests.RequestException, ValueError) as error:
        raise _untold(type(error).__name__) from None
    if status >= 400:
        raise _untold(f"HTTP {status}")


def _untold(why: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="webhook-failed",
            message=f"the webhook of RECONCILER_WEBHOOK_URL could not be told: {why}",
            recovery="check the address; the result itself is in the job's summary",
        )
    )
