"""Engine `pt-osc`: pt-online-schema-change copies, we compare and swap.

Rules: nothing that is not proven ours is touched (EN-12). The program does not swap: the swap is
ours, over the session that has claimed the shard. A copy that is complete stands on its server by
itself, kept up by its triggers, and is known by its rows: whoever comes later compares them and
goes on from there. One that is not complete cannot be taken up, and is begun again.
"""

from __future__ import annotations

import secrets

from reconciler.ddl.statement.by_copy import ByCopy
from reconciler.edges.engines.find import EngineProgram
from reconciler.edges.engines.fitness import Moment, NotNow, prepared_under_claim
from reconciler.edges.engines.held_up import naming_blocker
from reconciler.edges.engines.ownership import (
    Record,
    digest,
    in_the_way,
    server_clock_s,
)
from reconciler.edges.engines.process import Unsaid, new_work_folder, start_program
from reconciler.edges.engines.pt_osc import swapping
from reconciler.edges.engines.pt_osc.program import CopyOrder, command
from reconciler.edges.engines.pt_osc.rows import RowReading, begin_reading
from reconciler.edges.engines.pt_osc.run import LOCK_NOT_HAD, CopyRun, failed, rows_may_meet
from reconciler.edges.engines.pt_osc.site import Site
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.engine_direct import not_sent
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.errors import Unavailable
from reconciler.model.engine import TABLE_CREATED_S, EngineName, Handle, Progress
from reconciler.plan.engines.told import told
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
from reconciler.ports.shards import RowsAlike, RowsNotCompared

_COMPARING = Progress(stage="compare rows")
_NOT_UNDERSTOOD = Unknown(reason="its handle is of another version or server")


