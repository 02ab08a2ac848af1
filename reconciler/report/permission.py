"""The lines that a person adds to a spec to allow a danger: exact, and valid YAML whatever the
names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciler.plan.visible import visible_line
from reconciler.report.summary import Danger

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# What YAML 1.1 reads as something else than text.
_NOT_TEXT = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


def allow_lines(dangers: Iterable[Danger]) -> tuple[str, ...]:
    """One entry of `policy.allow` per danger; the reason is left to the person who gives it."""
    return tuple(_entry(danger) for danger in dangers)


def _entry(danger: Danger) -> str:
    about_table = danger.object == danger.table
    keys = {
        "table": danger.table,
        "hazard": danger.kind,
        **({} if about_table else {"object": danger.object}),
    }
    text = ", ".join(f"{key}: {_scalar(value)}" for key, value in keys.items())
    return f'- {{{text}, reason: "why this is safe"}}'


def _scalar(text: str) -> str:
    if _BARE.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    # Quotes first: the escapes that make hidden characters visible are YAML's own.
    return '"' + visible_line(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'
