"""Engine `spirit`: a process of Spirit for each statement, started under the session's claim.

Rules: nothing takes effect before `cut_over` (EN-3): the table that Spirit waits for is ours, and
stays (`gate.py`). Spirit drops what has its names without asking, so what is not proven to be its
own is refused before it is started, and again before it swaps (EN-12). Its exit code alone says
nothing (ST-10).
"""

from __future__ import annotations

import time
from weakref import WeakValueDictionary

from reconciler.edges.engines.claim import not_claimed, under_claim
from reconciler.edges.engines.find import EngineProgram
from reconciler.edges.engines.fitness import prepared_under_claim
from reconciler.edges.engines.held_up import naming_blocker
from reconciler.edges.engines.limits import SPIRIT_POLL_S
from reconciler.edges.engines.meeting_keys import keys_that_take
from reconciler.edges.engines.ownership import (
    Record,
    digest,
    drop_tables,
    find_tables,
    in_the_way,
    record_of,
)
from reconciler.edges.engines.spirit import failures
from reconciler.edges.engines.spirit.gate import Gate
from reconciler.edges.engines.spirit.leftovers import name_kept, removed, still_at_work
from reconciler.edges.engines.spirit.preparing import Prepared, prepared
from reconciler.edges.engines.spirit.run import SpiritRun, start_spirit
from reconciler.edges.engines.spirit.tables import KEPT, MARK, Proof, is_at_work
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.engine_direct import not_sent
from reconciler.edges.mysql.limits import ENGINE_LOOK_S
from reconciler.edges.mysql.problems import LOCK_WAIT_TIMEOUT, LinkLost, ServerRefusal
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.errors import Unavailable
from reconciler.model.engine import EngineName, Handle, Progress
from reconciler.plan.engines.spirit_names import SENTINEL, SpiritNames, names_for
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

# Of this process, by the run that their records name: one session may stop what another started.
_RUNS: WeakValueDictionary[str, SpiritRun] = WeakValueDictionary()


