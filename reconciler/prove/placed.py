"""Statements of programs among those of tables, once their places are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from reconciler.ddl.programs.facts import text_of
from reconciler.ddl.programs.kinds import read_program, scratch_sql, without_rights
from reconciler.ddl.programs.sequence import alter_sequence_sql
from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import ClauseKind, Operation
from reconciler.diff.programs import OPERATIONS, ProgramStep
from reconciler.diff.session import StatementSession
from reconciler.errors import ReconcilerError
from reconciler.model.programs import ManagedProgram
from reconciler.model.programs import Sequence as SequenceOfServer
from reconciler.model.schema import OtherObject
from reconciler.plan.model import Effect, PlannedStatement
from reconciler.prove.chain import Ran
from reconciler.prove.finding import Finding

_BRINGS = (ClauseKind.ADD_COLUMN, ClauseKind.RENAME_COLUMN)
_DROPS = frozenset(drop for _, _, drop in OPERATIONS.values())
NEW_NAME = (Operation.CREATE_TABLE, Operation.RENAME_TABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPrograms:
    """Each statement with how many of the tables' run before it; `moved` are effects on views of
    the tables' statements, by their place."""

    placed: tuple[tuple[int, PlannedStatement], ...] = ()
    moved: Mapping[int, tuple[Effect, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def with_triggers(self, triggers: PlacedPrograms) -> PlacedPrograms:
        """Nothing is made of a trigger: at one place they come behind what is made, and before
        what goes, so that none fires that misses it."""
        places = sorted({place for place, _ in (*self.placed, *triggers.placed)})
        placed = (one for place in places for one in _together(place, self, triggers))
        moved_at = sorted({*self.moved, *triggers.moved})
        return PlacedPrograms(
            placed=tuple(placed),
            moved={p: (*self.moved.get(p, ()), *triggers.moved.get(p, ())) for p in moved_at},
            findings=(*self.findings, *triggers.findings),
        )

    def place_of(self, table: int) -> int:
        """Of a table's statement among all."""
        return table + sum(behind <= table for behind, _ in self.placed)


def _together(
    place: int, programs: PlacedPrograms, triggers: PlacedPrograms
) -> Iterator[tuple[int, PlannedStatement]]:
    """Neither's own order changes: each rests on what the ones before it have moved."""
    others = [one for one in programs.placed if one[0] == place]
    of_triggers = [one for one in triggers.placed if one[0] == place]
    going = len(list(takewhile(_drops, of_triggers)))
    staying = len(others) - len(list(takewhile(_drops, reversed(others))))
    yield from of_triggers[:going]
    yield from others[:staying]
    yield from of_triggers[going:]
    yield from others[staying:]


def _drops(one: tuple[int, PlannedStatement]) -> bool:
    return one[1].operation in _DROPS


def with_programs(
    tables: Sequence[PlannedStatement], programs: PlacedPrograms
) -> Iterator[PlannedStatement]:
    """All statements in the order in which they run."""
    for place in range(len(tables) + 1):
        yield from (statement for behind, statement in programs.placed if behind == place)
        if place < len(tables):
            moved = programs.moved.get(place, ())
            yield replace(tables[place], effects=(*tables[place].effects, *moved))


def operation_of(step: ProgramStep, effect: Effect) -> Operation:
    """One that has gone already is made, and does not replace anything."""
    is_made = effect.before is None and step.before is not None
    return replace(step, before=None).operation if is_made else step.operation


def trial_sql(program: ManagedProgram, before: ManagedProgram | None) -> tuple[str, ...]:
    """What makes it on scratch: a sequence that is there is altered, as on a shard; one that a
    table had need of already is made anew."""
    if not isinstance(program, SequenceOfServer):
        return scratch_sql(program)
    if before is not None:
        return (alter_sequence_sql(program),)
    return (f"DROP SEQUENCE IF EXISTS {quote_identifier(program.name)}", *scratch_sql(program))


def session_of(program: ManagedProgram) -> StatementSession:
    made = None if isinstance(program, SequenceOfServer) else program.created_with
    return StatementSession(created_with=made)


def names_made(ran: Ran) -> frozenset[str]:
    """Of tables and columns, folded, that the statement brings."""
    names = {clause.object for clause in ran.clauses if clause.kind in _BRINGS}
    if ran.step.operation in NEW_NAME:
        names.add(ran.step.renamed_to or ran.step.table)
    return frozenset(map(str.lower, names))


def as_scratch_has(other: OtherObject) -> ManagedProgram | None:
    try:
        return without_rights(read_program(other.object_id, text_of(other)))
    except ReconcilerError:
        return None
