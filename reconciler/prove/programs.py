"""Views, triggers, routines and events around the tables: which of them a change set breaks.

A server drops a column under a trigger without a word, and every INSERT fails from then on. Views
and triggers are made on a scratch copy before the statements and asked for again behind them. What
is checked at its call only (routines, events, the tables that a trigger writes to), or cannot be
made on scratch, is searched for the names that go away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from reconciler.ddl.foreign import foreign_object
from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.triggers import trigger_body, trigger_on
from reconciler.diff.model import Clause, ClauseKind, Operation
from reconciler.diff.pairing import name_key
from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import HazardKind
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerError
from reconciler.plan.hazards.statement_context import find_column
from reconciler.ports.scratch import Scratch
from reconciler.prove.chain import Ran
from reconciler.prove.copies import Copy, CopyMaker, original_of
from reconciler.prove.finding import Finding, finding
from reconciler.prove.request import ProofRequest

# Under these, a trigger that sets NEW.column or reads OLD.column may no longer be valid.
_COLUMN_CHANGES = frozenset(
    {ClauseKind.DROP_COLUMN, ClauseKind.RENAME_COLUMN, ClauseKind.MODIFY_COLUMN}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A name that is gone after a statement: a column's, or (`column` None) a table's."""

    ran: Ran
    table: str
    column: str | None = None

    def __str__(self) -> str:
        return f"{self.table}.{self.column}" if self.column is not None else self.table


def program_findings(
    scratch: Scratch, request: ProofRequest, tables: Collection[str], statements: Sequence[Ran]
) -> tuple[Finding, ...]:
    """What the statements break, and what could not be found out. `tables` are those that change,
    with their neighbours."""
    lost = tuple(losses(statements))
    triggers = _triggers_at_stake(request, statements)
    views = _views_at_stake(request, lost)
    tried = _try_out(scratch, request, tables, statements, (*views, *triggers))
    found: list[Finding] = []
    for other in request.shard.others:
        error = tried.get((other.kind, other.name))
        if error is not None:
            ran = _culprit(other, lost, statements)
            reason = f"{other.kind} {other.name} no longer works then: {error}"
            found.append(finding(ran, HazardKind.BREAKS_OBJECT, other.name, reason))
        elif other.kind is ObjectKind.VIEW and (other.kind, other.name) in tried:
            continue  # it still works, whatever names it uses
        else:
            by_name = broken_by_name(other, lost, tried=(other.kind, other.name) in tried)
            found += by_name
            if (
                not by_name
                and other in (*views, *triggers)
                and (other.kind, other.name) not in tried
            ):
                found.append(_unproven(other, _culprit(other, lost, statements)))
    return tuple(dict.fromkeys(found))


_Program = tuple[ObjectKind, str]


def losses(statements: Sequence[Ran]) -> Iterator[Loss]:
    for ran in statements:
        step = ran.step
        if step.operation in (Operation.DROP_TABLE, Operation.RENAME_TABLE):
            yield Loss(ran=ran, table=step.table)
        for clause in ran.clauses:
            gone = _name_taken_away(clause)
            if gone is not None and find_column(step.after, gone) is None:
                yield Loss(ran=ran, table=step.table, column=gone)


def _name_taken_away(clause: Clause) -> str | None:
    match clause.kind:
        case ClauseKind.DROP_COLUMN:
            return clause.object
        case ClauseKind.RENAME_COLUMN:
            return clause.renamed_from
        case _:
            return None


def _triggers_at_stake(request: ProofRequest, statements: Sequence[Ran]) -> tuple[OtherObject, ...]:
    """Those of tables whose columns change, in the order in which they fire."""
    changing = {
        ran.step.before.name
        for ran in statements
        if ran.step.before and any(clause.kind in _COLUMN_CHANGES for clause in ran.clauses)
    }
    triggers = (
        other
        for other in request.shard.others
        if other.kind is ObjectKind.TRIGGER and other.table in changing and other.definition
    )
    return tuple(sorted(triggers, key=lambda t: (t.table or "", t.action_order or 0, t.name)))


