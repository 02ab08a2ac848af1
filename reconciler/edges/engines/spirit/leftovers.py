"""What a run of Spirit has left behind, and what becomes of it."""

from __future__ import annotations

import time

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.engines.limits import SPIRIT_ENDS_S_MAX, SPIRIT_POLL_S
from reconciler.edges.engines.ownership import (
    Helper,
    Record,
    drop_tables,
    find_tables,
    in_the_way,
)
from reconciler.edges.engines.spirit.tables import (
    KEPT,
    KEPT_BEFORE,
    Proof,
    is_at_work,
    is_the_table,
    kept_tables,
)
from reconciler.edges.mysql.connect import Link
from reconciler.plan.engines.spirit_names import SpiritNames
from reconciler.ports.engine import Failed


def still_at_work(link: Link, names: SpiritNames) -> bool:
    """As `is_at_work`, for a process that has just ended: a server takes a moment to see that.
    Raises ServerRefusal or LinkLost."""
    give_up_s = time.monotonic() + SPIRIT_ENDS_S_MAX
    while is_at_work(link, names):
        if time.monotonic() >= give_up_s:
            return True
        time.sleep(SPIRIT_POLL_S)
    return False


def removed(
    link: Link, database: str, record: Record, names: SpiritNames, server_sha256: str
) -> Failed | None:
    """Drop what is proven to be the run's own; what stays is told. Raises ServerRefusal or
    LinkLost."""
    name_kept(link, database, record)
    proof = Proof(record=record, names=names, server_sha256=server_sha256)
    found = find_tables(link, names.tables)
    stays = [one.name for one in found if not _may_go(link, one, record, proof)]
    drop_tables(link, [one.name for one in found if one.name not in stays])
    return in_the_way(stays) if stays else None


def _may_go(link: Link, found: Helper, record: Record, proof: Proof) -> bool:
    if not proof.is_ours(link, found):
        return False
    # Its rows are in the new table, if there is one.
    return found.name != proof.names.old or bool(find_tables(link, [record.table]))


def name_kept(link: Link, database: str, record: Record) -> None:
    """Spirit names a kept table after the second it was started in, which nobody knows before: it
    gets the name that is recorded. Raises ServerRefusal or LinkLost."""
    kept = record.own.get(KEPT)
    if kept is None:
        return
    earlier = {kept, *record.own.get(KEPT_BEFORE, "").split(",")}
    fresh = [name for name in kept_tables(link, database, record.table) if name not in earlier]
    ours = [one.name for one in find_tables(link, fresh) if is_the_table(one, record)]
    if len(ours) == 1:
        link.execute(f"RENAME TABLE {quote_identifier(ours[0])} TO {quote_identifier(kept)}")
