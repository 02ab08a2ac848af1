"""The statements of one part, run one after the other on a copy, each read back.

What can be seen decides: a statement that moves no fingerprint is not planned, because after a
crash nobody could tell whether it ran; for the same reason no state may come twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.diff.model import Clause, Operation, Step
from reconciler.diff.statement import step_sql
from reconciler.flows.proof.copies import Copy, CopyMaker, Sent
from reconciler.flows.proof.part import Part
from reconciler.flows.proof.row_versions import RowVersionsLeft
from reconciler.flows.proof.search import Accepted, Alter, find_class
from reconciler.model.server import Flavor, ServerError
from reconciler.plan.model import Effect, ExecutionClass
from reconciler.plan.splitting import MeasuredGroup, clause_groups, is_better, may_pay, split_of

State = Mapping[str, str]  # fingerprints of the tables that exist


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A statement that took effect; `place` is that of its step in the change set."""

    place: int
    step: Step
    clauses: tuple[Clause, ...]
    sql: str
    execution: ExecutionClass
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The server does not take a step's statement, in whatever class."""

    step: Step
    sql: str
    error: ServerError


@dataclass(frozen=True, slots=True, kw_only=True)
class CameTwice:
    """A step leads back to a state that the chain had before."""

    step: Step
    sql: str


@dataclass(slots=True, kw_only=True)
class Chain:
    """Grows by `run`, step by step. `excluded` are statements that failed on another copy."""

    maker: CopyMaker
    part: Part
    flavor: Flavor
    versions: RowVersionsLeft
    excluded: Collection[str]
    copy: Copy
    state: State
    ran: list[Ran] = field(default_factory=list)
    past: set[frozenset[tuple[str, str]]] = field(default_factory=set)

    def run(self, place: int, step: Step) -> Rejected | CameTwice | None:
        """Take one step; None if it went well."""
        if step.operation is Operation.ALTER_TABLE:
            return self._run_alter(place, step)
        assert step.sql is not None, "every other operation is one statement as it stands"
        error = self.copy.run(step.sql, foreign_key_checks=step.foreign_key_checks)
        if error is not None:
            return Rejected(step=step, sql=step.sql, error=error)
        return self._note(place, step, (), Accepted(sql=step.sql, execution=ExecutionClass()))

    def _run_alter(self, place: int, step: Step) -> Rejected | CameTwice | None:
        start = tuple(self.copy.sent)
        whole = find_class(self.copy, self._alter(step, step.clauses), self.flavor)
        if isinstance(whole, ServerError):
            apart = self._apart(place, step, start, clause_groups(step.clauses))
            if apart is None or step.algorithm is not None:
                return Rejected(step=step, sql=step_sql(step), error=whole)
            self._adopt(apart)
            return None
        if step.algorithm is None and may_pay(whole.execution, step.clauses):
            split = self._split(place, step, start, whole.execution)
            if split is not None:
                self._adopt(split)
                return None
        return self._note(place, step, step.clauses, whole)

    def _split(
        self, place: int, step: Step, start: Sequence[Sent], whole: ExecutionClass
    ) -> Chain | None:
        """The chain with several statements instead of the whole, where that is cheaper and does
        the same; None if one statement is best."""
        measured = self._measured(step, start)
        if not measured:
            return None
        groups = split_of(step.clauses, measured, whole)
        trial = self._apart(place, step, start, groups)
        if trial is None:
            return None
        added = [ran.execution for ran in trial.ran[len(self.ran) :]]
        names = self.part.around(step)
        same_end = self._fingerprints(trial.copy, names) == self._fingerprints(self.copy, names)
        return trial if same_end and is_better(added, groups, whole) else None

    def _measured(self, step: Step, start: Sequence[Sent]) -> list[MeasuredGroup]:
        """Each group by itself, on one copy; empty as soon as one is refused."""
        copy = self._copy_at(start)
        measured = []
        for clauses in clause_groups(step.clauses):
            found = find_class(copy, self._alter(step, clauses), self.flavor)
            if isinstance(found, ServerError):
                return []
            measured.append(MeasuredGroup(clauses=clauses, execution=found.execution))
        return measured

    def _apart(
        self, place: int, step: Step, start: Sequence[Sent], groups: Sequence[tuple[Clause, ...]]
    ) -> Chain | None:
        """A chain of its own that took the groups one after the other; None if it could not."""
        if len(groups) < 2:
            return None
        trial = replace(
            self,
            copy=self._copy_at(start),
            ran=list(self.ran),
            past=set(self.past),
            versions=self.versions.forked(),
        )
        for clauses in groups:
            accepted = find_class(trial.copy, trial._alter(step, clauses), self.flavor)
            if isinstance(accepted, ServerError):
                return None
            if trial._note(place, step, clauses, accepted) is not None:
                return None
        return trial

    def _adopt(self, trial: Chain) -> None:
        self.copy, self.state, self.versions = trial.copy, trial.state, trial.versions
        self.ran, self.past = trial.ran, trial.past

    def _copy_at(self, start: Sequence[Sent]) -> Copy:
        copy = self.maker.make(start)
        assert isinstance(copy, Copy), "the same copy was made before"
        return copy

    def _alter(self, step: Step, clauses: tuple[Clause, ...]) -> Alter:
        return Alter(
            table=step.table,
            clauses=clauses,
            required=step.algorithm,
            foreign_key_checks=step.foreign_key_checks,
            instant_allowed=self.versions.allow_instant(step.table, clauses),
            excluded=self.excluded,
        )

    def _note(
        self, place: int, step: Step, clauses: tuple[Clause, ...], accepted: Accepted
    ) -> CameTwice | None:
        """Read back, and keep the statement if it can be seen to have run."""
        names = self.part.around(step)
        now = self._fingerprints(self.copy, names)
        effects = _effects(step.table, names, self.state, now)
        if not effects:
            return None
        after = {table: found for table, found in self.state.items() if table not in names} | now
        self.past.add(frozenset(self.state.items()))
        if frozenset(after.items()) in self.past:
            return CameTwice(step=step, sql=accepted.sql)
        self.state = after
        self.versions.count(step.table, clauses, accepted.execution)
        self.ran.append(
            Ran(
                place=place,
                step=step,
                clauses=clauses,
                sql=accepted.sql,
                execution=accepted.execution,
                effects=effects,
            )
        )
        return None

    def _fingerprints(self, copy: Copy, tables: Iterable[str]) -> dict[str, str]:
        return {
            table: read.fingerprint for table, read in self.maker.read(copy, sorted(tables)).items()
        }


def _effects(table: str, names: Iterable[str], before: State, after: State) -> tuple[Effect, ...]:
    """What moved, the statement's own table first."""
    return tuple(
        Effect(table=name, before=before.get(name), after=after.get(name))
        for name in sorted(names, key=lambda name: (name != table, name))
        if before.get(name) != after.get(name)
    )