class PtOscEngine:
    """`ProgramEngine`."""

    def __init__(self, shard: ShardLink, program: EngineProgram) -> None:
        self._site = Site(shard)
        self._program = program
        self._run: CopyRun | None = None
        #: Of a copy of an earlier process.
        self._reading: RowReading | None = None
        #: Whose reading was stopped.
        self._stopped: Handle | None = None
        #: Of the copy that is known to be complete.
        self._ready: Handle | None = None

    @property
    def name(self) -> EngineName:
        return EngineName.PT_OSC

    def close(self) -> None:
        if self._run is not None:
            self._run.close()
            self._site.end_on_server(self._run.handle)
            self._run = None
        self._let_go()

    def prepare(self, work: EngineWork, earlier: Handle | None) -> Handle | Failed:
        return prepared_under_claim(
            self.name, self._site.shard, work, lambda link: self._prepared(link, work, earlier)
        )

    def start(self, handle: Handle, work: EngineWork) -> Answer:
        record = self._site.record(handle)
        assert record is not None, "what is started is what was prepared last"
        self.close()
        in_way = self._site.under_claim(
            lambda link: swapping.clear_earlier(self._site, link, record, work)
        )
        return self._started(handle, record, work) if in_way is None else in_way

    def look(self, handle: Handle, work: EngineWork) -> Answer:
        if self._run is not None and self._run.handle == handle:
            answer = self._run.look()
            if isinstance(answer, ReadyToCutOver):
                self._run, self._ready = None, handle
            elif not isinstance(answer, Running):
                self._site.end_on_server(handle)
            if isinstance(answer, Failed) and LOCK_NOT_HAD in answer.error.message:
                table = work.statement.object_id.name
                return naming_blocker(self._site.shard, table, answer)
            return answer
        if self._reading is not None and self._reading.handle == handle:
            return self._looked_at_rows(self._reading)
        if self._stopped == handle:
            return failed("the comparison of its rows was told to stop; nothing was swapped")
        return self._look_at_an_earlier_one(handle, work)

    def cut_over(self, handle: Handle, work: EngineWork) -> Answer:
        record = self._site.record(handle)
        if record is None:
            return _NOT_UNDERSTOOD
        answer: Answer = self._site.under_claim(
            lambda link: swapping.swap_in(self._site, link, record, work)
        )
        if isinstance(answer, Failed) and answer.transient:  # the copy stays, and is as good
            return ReadyToCutOver(progress=Progress(waits_for=answer.error.message))
        return answer

    def throttle(self, handle: Handle, work: EngineWork, because: str) -> bool:
        run = self._run
        return run is not None and run.handle == handle and run.throttle(because)

    def discard(self, handle: Handle, work: EngineWork) -> Failed | None:
        record = self._site.record(handle)
        if record is None:
            return failed(_NOT_UNDERSTOOD.reason)
        return self._site.under_claim(lambda link: swapping.discard(self._site, link, record, work))

    def stop(self, handle: Handle, work: EngineWork) -> None:
        if self._run is not None and self._run.handle == handle:
            self._run.stop()
        else:
            if self._reading is not None and self._reading.handle == handle:
                self._let_go()
                self._stopped = handle
            self._site.end_on_server(handle)

    def _prepared(self, link: Link, work: EngineWork, earlier: Handle | None) -> Handle | NotNow:
        """Raises ServerRefusal or LinkLost."""
        site, table = self._site, work.statement.object_id.name
        record = site.record(earlier) if earlier is not None else None
        standing = site.look_at(link, table, record)
        if standing.at_work is not None and standing.at_work != standing.run_at_work:
            return NotNow(Moment.AT_WORK, not_sent(swapping.AT_WORK))
        found = standing.foreign(record, site.server_sha256)
        if found or standing.has(standing.names.old):
            return NotNow(Moment.IN_THE_WAY, in_the_way(found or [standing.names.old]))
        is_left = record is not None and bool(standing.helpers)
        return Record(
            engine=self.name,
            engine_version=self._program.version,
            statement_sha256=digest(work.statement.sql),
            server_sha256=site.server_sha256,
            table=table,
            helpers=standing.names.helpers,
            since_s=record.since_s if record is not None and is_left else server_clock_s(link),
            run=secrets.token_hex(8),
            own=_own_words(record, standing.table_created_s),
        ).handle()

    def _started(self, handle: Handle, record: Record, work: EngineWork) -> Answer:
        site, names, sql = self._site, self._site.names(record.table), work.statement.sql
        copied = told(self.name, sql, record.table)
        assert isinstance(copied, ByCopy), "no other statement is prepared"
        target, database = site.shard.target, site.shard.database
        order = CopyOrder(
            database=database,
            table=names.table,
            new_table=names.new,
            clauses=copied.clauses,
            locks=site.locks(names.table, record.run),
            settings=site.program_settings(work),
            threads_running_max=work.threads_running_max,
        )
        unsaid = Unsaid(database=database, accounts=(target.user,), machines=(target.host,))
        try:
            folder = new_work_folder()
            arguments = command(
                self._program.path, folder, order, target, is_encrypted=site.shard.is_encrypted
            )
            process = start_program(arguments, folder=folder, unsaid=unsaid)
        except OSError as error:
            return not_sent(f"its program could not be started ({error.strerror})")
        self._run = CopyRun(handle, work, process, lambda: site.keys_that_take(record.table))
        return Running()

    def _look_at_an_earlier_one(self, handle: Handle, work: EngineWork) -> Answer:
        record = self._site.record(handle)
        if record is None:
            return _NOT_UNDERSTOOD
        try:
            standing = self._site.shard.looked(
                lambda link: self._site.look_at(link, record.table, record)
            )
        except Unavailable as unavailable:
            return Unknown(reason=unavailable.problems[0].message)
        if standing.foreign(record, self._site.server_sha256):
            return Gone()
        if standing.run_at_work is not None:
            return Running()
        if standing.is_swapped:
            return Applied()
        if not standing.keeps_up:
            return Gone()
        if self._ready == handle:
            return ReadyToCutOver()
        return self._read_rows(handle, record, work)

    def _read_rows(self, handle: Handle, record: Record, work: EngineWork) -> Answer:
        self._let_go()
        try:
            if found := self._site.keys_that_take(record.table):
                return rows_may_meet(found)
            reading = begin_reading(self._site, handle, record, work)
        except (Unavailable, ServerRefusal, LinkLost) as error:
            return _rows_unknown(error)
        if isinstance(reading, RowsNotCompared):
            return failed(f"its copy cannot be taken up: {reading.reason}")
        self._reading = reading
        return Running(progress=_COMPARING)

    def _looked_at_rows(self, reading: RowReading) -> Answer:
        try:
            found = reading.look()
        except (ServerRefusal, LinkLost) as error:
            self._let_go()
            return _rows_unknown(error)
        if found is None:
            return Running(progress=_COMPARING)
        self._let_go()
        if isinstance(found, RowsAlike):
            self._ready = reading.handle
            return ReadyToCutOver()
        return Gone()  # it was not complete: it is begun again

    def _let_go(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None


def _rows_unknown(error: Exception) -> Unknown:
    return Unknown(reason=f"the rows of its copy could not be compared: {error}")


def _own_words(record: Record | None, table_created_s: int | None) -> dict[str, str]:
    """The program of an earlier run may have outlived whoever started it; the claim is ours by now.
    By when the table was created it is known again under another name, if that is kept."""
    own = {} if record is None else {"earlier_run": record.run}
    if table_created_s is not None:
        own[TABLE_CREATED_S] = str(table_created_s)
    return own
