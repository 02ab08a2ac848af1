"""Statements that make or drop a program: exactly the form that plans have, and no other (DS-5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from reconciler.ddl.foreign import foreign_object
from reconciler.ddl.limits import STATEMENTS_KEPT_MAX
from reconciler.ddl.programs.accounts import Account, read_account
from reconciler.ddl.programs.facts import with_facts
from reconciler.ddl.programs.names import outside_names, tables_read
from reconciler.ddl.programs.routine import HEAD, read_routine
from reconciler.ddl.programs.sequence import read_sequence
from reconciler.ddl.quote import unquote_identifier
from reconciler.ddl.scan import NAME
from reconciler.ddl.statement.event import read_event_statement
from reconciler.ddl.statement.refused import statement_refused
from reconciler.ddl.statement.trigger import read_trigger_statement
from reconciler.errors import Refused
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import CreatedWith, Security, event_id, trigger_id, view_id
from reconciler.model.schema import OtherObject

_BEGINS = re.compile(
    r"(?:CREATE (?:OR REPLACE )?(?:ALGORITHM=|DEFINER=|AGGREGATE |PROCEDURE |FUNCTION |SEQUENCE )"
    r"|DROP (?:VIEW|PROCEDURE|FUNCTION|SEQUENCE) |ALTER SEQUENCE )"
)
_CREATE = re.compile(
    r"CREATE (?P<replaces>OR REPLACE )?(?P<algorithm>ALGORITHM=\w+)"
    rf"(?: DEFINER=(?P<definer>{NAME}(?:@{NAME})?))?"
    rf" (?P<rest>SQL SECURITY (?P<security>DEFINER|INVOKER) VIEW (?P<name>{NAME}).*)",
    re.DOTALL,
)
_DROP = re.compile(rf"DROP (?P<kind>VIEW|PROCEDURE|FUNCTION|SEQUENCE) (?P<name>{NAME})")
_ROUTINE = re.compile(
    rf"CREATE (?P<replaces>OR REPLACE )?(?:DEFINER=(?P<definer>{NAME}(?:@{NAME})?) )?"
    rf"(?P<rest>{HEAD}.*)",
    re.DOTALL,
)
_SEQUENCE = re.compile(rf"(?P<verb>CREATE|ALTER) SEQUENCE (?P<name>{NAME}) ")
_SAFE = frozenset({"DETERMINISTIC", "NO SQL", "READS SQL DATA"})

# What its session is does not stand in a statement.
_ANY = CreatedWith(
    character_set_client="utf8mb4",
    collation_connection="utf8mb4_bin",
    sql_mode="",
    database_collation="utf8mb4_bin",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramStatement:
    """`drops`, or else makes; `replaces` one that is there. `definer`: whose rights it is given.
    `reads`: the tables and views that its query names. `unsafe`: a function that does not say that
    it changes nothing, and is always of one outcome. Of a trigger, `table` is the one that it fires
    on, and `locks` whether that is locked meanwhile; of an event, `is_on`: it runs by itself."""

    about: ObjectId
    drops: bool = False
    replaces: bool = False
    definer: Account | None = None
    reads: tuple[str, ...] = ()
    unsafe: bool = False
    table: str = ""
    locks: bool = False
    is_on: bool = False


@lru_cache(maxsize=STATEMENTS_KEPT_MAX)
def read_program_statement(sql: str) -> ProgramStatement | None:
    """None for what does not begin as such a statement does. Raises Refused for what begins so and
    is none."""
    if (trigger := read_trigger_statement(sql)) is not None:
        return ProgramStatement(
            about=trigger_id(trigger.name),
            drops=trigger.drops,
            replaces=trigger.replaces,
            definer=trigger.definer,
            table=trigger.table,
            locks=trigger.swap is not None,
        )
    if (event := read_event_statement(sql)) is not None:
        return ProgramStatement(
            about=event_id(event.name),
            drops=event.drops,
            replaces=event.alters,
            definer=event.definer,
            is_on=event.is_on,
        )
    if _BEGINS.match(sql) is None:
        return None
    if (drop := _DROP.fullmatch(sql)) is not None:
        kind = ObjectKind(drop["kind"].lower())
        return ProgramStatement(about=ObjectId(kind, unquote_identifier(drop["name"])), drops=True)
    if (sequence := _SEQUENCE.match(sql)) is not None:
        return _sequence_statement(sequence, sql)
    if (routine := _ROUTINE.fullmatch(sql)) is not None:
        return _routine_statement(routine)
    made = _CREATE.fullmatch(sql)
    if made is None:
        raise statement_refused(
            "statement-not-understood", "a CREATE VIEW in the form of plans is expected"
        )
    name = unquote_identifier(made["name"])
    shown = f"CREATE {made['algorithm']} {made['rest']}"
    if foreign_object(OtherObject(kind=ObjectKind.VIEW, name=name, definition=shown)) is None:
        raise statement_refused(
            "statement-not-understood", "a view's query and nothing else is expected"
        )
    if outside := outside_names(made["rest"]):
        raise statement_refused(
            "statement-table", f"the view uses {outside[0][:120]} of another database"
        )
    if (made["definer"] is not None) != (made["security"] == "DEFINER"):
        raise statement_refused(
            "statement-definer", "its DEFINER and its SQL SECURITY do not go together"
        )
    return ProgramStatement(
        about=view_id(name),
        replaces=made["replaces"] is not None,
        definer=read_account(made["definer"]) if made["definer"] else None,
        reads=tables_read(made["rest"]),
    )


def _sequence_statement(made: re.Match[str], sql: str) -> ProgramStatement:
    name, alters = unquote_identifier(made["name"]), made["verb"] == "ALTER"
    shown = f"CREATE{sql.removeprefix('ALTER')} ENGINE=InnoDB" if alters else sql
    try:
        read_sequence(shown, name)
    except Refused as refused:
        raise statement_refused("statement-not-understood", refused.problems[0].message) from None
    return ProgramStatement(about=ObjectId(ObjectKind.SEQUENCE, name), replaces=alters)


def _routine_statement(made: re.Match[str]) -> ProgramStatement:
    """Read as a shard's own text is: what is none, is no statement of a plan."""
    about = ObjectId(ObjectKind(made["kind"].lower()), unquote_identifier(made["name"]))
    account = read_account(made["definer"]) if made["definer"] else None
    shown = with_facts(f"CREATE {made['rest']}", account.digest if account else None, _ANY)
    try:
        routine = read_routine(shown, about)
    except Refused as refused:
        raise statement_refused("statement-not-understood", refused.problems[0].message) from None
    if (account is not None) != (routine.security is Security.DEFINER):
        raise statement_refused(
            "statement-definer", "its DEFINER and its SQL SECURITY do not go together"
        )
    return ProgramStatement(
        about=about,
        replaces=made["replaces"] is not None,
        definer=account,
        unsafe=about.kind is ObjectKind.FUNCTION and _SAFE.isdisjoint(routine.traits),
    )
