"""Where the statements of triggers stand among those of the tables, and what each of them moves.

A trigger is made before the first statement of a table where the server takes it, so that it no
longer uses what goes, and behind the one that brings what its text names (PG-20). Its neighbours
keep their order: which one fires when is counted here as servers do it (PG-22), and what a server
takes is tried on scratch, where nothing fires.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from reconciler.ddl.programs.accounts import Account, read_account
from reconciler.ddl.programs.lineup import Lineup, lines_of, moment_of, moved
from reconciler.ddl.programs.trigger import (
    Beside,
    create_trigger_sql,
    drop_trigger_sql,
    replace_trigger_sql,
    scratch_trigger_sql,
    swap_trigger_sql,
    trigger_as_shown,
    trigger_fingerprint,
)
from reconciler.ddl.usage import names_in
from reconciler.diff.model import ClauseKind, Operation
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.guard.model import Refusal
from reconciler.model.object_id import ObjectId
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.programs import ManagedKind, Trigger, trigger_id
from reconciler.model.server import Flavor, ServerError
from reconciler.observe.shards import ReadProgram
from reconciler.plan.hazards.triggers import trigger_hazards
from reconciler.plan.model import Effect, ExecutionClass, PlannedStatement
from reconciler.ports.scratch import Scratch
from reconciler.prove.chain import Ran
from reconciler.prove.copies import Copy, CopyMaker, Original, original_of
from reconciler.prove.finding import Finding, finding
from reconciler.prove.placed import PlacedPrograms, names_made
from reconciler.prove.programs import broken_by_name, losses
from reconciler.prove.refusals import not_copied
from reconciler.prove.request import ProgramsBetween, ProofRequest

_Marks = dict[str, str]  # fingerprints by name

_TAKES = (ClauseKind.DROP_COLUMN, ClauseKind.RENAME_COLUMN, ClauseKind.MODIFY_COLUMN)


def prove_triggers(
    scratch: Scratch, request: ProofRequest, tables: Collection[str], statements: Sequence[Ran]
) -> PlacedPrograms | Refusal:
    """`tables` are those that change, with their neighbours. Raises Unavailable."""
    before, after = _triggers(request.programs.before), _triggers(request.programs.after)
    if before == after and not _touches(before, statements):
        return PlacedPrograms()
    with ExitStack() as stack:
        original = _original(request, tables, (*before.values(), *after.values()))
        copy = CopyMaker(scratch, original, request.reader, stack).make()
        if not isinstance(copy, Copy):
            return not_copied(request.shard.shard, copy, request.texts.get(copy.table))
        trial = _Trial(request, copy, before, after, statements)
        trial.make_before()
        trial.settle(0)
        for place, ran in enumerate(statements):
            if (problem := trial.run(place, ran)) is not None:
                return problem
            trial.settle(place + 1)
        return trial.refusal() or trial.result()


def staying_triggers(programs: ProgramsBetween) -> frozenset[ObjectId]:
    """Those that are not made again, wherever they come to stand."""
    before, after = _triggers(programs.before), _triggers(programs.after)
    return frozenset(
        trigger_id(name)
        for name, trigger in before.items()
        if name in after and replace(trigger, follows=None) == replace(after[name], follows=None)
    )


def _triggers(programs: Mapping[ObjectId, ReadProgram]) -> dict[str, Trigger]:
    """Those among managed programs, by name."""
    found = (read.value for read in programs.values())
    return {one.name: one for one in found if isinstance(one, Trigger)}


def _touches(triggers: dict[str, Trigger], statements: Sequence[Ran]) -> bool:
    names = {trigger.table for trigger in triggers.values()}
    return any(ran.step.table in names for ran in statements)


def _original(
    request: ProofRequest, tables: Collection[str], triggers: Sequence[Trigger]
) -> Original:
    """With the tables that triggers stand on; what their bodies use is looked up when they fire."""
    wanted = {*tables, *(trigger.table for trigger in triggers)}
    return original_of(request, wanted)


class _Trial:
    """One scratch copy on which all statements run in their order. `lineup` are the managed
    triggers as the shard would have them at this point."""

    def __init__(
        self,
        request: ProofRequest,
        copy: Copy,
        before: dict[str, Trigger],
        after: dict[str, Trigger],
        statements: Sequence[Ran],
    ) -> None:
        self._request, self._copy = request, copy
        self._before, self._after = before, after
        self._lineup = Lineup(before)
        self._made: set[str] = set()  # on scratch: one that is broken on the shard cannot be
        self._to_come = [names_made(ran) for ran in statements]
        self._going = _gone_tables(statements)
        renames = _renames(statements)
        there = {n: replace(t, table=renames.get(t.table, t.table)) for n, t in before.items()}
        self._wanted = lines_of(after.values())
        shuffled = self._shuffled = _shuffled(there, after)
        self._to_make = [
            name
            for moment, line in sorted(self._wanted.items())
            for name in line
            if name not in there
            or replace(there[name], follows=None) != replace(after[name], follows=None)
            or name in shuffled
        ]
        self._to_drop = sorted(before.keys() - after.keys())
        self._answers: dict[str, ServerError] = {}
        self._placed: list[tuple[int, PlannedStatement]] = []
        self._effects: dict[int, tuple[Effect, ...]] = {}
        self._findings: list[Finding] = []

    def make_before(self) -> None:
        for name in [name for line in lines_of(self._before.values()).values() for name in line]:
            if self._create(self._before[name], Beside()) is None:
                self._made.add(name)

    def settle(self, place: int) -> None:
        """Drop what is to go, and make what can be at this point."""
        for name in list(self._to_drop):
            if self._lineup.triggers[name].table not in self._going:
                self._to_drop.remove(name)
                self._drop(place, name)
        for name in list(self._to_make):
            wanted = self._after[name]
            if self._waits(wanted, place):
                continue
            there = self._lineup.triggers.get(name)
            if there is not None and there.table != wanted.table:
                if there.table in self._going:
                    continue
                self._drop(place, name)
                there = None
            if self._make(place, wanted, there):
                self._to_make.remove(name)

    def run(self, place: int, ran: Ran) -> Refusal | None:
        """A table's statement, and what it does to triggers."""
        marks = self._marks()
        if (error := self._copy.run(ran.sent)) is not None:
            return self._refused(
                None, f"with triggers beside it, a statement of {ran.step.table} fails: {error}"
            )
        table = ran.step.table
        if ran.step.operation is Operation.DROP_TABLE:
            self._going = self._going - {table}
            for name in self._lineup.of_table(table):
                self._lineup.drop(name)
                self._made.discard(name)
                if name in self._to_drop:
                    self._to_drop.remove(name)
        elif ran.step.operation is Operation.RENAME_TABLE and ran.step.renamed_to is not None:
            self._lineup.rename_table(table, ran.step.renamed_to)
        elif any(clause.kind in _TAKES for clause in ran.clauses):
            self._note_broken(ran, table)
        self._note_broken_by_name(ran)
        if moved_now := _effects(marks, self._marks(), first=None):
            self._effects[place] = moved_now
        return None

    def refusal(self) -> Refusal | None:
        for name in (*self._to_make, *self._to_drop):
            answer = self._answers.get(name)
            return self._refused(
                name,
                "no place for its statement was found among those of the tables"
                + (f": {answer}" if answer is not None else ""),
            )
        if self._lineup.triggers != self._after:
            there = self._lineup.triggers
            name = min(n for n in {**there, **self._after} if there.get(n) != self._after.get(n))
            return self._refused(name, "behind the plan's statements it is not what git says")
        return None

    def result(self) -> PlacedPrograms:
        return PlacedPrograms(
            placed=tuple(self._placed), moved=self._effects, findings=tuple(self._findings)
        )

    def _waits(self, wanted: Trigger, place: int) -> bool:
        """Whether its text names what a statement of a table is still to bring."""
        words = names_in(wanted.body) | {wanted.table.lower()}
        return any(words & brought for brought in self._to_come[place:])

    def _make(self, place: int, wanted: Trigger, there: Trigger | None) -> bool:
        """False, and nothing changed, where the server does not take it here."""
        # Not beside one that is still to be moved itself.
        moving = self._shuffled.intersection(self._to_make) - {wanted.name}
        order = [name for name in self._wanted[moment_of(wanted)] if name not in moving]
        beside = self._lineup.beside(wanted, order)
        replaces = wanted.name in self._made and not self._swaps
        if wanted.name in self._made and self._swaps:
            self._copy.database.execute(drop_trigger_sql(wanted.name))
        # Neighbours that are broken on the shard are not there; where it stands is counted.
        near = beside.follows or beside.precedes
        error = self._create(wanted, beside if near in self._made else Beside(), replaces=replaces)
        if error is not None:
            self._answers[wanted.name] = error
            if there is not None and wanted.name in self._made and self._swaps:
                self._create(there, Beside())
            return False
        self._made.add(wanted.name)
        marks = self._marks()
        passes: tuple[Effect, ...] = ()
        if there is not None and self._swaps:
            # What a swap leaves that was cut in its middle.
            half = _marks_of(self._lineup.without(wanted.name))
            passes = _effects(marks, half, first=wanted.name)
        self._lineup.make(wanted, beside)
        operation = Operation.CREATE_TRIGGER if there is None else Operation.REPLACE_TRIGGER
        sql = self._sql(wanted, there, beside)
        session = StatementSession(created_with=wanted.created_with)
        hazards = tuple(trigger_hazards(there, wanted, self._account_text))
        self._add(place, wanted.name, operation, sql, session, hazards, marks, passes)
        return True

    def _sql(self, wanted: Trigger, there: Trigger | None, beside: Beside) -> str:
        definer = self._account
        assert definer is not None, "files with triggers have an account in the spec (PG-4)"
        if there is None:
            return create_trigger_sql(wanted, definer, beside)
        if self._swaps:
            return swap_trigger_sql(wanted, definer, beside)
        return replace_trigger_sql(wanted, definer, beside)

    def _drop(self, place: int, name: str) -> None:
        marks, there = self._marks(), self._lineup.triggers[name]
        self._lineup.drop(name)
        if name in self._made:
            self._copy.database.execute(drop_trigger_sql(name))
            self._made.discard(name)
        hazards = tuple(trigger_hazards(there, None, self._account_text))
        sql = drop_trigger_sql(name)
        self._add(place, name, Operation.DROP_TRIGGER, sql, DEFAULT_SESSION, hazards, marks, ())

    def _add(
        self,
        place: int,
        name: str,
        operation: Operation,
        sql: str,
        session: StatementSession,
        hazards: tuple[Hazard, ...],
        marks: _Marks,
        passes: tuple[Effect, ...],
    ) -> None:
        self._placed.append(
            (
                place,
                PlannedStatement(
                    object_id=trigger_id(name),
                    operation=operation,
                    sql=sql,
                    execution=ExecutionClass(),
                    effects=_effects(marks, self._marks(), first=name),
                    hazards=hazards,
                    session=session,
                    passes=passes,
                ),
            )
        )

    def _note_broken(self, ran: Ran, table: str) -> None:
        """A server drops a column under a trigger without a word; only making it again tells."""
        for name in self._lineup.of_table(table):
            if name not in self._made or name not in (*self._to_make, *self._to_drop):
                continue  # of one that stays, `prove.programs` tells
            trigger = self._lineup.triggers[name]
            self._copy.database.execute(drop_trigger_sql(name))
            error = self._create(trigger, Beside())
            if error is None:
                continue
            self._made.discard(name)
            reason = f"trigger {name} fails with every write until it is made again: {error}"
            self._findings.append(finding(ran, HazardKind.BREAKS_OBJECT, name, reason))

    def _note_broken_by_name(self, ran: Ran) -> None:
        """What a trigger does is looked up when it fires: of one that waits to be made again, what
        goes before that is told by name, as `prove.programs` does of one that stays."""
        gone = tuple(losses([ran]))
        for name in self._to_make:
            trigger = self._lineup.triggers.get(name)
            if gone and trigger is not None:
                self._findings += broken_by_name(trigger_as_shown(trigger), gone, tried=True)

    def _create(
        self, trigger: Trigger, beside: Beside, *, replaces: bool = False
    ) -> ServerError | None:
        session = StatementSession(created_with=trigger.created_with)
        sql = scratch_trigger_sql(trigger, beside, replaces=replaces)
        return self._copy.database.execute(sql, session)

    @property
    def _swaps(self) -> bool:
        """MySQL replaces no trigger."""
        return self._request.version.flavor is Flavor.MYSQL

    @property
    def _account(self) -> Account | None:
        return read_account(self._account_text)

    @property
    def _account_text(self) -> str:
        return self._request.policy.definer_of(ManagedKind.TRIGGERS) or ""

    def _marks(self) -> _Marks:
        return _marks_of(self._lineup)

    def _refused(self, name: str | None, why: str) -> Refusal:
        about = trigger_id(name) if name is not None else None
        wanted, found = self._after.get(name or ""), self._before.get(name or "")
        return Refusal(
            code="proof-failed",
            shard=self._request.shard.shard,
            object_id=about,
            message=f"{about}: {why}" if about else why,
            recovery="make the change in two steps, with a reviewed plan for each",
            expected=wanted.body if wanted else None,
            observed=found.body if found else None,
        )


