"""Where a copy by pt-online-schema-change is made: one shard, asked by the names of one table."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from reconciler.edges.engines.claim import under_claim
from reconciler.edges.engines.meeting_keys import keys_that_take
from reconciler.edges.engines.ownership import Record, digest, record_of
from reconciler.edges.engines.pt_osc.program import CopyLocks
from reconciler.edges.engines.pt_osc.tables import (
    Standing,
    end_run,
    look_at,
)
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.engine_direct import statement_session
from reconciler.edges.mysql.limits import ENGINE_SILENT_S_MAX
from reconciler.edges.mysql.session_settings import Variables, session_variables
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.errors import Unavailable
from reconciler.model.engine import EngineName, Handle
from reconciler.plan.engines.pt_osc_names import CopyNames, names_of
from reconciler.ports.engine import EngineWork, Failed

Result = TypeVar("Result")


class Site:
    """Not for two threads at once."""

    def __init__(self, shard: ShardLink) -> None:
        self.shard = shard
        self.server_sha256 = digest(shard.server.identity)
        self.flavor = shard.server.settings.version.flavor

    def names(self, table: str) -> CopyNames:
        return names_of(self.shard.database, table)

    def record(self, handle: Handle) -> Record | None:
        """None: of another engine, version or server, or somebody damaged it."""
        record = record_of(handle)
        if record is None or record.engine is not EngineName.PT_OSC:
            return None
        fits = record.helpers == self.names(record.table).helpers
        return record if fits and record.server_sha256 == self.server_sha256 else None

    def look_at(self, link: Link, table: str, record: Record | None) -> Standing:
        """Raises ServerRefusal or LinkLost."""
        run = record.run if record is not None else ""
        locks = self.locks(table, run)
        return look_at(link, self.names(table), record, self.server_sha256, locks)

    def under_claim(self, do: Callable[[Link], Result | Failed]) -> Result | Failed:
        return under_claim(self.shard, do)

    def end_on_server(self, handle: Handle) -> None:
        """A server takes its time to notice that a program has gone that waits for a lock there."""
        record = self.record(handle)
        if record is None:
            return
        locks = self.locks(record.table, record.run)
        with suppress(Unavailable):  # what became of it a look tells
            self.shard.looked(lambda link: end_run(link, locks))

    def keys_that_take(self, table: str) -> tuple[str, ...]:
        """Unique keys of the copy in which rows may meet that differ in the table. Raises
        Unavailable."""
        names = self.names(table)
        return self.shard.looked(lambda link: keys_that_take(link, names.table, names.new))

    def locks(self, table: str, run: str) -> CopyLocks:
        """A lock's name has 64 characters at most, and is the server's, not the database's."""
        stem = f"reconciler_pt_osc_{digest(f'{self.shard.database}/{table}')[:24]}"
        return CopyLocks(table=stem, run=f"{stem}_{run}")

    def settings(self, work: EngineWork) -> Variables:
        return statement_session(work, self.shard.server.settings)

    def program_settings(self, work: EngineWork) -> Variables:
        """The statement's session; a row whose number is 0 keeps it."""
        settings = self.shard.server.settings
        merged = dict((*session_variables(settings), *self.settings(work)))
        modes = [mode for mode in (merged["sql_mode"], "NO_AUTO_VALUE_ON_ZERO") if mode]
        own = {"sql_mode": ",".join(modes), "wait_timeout": str(ENGINE_SILENT_S_MAX)}
        return tuple({**merged, **own}.items())
