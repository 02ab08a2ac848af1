"""Whether a copy that another process made is complete: only its rows can tell.

Rule: all of them are read, over a connection of their own. Its triggers write into the copy in the
transaction that writes into the table, so that rows which are alike stay so, and whatever differs
is a copy that was never finished.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from reconciler.edges.engines.ownership import Record
from reconciler.edges.engines.pt_osc.site import Site
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.limits import ENGINE_LOOK_S
from reconciler.edges.mysql.row_check import OngoingCheck, begin_check
from reconciler.edges.mysql.session_settings import set_session
from reconciler.model.engine import Handle
from reconciler.ports.engine import EngineWork
from reconciler.ports.shards import RowsAlike, RowsDiffer, RowsNotCompared


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReading:
    """Of the copy of this handle. Not for two threads at once."""

    handle: Handle
    _link: Link
    _check: OngoingCheck

    def look(self) -> RowsAlike | RowsDiffer | None:
        """None: there are more. Reads for some seconds at most. Raises ServerRefusal or
        LinkLost."""
        give_up_s = time.monotonic() + ENGINE_LOOK_S
        while (found := self._check.next_stretch()) is None:
            if time.monotonic() >= give_up_s:
                return None
        return found

    def close(self) -> None:
        self._link.close()


def begin_reading(
    site: Site, handle: Handle, record: Record, work: EngineWork
) -> RowReading | RowsNotCompared:
    """Raises Unavailable, ServerRefusal or LinkLost."""
    link = connect(site.shard.target, program="reconciler, comparing rows")
    try:
        link.execute(set_session(site.program_settings(work)))
        check = begin_check(link, work.statement, site.names(record.table).new)
    except BaseException:
        link.close()
        raise
    if isinstance(check, RowsNotCompared):
        link.close()
        return check
    return RowReading(handle=handle, _link=link, _check=check)
