"""Table options are a set, and the servers keep the letter case of some as it was typed."""

from __future__ import annotations

from dataclasses import replace

from reconciler.ddl.rendering.options import ENGINE_DEFINED
from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion

# MySQL 9.7 takes these in any letter case and prints them as written.
_ANY_CASE = ("COMPRESSION", "ENCRYPTION", "SECONDARY_ENGINE")


def with_canonical_options(table: Table, version: ServerVersion) -> Table:
    options = (_option(name, value) for name, value in table.options)
    return replace(table, options=tuple(sorted(options)))


def _option(name: str, value: str) -> tuple[str, str]:
    if name.lower() in ENGINE_DEFINED:
        return name.lower(), value.upper()
    return name, value.upper() if name in _ANY_CASE else value