class SpiritEngine:
    """`Engine`. Not for two threads at once."""

    def __init__(self, shard: ShardLink, program: EngineProgram) -> None:
        self._shard = shard
        self._program = program
        self._server_sha256 = digest(shard.server.identity)
        self._prepared: Prepared | None = None
        self._run: SpiritRun | None = None

    @property
    def name(self) -> EngineName:
        return EngineName.SPIRIT

    def close(self) -> None:
        if self._run is not None:
            self._run.stop()
            self._run = None

    def prepare(self, work: EngineWork, earlier: Handle | None) -> Handle | Failed:
        shard, program = self._shard, self._program
        found = prepared_under_claim(
            self.name, shard, work, lambda link: prepared(link, shard, program, work, earlier)
        )
        if isinstance(found, Failed):
            return found
        self._prepared = found
        return found.handle

    def start(self, handle: Handle, work: EngineWork) -> Answer:
        ready = self._prepared
        assert ready is not None, "it is prepared before it is started"
        assert ready.handle == handle, "what is started is what was prepared last"
        self._prepared = None
        gate = Gate(self._shard, ready.record.own[MARK])
        try:
            link = self._shard.claimed()
            if link is None:
                return not_claimed()
            if not ready.goes_on:
                drop_tables(link, [one.name for one in ready.found])
            gate.make(link)
            run = start_spirit(self._program, self._shard, ready=ready, work=work, gate=gate)
        except (Unavailable, ServerRefusal, LinkLost, OSError) as error:
            gate.let_go()
            return not_sent(_in_words(error))
        self._run = _RUNS[ready.record.run] = run
        return Running()

    def look(self, handle: Handle, work: EngineWork) -> Answer:
        run = self._run
        if run is None or run.handle != handle:
            return self._look_at_an_earlier_one(handle)
        until_s = time.monotonic() + ENGINE_LOOK_S
        while run.exit is None and time.monotonic() < until_s and not run.asked_to_stop:
            if run.is_ready and not run.was_ready:
                break
            run.wait(SPIRIT_POLL_S)
        return self._answer(run, work)

    def cut_over(self, handle: Handle, work: EngineWork) -> Answer:
        run = self._run
        if run is None or run.handle != handle or run.exit is not None or not run.is_ready:
            return self.look(handle, work)
        try:
            in_way = self._shard.looked(lambda link: self._in_way(link, run))
            link = self._shard.claimed()
        except Unavailable:
            return ReadyToCutOver(progress=run.said.progress)  # it waits; asked again, it may go
        if link is None:
            return self._ended_early(run, not_claimed())
        if in_way is not None:
            return self._ended_early(run, in_way)
        run.tell_to_swap()  # whatever the answer is
        try:
            run.gate.open(link)
        except ServerRefusal:  # somebody reads the table, or it may not be dropped: it is there
            run.is_told_to_swap = not run.gate.is_kept()
        except LinkLost:
            pass
        return self._answer(run, work)

    def throttle(self, handle: Handle, work: EngineWork, because: str) -> bool:
        run = self._run
        if run is None or run.handle != handle:
            return False
        run.slowed_by = because
        return True

    def discard(self, handle: Handle, work: EngineWork) -> Failed | None:
        if self._run is not None and self._run.handle == handle:
            self.close()
        record = record_of(handle)
        names = names_for(self._shard.database, work.statement.object_id.name)
        if record is None or names is None:
            return failures.refused("its handle is not understood, so nothing was removed")
        database, server = self._shard.database, self._server_sha256

        def remove(link: Link) -> Failed | None:
            if still_at_work(link, names):
                return failures.refused(failures.AT_WORK, transient=True)
            return removed(link, database, record, names, server)

        return under_claim(self._shard, remove)

    def stop(self, handle: Handle, work: EngineWork) -> None:
        record = record_of(handle)
        run = _RUNS.get(record.run) if record is not None else None
        if run is not None and run.handle == handle:
            run.asked_to_stop = "before its end, as it was asked to"

    def _answer(self, run: SpiritRun, work: EngineWork) -> Answer:
        if run.exit is not None:
            if not run.has_waited_too_long:
                return self._ended(run)
            run.pause()  # it goes on from there, and is ready again
        is_made = run.is_ready or run.was_ready
        if not is_made and time.monotonic() - run.started_s >= work.run_limit_s:
            run.asked_to_stop = f"it ran longer than its limit of {work.run_limit_s} s"
        if run.asked_to_stop:
            run.stop()
            return self._ended(run)
        if run.is_told_to_swap and not self._is_taken_back(run):
            return Running(progress=Progress(stage="cut over", percent=99))
        if not run.gate.is_kept():
            return self._ended_early(run, _gate_lost())
        if run.is_ready:
            run.was_ready = True
            return ReadyToCutOver(progress=run.said.progress)
        return self._slowed_or_not(run)

    def _is_taken_back(self, run: SpiritRun) -> bool:
        """What it was told while it compared rows, where it has done so for too long by now: its
        sentinel is made again, and it waits for that, or has begun to swap just before."""
        if run.was_told_too_early and not run.gate.is_made:
            run.close_again()
            try:
                if (link := self._shard.claimed()) is not None:
                    run.gate.make(link)
            except (Unavailable, ServerRefusal, LinkLost):
                run.gate.let_go()  # it is tried again with the next look
        return run.takes_back()

    def _slowed_or_not(self, run: SpiritRun) -> Running | Failed:
        if run.slowed_by and run.said.is_recorded and not run.is_paused:
            run.pause()
        elif run.is_paused and not run.slowed_by and (failed := self._goes_on(run)):
            return self._ended_early(run, failed)
        return Running(progress=run.progress)

    def _goes_on(self, run: SpiritRun) -> Failed | None:
        """As soon as the server has let go of the process that was ended."""
        names = self._names(run)
        try:
            if self._shard.looked(lambda link: is_at_work(link, names)):
                return None
            foreign = self._shard.looked(lambda link: self._foreign(link, run))
            claimed = self._shard.claimed() is not None
        except Unavailable:
            return None  # it stays as it is, and is asked again
        if not claimed:
            return not_claimed()
        if foreign:
            return in_the_way(foreign)
        try:
            run.go_on()
        except OSError as error:
            return not_sent(_in_words(error))
        return None

    def _foreign(self, link: Link, run: SpiritRun) -> list[str]:
        """Raises ServerRefusal or LinkLost."""
        names, record = self._names(run), _record(run.handle)
        proof = Proof(record=record, names=names, server_sha256=self._server_sha256)
        found = find_tables(link, names.tables)
        return [one.name for one in found if not proof.is_ours(link, one)]

    def _in_way(self, link: Link, run: SpiritRun) -> Failed | None:
        """Of a swap. Raises ServerRefusal or LinkLost."""
        names = self._names(run)
        if found := keys_that_take(link, _record(run.handle).table, names.copy):
            return failures.rows_may_meet(found)
        return _foreign_old_table(link, run)

    def _names(self, run: SpiritRun) -> SpiritNames:
        names = names_for(self._shard.database, _record(run.handle).table)
        assert names is not None, "it was started with them"
        return names

    def _ended(self, run: SpiritRun) -> Applied | Failed | Unknown:
        run.stop()
        self._run = None
        if run.is_told_to_swap:
            return self._swapped_or_not(run)
        if run.asked_to_stop:
            return failures.stopped(run.asked_to_stop)
        if run.said.error:
            return self._failed(run)
        return Unknown(reason="Spirit ended and did not say why")

    def _ended_early(self, run: SpiritRun, why: Failed) -> Failed:
        """Before it was told to swap."""
        run.stop()
        self._run = None
        return why

    def _swapped_or_not(self, run: SpiritRun) -> Applied | Failed | Unknown:
        """The swap is one statement, which takes the copy's name away: it is there, or not."""
        record = _record(run.handle)
        names = self._names(run)
        try:
            if run.said.is_applied or run.said.is_swapped:
                self._shard.looked(lambda link: name_kept(link, self._shard.database, record))
                return Applied()
            at_work = self._shard.looked(lambda link: still_at_work(link, names))
            copies = self._shard.looked(lambda link: find_tables(link, [names.copy]))
        except Unavailable:
            return Unknown(reason="Spirit ended while it swapped, and the server cannot be asked")
        if at_work or not copies:
            return Unknown(reason="Spirit ended while it swapped the tables")
        if run.asked_to_stop:
            return failures.stopped(run.asked_to_stop)
        return self._failed(run) if run.said.error else Unknown(reason="Spirit ended as it swapped")

    def _failed(self, run: SpiritRun) -> Failed:
        database, words = self._shard.database, run.readable_error
        failed = failures.failed(run.said, database=database, readable=words)
        if failed.error.number != LOCK_WAIT_TIMEOUT:
            return failed
        return naming_blocker(self._shard, _record(run.handle).table, failed)

    def _look_at_an_earlier_one(self, handle: Handle) -> Answer:
        record = record_of(handle)
        names = names_for(self._shard.database, record.table) if record is not None else None
        if record is None or names is None:
            return Unknown(reason="it was begun by another version, whose handle is not understood")
        if record.server_sha256 != self._server_sha256:
            return Unknown(reason="it was begun on another server")
        try:
            at_work = self._shard.looked(lambda link: is_at_work(link, names))
        except Unavailable:
            return Unknown(reason="the server cannot be asked")
        return Running(progress=Progress(stage="in another process")) if at_work else Gone()


def _record(handle: Handle) -> Record:
    record = record_of(handle)
    assert record is not None, "this process made it"
    return record


def _foreign_old_table(link: Link, run: SpiritRun) -> Failed | None:
    """Spirit drops what has the name that the old table gets. Raises ServerRefusal or LinkLost."""
    record = _record(run.handle)
    if KEPT in record.own:
        return None  # it gets a name with the time in it
    found = [one.name for one in find_tables(link, [record.helpers[-1]])]
    return in_the_way(found) if found else None


def _gate_lost() -> Failed:
    return failures.stopped(f"{SENTINEL}, for which it waits before it swaps, was not to be kept")


def _in_words(error: Exception) -> str:
    match error:
        case Unavailable():
            return error.problems[0].message
        case ServerRefusal():
            return str(error.error)
        case LinkLost():
            return error.reason
        case _:
            return "its program could not be started"
