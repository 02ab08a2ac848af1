"""What a spec says of its ledger: where it is, and for how long ended applies stay in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reconciler.spec.limits import LEDGER_KEEP_S_MIN

_DAY_S = 86_400
_KEEP = re.compile(r"([0-9]+)([dy])")
_DAYS = {"d": 1, "y": 365}


def ledger_of(value: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Fields of an `Environment`."""
    if value is None or isinstance(value, str):
        return {"ledger": value}
    keep = value.get("keep")
    return {"ledger": value.get("url"), "ledger_keep_s": keep_s(keep) if keep else None}


def keep_s(text: str) -> int:
    found = _KEEP.fullmatch(text)
    assert found, "the JSON Schema has seen it"
    return int(found[1]) * _DAYS[found[2]] * _DAY_S


def keeps_too_little(value: object) -> bool:
    """A way back, or somebody who is on leave, may want what is younger."""
    keep = value.get("keep") if isinstance(value, Mapping) else None
    return keep is not None and keep_s(keep) < LEDGER_KEEP_S_MIN
