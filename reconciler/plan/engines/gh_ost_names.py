"""The names of gh-ost's tables and lock, as it makes them itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

#: The comment of the empty table that gh-ost has in the way of its own RENAME while it swaps.
SENTRY = "ghost-cut-over-sentry"

_TABLE_BYTES_MAX = 64
_LOCK_BYTES_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """`old`: the table as it was, and for moments the sentry."""

    ghost: str
    changelog: str
    checkpoint: str
    old: str

    @property
    def all(self) -> tuple[str, ...]:
        return (self.ghost, self.changelog, self.checkpoint, self.old)


def names_of(table: str) -> Names | None:
    """None for a name that gh-ost would cut inside a character, for it counts bytes."""
    cut = {suffix: _cut(table, suffix) for suffix in ("gho", "ghc", "ghk", "del")}
    if any(name is None for name in cut.values()):
        return None
    ghost, changelog, checkpoint, old = (name or "" for name in cut.values())
    return Names(ghost=ghost, changelog=changelog, checkpoint=checkpoint, old=old)


def _cut(table: str, suffix: str) -> str | None:
    over = len(f"_{table}_{suffix}".encode()) - _TABLE_BYTES_MAX
    encoded = table.encode()
    try:
        return f"_{encoded[: len(encoded) - max(0, over)].decode()}_{suffix}"
    except UnicodeDecodeError:
        return None


def is_sentry(definition: str) -> bool:
    """Of the table that a server shows by the name of the old one: made by gh-ost, and no row's."""
    return definition.endswith(f"COMMENT='{SENTRY}'")


def lock_name(database: str, table: str) -> str:
    """Of the GET_LOCK that it holds while it is at work on the table."""
    name = f"gh-ost::{database}.{table}"
    if len(name.encode()) <= _LOCK_BYTES_MAX:
        return name
    return "gh-ost::" + hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
