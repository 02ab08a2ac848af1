"""What there is of gh-ost's tables on a shard, and whose they are.

MySQL keeps the moment of a table's creation when it is renamed: time alone proves nothing of
`_t_del`. It is ours if the handle says what the table looked like and when it was created (MariaDB:
it was renamed after the work was prepared), and the copy is gone that was swapped in (EN-12).
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.edges.engines.definitions import definition_digest
from reconciler.edges.engines.gh_ost.keys import new_key_with_duplicates
from reconciler.edges.engines.gh_ost.site import Site
from reconciler.edges.engines.gh_ost.traces import created_s
from reconciler.edges.engines.ownership import (
    Helper,
    Record,
    drop_tables,
    find_tables,
    in_the_way,
    is_ours,
)
from reconciler.edges.mysql.connect import Link
from reconciler.model.engine import TABLE_CREATED_S
from reconciler.model.server import ServerError
from reconciler.plan.engines.gh_ost_names import SENTRY
from reconciler.ports.engine import Failed

_DUPLICATES = 1062

# Words of `Record.own`.
BEFORE = "before_sha256"
CREATED = TABLE_CREATED_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """`helpers`: ours, and no rows that are nowhere else. `old`: the table as it was, ours too."""

    helpers: tuple[str, ...]
    old: str | None
    foreign: tuple[str, ...]


def find_left(link: Link, record: Record | None, site: Site) -> Left:
    """Raises ServerRefusal or LinkLost."""
    names = site.names
    found = find_tables(link, names.all)
    helpers, foreign, old = [], [], None
    has_copy = any(one.name == names.ghost for one in found)
    for one in found:
        is_helper = one.name != names.old or one.comment == SENTRY
        if is_helper and is_ours(one, record, site.server_sha256):
            helpers.append(one.name)
        elif not is_helper and not has_copy and _was_the_table(link, one, record, site):
            old = one.name
        else:
            foreign.append(one.name)
    return Left(helpers=tuple(helpers), old=old, foreign=tuple(foreign))


def _was_the_table(link: Link, seen: Helper, record: Record | None, site: Site) -> bool:
    return (
        record is not None
        and record.server_sha256 == site.server_sha256
        and seen.name in record.helpers
        and (
            (seen.created_s is not None and record.own.get(CREATED) == str(seen.created_s))
            or is_ours(seen, record, site.server_sha256)
        )
        and record.own.get(BEFORE) == definition_digest(link, seen.name, called=record.table)
    )


def look_of(link: Link, table: str) -> dict[str, str]:
    """By what the table is known again under another name; {} where there is none."""
    look = definition_digest(link, table, called=table)
    return {} if look is None else {BEFORE: look, CREATED: str(created_s(link, table))}


def remove_left(link: Link, record: Record | None, site: Site, *, keeps_old: bool) -> Failed | None:
    """Twice is as good as once. Raises ServerRefusal or LinkLost."""
    left = find_left(link, record, site)
    keeps_old = keeps_old and left.old is not None
    kept = {site.names.checkpoint} if keeps_old else set()  # the way back begins where it ends
    drop_tables(link, [name for name in left.helpers if name not in kept])
    if left.old is not None and not keeps_old:
        if definition_digest(link, site.table, called=site.table) is None:
            return in_the_way([left.old])  # its rows are nowhere else
        if (key := new_key_with_duplicates(link, left.old, site.table)) is not None:
            return rows_lost(left.old, key)
        drop_tables(link, [left.old])
    return in_the_way(left.foreign) if left.foreign else None


def rows_lost(old: str, key: str) -> Failed:
    message = (
        f"{old} is kept: rows of it are equal in the new unique key {key}, and the table has but"
        " one of each; take the others from there before you drop it"
    )
    return Failed(error=ServerError(number=_DUPLICATES, message=message), transient=False)
