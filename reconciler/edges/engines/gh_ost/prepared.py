"""Before a run: is the way free, and what of an earlier one must go first?

Rule (EN-22): a copy is never taken up, it is begun again. With `--resume` gh-ost 1.1.10 begins to
read the binary log before it listens to the table, so that what was written right after the last
checkpoint may be missing in the copy, and it says nothing. `--revert` does the same.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from reconciler.edges.engines.fitness import Moment, NotNow
from reconciler.edges.engines.gh_ost.left import find_left, look_of
from reconciler.edges.engines.gh_ost.site import Site
from reconciler.edges.engines.gh_ost.traces import is_at_work
from reconciler.edges.engines.ownership import (
    TABLE_EXISTS,
    Record,
    digest,
    in_the_way,
    record_of,
    server_clock_s,
    since,
)
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.engine_direct import not_sent
from reconciler.model.engine import EngineName, Handle
from reconciler.model.server import ServerError
from reconciler.ports.engine import Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """`to_remove`: tables of an earlier run, proven ours, that go before the start."""

    record: Record
    handle: Handle
    to_remove: tuple[str, ...]


def prepare_run(
    link: Link,
    site: Site,
    *,
    engine_version: str,
    sql: str,
    earlier: Handle | None,
) -> Prepared | NotNow:
    """Raises ServerRefusal or LinkLost."""
    if is_at_work(link, site):
        busy = not_sent("gh-ost is at work on the table elsewhere, or has just ended there")
        return NotNow(Moment.AT_WORK, busy)
    last, now_s = _last_at(site, earlier), server_clock_s(link)
    left = find_left(link, last, site)
    if left.foreign:
        return NotNow(Moment.IN_THE_WAY, in_the_way(left.foreign))
    if left.old is not None:
        return NotNow(Moment.SWAPPED_BEFORE, _swapped_before(left.old))
    record = Record(
        engine=EngineName.GH_OST,
        engine_version=engine_version,
        statement_sha256=digest(sql),
        server_sha256=site.server_sha256,
        table=site.table,
        helpers=site.names.all,
        since_s=since(last, left.helpers, now_s),
        run=secrets.token_hex(8),
        own=look_of(link, site.table),
    )
    return Prepared(record=record, handle=record.handle(), to_remove=left.helpers)


def _last_at(site: Site, earlier: Handle | None) -> Record | None:
    if earlier is None or earlier.engine is not EngineName.GH_OST:
        return None
    record = record_of(earlier)
    is_here = record is not None and (record.server_sha256, record.table) == (
        site.server_sha256,
        site.table,
    )
    return record if is_here else None


def _swapped_before(old: str) -> Failed:
    message = (
        f"{old} is the table as it was before an earlier swap, so the statement took effect once:"
        " nothing was begun; see which of the two tables is wanted, and remove the other"
    )
    return Failed(error=ServerError(number=TABLE_EXISTS, message=message), transient=False)
