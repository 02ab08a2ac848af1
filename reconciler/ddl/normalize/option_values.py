"""Table options are a set, and some of their values are kept by the server as they were typed."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion

# MySQL 9.7 takes these in any letter case and prints them as written.
_ANY_CASE = ("COMPRESSION", "ENCRYPTION", "SECONDARY_ENGINE")


def with_canonical_options(table: Table, version: ServerVersion) -> Table:
    options = ((name, _value(name, value)) for name, value in table.options)
    return replace(table, options=tuple(sorted(options)))


def _value(name: str, value: str) -> str:
    return value.upper() if name in _ANY_CASE else value
