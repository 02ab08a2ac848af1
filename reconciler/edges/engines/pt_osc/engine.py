"""Engine `pt-osc`: pt-online-schema-change copies, we compare and swap.

Rules: nothing that is not proven ours is touched (EN-12). The program does not swap: the swap is
ours, over the session that has claimed the shard. A copy that is complete stands on its server by
itself, kept up by its triggers, and is known by its rows: whoever comes later compares them and
goes on from there. One that is not complete cannot be taken up, and is begun again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

from reconciler.edges.engines.find import EngineProgram
from reconciler.edges.engines.ownership import (
    Record,
    digest,
    in_the_way,
    is_too_long,
    record_of,
    server_clock_s,
)
from reconciler.edges.engines.process import Unsaid, new_work_folder, start_program
from reconciler.edges.engines.pt_osc.program import (
    CopyLocks,
    CopyOrder,
    alter_clauses,
    command,
    is_nameable,
)
from reconciler.edges.engines.pt_osc.run import COMPARING, CopyRun, failed
from reconciler.edges.engines.pt_osc.tables import (
    CopyNames,
    Standing,
    children_of,
    drop_triggers,
    end_run,
    finish,
    guards,
    look_at,
    names_of,
    swap,
    take_away,
)
from reconciler.edges.engines.row_comparison import (
    NotLocked,
    RowComparison,
    RowsAreEqual,
    RowsDiffer,
    StillReading,
)
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.engine_direct import not_sent, statement_session
from reconciler.edges.mysql.limits import ENGINE_SILENT_S_MAX, KILLED_ANSWER_S_MAX
from reconciler.edges.mysql.problems import (
    LOCK_WAIT_TIMEOUT,
    LinkLost,
    ServerRefusal,
    as_unavailable,
)
from reconciler.edges.mysql.session_settings import Variables, session_variables, set_session
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.errors import Unavailable
from reconciler.model.dependents import Reference
from reconciler.model.engine import EngineName, Handle, Progress
from reconciler.ports.engine import (
    Answer,
    Applied,
    EngineWork,
    Failed,
    Gone,
    ReadyToCutOver,
    Running,
    Unknown,
)

_NOT_UNDERSTOOD = Unknown(reason="its handle is of another version or server")
_AT_WORK = "an earlier run of pt-online-schema-change is still at work on the table"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """A copy of an earlier process, whose rows are being compared."""

    handle: Handle
    comparison: RowComparison


class PtOscEngine:
    """`Engine`. Not for two threads at once."""

    def __init__(self, shard: ShardLink, program: EngineProgram) -> None:
        self._shard = shard
        self._program = program
        self._server = digest(shard.server.identity)
        self._flavor = shard.server.settings.version.flavor
        self._run: CopyRun | None = None
        self._compared: _Compared | None = None
        self._ready: Handle | None = None

    @property
    def name(self) -> EngineName:
        return EngineName.PT_OSC

    def close(self) -> None:
        if self._run is not None:
            self._run.close()
            self._end_on_server(self._run.handle)
            self._run = None
        self._let_go()

    def prepare(self, work: EngineWork, earlier: Handle | None) -> Handle | Failed:
        table = work.statement.object_id.name
        names = names_of(self._shard.database, table)
        if reason := self._unfit(work, names):
            return failed(f"pt-online-schema-change cannot take it: {reason}")
        record = self._record(earlier) if earlier is not None else None
        try:
            link = self._shard.claimed()
            if link is None:
                return not_sent("another session may still send statements to the shard")
            with as_unavailable(self._shard.target.label):
                standing = self._look_at(link, names, record)
                if work.keeps_old and children_of(link, self._flavor, table):
                    return failed("the old table cannot be kept: foreign keys refer to it")
                since_s = server_clock_s(link)
        except Unavailable as unavailable:
            return not_sent(unavailable.problems[0].message)
        if standing.at_work is not None and standing.at_work != standing.run_at_work:
            return not_sent(_AT_WORK)
        if found := standing.foreign(record, self._server):
            return in_the_way(found)
        if standing.has(names.old):
            return in_the_way([names.old])
        return Record(
            engine=self.name,
            engine_version=self._program.version,
            statement_sha256=digest(work.statement.sql),
            server_sha256=self._server,
            table=table,
            helpers=names.helpers,
            since_s=record.since_s if record is not None and standing.helpers else since_s,
            run=secrets.token_hex(8),
            # Its program may have outlived whoever started it; the claim is ours by now.
            own={"earlier_run": record.run} if record is not None else {},
        ).handle()

    def start(self, handle: Handle, work: EngineWork) -> Answer:
        record = self._record(handle)
        assert record is not None, "what is started is what was prepared last"
        names = names_of(self._shard.database, record.table)
        try:
            link = self._shard.claimed()
            if link is None:
                return not_sent("another session may still send statements to the shard")
            with as_unavailable(self._shard.target.label):
                standing = self._look_at(link, names, record)
                if found := standing.foreign(record, self._server):
                    return in_the_way(found)
                if not standing.has_table:
                    return failed(f"table {names.table} is not there")
                self._take_away(link, standing, record, work)
        except Unavailable as unavailable:
            return not_sent(unavailable.problems[0].message)
        self._let_go()
        return self._started(handle, record.run, work, names)

    def look(self, handle: Handle, work: EngineWork) -> Answer:
        if self._run is not None and self._run.handle == handle:
            answer = self._run.look()
            if isinstance(answer, ReadyToCutOver):
                self._run, self._ready = None, handle
            elif not isinstance(answer, Running):
                self._end_on_server(handle)
            return answer
        record = self._record(handle)
        if record is None:
            return _NOT_UNDERSTOOD
        if self._compared is not None and self._compared.handle == handle:
            return self._looked_at_rows(self._compared)
        names = names_of(self._shard.database, record.table)
        try:
            standing = self._shard.looked(lambda link: self._look_at(link, names, record))
        except Unavailable as unavailable:
            return Unknown(reason=unavailable.problems[0].message)
        if standing.foreign(record, self._server):
            return Gone()
        if standing.run_at_work is not None:
            return Running()
        if standing.is_swapped:
            return Applied()
        if not standing.keeps_up:
            return Gone()
        if self._ready == handle:
            return ReadyToCutOver()
        return self._compare_earlier(handle, record.run, work, names)

    def cut_over(self, handle: Handle, work: EngineWork) -> Answer:
        record = self._record(handle)
        if record is None:
            return _NOT_UNDERSTOOD
        names = names_of(self._shard.database, record.table)
        try:
            link = self._shard.claimed()
            if link is None:
                return ReadyToCutOver(progress=Progress(waits_for="the claim on the shard"))
            with as_unavailable(self._shard.target.label):
                standing = self._look_at(link, names, record)
                if not standing.keeps_up or standing.foreign(record, self._server):
                    return Gone()
                children = children_of(link, self._flavor, names.table)
        except Unavailable as unavailable:
            return ReadyToCutOver(progress=Progress(waits_for=unavailable.problems[0].message))
        if children and work.keeps_old:
            return failed("the old table cannot be kept: foreign keys refer to it")
        try:
            link.execute(set_session(self._settings(work)))
            self._guard(link, standing, children)
            return self._swapped(link, names, record, work)
        except ServerRefusal as refusal:
            if refusal.error.number == LOCK_WAIT_TIMEOUT:
                return ReadyToCutOver(progress=Progress(waits_for="the table's lock"))
            return Failed(error=refusal.error, transient=False)
        except LinkLost as lost:
            return Unknown(reason=lost.reason)

    def throttle(self, handle: Handle, work: EngineWork, because: str) -> bool:
        run = self._run
        return run is not None and run.handle == handle and run.throttle(because)

    def discard(self, handle: Handle, work: EngineWork) -> Failed | None:
        record = self._record(handle)
        if record is None:
            return failed(_NOT_UNDERSTOOD.reason)
        names = names_of(self._shard.database, record.table)
        try:
            link = self._shard.claimed()
            if link is None:
                return not_sent("another session may still send statements to the shard")
            with as_unavailable(self._shard.target.label):
                return self._discarded(link, self._look_at(link, names, record), record, work)
        except Unavailable as unavailable:
            return failed(unavailable.problems[0].message, transient=True)

    def stop(self, handle: Handle, work: EngineWork) -> None:
        if self._run is not None and self._run.handle == handle:
            self._run.stop()
            return
        self._end_on_server(handle)

    def _unfit(self, work: EngineWork, names: CopyNames) -> str:
        """What the plan's rules keep from it, asked again where it would do harm."""
        if alter_clauses(work.statement.sql, names.table) is None:
            return "the statement is no ALTER TABLE"
        if not (is_nameable(names.table) and is_nameable(self._shard.database)):
            return "it reads names of letters, digits, _, $ and - alone"
        if is_too_long(names.helpers):
            return "the name of its copy would be too long"
        return ""

    def _started(self, handle: Handle, run: str, work: EngineWork, names: CopyNames) -> Answer:
        target = self._shard.target
        alter = alter_clauses(work.statement.sql, names.table)
        assert alter is not None, "prepare saw that it is one"
        order = CopyOrder(
            database=self._shard.database,
            table=names.table,
            new_table=names.new,
            alter=alter,
            locks=self._locks(names.table, run),
            settings=self._program_settings(work),
            threads_running_max=work.threads_running_max,
        )
        unsaid = Unsaid(
            database=self._shard.database, accounts=(target.user,), machines=(target.host,)
        )
        try:
            folder = new_work_folder()
            process = start_program(
                command(self._program.path, folder, order, target), folder=folder, unsaid=unsaid
            )
        except OSError as error:
            return failed(f"pt-online-schema-change could not be started: {error.strerror}")
        self._run = CopyRun(handle, work, process, lambda: self._comparison(run, work, names))
        return Running()

    def _comparison(self, run: str, work: EngineWork, names: CopyNames) -> RowComparison:
        return RowComparison(
            self._shard.target,
            self._program_settings(work),
            table=names.table,
            copy=names.new,
            lock=self._locks(names.table, run).sql,
        )

    def _compare_earlier(
        self, handle: Handle, run: str, work: EngineWork, names: CopyNames
    ) -> Answer:
        self._let_go()
        try:
            comparison = self._comparison(run, work, names)
        except NotLocked:
            return Running()  # somebody has begun since the look
        except (Unavailable, ServerRefusal, LinkLost) as error:
            return Unknown(reason=f"the rows of its copy could not be compared: {error}")
        self._compared = _Compared(handle=handle, comparison=comparison)
        return Running(progress=COMPARING)

    def _looked_at_rows(self, compared: _Compared) -> Answer:
        try:
            result = compared.comparison.look()
        except (ServerRefusal, LinkLost) as error:
            self._let_go()
            return Unknown(reason=f"the rows of its copy could not be compared: {error}")
        match result:
            case StillReading():
                return Running(progress=COMPARING)
            case RowsAreEqual():
                self._let_go()
                self._ready = compared.handle
                return ReadyToCutOver()
            case RowsDiffer():
                self._let_go()
                return Gone()  # it was not complete: it is begun again
            case _:
                assert_never(result)

    def _guard(self, link: Link, standing: Standing, children: Sequence[Reference]) -> None:
        """Raises ServerRefusal or LinkLost. What an earlier try has left may be of other keys."""
        names = standing.names
        drop_triggers(link, [name for name in names.guards if standing.has(name)])
        if children:
            for statement in guards(self._shard.database, names, children):
                link.execute(statement)

    def _swapped(self, link: Link, names: CopyNames, record: Record, work: EngineWork) -> Answer:
        link.send(swap(names))
        if not link.answer_begins_within(work.lock_wait_s + KILLED_ANSWER_S_MAX):
            link.close()
            return Unknown(reason="the server gave no answer to the swap in time")
        link.take_answer()
        try:
            standing = self._look_at(link, names, record)
            finish(link, self._flavor, standing, keeps_old=work.keeps_old)
        except (ServerRefusal, LinkLost):
            pass  # the swap has taken effect; `discard` takes up what is left
        return Applied()

    def _discarded(
        self, link: Link, standing: Standing, record: Record, work: EngineWork
    ) -> Failed | None:
        if found := standing.foreign(record, self._server):
            return in_the_way(found)
        if standing.at_work is not None:
            return failed(_AT_WORK, transient=True)
        if not standing.has_table:
            return failed(f"table {record.table} is not there, so its copy is not dropped")
        link.execute(set_session(self._settings(work)))
        if standing.is_swapped:
            finish(link, self._flavor, standing, keeps_old=work.keeps_old)
        elif standing.has(standing.names.old):
            return in_the_way([standing.names.old])
        else:
            take_away(link, standing)
        return None

    def _take_away(self, link: Link, standing: Standing, record: Record, work: EngineWork) -> None:
        """What an earlier run has left, its program first."""
        earlier = record.own.get("earlier_run")
        if earlier is not None:
            end_run(link, self._locks(record.table, earlier))
        if standing.helpers:
            link.execute(set_session(self._settings(work)))
            take_away(link, standing)

    def _end_on_server(self, handle: Handle) -> None:
        """A server takes its time to notice that a program has gone that waits for a lock there."""
        record = self._record(handle)
        if record is None:
            return
        locks = self._locks(record.table, record.run)
        with suppress(Unavailable):  # what became of it a look tells
            self._shard.looked(lambda link: end_run(link, locks))

    def _look_at(self, link: Link, names: CopyNames, record: Record | None) -> Standing:
        run = record.run if record is not None else ""
        return look_at(link, names, record, self._server, self._locks(names.table, run))

    def _record(self, handle: Handle) -> Record | None:
        """None: of another engine, version or server, or somebody damaged it."""
        record = record_of(handle)
        if record is None or record.engine is not self.name:
            return None
        names = names_of(self._shard.database, record.table)
        fits = record.server_sha256 == self._server and record.helpers == names.helpers
        return record if fits else None

    def _locks(self, table: str, run: str) -> CopyLocks:
        """A lock's name has 64 characters at most, and is the server's, not the database's."""
        stem = f"reconciler_pt_osc_{digest(f'{self._shard.database}/{table}')[:24]}"
        return CopyLocks(table=stem, run=f"{stem}_{run}")

    def _settings(self, work: EngineWork) -> Variables:
        return statement_session(work, self._shard.server.settings)

    def _program_settings(self, work: EngineWork) -> Variables:
        """The statement's session; a row whose number is 0 keeps it."""
        settings = self._shard.server.settings
        merged = dict((*session_variables(settings), *self._settings(work)))
        modes = [mode for mode in (merged["sql_mode"], "NO_AUTO_VALUE_ON_ZERO") if mode]
        silent = {"sql_mode": ",".join(modes), "wait_timeout": str(ENGINE_SILENT_S_MAX)}
        return tuple({**merged, **silent}.items())

    def _let_go(self) -> None:
        if self._compared is not None:
            self._compared.comparison.close()
            self._compared = None
