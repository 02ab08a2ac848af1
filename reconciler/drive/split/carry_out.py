"""One step of a split, over the ports. Each may be done again, whatever became of it before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from reconciler.drive.split.compare import Comparison
from reconciler.drive.split.copy import TableCopy, TurnLost, followed_until_s, table_copies
from reconciler.drive.split.limits import ROUND_S
from reconciler.drive.split.memory import TickMemory
from reconciler.drive.split.planned import planned_definition
from reconciler.drive.split.take_down import take_down_targets
from reconciler.drive.split.world import OpenServers, OpenSource, SplitOrder, SplitWorld
from reconciler.errors import Problem, Refused
from reconciler.ports.split_servers import Busy, Definition
from reconciler.reshard.actions import Step
from reconciler.reshard.failures import copy_changed, source_unsealed
from reconciler.reshard.job import SplitJob

#: None: done, look again. A job: as it is recorded now. A problem: the split has failed.
Outcome = Busy | Problem | SplitJob | None


class StepRunner:
    """Over the connections of `servers`. Raises Unavailable, Refused, TurnLost."""

    def __init__(
        self, world: SplitWorld, order: SplitOrder, servers: OpenServers, memory: TickMemory
    ) -> None:
        self._world = world
        self._order = order
        self._servers = servers
        self._memory = memory

    def run(self, step: Step, job: SplitJob) -> Outcome:
        match step:
            case Step.START_OVER:
                return self._start_over()
            case Step.PREPARE:
                return self._prepare()
            case Step.TRACK:
                return _first(
                    source.server.arm_tracker(table)
                    for source in self._servers.sources
                    for table in self._names
                )
            case Step.COPY:
                return self._copy(job)
            case Step.DRAIN:
                return self._drain(job)
            case Step.COMPARE:
                return self._compare()
            case Step.ARM:
                return self._arm()
            case Step.FLIP:
                return self._flip(job)
            case Step.REOPEN:
                return self._reopen(job)
            case Step.SEAL:
                return _first(s.server.seal(job.fence_epoch) for s in self._servers.sources)
            case Step.COMPARE_AT_REST:
                return self._compare_at_rest(job)
            case Step.FINISH_TABLES:
                return self._finish_tables()
            case Step.CUT_OVER:
                return self._world.routes.cut_over(job)
            case Step.ADD_TRIGGERS:
                return self._add_triggers()
            case Step.RETIRE:
                return self._retire(job)
            case Step.OPEN_ROUTES:
                return self._world.routes.open_targets(job)
            case Step.OPEN_TARGETS:
                return self._open_targets()
            case Step.DROP_GUARDS:
                return self._drop_guards()
            case Step.DROP_SOURCES:
                return self._drop_sources()
            case Step.CLEAN_UP:
                return self._clean_up()
            case Step.TAKE_DOWN:
                return self._take_down(job)
            case _:
                assert_never(step)

    # The copy

    def _start_over(self) -> Outcome:
        """The cursors first: whoever crashes in between finds rows that nobody counts on. Where
        they have been dropped, they are made again."""
        for target in self._servers.targets:
            if busy := target.server.claim():
                return busy
        for copy in self._copies():
            copy.reset()
        for target in self._servers.targets:
            if busy := target.server.drop_made():
                return busy
        if busy := _first(map(self._without_helpers, self._servers.sources)):
            return busy
        self._memory.copies = None
        self._memory.comparison = None
        self._memory.done = replace(self._memory.done, is_cleared=True, is_prepared=False)
        return None

    def _prepare(self) -> Outcome:
        first = self._servers.sources[0].server
        definitions = self._definitions()
        for source in self._servers.sources[1:]:
            for name in self._names:
                planned_definition(self._order, source, name)
        for target in self._servers.targets:
            if busy := target.server.claim():
                return busy
            for made in definitions:
                if busy := target.server.make_table(first.shape(made.table), made):
                    return busy
        if busy := _first(source.server.make_helpers() for source in self._servers.sources):
            return busy
        self._memory.done = replace(self._memory.done, is_prepared=True)
        return None

    def _copy(self, job: SplitJob) -> Outcome:
        """Chunks of each table in turn, and what was written to in between."""
        started_s, rows = self._now_s(), 0
        while self._now_s() < started_s + ROUND_S:
            for copy in self._copies():
                if not copy.is_copied:
                    rows += copy.copy_chunk(self._order.rows_per_chunk)
                self._drain_one(copy)
            if all(copy.is_copied for copy in self._copies()):
                break
        self._memory.copied.add(self._now_s(), rows, self._now_s() - started_s)
        self._record(job)
        return None

    def _drain(self, job: SplitJob) -> Outcome:
        started_s = self._now_s()
        if self._memory.following_since_s is None:
            self._memory.following_since_s = started_s
        while self._now_s() < started_s + ROUND_S:
            if not sum(self._drain_one(copy) for copy in self._copies()):
                break
        return None

    def _drain_one(self, copy: TableCopy) -> int:
        started_s = self._now_s()
        keys = copy.drain(self._order.rows_per_chunk)
        now_s = self._now_s()
        self._memory.arrivals.take(keys)
        self._memory.drained.add(now_s, keys, now_s - started_s)
        return keys

    def _compare(self) -> Outcome:
        """Once all has been compared, what differed is again, behind what is on its way to the
        targets; rows that stay different are the end."""
        comparison, started_s = self._comparison(), self._now_s()
        rate = self._memory.compared
        if comparison.is_complete:
            rate = self._memory.compared_again
            self._memory.done = replace(self._memory.done, compared_from=comparison.left)
            for copy in self._copies():
                self._drain_one(copy)
        while self._now_s() < started_s + ROUND_S:
            began_s = self._now_s()
            compared = comparison.advance()
            if isinstance(compared, Problem):
                return compared
            now_s = self._now_s()
            rate.add(now_s, compared, now_s - began_s)
            if comparison.is_complete:
                return self._stays_different(comparison, now_s)
        return None

    def _stays_different(self, comparison: Comparison, now_s: float) -> Problem | None:
        if not comparison.left:
            return None
        for copy in self._copies():
            copy.follow_from(now_s)
        return comparison.stays_different(now_s, followed_until_s(self._copies()))

    # From the fence to the catalog

    def _compare_at_rest(self, job: SplitJob) -> Problem | None:
        """A fence that has opened by itself meanwhile lets writes in: what differs may be one."""
        problem = self._comparison().at_rest()
        fences = [source.server.fence() for source in self._servers.sources] if problem else ()
        epoch = job.fence_epoch
        is_at_rest = all(one and one.is_closed and one.epoch == epoch for one in fences)
        return problem if is_at_rest else None

    def _arm(self) -> Outcome:
        definitions = self._definitions()
        if problem := self._unlike(definitions) or self._orphan(definitions):
            return problem
        self._check_triggers(definitions)
        first = self._servers.sources[0].server
        for source in self._servers.sources:
            for name in self._names:
                if busy := source.server.arm_fence(name):
                    return busy
        for target in self._servers.targets:
            for name in self._names:
                if busy := target.server.arm_guard(first.shape(name)):
                    return busy
        self._memory.done = replace(self._memory.done, is_guarded=True)
        return None

    def _unlike(self, definitions: Sequence[Definition]) -> Problem | None:
        """A table of a target that somebody has altered since it was made."""
        for definition in definitions:
            for target in self._servers.targets:
                if not target.server.is_as(definition):
                    return copy_changed(target.shard, definition.table)
        return None

    def _check_triggers(self, definitions: Sequence[Definition]) -> None:
        """Of now: one that was made, or whose account was dropped, since the move began would keep
        the targets closed behind the cutover. Raises Refused, and no row is copied again."""
        for definition in definitions:
            for target in self._servers.targets:
                if problems := target.server.trigger_problems(definition):
                    raise Refused(*problems)

    def _orphan(self, definitions: Sequence[Definition]) -> Problem | None:
        """A parent may be on its way: what was written goes over before it counts as missing."""
        if self._orphans(definitions) is None:
            return None
        for copy in self._copies():
            self._drain_one(copy)
        return self._orphans(definitions)

    def _orphans(self, definitions: Sequence[Definition]) -> Problem | None:
        for definition in definitions:
            for target in self._servers.targets:
                if problems := target.server.orphans(definition):
                    return problems[0]
        return None

    def _flip(self, job: SplitJob) -> Outcome:
        budget_s = self._order.fence_budget_s
        return _first(
            source.server.flip(job.fence_epoch, budget_s=budget_s)
            for source in self._servers.sources
        )

    def _reopen(self, job: SplitJob) -> Outcome:
        return _first(self._reopen_one(source, job) for source in self._servers.sources)

    def _reopen_one(self, source: OpenSource, job: SplitJob) -> Busy | None:
        """Only an epoch that this job has had: a later one is another driver's, who may be about
        to cut over."""
        fence = source.server.fence()
        if fence is None:
            return None
        if fence.epoch > job.fence_epoch:
            raise TurnLost(source.shard)
        answer = source.server.reopen(fence.epoch)
        if answer is False:
            raise TurnLost(source.shard)
        return answer if isinstance(answer, Busy) else None

    def _finish_tables(self) -> Outcome:
        """Of all sources' counters the highest: no id is given out twice. What would keep everybody
        waiting behind the catalog is asked once more: triggers that cannot be made, for no fence
        keeps one from being made; last, a reader that would keep a source from retiring."""
        definitions = self._definitions()
        if problem := self._unlike(definitions):
            return problem
        for definition in definitions:
            counters = [s.server.counter(definition.table) for s in self._servers.sources]
            highest = max((value for value in counters if value is not None), default=None)
            for target in self._servers.targets:
                if highest is not None and (
                    busy := target.server.raise_counter(definition.table, at_least=highest)
                ):
                    return busy
                if busy := target.server.add_foreign_keys(definition):
                    return busy
        self._check_triggers(definitions)
        if busy := _first(source.server.may_retire() for source in self._servers.sources):
            return busy
        self._memory.done = replace(self._memory.done, is_finished=True)
        return None

    # Behind the point of no return

    def _add_triggers(self) -> Outcome:
        """No other part of the definitions is made here, and nothing but the plan's was made
        before: behind the catalog an altered source keeps nobody waiting."""
        first = self._servers.sources[0].server
        for name in self._names:
            definition = first.definition(name)
            if busy := _first(t.server.add_triggers(definition) for t in self._servers.targets):
                return busy
        self._memory.done = replace(self._memory.done, has_triggers=True)
        return None

    def _retire(self, job: SplitJob) -> Outcome:
        """The first source last: what the targets still need is read from it."""
        for source in reversed(self._servers.sources):
            answer = source.server.retire(job.fence_epoch)
            if answer is False:
                return source_unsealed(job, source.shard)
            if isinstance(answer, Busy):
                return answer
        return None

    def _open_targets(self) -> Outcome:
        for target in self._servers.targets:
            target.server.open_guard()
        return self._drop_guards()

    def _drop_guards(self) -> Busy | None:
        for target in self._servers.targets:
            if busy := _first(map(target.server.drop_guard, self._names)):
                return busy
        self._memory.done = replace(self._memory.done, is_unguarded=True)
        return None

    def _drop_sources(self) -> Outcome:
        """A source without a mark has been cleaned up before: the mark goes last. One whose tables
        stand nevertheless is refused."""
        for source in self._servers.sources:
            if source.server.fence() is None and not source.server.facts().retired:
                continue
            if busy := source.server.drop_retired() or source.server.drop_helpers():
                return busy
        self._memory.done = replace(self._memory.done, is_source_dropped=True)
        return None

    def _clean_up(self) -> Outcome:
        if busy := self._drop_guards():
            return busy
        if busy := _first(target.server.drop_helpers() for target in self._servers.targets):
            return busy
        self._memory.done = replace(self._memory.done, is_cleaned=True)
        return None

    # Given up

    def _take_down(self, job: SplitJob) -> Outcome:
        """In this order: writers first, then what they pay for, then what was copied."""
        for source in self._servers.sources:
            if busy := self._reopen_one(source, job) or self._without_helpers(source):
                return busy
        if busy := take_down_targets(job, self._servers.targets, self._memory):
            return busy
        self._memory.done = replace(self._memory.done, is_cleaned=True)
        return None

    def _without_helpers(self, source: OpenSource) -> Busy | None:
        server = source.server
        return (
            _first(map(server.drop_fence, self._names))
            or _first(map(server.drop_tracker, self._names))
            or server.drop_helpers()
        )

    # Parts

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(table.name for table in self._order.tables)

    def _definitions(self) -> tuple[Definition, ...]:
        """Of the first source, as planned. Raises Refused."""
        first = self._servers.sources[0]
        return tuple(planned_definition(self._order, first, name) for name in self._names)

    def _copies(self) -> tuple[TableCopy, ...]:
        if self._memory.copies is None:
            self._memory.copies = table_copies(self._order, self._servers, self._memory.changed)
        return self._memory.copies

    def _comparison(self) -> Comparison:
        if self._memory.comparison is None:
            self._memory.comparison = Comparison(self._order, self._servers)
        return self._memory.comparison

    def _record(self, job: SplitJob) -> None:
        brackets = [bracket for copy in self._copies() for bracket in copy.brackets()]
        self._world.jobs.record(job, brackets)

    def _now_s(self) -> float:
        return self._world.clock.monotonic_s()


def _first(answers: Iterable[bool | Busy | None]) -> Busy | None:
    """The first lock that could not be had: what comes behind it is not asked any more. What else
    an answer says, the next look tells."""
    return next((answer for answer in answers if isinstance(answer, Busy)), None)
