"""The statements of one part, run one after the other on a copy, each read back.

What can be seen decides: a statement that moves no fingerprint is not planned, because after a
crash nobody could tell whether it ran; for the same reason no state may come twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.diff.model import Clause, Operation, Step
from reconciler.diff.statement import step_sql
from reconciler.model.object_id import table_id
from reconciler.model.server import Flavor, ServerError
from reconciler.plan.model import Effect, ExecutionClass
from reconciler.plan.splitting import (
    Group,
    MeasuredGroup,
    clause_groups,
    is_cheap,
    is_easier,
    split_of,
)
from reconciler.prove.computed_defaults import (
    UNSAFE_FOR_THE_BINARY_LOG,
    with_defaults_behind,
)
from reconciler.prove.copies import Copy, CopyMaker, Sent
from reconciler.prove.part import Part
from reconciler.prove.row_versions import RowVersionsLeft
from reconciler.prove.search import Accepted, Alter, find_class

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

    @property
    def sent(self) -> Sent:
        return Sent(
            table=self.step.table,
            sql=self.sql,
            session=self.step.session,
        )


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
        sent = Sent(
            table=step.table,
            sql=step.sql,
            session=step.session,
        )
        error = self.copy.run(sent)
        if error is not None:
            return Rejected(step=step, sql=step.sql, error=error)
        return self._note(place, step, (), Accepted(sql=step.sql, execution=ExecutionClass()))

    def _run_alter(self, place: int, step: Step) -> Rejected | CameTwice | None:
        alter = self._alter(step, step.clauses)
        cheap = find_class(self.copy, replace(alter, cheap_only=True), self.flavor)
        if not isinstance(cheap, ServerError):
            return self._note(place, step, step.clauses, cheap)
        groups = clause_groups(step.clauses) if step.algorithm is None else (step.clauses,)
        if len(groups) > 1:
            measured = self._measure(step, groups)
            if measured is not None and self._run_apart(place, step, *measured):
                return None
        whole = find_class(self.copy, alter, self.flavor)
        if not isinstance(whole, ServerError):
            return self._note(place, step, step.clauses, whole)
        # What a server does not take together, it may well take one after the other.
        if self._run_apart(place, step, groups):
            return None
        if whole.number == UNSAFE_FOR_THE_BINARY_LOG:
            two_steps = with_defaults_behind(step)
            if two_steps is not None:
                first, second = two_steps
                return self.run(place, first) or self.run(place, second)
        return Rejected(step=step, sql=step_sql(step), error=whole)

    def _measure(
        self, step: Step, groups: Sequence[Group]
    ) -> tuple[Sequence[Group], ExecutionClass] | None:
        """The statements that the step is best run as, and the class of the whole, which each of
        them must stay below; None if it is best run as it is. Found on small copies."""
        names = self.part.around(step)
        start = tuple(self.copy.sent)
        alter = self._alter(step, step.clauses)
        whole = find_class(self.maker.make_at(start, names), alter, self.flavor)
        if isinstance(whole, ServerError) or is_cheap(whole.execution):
            return None
        copy = self.maker.make_at(start, names)
        measured = []
        for clauses in groups:
            found = find_class(copy, self._alter(step, clauses), self.flavor)
            if isinstance(found, ServerError):
                return None
            measured.append(MeasuredGroup(clauses=clauses, execution=found.execution))
        return split_of(step.clauses, measured, whole.execution), whole.execution

    def _run_apart(
        self,
        place: int,
        step: Step,
        groups: Sequence[Group],
        below: ExecutionClass | None = None,
    ) -> bool:
        """Run the groups one after the other; False, and nothing changed, if that cannot be, if one
        of them does nothing that can be seen, or if one is not `below` that class."""
        if len(groups) < 2:
            return False
        start, state, past = tuple(self.copy.sent), self.state, set(self.past)
        versions, ran_before = self.versions.forked(), len(self.ran)
        for number, clauses in enumerate(groups, start=ran_before + 1):
            found = find_class(self.copy, self._alter(step, clauses), self.flavor)
            if (
                isinstance(found, ServerError)
                or (below is not None and not is_easier(found.execution, below))
                or self._note(place, step, clauses, found) is not None
                or len(self.ran) != number
            ):
                del self.ran[ran_before:]
                self.state, self.past, self.versions = state, past, versions
                self.copy = self.maker.make_at(start)
                return False
        return True

    def _alter(self, step: Step, clauses: tuple[Clause, ...]) -> Alter:
        return Alter(
            table=step.table,
            clauses=clauses,
            required=step.algorithm,
            session=step.session,
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
        Effect(object_id=table_id(name), before=before.get(name), after=after.get(name))
        for name in sorted(names, key=lambda name: (name != table, name))
        if before.get(name) != after.get(name)
    )
