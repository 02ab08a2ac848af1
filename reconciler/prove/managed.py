"""Where the statements of programs stand among those of the tables: found by trying.

A view is made again as soon as the server takes it and reads it back as wanted: before the first
statement of a table where it can be, so that it no longer uses what goes, and behind the one that
brings what it needs otherwise (PG-3). What does not work in between is a finding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Sequence as Several
from contextlib import ExitStack
from dataclasses import replace

from reconciler.ddl.programs.kinds import (
    account_for,
    as_shown,
    create_sql,
    drop_sql,
    is_replaced_at_once,
    program_fingerprint,
    used_text,
    without_rights,
)
from reconciler.ddl.usage import names_in
from reconciler.diff.programs import ProgramStep
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.guard.model import Refusal
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.programs import LIKE_TABLES, UNREAD_BODIES, ManagedProgram, View
from reconciler.model.server import ServerError
from reconciler.plan.hazards.programs import program_hazards
from reconciler.plan.hazards.statement_context import needing_permission
from reconciler.plan.model import Effect, ExecutionClass, PlannedStatement
from reconciler.ports.scratch import Scratch, ScratchDatabase
from reconciler.prove.chain import Ran
from reconciler.prove.copies import Copy, CopyMaker, Original, original_of
from reconciler.prove.finding import Finding, finding
from reconciler.prove.placed import (
    NEW_NAME,
    PlacedPrograms,
    as_scratch_has,
    names_made,
    operation_of,
    session_of,
    trial_sql,
)
from reconciler.prove.programs import broken_by_name, losses
from reconciler.prove.refusals import not_copied
from reconciler.prove.request import ProofRequest


def prove_managed(
    scratch: Scratch, request: ProofRequest, tables: Collection[str], statements: Several[Ran]
) -> PlacedPrograms | Refusal:
    """`tables` are those that change, with their neighbours. Raises Unavailable."""
    programs = request.programs.of_others
    if not programs.before and not programs.after:
        return PlacedPrograms()
    request = replace(request, programs=programs)
    with ExitStack() as stack:
        original = _original(request, tables)
        copy = CopyMaker(scratch, original, request.reader, stack).make()
        if not isinstance(copy, Copy):
            shard = request.shard.shard
            return not_copied(shard, copy, request.texts.get(copy.table))
        trial = _Trial(request, copy, [names_made(ran) for ran in statements])
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
    return original_of(request, wanted)


class _Trial:
    """One scratch copy on which all statements run in their order. `there` are the managed
    programs that it has, as the shard would have them at this point."""

    def __init__(self, request: ProofRequest, copy: Copy, coming: Several[frozenset[str]]) -> None:
        """`coming` are the names that each statement of a table makes."""
        self._coming = coming
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
            step = self._next(place, breaks_others=False)
            step = step or self._next(place, breaks_others=True)
            if step is not None:
                self._to_make.remove(step)
                self._place(place, step)
                continue
            unused = next((s for s in self._to_drop if self._may_go(s)), None)
            if unused is None:
                return
            self._drop(place, unused)

    def _may_go(self, step: ProgramStep) -> bool:
        """A table may take values from a sequence until the last statement."""
        return step.about.kind is not ObjectKind.SEQUENCE and not self._users(step.about)

    def _next(self, place: int, *, breaks_others: bool) -> ProgramStep | None:
        ready = (
            s for s in self._to_make if not self._waits(s, place, for_others=not breaks_others)
        )
        tried = (step for step in ready if self._try(step, breaks_others=breaks_others))
        return next(tried, None)

    def _waits(self, step: ProgramStep, place: int, *, for_others: bool) -> bool:
        """Whether a body, which no server looks through, uses names that are still to come: of
        tables and columns, and of other programs as long as one can be made without waiting."""
        if not isinstance(step.after, UNREAD_BODIES):
            return False
        used = self._names_in(step.after)
        if isinstance(step.before, UNREAD_BODIES):
            used -= self._names_in(step.before)
        if any(used & names for names in self._coming[place:]):
            return True
        others = (s.name.lower() for s in self._to_make if s is not step and s.before is None)
        return for_others and any(name in used for name in others)

    def run(self, place: int, ran: Ran) -> Refusal | None:
        """A table's statement, and what it does to views. A name that it takes must be free."""
        if ran.step.operation in NEW_NAME:
            name = (ran.step.renamed_to or ran.step.table).lower()
            same = (s for s in self._to_drop if s.about.kind in LIKE_TABLES)
            for step in [step for step in same if step.name.lower() == name]:
                self._drop(place, step)
        if (error := self._copy.run(ran.sent)) is not None:
            why = f"with programs beside it, its statement fails: {error}"
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
        self._note_broken_by_name(ran)
        return self._note_moved(place)

    def _note_broken_by_name(self, ran: Ran) -> None:
        """What is checked at its call only is searched for the names that go."""
        gone = tuple(losses([ran]))
        for _, program in sorted(self._there.items()):
            if gone and isinstance(program, UNREAD_BODIES):
                self._findings += broken_by_name(as_shown(program), gone, tried=False)

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
        error = self._make(step.after, before)
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

    def _make(
        self, program: ManagedProgram, before: ManagedProgram | None = None
    ) -> ServerError | None:
        session = session_of(without_rights(program))
        errors = (self._database.execute(sql, session) for sql in trial_sql(program, before))
        return next((error for error in errors if error is not None), None)

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
        flavor = self._request.version.flavor
        at_once = is_replaced_at_once(step.about.kind, flavor)
        replaces = step.before if at_once else None
        hazards = (*program_hazards(step, account), *self._hurt(step))
        if step.before is not None and not at_once:
            self._add_gap(place, step)
        sql = create_sql(program, definer, replaces=replaces, flavor=flavor)
        session = session_of(program)
        self._add(place, step, sql, session, hazards, program_fingerprint(program))

    def _add_gap(self, place: int, step: ProgramStep) -> None:
        """MySQL: a routine goes, and comes as another. Between both it is not there, which is a
        state of the plan, and where a run that died goes on from."""
        reason = f"calls of the {step.about.kind} fail until the next statement has made it again"
        told = Hazard(
            kind=HazardKind.BREAKS_OBJECT, object=step.name, reason=reason, needs_permission=False
        )
        gone = replace(step, after=None)
        self._add(place, gone, drop_sql(step.about), DEFAULT_SESSION, (told,), None)

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
                    operation=operation_of(step, effect),
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
        """Managed programs on the copy that stand on this one, or on what stands on it; not itself,
        though its text may say its name."""
        others, name = sorted(self._there.keys() - {about}), about.name.lower()
        return [user for user in others if name in self._words_below(user)]

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

    def _shown(self, kinds: Collection[ObjectKind] = ()) -> dict[ObjectId, ManagedProgram]:
        """As they read back; one that is not understood is as if it were not there."""
        shown = self._database.programs(kinds or self._request.policy.program_kinds)
        read = ((about, as_scratch_has(other)) for about, other in shown.items())
        return {about: program for about, program in read if program is not None}

    def _shown_one(self, about: ObjectId) -> ManagedProgram | None:
        other = self._database.program(about)
        return as_scratch_has(other) if other is not None else None

    def _note_moved(self, place: int) -> Refusal | None:
        views = {about for about in self._there if about.kind is ObjectKind.VIEW}
        shown = self._shown([ObjectKind.VIEW]) if views else {}
        effects = []
        for about in sorted(views):
            program = self._there[about]
            now = shown.get(about)
            if now is None:
                return self._refused(about, "a statement of a table makes it unreadable")
            assert isinstance(program, View), "a server moves no other with a table"
            assert isinstance(now, View), "read as one"
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
