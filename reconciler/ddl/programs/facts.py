"""The first line of a program's text: what its server keeps of it that SHOW CREATE does not print
in it, or prints as an account."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.ddl.programs.line_ends import with_plain_line_ends
from reconciler.ddl.triggers import with_follows
from reconciler.errors import Problem, Refused
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import CreatedWith
from reconciler.model.schema import OtherObject

ANOTHER_DEFINER = "another"
"""In place of a digest: any account but the one that a spec names."""

# Under any other client, text beyond ASCII would have to be sent in that client's characters.
_ANY_TEXT = frozenset({"utf8", "utf8mb3", "utf8mb4"})
NO_TEXT = "\N{REPLACEMENT CHARACTER}"
"""In a program's text, for bytes that are none: servers print some literals as they are."""
USUAL_ZONE = "+00:00"
"""Of sessions that nobody has asked for another."""
CARRIAGE_RETURN = (
    "a carriage return stands in a string of it, which no file keeps (write it as \\r)"
)
LEAVE_ALONE = "leave it alone by its name with `policy.ignore_tables`"
OTHER_LANGUAGE = frozenset(
    ["ANSI", "ANSI_QUOTES", "DB2", "MAXDB", "MSSQL", "NO_BACKSLASH_ESCAPES", "ORACLE", "POSTGRESQL"]
)
"""Modes under which a body is split into other tokens, or is of another language."""

_FACTS = re.compile(
    r"-- definer=(?P<definer>[0-9a-f]{64}|none|another) character_set_client=(?P<client>\w+)"
    r" collation_connection=(?P<collation>\w+)"
    r"(?: sql_mode=(?P<mode>[A-Z0-9_,]*) database_collation=(?P<database>\w+)"
    r"(?: time_zone=(?P<zone>\S+))?)?\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`shown` is the text behind the line. `definer` is a digest, or `ANOTHER_DEFINER`."""

    definer: str | None
    created_with: CreatedWith
    shown: str


def text_of(other: OtherObject) -> str:
    """What a server showed of a program; '' if it did not show all of it."""
    if other.kind is ObjectKind.SEQUENCE:
        return other.definition  # servers keep nothing else of it
    if other.created_with is None or not other.definition:
        return ""
    shown = with_plain_line_ends(other.definition)
    if other.follows is not None:
        shown = with_follows(shown, other.follows)
    return with_facts(shown, other.definer, other.created_with)


def with_facts(shown: str, definer: str | None, created_with: CreatedWith) -> str:
    return f"-- definer={definer or 'none'} {created_with}\n{shown}"


def read_facts(text: str) -> Facts | None:
    found = _FACTS.match(text)
    if found is None:
        return None
    return Facts(
        definer=None if found["definer"] == "none" else found["definer"],
        created_with=CreatedWith(
            character_set_client=found["client"],
            collation_connection=found["collation"],
            sql_mode=found["mode"],
            database_collation=found["database"],
            time_zone=found["zone"],
        ),
        shown=text[found.end() :],
    )


def not_understood(code: str, about: str, why: str) -> Refused:
    return Refused(
        Problem(
            code=code,
            message=f"{about}: {why}",
            recovery=f"write it in a form that can be managed, or {LEAVE_ALONE}; then run the same"
            " command again",
        )
    )


def may_hold_any_text(made: CreatedWith, text: str) -> bool:
    return made.character_set_client in _ANY_TEXT or text.isascii()


def kept_of_session(made: CreatedWith) -> str:
    """What a file can say: the collation of the database is not its own. Sessions have the time
    zone +00:00 by themselves."""
    client, collation = made.character_set_client, made.collation_connection
    mode = made.sql_mode or "''"
    said = f"character_set_client={client} collation_connection={collation} sql_mode={mode}"
    zone = made.time_zone or USUAL_ZONE
    return said if zone == USUAL_ZONE else f"{said} time_zone={zone}"