def _marks_of(lineup: Lineup) -> _Marks:
    return {name: trigger_fingerprint(one) for name, one in lineup.triggers.items()}


def _effects(was: _Marks, now: _Marks, *, first: str | None) -> tuple[Effect, ...]:
    names = [name for name in sorted({**was, **now}) if was.get(name) != now.get(name)]
    names.sort(key=lambda name: name != first)
    return tuple(
        Effect(object_id=trigger_id(name), before=was.get(name), after=now.get(name))
        for name in names
    )


def _shuffled(there: dict[str, Trigger], after: dict[str, Trigger]) -> frozenset[str]:
    was, wanted = lines_of(there.values()), lines_of(after.values())
    return frozenset().union(*(moved(was.get(m, ()), line) for m, line in wanted.items()))


def _gone_tables(statements: Sequence[Ran]) -> frozenset[str]:
    return frozenset(
        ran.step.table for ran in statements if ran.step.operation is Operation.DROP_TABLE
    )


def _renames(statements: Sequence[Ran]) -> dict[str, str]:
    found: dict[str, str] = {}
    for ran in statements:
        if ran.step.operation is Operation.RENAME_TABLE and ran.step.renamed_to is not None:
            first = next((old for old, new in found.items() if new == ran.step.table), None)
            found[first or ran.step.table] = ran.step.renamed_to
    return found
