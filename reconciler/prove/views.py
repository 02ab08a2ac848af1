"""Where the statements of views stand among those of the tables: found by trying.

A view is made again as soon as the server takes it and reads it back as wanted: before the first
statement of a table where it can be, so that it no longer uses what goes, and behind the one that
brings what it needs otherwise (PG-3). What does not work in between is a finding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from reconciler.ddl.programs.accounts import read_account
from reconciler.ddl.programs.view import (
    create_view_sql,
    drop_view_sql,
    read_view,
    scratch_view_sql,
    text_of_view,
    view_fingerprint,
    without_rights,
)
from reconciler.ddl.usage import names_in
from reconciler.diff.model import Operation
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.diff.views import ViewStep
from reconciler.errors import ReconcilerError
from reconciler.guard.model import Refusal
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.programs import ManagedKind, Security, View, view_id
from reconciler.model.server import ServerError
from reconciler.plan.hazards.statement_context import needing_permission
from reconciler.plan.hazards.views import view_hazards
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
class PlacedViews:
    """Each statement with how many of the tables' run before it; `moved` are effects on views of
    the tables' statements, by their place."""

    placed: tuple[tuple[int, PlannedStatement], ...] = ()
    moved: Mapping[int, tuple[Effect, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def place_of(self, table: int) -> int:
        """Of a table's statement among all."""
        return table + sum(behind <= table for behind, _ in self.placed)


def with_views(
    tables: Sequence[PlannedStatement], views: PlacedViews
) -> Iterator[PlannedStatement]:
    """All statements in the order in which they run."""
    for place in range(len(tables) + 1):
        yield from (statement for behind, statement in views.placed if behind == place)
        if place < len(tables):
            moved = views.moved.get(place, ())
            yield replace(tables[place], effects=(*tables[place].effects, *moved))


def prove_views(
    scratch: Scratch, request: ProofRequest, tables: Collection[str], statements: Sequence[Ran]
) -> PlacedViews | Refusal:
    """`tables` are those that change, with their neighbours. Raises Unavailable."""
    views = request.views
    if not views.before and not views.after:
        return PlacedViews()
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
    """With every table that some view names; one that may not run on scratch is missed by it."""
    every = (*request.views.before.values(), *request.views.after.values())
    words = frozenset[str]().union(*(names_in(read.view.query) for read in every))
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
    """One scratch copy on which all statements run in their order. `there` are the managed views
    that it has, as the shard would have them at this point."""

    def __init__(self, request: ProofRequest, copy: Copy) -> None:
        self._request, self._copy = request, copy
        self._database: ScratchDatabase = copy.database
        self._there: dict[str, View] = {}
        self._state = {name: read.fingerprint for name, read in request.views.before.items()}
        steps = request.views.steps
        self._to_make = [step for step in steps if step.after is not None]
        self._to_drop = [step for step in steps if step.after is None]
        self._answers: dict[str, ServerError | None] = {}
        self._placed: list[tuple[int, PlannedStatement]] = []
        self._moved: dict[int, tuple[Effect, ...]] = {}
        self._findings: list[Finding] = []
        self._broken: set[str] = set()
        self._names: dict[str, frozenset[str]] = {}  # in each text, asked for again and again

    def make_before(self) -> None:
        """One that is broken on the shard cannot be made, and is missed by none that works."""
        left = {name: read.view for name, read in self._request.views.before.items()}
        while left:
            made = [name for name, view in left.items() if self._make(view) is None]
            if not made:
                return
            self._there |= {name: left.pop(name) for name in made}

    def settle(self, place: int) -> None:
        """Make and drop what can be at this point, each before what it would break if it may."""
        while True:
            step = self._next(breaks_others=False) or self._next(breaks_others=True)
            if step is not None:
                self._to_make.remove(step)
                self._place(place, step)
                continue
            unused = next((s for s in self._to_drop if not self._users(s.name)), None)
            if unused is None:
                return
            self._drop(place, unused)

    def _next(self, *, breaks_others: bool) -> ViewStep | None:
        tried = (step for step in self._to_make if self._try(step, breaks_others=breaks_others))
        return next(tried, None)

    def run(self, place: int, ran: Ran) -> Refusal | None:
        """A table's statement, and what it does to views. A name that it takes must be free."""
        if ran.step.operation in _NEW_NAME:
            name = (ran.step.renamed_to or ran.step.table).lower()
            for step in [step for step in self._to_drop if step.name.lower() == name]:
                self._drop(place, step)
        if (error := self._copy.run(ran.sent)) is not None:
            return self._refused(
                ran.step.table, f"with views beside it, its statement fails: {error}"
            )
        used = ran.step.table.lower()
        for name in sorted(self._there):
            if used in self._words_below(name) and name not in self._broken:
                error = self._database.resolves(name)
                if error is not None:
                    self._broken.add(name)
                    reason = f"view {name} does not work until it is made again: {error}"
                    self._findings.append(finding(ran, HazardKind.BREAKS_OBJECT, name, reason))
        return self._note_moved(place)

    def drop_rest(self, place: int) -> None:
        for step in tuple(self._to_drop):
            self._drop(place, step)

    def refusal(self) -> Refusal | None:
        """Why what came out is not what git says."""
        for step in self._to_make:
            answer = self._answers.get(step.name)
            why = str(answer) if answer else "it reads back as another one than git's"
            return self._refused(step.name, f"it cannot be made among the plan's statements: {why}")
        shown = self._shown()
        for name, read in self._request.views.after.items():
            if shown.get(name) != without_rights(read.view):
                return self._refused(name, "behind the plan's statements it is not what git says")
            if (error := self._database.resolves(name)) is not None:
                return self._refused(name, f"behind the plan's statements it fails: {error}")
        return None

    def result(self) -> PlacedViews:
        return PlacedViews(
            placed=tuple(self._placed), moved=self._moved, findings=tuple(self._findings)
        )

    def _try(self, step: ViewStep, *, breaks_others: bool) -> bool:
        """Make it; False, and nothing changed, if that cannot be or others no longer work then."""
        assert step.after is not None
        before = self._there.get(step.name)
        worked = [name for name in self._users(step.name) if name not in self._broken]
        if not breaks_others:
            worked = [name for name in worked if self._database.resolves(name) is None]
        error = self._make(step.after)
        self._answers[step.name] = error
        shown = self._shown([step.name]).get(step.name)
        if error is None and shown == without_rights(step.after):
            hurt = [name for name in worked if self._database.resolves(name) is not None]
            if breaks_others or not hurt:
                self._broken |= set(hurt)
                return True
        if error is None:
            self._take_back(step.name, before)
        return False

    def _take_back(self, name: str, before: View | None) -> None:
        error = self._make(before) if before is not None else None
        if before is None or error is not None:
            self._database.execute(drop_view_sql(name))

    def _make(self, view: View) -> ServerError | None:
        session = StatementSession(created_with=view.created_with)
        return self._database.execute(scratch_view_sql(view, replaces=True), session)

    def _place(self, place: int, step: ViewStep) -> None:
        view = step.after
        assert view is not None
        self._there[step.name] = view
        self._broken.discard(step.name)
        account = self._request.policy.definer_of(ManagedKind.VIEWS)
        is_definers = view.security is Security.DEFINER
        definer = read_account(account or "") if is_definers else None
        sql = create_view_sql(view, definer, replaces=step.before is not None)
        session = StatementSession(created_with=view.created_with)
        hazards = (*view_hazards(step, account), *self._hurt(step))
        self._add(place, step, sql, session, hazards, view_fingerprint(view))

    def _drop(self, place: int, step: ViewStep) -> None:
        self._to_drop.remove(step)
        hazards = (*view_hazards(step, None), *self._hurt(step))
        self._there.pop(step.name, None)
        self._database.execute(drop_view_sql(step.name))
        self._add(place, step, drop_view_sql(step.name), DEFAULT_SESSION, hazards, None)

    def _add(
        self,
        place: int,
        step: ViewStep,
        sql: str,
        session: StatementSession,
        hazards: tuple[Hazard, ...],
        after: str | None,
    ) -> None:
        about = view_id(step.name)
        effect = Effect(object_id=about, before=self._state.get(step.name), after=after)
        if after is None:
            self._state.pop(step.name, None)
        else:
            self._state[step.name] = after
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

    def _hurt(self, step: ViewStep) -> Iterator[Hazard]:
        """What is not managed and loses a view, or a column of one, by name."""
        gone = [hazard.object for hazard in view_hazards(step, None)]
        for other in self._request.shard.others:
            words = names_in(other.definition)
            if step.name.lower() not in words:
                continue
            lost = [name for name in gone if name.lower() in words]
            if step.after is None or any(name != step.name for name in lost):
                reason = f"{other.kind} {other.name} uses {step.name}, which is not the same then"
                yield needing_permission(HazardKind.BREAKS_OBJECT, other.name, reason)

    def _users(self, name: str) -> list[str]:
        """Managed views on the copy that stand on this one, or on what stands on it."""
        return [user for user in sorted(self._there) if name.lower() in self._words_below(user)]

    def _words_below(self, name: str) -> frozenset[str]:
        """Every name that a view can mean, and that views can mean which it stands on."""
        words: frozenset[str] = frozenset()
        left, seen = [name], {name}
        while left:
            view = self._there.get(left.pop())
            own = self._names_in(view) if view is not None else frozenset()
            words |= own
            below = [other for other in self._there if other.lower() in own and other not in seen]
            seen.update(below)
            left += below
        return words

    def _names_in(self, view: View) -> frozenset[str]:
        if view.query not in self._names:
            self._names[view.query] = names_in(view.query)
        return self._names[view.query]

    def _shown(self, names: Collection[str] | None = None) -> dict[str, View]:
        """As they read back; one that is not understood is as if it were not there."""
        found = {}
        for name, other in self._database.views(names).items():
            try:
                found[name] = without_rights(read_view(text_of_view(other), name))
            except ReconcilerError:
                continue
        return found

    def _note_moved(self, place: int) -> Refusal | None:
        shown = self._shown()
        effects = []
        for name, view in sorted(self._there.items()):
            now = shown.get(name)
            if now is None:
                return self._refused(name, "a statement of a table makes it unreadable")
            moved = replace(now, security=view.security, definer=view.definer)
            if moved != view:
                self._there[name] = moved
                before, after = self._state[name], view_fingerprint(moved)
                self._state[name] = after
                effects.append(Effect(object_id=view_id(name), before=before, after=after))
        if effects:
            self._moved[place] = tuple(effects)
        return None

    def _refused(self, name: str, why: str) -> Refusal:
        views = self._request.views
        wanted, found = views.after.get(name), views.before.get(name)
        is_view = wanted is not None or found is not None
        about = view_id(name)
        return Refusal(
            code="proof-failed",
            shard=self._request.shard.shard,
            object_id=about if is_view else None,
            message=f"{about if is_view else f'table {name}'}: {why}",
            recovery="make the change in two steps, with a reviewed plan for each",
            expected=wanted.text if wanted else None,
            observed=found.text if found else None,
        )
