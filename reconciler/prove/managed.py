"""Where the statements of programs stand among those of the tables: found by trying.

A view is made again as soon as the server takes it and reads it back as wanted: before the first
statement of a table where it can be, so that it no longer uses what goes, and behind the one that
brings what it needs otherwise (PG-3). What does not work in between is a finding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from reconciler.ddl.programs.facts import text_of
from reconciler.ddl.programs.kinds import (
    account_for,
    create_sql,
    drop_sql,
    program_fingerprint,
    read_program,
    scratch_sql,
    used_text,
    without_rights,
)
from reconciler.ddl.usage import names_in
from reconciler.diff.model import Operation
from reconciler.diff.programs import ProgramStep
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.errors import ReconcilerError
from reconciler.guard.model import Refusal
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.programs import LIKE_TABLES, ManagedProgram
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerError
from reconciler.plan.hazards.programs import program_hazards
from reconciler.plan.hazards.statement_context import needing_permission
from reconciler.plan.model import Effect, ExecutionClass, PlannedStatement
from reconciler.ports.scratch import Scratch, ScratchDatabase
from reconciler.prove.chain import Ran
from reconciler.prove.copies import Copy, CopyMaker, Original
from reconciler.prove.cross_database import parents_for
from reconciler.prove.finding import Finding, finding
from reconciler.prove.refusals import not_copied
from reconciler.prove.request import ProofRequest

_NEW_NAME = (Operation.CREATE_TABLE, Operation.RENAME_TABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPrograms:
    """Each statement with how many of the tables' run before it; `moved` are effects on views of
    the tables' statements, by their place."""

    placed: tuple[tuple[int, PlannedStatement], ...] = ()
    moved: Mapping[int, tuple[Effect, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def place_of(self, table: int) -> int:
        """Of a table's statement among all."""
        return table + sum(behind <= table for behind, _ in self.placed)


def with_programs(
    tables: Sequence[PlannedStatement], programs: PlacedPrograms
) -> Iterator[PlannedStatement]:
    """All statements in the order in which they run."""
    for place in range(len(tables) + 1):
        yield from (statement for behind, statement in programs.placed if behind == place)
        if place < len(tables):
            moved = programs.moved.get(place, ())
            yield replace(tables[place], effects=(*tables[place].effects, *moved))


def prove_managed(
    scratch: Scratch, request: ProofRequest, tables: Collection[str], statements: Sequence[Ran]
) -> PlacedPrograms | Refusal:
    """`tables` are those that change, with their neighbours. Raises Unavailable."""
    programs = request.programs
    if not programs.before and not programs.after:
        return PlacedPrograms()
    with ExitStack() as stack:
        original = _original(request, tables)
        copy = CopyMaker(scratch, original, request.reader, stack).make()
        if not isinstance(copy, Copy):
            shard = request.shard.shard
            return not_copied(shard, copy, request.texts.get(copy.table))
        trial = _Trial(request, copy)
        trial.make_before()
        trial.settle(0)
        for place, ran in enumerate(statements):
            if (problem := trial.run(place, ran)) is not None:
                return problem
            trial.settle(place + 1)
        trial.drop_rest(len(statements))
        return trial.refusal() or trial.result()


def _original(request: ProofRequest, tables: Collection[str]) -> Original:
    """With every table that some program names; one that may not run on scratch is missed by it."""
    every = (*request.programs.before.values(), *request.programs.after.values())
    words = frozenset[str]().union(*(names_in(used_text(read.value)) for read in every))
    wanted = {table for table in request.texts if table in tables or table.lower() in words}
    texts = {table: made for table, made in request.to_make(wanted).items() if made is not None}
    return Original(
        settings=request.settings,
        texts=texts,
        expected={},
        parents=parents_for(request, frozenset(texts)),
        sequences=request.sequences,
    )


class _Trial:
    """One scratch copy on which all statements run in their order. `there` are the managed
    programs that it has, as the shard would have them at this point."""

    def __init__(self, request: ProofRequest, copy: Copy) -> None:
        self._request, self._copy = request, copy
        self._database: ScratchDatabase = copy.database
        self._there: dict[ObjectId, ManagedProgram] = {}
        self._state = {about: read.fingerprint for about, read in request.programs.before.items()}
        steps = request.programs.steps
        self._to_make = [step for step in steps if step.after is not None]
        self._to_drop = [step for step in steps if step.after is None]
        self._answers: dict[ObjectId, ServerError | None] = {}
        self._placed: list[tuple[int, PlannedStatement]] = []
        self._moved: dict[int, tuple[Effect, ...]] = {}
        self._findings: list[Finding] = []
        self._broken: set[ObjectId] = set()
        self._names: dict[str, frozenset[str]] = {}  # in each text, asked for again and again

    def make_before(self) -> None:
        """One that is broken on the shard cannot be made, and is missed by none that works."""
        left = {about: read.value for about, read in self._request.programs.before.items()}
        while left:
            made = [about for about, program in left.items() if self._make(program) is None]
            if not made:
                return
            self._there |= {about: left.pop(about) for about in made}

    def settle(self, place: int) -> None:
        """Make and drop what can be at this point, each before what it would break if it may."""
        while True:
            step = self._next(breaks_others=False) or self._next(breaks_others=True)
            if step is not None:
                self._to_make.remove(step)
                self._place(place, step)
                continue
            unused = next((s for s in self._to_drop if not self._users(s.about)), None)
            if unused is None:
                return
            self._drop(place, unused)

    def _next(self, *, breaks_others: bool) -> ProgramStep | None:
        tried = (step for step in self._to_make if self._try(step, breaks_others=breaks_others))
        return next(tried, None)

    def run(self, place: int, ran: Ran) -> Refusal | None:
        """A table's statement, and what it does to views. A name that it takes must be free."""
        if ran.step.operation in _NEW_NAME:
            name = (ran.step.renamed_to or ran.step.table).lower()
            same = (s for s in self._to_drop if s.about.kind in LIKE_TABLES)
            for step in [step for step in same if step.name.lower() == name]:
                self._drop(place, step)
        if (error := self._copy.run(ran.sent)) is not None:
            why = f"with views beside it, its statement fails: {error}"
            return self._refused(table_id(ran.step.table), why)
        used = ran.step.table.lower()
        for about in sorted(self._there):
            if used in self._words_below(about) and about not in self._broken:
                error = self._fails(about)
                if error is not None:
                    self._broken.add(about)
                    reason = f"{about} does not work until it is made again: {error}"
                    hazard = HazardKind.BREAKS_OBJECT
                    self._findings.append(finding(ran, hazard, about.name, reason))
        return self._note_moved(place)

    def drop_rest(self, place: int) -> None:
        for step in tuple(self._to_drop):
            self._drop(place, step)

    def refusal(self) -> Refusal | None:
        """Why what came out is not what git says."""
        for step in self._to_make:
            answer = self._answers.get(step.about)
            why = str(answer) if answer else "it reads back as another one than git's"
            return self._refused(
                step.about, f"it cannot be made among the plan's statements: {why}"
            )
        shown = self._shown()
        for about, read in self._request.programs.after.items():
            if shown.get(about) != without_rights(read.value):
                return self._refused(about, "behind the plan's statements it is not what git says")
            if (error := self._fails(about)) is not None:
                return self._refused(about, f"behind the plan's statements it fails: {error}")
        return None

    def result(self) -> PlacedPrograms:
        return PlacedPrograms(
            placed=tuple(self._placed), moved=self._moved, findings=tuple(self._findings)
        )

    def _try(self, step: ProgramStep, *, breaks_others: bool) -> bool:
        """Make it; False, and nothing changed, if that cannot be or others no longer work then."""
        assert step.after is not None
        before = self._there.get(step.about)
        worked = [user for user in self._users(step.about) if user not in self._broken]
        if not breaks_others:
            worked = [user for user in worked if self._fails(user) is None]
        error = self._make(step.after)
        self._answers[step.about] = error
        shown = self._shown_one(step.about)
        if error is None and shown == without_rights(step.after):
            hurt = [user for user in worked if self._fails(user) is not None]
            if breaks_others or not hurt:
                self._broken |= set(hurt)
                return True
        if error is None:
            self._take_back(step.about, before)
        return False

    def _take_back(self, about: ObjectId, before: ManagedProgram | None) -> None:
        error = self._make(before) if before is not None else None
        if before is None or error is not None:
            self._database.execute(drop_sql(about))

    def _make(self, program: ManagedProgram) -> ServerError | None:
        session = StatementSession(created_with=program.created_with)
        return self._database.execute(scratch_sql(program), session)

    def _fails(self, about: ObjectId) -> ServerError | None:
        """Whether something that it is made of is missing; what a server does not look through
        before it is called is not asked."""
        return self._database.resolves(about.name) if about.kind is ObjectKind.VIEW else None

    def _place(self, place: int, step: ProgramStep) -> None:
        program, policy = step.after, self._request.policy
        assert program is not None
        self._there[step.about] = program
        self._broken.discard(step.about)
        account = policy.account_of(step.about.kind)
        definer = account_for(program, policy)
        sql = create_sql(program, definer, replaces=step.before is not None)
        session = StatementSession(created_with=program.created_with)
        hazards = (*program_hazards(step, account), *self._hurt(step))
        self._add(place, step, sql, session, hazards, program_fingerprint(program))

    def _drop(self, place: int, step: ProgramStep) -> None:
        self._to_drop.remove(step)
        hazards = (*program_hazards(step, None), *self._hurt(step))
        self._there.pop(step.about, None)
        self._database.execute(drop_sql(step.about))
        self._add(place, step, drop_sql(step.about), DEFAULT_SESSION, hazards, None)

    def _add(
        self,
        place: int,
        step: ProgramStep,
        sql: str,
        session: StatementSession,
        hazards: tuple[Hazard, ...],
        after: str | None,
    ) -> None:
        about = step.about
        effect = Effect(object_id=about, before=self._state.get(about), after=after)
        if after is None:
            self._state.pop(about, None)
        else:
            self._state[about] = after
        self._placed.append(
            (
                place,
                PlannedStatement(
                    object_id=about,
                    operation=step.operation,
                    sql=sql,
                    execution=ExecutionClass(),
                    effects=(effect,),
                    hazards=hazards,
                    session=session,
                ),
            )
        )

    def _hurt(self, step: ProgramStep) -> Iterator[Hazard]:
        """What is not managed and loses a view, or a column of one, by name."""
        gone = [hazard.object for hazard in program_hazards(step, None)]
        for other in self._request.shard.others:
            words = names_in(other.definition)
            if step.name.lower() not in words:
                continue
            lost = [name for name in gone if name.lower() in words]
            if step.after is None or any(name != step.name for name in lost):
                reason = f"{other.kind} {other.name} uses {step.name}, which is not the same then"
                yield needing_permission(HazardKind.BREAKS_OBJECT, other.name, reason)

    def _users(self, about: ObjectId) -> list[ObjectId]:
        """Managed programs on the copy that stand on this one, or on what stands on it."""
        name = about.name.lower()
        return [user for user in sorted(self._there) if name in self._words_below(user)]

    def _words_below(self, about: ObjectId) -> frozenset[str]:
        """Every name that a program can mean, and that those can mean which it stands on."""
        words: frozenset[str] = frozenset()
        left, seen = [about], {about}
        while left:
            program = self._there.get(left.pop())
            own = self._names_in(program) if program is not None else frozenset()
            words |= own
            below = [one for one in self._there if one.name.lower() in own and one not in seen]
            seen.update(below)
            left += below
        return words

    def _names_in(self, program: ManagedProgram) -> frozenset[str]:
        used = used_text(program)
        if used not in self._names:
            self._names[used] = names_in(used)
        return self._names[used]

    def _shown(self) -> dict[ObjectId, ManagedProgram]:
        """As they read back; one that is not understood is as if it were not there."""
        shown = self._database.programs(self._request.policy.program_kinds)
        read = ((about, _read(other)) for about, other in shown.items())
        return {about: program for about, program in read if program is not None}

    def _shown_one(self, about: ObjectId) -> ManagedProgram | None:
        other = self._database.program(about)
        return _read(other) if other is not None else None

    def _note_moved(self, place: int) -> Refusal | None:
        shown = self._shown()
        effects = []
        for about, program in sorted(self._there.items()):
            now = shown.get(about)
            if now is None:
                return self._refused(about, "a statement of a table makes it unreadable")
            moved = replace(now, security=program.security, definer=program.definer)
            if moved != program:
                self._there[about] = moved
                before, after = self._state[about], program_fingerprint(moved)
                self._state[about] = after
                effects.append(Effect(object_id=about, before=before, after=after))
        if effects:
            self._moved[place] = tuple(effects)
        return None

    def _refused(self, about: ObjectId, why: str) -> Refusal:
        programs = self._request.programs
        wanted, found = programs.after.get(about), programs.before.get(about)
        is_program = about.kind is not ObjectKind.TABLE
        return Refusal(
            code="proof-failed",
            shard=self._request.shard.shard,
            object_id=about if is_program else None,
            message=f"{about.titled}: {why}",
            recovery="make the change in two steps, with a reviewed plan for each",
            expected=wanted.text if wanted else None,
            observed=found.text if found else None,
        )


def _read(other: OtherObject) -> ManagedProgram | None:
    try:
        return without_rights(read_program(other.object_id, text_of(other)))
    except ReconcilerError:
        return None
