"""Programs of every kind that can be managed: one question, answered by the room of its kind."""

from __future__ import annotations

from dataclasses import replace

from reconciler.ddl.programs.accounts import Account, read_account
from reconciler.ddl.programs.event import (
    alter_event_sql,
    as_event_on_scratch,
    create_event_sql,
    drop_event_sql,
    event_as_shown,
    event_file_text,
    event_fingerprint,
    event_text,
    read_event,
    scratch_event_sql,
)
from reconciler.ddl.programs.facts import ANOTHER_DEFINER
from reconciler.ddl.programs.routine import (
    create_routine_sql,
    drop_routine_sql,
    read_routine,
    routine_as_shown,
    routine_file_text,
    routine_fingerprint,
    routine_text,
    scratch_routine_sql,
)
from reconciler.ddl.programs.sequence import (
    alter_sequence_sql,
    create_sequence_sql,
    drop_sequence_sql,
    read_sequence,
    sequence_as_shown,
    sequence_fingerprint,
    sequence_text,
)
from reconciler.ddl.programs.trigger import (
    drop_trigger_sql,
    read_trigger,
    trigger_as_shown,
    trigger_file_text,
    trigger_fingerprint,
    trigger_text,
)
from reconciler.ddl.programs.view import (
    create_view_sql,
    drop_view_sql,
    read_view,
    scratch_view_sql,
    view_as_shown,
    view_file_text,
    view_fingerprint,
    view_text,
)
from reconciler.errors import Problem, Refused
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.policy import Policy
from reconciler.model.programs import (
    ROUTINES,
    CreatedWith,
    Event,
    ManagedProgram,
    Routine,
    Security,
    Sequence,
    Trigger,
)
from reconciler.model.schema import OtherObject
from reconciler.model.server import Flavor


def read_program(about: ObjectId, text: str) -> ManagedProgram:
    """Raises Refused for what is in no form that is understood, or is hidden from the login."""
    if not text:
        raise Refused(_hidden(about))
    if about.kind in ROUTINES:
        return read_routine(text, about)
    if about.kind is ObjectKind.TRIGGER:
        return read_trigger(text, about.name)
    if about.kind is ObjectKind.SEQUENCE:
        return read_sequence(text, about.name)
    if about.kind is ObjectKind.EVENT:
        return read_event(text, about.name)
    assert about.kind is ObjectKind.VIEW, "a kind that can be managed"
    return read_view(text, about.name)


def program_text(program: ManagedProgram) -> str:
    """The other way round."""
    if isinstance(program, Trigger):
        return trigger_text(program)
    if isinstance(program, Sequence):
        return sequence_text(program)
    if isinstance(program, Event):
        return event_text(program)
    return routine_text(program) if isinstance(program, Routine) else view_text(program)


def program_fingerprint(program: ManagedProgram) -> str:
    """Over the fields, not over the text."""
    if isinstance(program, Routine):
        return routine_fingerprint(program)
    if isinstance(program, Trigger):
        return trigger_fingerprint(program)
    if isinstance(program, Sequence):
        return sequence_fingerprint(program)
    if isinstance(program, Event):
        return event_fingerprint(program)
    return view_fingerprint(program)


def as_shown(program: ManagedProgram) -> OtherObject:
    """As a server would show it."""
    if isinstance(program, Trigger):
        return trigger_as_shown(program)
    if isinstance(program, Sequence):
        return sequence_as_shown(program)
    if isinstance(program, Event):
        return event_as_shown(program)
    return routine_as_shown(program) if isinstance(program, Routine) else view_as_shown(program)


def file_text(program: ManagedProgram, usual: CreatedWith | None) -> str:
    """A definition file for it. `usual` is what the server keeps of a session that says nothing
    (None: not known): a file says it only where the program has something else."""
    if isinstance(program, Routine):
        return routine_file_text(program, usual)
    if isinstance(program, Trigger):
        return trigger_file_text(program, usual)
    if isinstance(program, Sequence):
        return f"{sequence_text(program)};\n"
    if isinstance(program, Event):
        return event_file_text(program, usual)
    return view_file_text(program, usual)


def used_text(program: ManagedProgram) -> str:
    """That part of it in which the names of what it uses stand."""
    if isinstance(program, Routine):
        return f"{program.signature}\n{program.body}"
    if isinstance(program, Trigger | Event):
        return program.body
    if isinstance(program, Sequence):
        return ""
    return program.query