def _views_at_stake(request: ProofRequest, losses: Sequence[Loss]) -> tuple[OtherObject, ...]:
    """Views on a table that loses a name, views on such views, and all views those are made of;
    with them those whose text is in no form that views have, for they may use anything."""
    if not losses:
        return ()
    views = {o.name: o for o in request.shard.others if o.kind is ObjectKind.VIEW and o.definition}
    words = {name: _words(view.definition) for name, view in views.items()}
    names = {name_key(loss.table) for loss in losses}
    unread = {name for name, view in views.items() if foreign_object(view) is None}
    chosen: set[str] = set()
    while True:
        using = unread | {name for name, used in words.items() if used & names}
        needed = {name for name in views if any(name_key(name) in words[user] for user in using)}
        if using | needed == chosen:
            return tuple(views[name] for name in sorted(chosen))
        chosen = using | needed
        names |= {name_key(name) for name in using}


def _try_out(
    scratch: Scratch,
    request: ProofRequest,
    tables: Collection[str],
    statements: Sequence[Ran],
    programs: Sequence[OtherObject],
) -> dict[_Program, ServerError | None]:
    """Each program that could be made, with what is wrong with it behind the statements."""
    if not programs:
        return {}
    words = frozenset().union(*(_words(program.definition) for program in programs))
    wanted = {t for t in request.texts if t in tables or name_key(t) in words}
    # A table that may not run on scratch is missed by the view that uses it.
    with ExitStack() as stack:
        copy = CopyMaker(scratch, original_of(request, wanted), request.reader, stack).make()
        if not isinstance(copy, Copy):
            return {}
        made = _make_all(copy, programs)
        for ran in statements:
            if copy.run(ran.sent) is not None:
                return {}
        renamed = _new_names(statements)
        return {(p.kind, p.name): _broken_now(copy, p, renamed) for p in made}


def _make_all(copy: Copy, programs: Sequence[OtherObject]) -> list[OtherObject]:
    """Views need what they are made of: again and again, as long as one more can be made."""
    made: list[OtherObject] = []
    left = list(programs)
    while left:
        refused = [program for program in left if not _make(copy, program)]
        if len(refused) == len(left):
            return made
        made += [program for program in left if program not in refused]
        left = refused
    return made


def _make(copy: Copy, program: OtherObject) -> bool:
    definition = foreign_object(program)
    return definition is not None and copy.database.make(definition) is None


def _broken_now(copy: Copy, program: OtherObject, renamed: Mapping[str, str]) -> ServerError | None:
    if program.kind is ObjectKind.VIEW:
        return copy.database.resolves(program.name)
    copy.database.execute(f"DROP TRIGGER IF EXISTS {quote_identifier(program.name)}")
    renamed_to = renamed.get(program.table or "")
    if renamed_to is not None:
        program = replace(program, definition=trigger_on(renamed_to, program.definition))
    definition = foreign_object(program)
    assert definition is not None, "it was made before"
    return copy.database.make(definition)


def broken_by_name(other: OtherObject, losses: Sequence[Loss], *, tried: bool) -> list[Finding]:
    """A trigger that was tried is settled as far as NEW and OLD go; what else it does is not."""
    words = _words(trigger_body(other.definition))
    own_table = set() if tried else {other.table}
    return [
        finding(
            loss.ran,
            HazardKind.BREAKS_OBJECT,
            other.name,
            f"{other.kind} {other.name} uses {loss}, which is gone then",
        )
        for loss in losses
        if (name_key(loss.table) in words or (loss.column and loss.table in own_table))
        and (loss.column is None or name_key(loss.column) in words)
    ]


def _culprit(other: OtherObject, losses: Sequence[Loss], statements: Sequence[Ran]) -> Ran:
    """The statement to blame: one that takes a name away from a table that the program uses."""
    words = _words(other.definition)
    tables = {other.table} if other.table is not None else set()
    for loss in losses:
        if loss.table in tables or (not tables and name_key(loss.table) in words):
            return loss.ran
    on_table = [ran for ran in statements if ran.step.before and ran.step.before.name in tables]
    return (on_table or [loss.ran for loss in losses] or list(statements))[-1]


def _unproven(other: OtherObject, ran: Ran) -> Finding:
    reason = f"{other.kind} {other.name} could not be made on scratch: nobody knows if it breaks"
    return finding(ran, HazardKind.UNPROVEN, other.name, reason)


def _new_names(statements: Sequence[Ran]) -> dict[str, str]:
    return {
        ran.step.before.name: ran.step.after.name
        for ran in statements
        if ran.step.operation is Operation.RENAME_TABLE and ran.step.before and ran.step.after
    }


def _words(definition: str) -> frozenset[str]:
    """Every name that the text can mean, folded."""
    kinds = (TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER)
    return frozenset(name_key(token.value) for token in tokenize(definition) if token.kind in kinds)
