"""A check of `promote_if` as a metric: one sample of a server that has Prometheus' API.

Rule: a token goes over TLS, or does not leave the machine; no message has an address or a token.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reconciler.edges.http import (
    Authorization,
    Http,
    NoAuthorization,
    NoReply,
    Request,
    TooLarge,
    is_guarded,
)
from reconciler.edges.limits import (
    METRIC_ANSWER_BYTES_MAX,
    METRIC_ANSWER_S_MAX,
    METRIC_ANSWER_VALUES_MAX,
    METRIC_WAIT_S_MAX,
)
from reconciler.edges.mysql.target import expand
from reconciler.edges.secrets import SECRETS
from reconciler.errors import InvalidInput
from reconciler.rollout.promotion import CheckAnswer, Measured, Unmeasured
from reconciler.spec.promotion import Metric
from reconciler.strict_json import JsonUnreadable, read_json

_PATH = "/api/v1/query"
_NO_SAMPLE = "the answer is not one sample"


def ask_metric(metric: Metric, environ: Mapping[str, str]) -> CheckAnswer:
    try:
        address, token = (
            expand(text, environ, setting=setting, label="promote_if")
            for setting, text in (("address", metric.address), ("token", metric.token))
        )
    except InvalidInput as error:
        return Unmeasured(error.problems[0].message)
    if not address.startswith(("http://", "https://")):
        return Unmeasured("its address does not begin with https:// or http://")
    if token and not is_guarded(address):
        return Unmeasured("its token would be readable: the address does not begin with https://")
    SECRETS.add(token)
    http = Http(
        authorization=Authorization(f"Bearer {token}") if token else NoAuthorization(),
        headers={"Accept": "application/json", "User-Agent": "reconciler"},
        wait_s_max=METRIC_WAIT_S_MAX,
        answer_s_max=METRIC_ANSWER_S_MAX,
    )
    asked = Request(
        verb="GET",
        path=_PATH,
        parameters={"query": metric.query},
        bytes_max=METRIC_ANSWER_BYTES_MAX,
    )
    try:
        reply = http.exchange(address.rstrip("/") + _PATH, asked)
    except NoReply as error:
        return Unmeasured(f"no answer ({error})")
    except TooLarge:
        return Unmeasured(_NO_SAMPLE)
    if reply.status != 200:
        return Unmeasured(f"the server answers with HTTP {reply.status}")
    try:
        return _measured(read_json(reply.body, values_max=METRIC_ANSWER_VALUES_MAX))
    except JsonUnreadable as error:
        return Unmeasured(f"the answer {error.reason}")


def _measured(answer: Any) -> CheckAnswer:
    """A scalar, or a vector of one sample. NaN and an infinity are what a
    quotient by nothing is: no measure."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict) or answer.get("status") != "success":
        return Unmeasured("the answer is not one of Prometheus' API")
    sample = data.get("result")
    if data.get("resultType") == "vector":
        if not isinstance(sample, list) or len(sample) != 1 or not isinstance(sample[0], dict):
            return Unmeasured(_NO_SAMPLE)
        sample = sample[0].get("value")
    elif data.get("resultType") != "scalar":
        return Unmeasured(_NO_SAMPLE)
    text = sample[1] if isinstance(sample, list) and len(sample) == 2 else None
    try:
        value = float(text) if isinstance(text, str) else math.nan
    except ValueError:
        value = math.nan
    return Measured(value) if math.isfinite(value) else Unmeasured("the answer is no number")