def create_sql(
    program: ManagedProgram,
    definer: Account | None,
    *,
    replaces: ManagedProgram | None,
    flavor: Flavor,
) -> str:
    """`definer` is the account that the spec names, for one that has its definer's rights;
    `replaces` what is there and becomes it."""
    if isinstance(program, Routine):
        return create_routine_sql(program, definer, replaces=replaces is not None)
    if isinstance(program, Sequence):
        return alter_sequence_sql(program) if replaces else create_sequence_sql(program)
    if isinstance(program, Event):
        assert definer is not None, "each has an account's rights"
        if isinstance(replaces, Event):
            return alter_event_sql(replaces, program, definer, flavor)
        return create_event_sql(program, definer)
    assert not isinstance(program, Trigger), "triggers stand in line (`prove.triggers`)"
    return create_view_sql(program, definer, replaces=replaces is not None)


def is_replaced_at_once(kind: ObjectKind, flavor: Flavor) -> bool:
    """Whether one statement makes it another one: where none does, it goes and comes."""
    return kind not in ROUTINES or flavor is Flavor.MARIADB


def scratch_sql(program: ManagedProgram) -> tuple[str, ...]:
    """The same without anybody's rights, over one that may be there."""
    if isinstance(program, Routine):
        return scratch_routine_sql(program)
    if isinstance(program, Sequence):
        return (create_sequence_sql(program),)
    if isinstance(program, Event):
        return scratch_event_sql(program)
    assert not isinstance(program, Trigger), "triggers stand in line (`prove.triggers`)"
    return (scratch_view_sql(program, replaces=True),)


def drop_sql(about: ObjectId) -> str:
    if about.kind in ROUTINES:
        return drop_routine_sql(about)
    if about.kind is ObjectKind.TRIGGER:
        return drop_trigger_sql(about.name)
    if about.kind is ObjectKind.SEQUENCE:
        return drop_sequence_sql(about)
    if about.kind is ObjectKind.EVENT:
        return drop_event_sql(about.name)
    assert about.kind is ObjectKind.VIEW, "a kind that can be managed"
    return drop_view_sql(about.name)


def without_rights(program: ManagedProgram) -> ManagedProgram:
    """As scratch has it."""
    if isinstance(program, Sequence):
        return program
    if isinstance(program, Event):
        return replace(as_event_on_scratch(program), definer=None)
    return replace(program, security=Security.INVOKER, definer=None)


def account_for(program: ManagedProgram, policy: Policy) -> Account | None:
    """Whose rights the spec gives it; None where it has those of whoever uses it."""
    if isinstance(program, Sequence) or program.security is Security.INVOKER:
        return None
    return read_account(policy.account_of(program.object_id.kind) or "")


def told_by_policy(program: ManagedProgram, policy: Policy) -> ManagedProgram:
    """Any account but the spec's is just another: nothing computed from it leaves the look."""
    if isinstance(program, Sequence):
        return program
    own = read_account(policy.account_of(program.object_id.kind) or "")
    is_told = program.definer is None or (own is not None and program.definer == own.digest)
    return program if is_told else replace(program, definer=ANOTHER_DEFINER)


def _hidden(about: ObjectId) -> Problem:
    if about.kind in ROUTINES:
        return Problem(
            code="routine-hidden",
            message=f"{about.titled}: the login may not see its text, and routines are managed",
            recovery="grant the login SHOW_ROUTINE on *.* (on MariaDB: SELECT on mysql.proc), then"
            " run the same command again",
        )
    if about.kind is ObjectKind.SEQUENCE:
        return Problem(
            code="sequence-hidden",
            message=f"{about.titled}: the login may not see it, and sequences are managed",
            recovery="grant the login SELECT on the shard's database, then run the same command"
            " again",
        )
    is_view = about.kind is ObjectKind.VIEW
    needed = "SHOW VIEW and SELECT" if is_view else about.kind.upper()
    return Problem(
        code="view-hidden",
        message=f"{about.titled}: the login may not see its text, and {about.kind}s are managed",
        recovery=f"grant the login {needed} on the shard's database, then run the same command"
        " again",
    )
