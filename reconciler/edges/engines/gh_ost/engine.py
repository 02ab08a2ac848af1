"""`Engine` over gh-ost.

Rules: one run at a time, under the session's claim, and none without it (EN-11). What an earlier
run left is removed, where it is proven ours (EN-12), and never taken up (EN-22). A status of 0 says
that gh-ost believes to have swapped; whether it has, only the tables tell.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import assert_never

from reconciler.ddl.statement.by_copy import ByCopy
from reconciler.edges.engines.claim import under_claim
from reconciler.edges.engines.find import EngineProgram
from reconciler.edges.engines.fitness import NotNow, prepared_under_claim
from reconciler.edges.engines.gh_ost.command import (
    LOGIN,
    LOGIN_FILE,
    Start,
    command_line,
    environment,
)
from reconciler.edges.engines.gh_ost.ends import (
    away,
    ended_by_itself,
    has_duplicates,
    lost_in_the_swap,
    not_let_go,
    stopped,
    would_lose,
)
from reconciler.edges.engines.gh_ost.keys import new_key_with_duplicates
from reconciler.edges.engines.gh_ost.last_row import LastRow
from reconciler.edges.engines.gh_ost.left import remove_left
from reconciler.edges.engines.gh_ost.prepared import Prepared, prepare_run
from reconciler.edges.engines.gh_ost.run import STARTING, GhOstRun
from reconciler.edges.engines.gh_ost.site import Site, server_id, site_of
from reconciler.edges.engines.gh_ost.swap_guard import SwapGuard
from reconciler.edges.engines.gh_ost.traces import is_at_work, lock_holder, reads_binary_log
from reconciler.edges.engines.limits import (
    ENGINE_LET_GO_S_MAX,
    ENGINE_POLL_S,
    ENGINE_SERVES_S_MAX,
    GH_OST_SWAP_S_MAX,
)
from reconciler.edges.engines.ownership import Record, drop_tables, find_tables, record_of
from reconciler.edges.engines.process import (
    Exit,
    Unsaid,
    new_work_folder,
    private_file,
    start_program,
)
from reconciler.edges.engines.shapes import shape_of
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.engine_direct import not_sent
from reconciler.edges.mysql.limits import ENGINE_LOOK_S
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.errors import Unavailable
from reconciler.model.engine import EngineName, Handle, Progress
from reconciler.plan.engines.lost_rows import loses
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

_ASKED = "the server, to be asked about the copy"


class GhOstEngine:
    """`ProgramEngine`."""

    def __init__(self, shard: ShardLink, program: EngineProgram) -> None:
        self._shard = shard
        self._program = program
        self._prepared: Prepared | None = None
        self._run: GhOstRun | None = None

    @property
    def name(self) -> EngineName:
        return EngineName.GH_OST

    def close(self) -> None:
        if self._run is not None:
            self._run.stop()

    def prepare(self, work: EngineWork, earlier: Handle | None) -> Handle | Failed:
        prepared = prepared_under_claim(
            self.name, self._shard, work, lambda link: self._plan(link, work, earlier)
        )
        if isinstance(prepared, Failed):
            return prepared
        self._prepared = prepared
        return prepared.handle

    def start(self, handle: Handle, work: EngineWork) -> Answer:
        prepared = self._prepared
        assert prepared is not None, "it is prepared before it is started"
        assert prepared.handle == handle, "what is started is what was prepared last"
        self._prepared = None
        self.close()
        if failed := under_claim(self._shard, lambda link: drop_tables(link, prepared.to_remove)):
            return failed
        try:
            run = self._started(prepared, work)
        except OSError as error:
            return not_sent(f"its program could not be started ({error.strerror})")
        self._run = run
        run.serves_within(ENGINE_SERVES_S_MAX)
        return self._news(run, work, within_s=0)

    def look(self, handle: Handle, work: EngineWork) -> Answer:
        run = self._run_of(handle)
        if run is None:
            return self._look_at_an_earlier_one(handle)
        return self._news(run, work, within_s=run.look_s)

    def cut_over(self, handle: Handle, work: EngineWork) -> Answer:
        run = self._run_of(handle)
        if run is None:
            return self._look_at_an_earlier_one(handle)
        if run.rows_are_kept and self._is_claimed():
            site = self._site(work.statement.object_id.name)
            try:
                key = self._shard.looked(
                    lambda link: new_key_with_duplicates(link, site.table, site.names.ghost)
                )
            except Unavailable:
                return ReadyToCutOver(progress=Progress(waits_for=_ASKED))
            if key is not None:
                run.stop()
                return has_duplicates(key)
            run.release(lambda: SwapGuard(self._guarding, site))
        return self._news(run, work, within_s=ENGINE_LOOK_S)

    def _guarding(self) -> Link:
        """Raises Unavailable."""
        shard = self._shard
        return shard.reach.open(shard.target, program="reconciler, guarding a swap")

    def throttle(self, handle: Handle, work: EngineWork, because: str) -> bool:
        run = self._run_of(handle)
        if run is None or run.process.exit is not None:
            return False
        run.throttle(because)
        return True

    def discard(self, handle: Handle, work: EngineWork) -> Failed | None:
        if (run := self._run_of(handle)) is not None:
            run.stop()
        record = record_of(handle)
        table = work.statement.object_id.name if record is None else record.table
        site = site_of(self._shard, table)
        if site is None:
            return None  # of such a table no run was ever prepared
        return under_claim(
            self._shard, lambda link: self._remove(link, record, site, keeps_old=work.keeps_old)
        )

    def stop(self, handle: Handle, work: EngineWork) -> None:
        if (run := self._run_of(handle)) is not None:
            run.stop()
        else:
            self._end_elsewhere(handle)

    def _run_of(self, handle: Handle) -> GhOstRun | None:
        return self._run if self._run is not None and self._run.handle == handle else None

    def _is_claimed(self) -> bool:
        try:
            return self._shard.claimed() is not None
        except Unavailable:
            return False

    def _plan(self, link: Link, work: EngineWork, earlier: Handle | None) -> Prepared | NotNow:
        return prepare_run(
            link,
            self._site(work.statement.object_id.name),
            engine_version=self._program.version,
            sql=work.statement.sql,
            earlier=earlier,
        )

    def _site(self, table: str) -> Site:
        site = site_of(self._shard, table)
        assert site is not None, "a table without names for its helpers is not taken"
        return site

    def _started(self, prepared: Prepared, work: EngineWork) -> GhOstRun:
        """Raises OSError."""
        shard, statement = self._shard, work.statement
        order = told(self.name, statement.sql, statement.object_id.name)
        assert isinstance(order, ByCopy), "no other statement is prepared"
        folder = new_work_folder()
        private_file(folder, LOGIN, LOGIN_FILE)
        last_row = LastRow(folder)
        start = Start(
            program=self._program.path,
            folder=folder,
            target=shard.target,
            database=shard.database,
            table=order.table,
            clauses=order.clauses,
            server_id=server_id(prepared.record),
            is_encrypted=shard.is_encrypted,
        )
        unsaid = Unsaid(
            database=shard.database, accounts=(shard.target.user,), machines=(shard.target.host,)
        )
        try:
            process = start_program(
                command_line(start, work),
                folder=folder,
                unsaid=unsaid,
                environment=environment(shard.target),
                linger_s=GH_OST_SWAP_S_MAX,
            )
        except BaseException:
            last_row.close()
            raise
        return GhOstRun(
            process=process,
            handle=prepared.handle,
            run_limit_s=work.run_limit_s,
            last_row=last_row,
        )

    def _news(self, run: GhOstRun, work: EngineWork, *, within_s: float) -> Answer:
        answer = run.news_within(within_s)
        match answer:
            case Exit():
                return self._ended(run, answer, work.statement.object_id.name)
            case Running(progress=Progress(stage=stage)) if stage == STARTING:
                return answer
            case Running() | ReadyToCutOver():
                return self._with_rows_kept(run, work, answer)
            case _:
                assert_never(answer)

    def _with_rows_kept(
        self, run: GhOstRun, work: EngineWork, answer: Running | ReadyToCutOver
    ) -> Answer:
        """The copy's definition is there by now: nothing of it is swapped in before it was seen."""
        if run.rows_are_kept:
            return answer
        site = self._site(work.statement.object_id.name)
        try:
            reasons = self._shard.looked(
                lambda link: tuple(
                    loses(shape_of(link, site.table), shape_of(link, site.names.ghost))
                )
            )
        except Unavailable:
            return Running(progress=replace(answer.progress, waits_for=_ASKED))
        if reasons:
            run.stop()
            return would_lose(reasons[0])
        run.rows_are_kept = True
        return answer

    def _ended(self, run: GhOstRun, ended: Exit, table: str) -> Answer:
        if ended.status == 0:
            return Applied()
        site = self._site(table)
        try:
            is_over, has_copy = self._shard.looked(
                lambda link: (
                    not is_at_work(link, site),
                    bool(find_tables(link, [site.names.ghost])),
                )
            )
        except Unavailable as unavailable:
            return Unknown(reason=unavailable.problems[0].message)
        if not is_over:
            return not_let_go(run.ended_since_s())
        if run.was_released and not has_copy:
            return lost_in_the_swap()
        if run.was_stopped:
            return stopped(over_limit_s=run.run_limit_s if run.over_limit else None)
        if ended.signal is not None:
            return Gone()
        return ended_by_itself(run.process.tail())

    def _look_at_an_earlier_one(self, handle: Handle) -> Answer:
        record, site = self._recorded(handle)
        if record is None or site is None:
            return Unknown(reason="it was begun by another version, whose handle is not understood")
        if record.server_sha256 != site.server_sha256:
            return Unknown(reason="it was begun on another server")
        try:
            at_work, is_it = self._shard.looked(
                lambda link: (is_at_work(link, site), reads_binary_log(link, site, record))
            )
        except Unavailable as unavailable:
            return Unknown(reason=unavailable.problems[0].message)
        return away(is_it=is_it) if at_work else Gone()

    def _recorded(self, handle: Handle) -> tuple[Record | None, Site | None]:
        record = record_of(handle)
        return record, None if record is None else site_of(self._shard, record.table)

    def _end_elsewhere(self, handle: Handle) -> None:
        """A run of another process ends by itself when the connection of its lock is lost."""
        record, site = self._recorded(handle)
        if record is None or site is None or record.server_sha256 != site.server_sha256:
            return

        def end(link: Link) -> None:
            holder = lock_holder(link, site)
            if holder is not None and reads_binary_log(link, site, record):
                link.execute(f"KILL CONNECTION {holder}")

        with suppress(Unavailable):
            self._shard.looked(end)

    def _remove(
        self, link: Link, record: Record | None, site: Site, *, keeps_old: bool
    ) -> Failed | None:
        until_s = time.monotonic() + ENGINE_LET_GO_S_MAX
        while is_at_work(link, site):
            if time.monotonic() >= until_s:
                return not_sent("gh-ost is still at work on the table")
            time.sleep(ENGINE_POLL_S)
        return remove_left(link, record, site, keeps_old=keeps_old)
