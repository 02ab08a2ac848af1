"""AUTO_INCREMENT=n is data: it counts rows that were inserted and differs on every shard."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion


def without_auto_increment(table: Table, version: ServerVersion) -> Table:
    if table.option("AUTO_INCREMENT") is None:
        return table
    options = tuple(pair for pair in table.options if pair[0] != "AUTO_INCREMENT")
    return replace(table, options=options)
