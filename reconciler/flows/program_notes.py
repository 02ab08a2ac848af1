"""What a plan tells of programs that no server tells: an aside for its reader, as all notes are.

No server looks through a body before it runs it, so that a table may be missing from the day the
body is made; and a run of an event that has begun goes on, whatever becomes of the event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from reconciler.ddl.programs.kinds import used_text
from reconciler.ddl.programs.tables_used import names_made, procedures_called, tables_used
from reconciler.diff.model import Operation
from reconciler.flows.reconcile_pass import Pass
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.policy import Unused
from reconciler.model.programs import LIKE_TABLES, Event, ManagedProgram, Routine, Trigger
from reconciler.model.schema import OtherObject
from reconciler.observe.shards import SeenShard
from reconciler.plan.model import PlanCore
from reconciler.prove.unproven import UNSEEN_OF

Made = Mapping[ObjectId, ManagedProgram]
NamesIn = Callable[[str], tuple[str, ...]]

_MADE = (
    Operation.CREATE_ROUTINE,
    Operation.REPLACE_ROUTINE,
    Operation.CREATE_TRIGGER,
    Operation.REPLACE_TRIGGER,
    Operation.CREATE_EVENT,
    Operation.ALTER_EVENT,
)


def program_notes(begun: Pass, core: PlanCore | None) -> tuple[str, ...]:
    desired = next(iter(begun.desired.values()), None)
    if core is None or desired is None:
        return ()
    statements = [one for found in core.change_sets for one in found.statements]
    made = sorted({one.object_id for one in statements if one.operation in _MADE})
    wanted = {about: read.value for about, read in desired.programs.items()}
    after = {about: wanted[about] for about in made if about in wanted}
    used, called = _named(tables_used, after), _named(procedures_called, after)
    every = tuple(wanted.values())
    by_programs = _made_by_programs(begun, every) if used or called else frozenset[str]()
    return (
        *_missing_tables(begun, after, used, by_programs),
        *_missing_procedures(begun, after, called, every, by_programs),
        *_still_running(begun, after),
    )


def _named(names_in: NamesIn, made: Made) -> dict[ObjectId, tuple[str, ...]]:
    """What each that has a body names there, of those that name any."""
    bodies = (
        (about, one.body)
        for about, one in made.items()
        if isinstance(one, Routine | Trigger | Event)
    )
    return {about: names for about, body in bodies if (names := names_in(body))}


def _missing_tables(
    begun: Pass, made: Made, used: Mapping[ObjectId, Sequence[str]], by_programs: frozenset[str]
) -> Iterator[str]:
    """Of a table that some shard has, or that policy leaves to others, nothing is told."""
    if not used:
        return
    there = by_programs | _tables(begun)
    for about, names in used.items():
        if missing := _missing(begun, names, there):
            yield (
                f"{about.titled} uses {' and '.join(missing)}, which no shard has then and no"
                f" program makes: {_what_fails(about, made[about])} that comes to it fails, unless"
                " its session has a temporary table of that name"
            )


def _missing_procedures(
    begun: Pass,
    made: Made,
    called: Mapping[ObjectId, Sequence[str]],
    every: Iterable[ManagedProgram],
    by_programs: frozenset[str],
) -> Iterator[str]:
    """The same of procedures that are called; where a login may not see all, nothing is told."""
    hidden = UNSEEN_OF[Unused.ROUTINES]
    looks = [seen.observation for seen in begun.look.seen]
    if not called or any(words.startswith(hidden) for look in looks for words in look.unseen):
        return
    there = by_programs | _procedures(begun, every)
    for about, names in called.items():
        if missing := _missing(begun, names, there):
            yield (
                f"{about.titled} calls {' and '.join(missing)}, a procedure that no shard has then:"
                f" {_what_fails(about, made[about])} that comes to it fails"
            )


def _missing(begun: Pass, names: Iterable[str], there: frozenset[str]) -> list[str]:
    return [
        name for name in names if name.lower() not in there and not begun.reader.is_left_alone(name)
    ]


def _tables(begun: Pass) -> frozenset[str]:
    """In small letters, of all that may be used as a table behind the plan: what git says, and what
    shards have and git leaves alone."""
    desired = next(iter(begun.desired.values()))
    names = {*desired.definitions, *(o.name for o in desired.programs if o.kind in LIKE_TABLES)}
    for seen in begun.look.seen:
        live = seen.observation
        tables = (*(name for name, _ in live.definitions), *(name for name, _ in live.broken))
        names.update(name for name in tables if name not in seen.definitions)
        names.update(one.name for one in _left(seen) if one.kind in LIKE_TABLES)
    return frozenset(name.lower() for name in names)


def _procedures(begun: Pass, every: Iterable[ManagedProgram]) -> frozenset[str]:
    """The same of procedures."""
    left = (one.object_id for seen in begun.look.seen for one in _left(seen))
    everyone = (*(one.object_id for one in every), *left)
    return frozenset(one.name.lower() for one in everyone if one.kind is ObjectKind.PROCEDURE)


def _made_by_programs(begun: Pass, every: Iterable[ManagedProgram]) -> frozenset[str]:
    """In small letters; a text that many shards have is read once."""
    left = (one.definition for seen in begun.look.seen for one in _left(seen))
    texts = dict.fromkeys((*map(used_text, every), *left))
    return frozenset[str]().union(*map(names_made, texts))


def _left(seen: SeenShard) -> list[OtherObject]:
    """What a shard has and git leaves alone."""
    return [one for one in seen.observation.others if one.object_id not in seen.programs]


def _what_fails(about: ObjectId, program: ManagedProgram) -> str:
    if isinstance(program, Trigger):
        return f"a write to {program.table}"
    return "a run" if about.kind is ObjectKind.EVENT else "a call"


def _still_running(begun: Pass, made: Made) -> Iterator[str]:
    """Of events that are on where they are changed; a comment is nothing that runs."""
    for about, after in made.items():
        if not isinstance(after, Event):
            continue
        live = (seen.programs.get(about) for seen in begun.look.seen)
        before = [read.value for read in live if read is not None]
        if any(
            isinstance(one, Event) and one.is_on and _runs_otherwise(one, after) for one in before
        ):
            beside = ", and another may begin beside it" if after.is_on else ""
            yield (
                f"{about.titled}: a run that has begun when it is changed goes on to its end as it"
                f" was{beside}; nobody waits for it (a body that must not run twice at once takes"
                " a lock, GET_LOCK)"
            )


def _runs_otherwise(before: Event, after: Event) -> bool:
    def what_runs(event: Event) -> tuple[object, ...]:
        return event.body, event.schedule, event.is_on, event.definer, event.created_with

    return what_runs(before) != what_runs(after)
