"""Durations as specs write them, such as `1h30m`."""

from __future__ import annotations

import re

_UNIT_S = {"d": 86_400, "h": 3600, "m": 60, "s": 1}


def duration_s(text: str) -> int:
    """Of a text that the JSON Schema has seen."""
    return sum(int(n) * _UNIT_S[unit] for n, unit in re.findall(r"([0-9]+)([dhms])", text))
