"""How a session is set, live and in scratch: one function, so that a proof holds for what runs.

SHOW CREATE obeys the session, and so does DDL. Everything that could change what is printed, read
or made is pinned; what the server's own settings decide stays as the server has it, and scratch
copies it (`copied_variables`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import assert_never

from reconciler.ddl.programs.facts import USUAL_ZONE
from reconciler.ddl.quote import quote_string
from reconciler.diff.session import StatementSession
from reconciler.edges.mysql.limits import READ_LOCK_WAIT_S
from reconciler.model.programs import CreatedWith
from reconciler.model.server import Flavor, ServerSettings, ServerVersion

Variables = tuple[tuple[str, str], ...]

# Modes that would make our own text mean something else, or make the server print another text.
# A combination such as ANSI or ORACLE brings its parts back when it is set, so it goes as well.
_MODES_LEFT_OUT = frozenset(
    {
        "ANSI", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PAD_CHAR_TO_FULL_LENGTH",
        # MariaDB only
        "DB2", "MAXDB", "MSSQL", "MYSQL323", "MYSQL40", "ORACLE", "POSTGRESQL",
        "NO_FIELD_OPTIONS", "NO_KEY_OPTIONS", "NO_TABLE_OPTIONS", "EMPTY_STRING_IS_NULL",
    }
)  # fmt: skip
# What keeps a server from taking zero dates; TRADITIONAL brings the other two back.
_AGAINST_ZERO_DATES = frozenset({"NO_ZERO_DATE", "NO_ZERO_IN_DATE", "TRADITIONAL"})

_COPIED = {
    Flavor.MYSQL: (
        "default_collation_for_utf8mb4",
        "default_storage_engine",
        "explicit_defaults_for_timestamp",
        "innodb_strict_mode",
        "old_alter_table",
        "restrict_fk_on_non_standard_key",
        "sql_generate_invisible_primary_key",
        "sql_require_primary_key",
    ),
    Flavor.MARIADB: (
        "alter_algorithm",
        "character_set_collations",
        "check_constraint_checks",
        "default_storage_engine",
        "explicit_defaults_for_timestamp",
        "innodb_strict_mode",
        "old_mode",
        "system_versioning_alter_history",
    ),
}


def session_variables(settings: ServerSettings) -> Variables:
    """What every session sets before it reads or changes anything; needs no privilege."""
    return (
        ("sql_mode", session_mode(settings.variable("sql_mode") or "")),
        *pinned(settings.version),
    )


def pinned(version: ServerVersion) -> Variables:
    pairs = [
        # A TIMESTAMP default is printed in the session's zone: another zone is another text.
        ("time_zone", USUAL_ZONE),
        ("sql_quote_show_create", "1"),
        ("foreign_key_checks", "1"),
        ("unique_checks", "1"),
        # A limit set for the whole server would cut listings without a word.
        ("sql_select_limit", "18446744073709551615"),
        ("lock_wait_timeout", str(READ_LOCK_WAIT_S)),
    ]
    match version.flavor:
        case Flavor.MYSQL:
            pairs += [
                ("information_schema_stats_expiry", "0"),
                ("show_create_table_verbosity", "0"),
                ("max_execution_time", "0"),
            ]
            if version.at_least(8, 0, 30):
                pairs.append(("show_gipk_in_create_table_and_information_schema", "1"))
        case Flavor.MARIADB:
            pairs.append(("max_statement_time", "0"))  # it ends DDL too
        case _:
            assert_never(version.flavor)
    return tuple(pairs)


def copied_variables(settings: ServerSettings) -> Variables:
    """What a live session has from its server and a scratch session must be given."""
    found = ((name, settings.variable(name)) for name in _COPIED[settings.version.flavor])
    return tuple((name, value) for name, value in found if value is not None)


def session_mode(mode: str, *, zero_dates: bool = False) -> str:
    """The server's sql_mode as our sessions use it; '' stays ''."""
    left_out = _MODES_LEFT_OUT | _AGAINST_ZERO_DATES if zero_dates else _MODES_LEFT_OUT
    kept = [part for part in mode.split(",") if part and part.upper() not in left_out]
    return ",".join(kept)


def statement_variables(session: StatementSession, settings: ServerSettings) -> Variables:
    """What a statement asks of its session, as a server of these settings calls it."""
    made = session.created_with
    mode = session_mode(settings.variable("sql_mode") or "", zero_dates=session.zero_dates)
    if made is not None and made.sql_mode is not None:
        mode = made.sql_mode
    history = "system_versioning_alter_history"  # MariaDB
    kept = settings.variable(history)
    return (
        ("foreign_key_checks", str(int(session.foreign_key_checks))),
        ("sql_mode", mode),
        *(((history, "KEEP" if session.alters_history else kept),) if kept is not None else ()),
        *_kept_of_maker(made),
    )


# How the session of every connection begins, and is again behind a program that was made.
AS_CONNECTED = f"SET NAMES utf8mb4, time_zone = '{USUAL_ZONE}'"


def _kept_of_maker(made: CreatedWith | None) -> Variables:
    if made is None:
        return ()
    return (
        ("character_set_client", made.character_set_client),
        ("collation_connection", made.collation_connection),
        *((("time_zone", made.time_zone),) if made.time_zone is not None else ()),
    )


def set_session(variables: Iterable[tuple[str, str]]) -> str:
    return "SET SESSION " + ", ".join(f"{name} = {_literal(value)}" for name, value in variables)


def _literal(value: str) -> str:
    return value if re.fullmatch(r"[0-9]+", value) else quote_string(value)
