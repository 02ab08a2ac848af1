"""A sequence of MariaDB as a text: its definition, strictly read, and never its value, which is
data; and the statements that make or change one."""

from __future__ import annotations

import re

from reconciler.ddl.fingerprint import value_fingerprint
from reconciler.ddl.foreign import foreign_object
from reconciler.ddl.programs.facts import LEAVE_ALONE
from reconciler.ddl.quote import quote_identifier
from reconciler.errors import Problem, Refused
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import Sequence
from reconciler.model.schema import OtherObject

_TAIL = re.compile(
    r"(?:as (?P<type>\w+(?: unsigned)?) )?(?P<options>start [^']+)"
    r" ENGINE=(?P<engine>\w+(?: COMMENT='(?:[^'\\]|\\.|'')*+')?)",
    re.DOTALL,
)


def read_sequence(text: str, name: str) -> Sequence:
    """Raises Refused for what is in no form that is understood."""
    other = OtherObject(kind=ObjectKind.SEQUENCE, name=name, definition=text)
    tail = _TAIL.fullmatch(text.removeprefix(f"CREATE SEQUENCE {quote_identifier(name)} "))
    if foreign_object(other) is None or tail is None:
        raise Refused(
            Problem(
                code="sequence-not-understood",
                message=f"sequence {name}: its server prints it in a form that is not understood",
                recovery=f"{LEAVE_ALONE}, then run the same command again",
            )
        )
    return Sequence(
        name=name, value_type=tail["type"] or "", options=tail["options"], engine=tail["engine"]
    )


def sequence_text(sequence: Sequence) -> str:
    return create_sequence_sql(sequence)


def sequence_as_shown(sequence: Sequence) -> OtherObject:
    definition = create_sequence_sql(sequence)
    return OtherObject(kind=ObjectKind.SEQUENCE, name=sequence.name, definition=definition)


def sequence_fingerprint(sequence: Sequence) -> str:
    return value_fingerprint("reconciler/sequence/v1", sequence)


def create_sequence_sql(sequence: Sequence) -> str:
    value_type = f"as {sequence.value_type} " if sequence.value_type else ""
    name = quote_identifier(sequence.name)
    return f"CREATE SEQUENCE {name} {value_type}{sequence.options} ENGINE={sequence.engine}"


def alter_sequence_sql(sequence: Sequence) -> str:
    """Its value stays: nothing here restarts it."""
    return f"ALTER SEQUENCE {quote_identifier(sequence.name)} {sequence.options}"


def drop_sequence_sql(about: ObjectId) -> str:
    return f"DROP SEQUENCE {quote_identifier(about.name)}"
