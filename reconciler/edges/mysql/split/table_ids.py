"""The storage engine's number of a table: TRUNCATE, a rebuild and a swapped copy change it.

A partition is a table of its own there, so a partitioned table has many; one number stands for all
of them. Rule: a table whose number is not shown cannot be watched, and is none to move (SP-37).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.innodb_tables import INNODB_TABLES, place_of
from reconciler.edges.mysql.reading import number, text
from reconciler.model.server import Flavor

_IDS = "SELECT NAME, TABLE_ID FROM information_schema.{list}"


def read_table_ids(
    link: Link, flavor: Flavor, database: str, tables: Collection[str]
) -> dict[str, int]:
    """By table, those that the server shows. Raises ServerRefusal (the list needs PROCESS) or
    LinkLost.

    InnoDB writes letters beyond ASCII in a form of its own, which MySQL does not translate: such a
    table's number is made of those of all such tables of the database. It changes with each of
    them, which stops a split for nothing and never lets one go on.
    """
    found: dict[str, list[int]] = {}
    for raw, table_id in link.query(_IDS.format(list=INNODB_TABLES[flavor]), width=2):
        where, table = place_of(text(raw))
        if _is_of(where, database):
            found.setdefault(table, []).append(number(table_id) or 0)
    unclear = [ids for name, ids in found.items() if "@" in name]
    ids = {
        table: found.get(table, []) if table.isascii() else [n for ids in unclear for n in ids]
        for table in tables
    }
    return {table: _one_number(all_ids) for table, all_ids in ids.items() if all_ids}


def _is_of(where: str, database: str) -> bool:
    return where == database if database.isascii() else "@" in where


def _one_number(ids: list[int]) -> int:
    """63 bits: what ledgers keep."""
    if len(ids) == 1:
        return ids[0]
    digest = hashlib.sha256(",".join(map(str, sorted(ids))).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
