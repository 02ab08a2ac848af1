"""Whose are the tables that an engine works in? Proven by what was recorded before they were made.

Rule (EN-12): a table, or a trigger, is ours only if its name stands in a recorded handle, there was
none of that name when the first handle of that work was made, and it was created after that moment
on that server. Anything else of such a name is foreign: it is in the way, is named, and is never
touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.engines.limits import DROP_S_MAX
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import misread
from reconciler.edges.mysql.reading import number, text, unix_s
from reconciler.model.engine import EngineName, Handle
from reconciler.model.server import ServerError
from reconciler.ports.engine import Failed

TABLE_EXISTS = 1050
_HANDLE_VERSION = 1

# MariaDB's catalogue compares names without the case of their letters, whatever the server does.
_TABLES = """
SELECT TABLE_NAME, UNIX_TIMESTAMP(CREATE_TIME), TABLE_COMMENT FROM information_schema.TABLES
 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ({0})
   AND (@@lower_case_table_names <> 0 OR BINARY TABLE_NAME IN ({0}))
"""
_TRIGGERS = """
SELECT TRIGGER_NAME, UNIX_TIMESTAMP(CREATED), '' FROM information_schema.TRIGGERS
 WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME IN ({})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a handle says of an engine's work: the content of `Handle`, read and checked.

    `since_s` is the server's clock, in seconds of Unix time, when there was no table or trigger of
    these names; a handle of work that goes on has it from the handle before. `run` is new for each
    start. `own` are the engine's own words.
    """

    engine: EngineName
    #: What the program said of itself.
    engine_version: str
    #: Of the SQL of the statement.
    statement_sha256: str
    #: Tells servers apart, and not where they are.
    server_sha256: str
    table: str
    helpers: tuple[str, ...]
    since_s: int
    run: str
    own: Mapping[str, str] = field(default_factory=dict)

    def handle(self) -> Handle:
        content = {
            "engine_version": self.engine_version,
            "helpers": list(self.helpers),
            "own": dict(self.own),
            "run": self.run,
            "server_sha256": self.server_sha256,
            "since_s": self.since_s,
            "statement_sha256": self.statement_sha256,
            "table": self.table,
        }
        return Handle(
            engine=self.engine,
            version=_HANDLE_VERSION,
            content=json.dumps(content, sort_keys=True),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """A table or a trigger of a helper's name; `created_s` None: the server does not tell."""

    name: str
    created_s: int | None
    comment: str = ""


def digest(text_of_it: str) -> str:
    return hashlib.sha256(text_of_it.encode()).hexdigest()


def record_of(handle: Handle) -> Record | None:
    """None for a handle of another version, or one that somebody damaged."""
    if handle.version != _HANDLE_VERSION:
        return None
    match handle.fields:
        case {
            "engine_version": str(engine_version),
            "helpers": list(helpers),
            "own": dict(own),
            "run": str(run),
            "server_sha256": str(server_sha256),
            "since_s": int(since_s),
            "statement_sha256": str(statement_sha256),
            "table": str(table),
        } if _are_words([*helpers, *own, *own.values()]) and not isinstance(since_s, bool):
            return Record(
                engine=handle.engine,
                engine_version=engine_version,
                statement_sha256=statement_sha256,
                server_sha256=server_sha256,
                table=table,
                helpers=tuple(helpers),
                since_s=since_s,
                run=run,
                own=own,
            )
        case _:
            return None


def _are_words(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def find_tables(link: Link, names: Sequence[str]) -> tuple[Helper, ...]:
    """What there is of these names, views among them, as the server compares names. Raises
    ServerRefusal or LinkLost."""
    return _found(link, _TABLES, names, times=2)


def find_triggers(link: Link, names: Sequence[str]) -> tuple[Helper, ...]:
    """What there is of these names, whatever the case of their letters. Raises as `find_tables`."""
    return _found(link, _TRIGGERS, names, times=1)


def _found(link: Link, question: str, names: Sequence[str], *, times: int) -> tuple[Helper, ...]:
    """`times`: so often the question has the names."""
    if not names:
        return ()
    asked = question.format(", ".join(["%s"] * len(names)))
    rows = link.query(asked, [*names] * times, width=3)
    found = [
        Helper(name=text(name), created_s=unix_s(created), comment=text(comment or ""))
        for name, created, comment in rows
    ]
    return tuple(sorted(found, key=lambda helper: helper.name))


def server_clock_s(link: Link) -> int:
    """Raises ServerRefusal or LinkLost."""
    now_s = number(link.row("SELECT UNIX_TIMESTAMP()", width=1)[0])
    if now_s is None:
        raise misread()
    return now_s


def is_ours(helper: Helper, record: Record | None, server_sha256: str) -> bool:
    return (
        record is not None
        and record.server_sha256 == server_sha256
        and helper.name in record.helpers
        and helper.created_s is not None
        and helper.created_s >= record.since_s
    )


def foreign(helpers: Iterable[Helper], record: Record | None, server_sha256: str) -> Failed | None:
    """What is in the way and is not proven ours."""
    names = [one.name for one in helpers if not is_ours(one, record, server_sha256)]
    return in_the_way(names) if names else None


def in_the_way(names: Sequence[str]) -> Failed:
    listed = ", ".join(names)
    message = (
        f"{listed} is there already, and nothing shows that this apply has made it: it was not"
        " touched, and nothing was begun; see whose it is, and rename or drop it"
    )
    error = ServerError(number=TABLE_EXISTS, message=message)
    return Failed(error=error, transient=False, not_ours=tuple(names))


def since(earlier: Record | None, found: Sequence[object], now_s: int) -> int:
    """For the handle that is made now: what is there already was proven by the one before."""
    return earlier.since_s if earlier is not None and found else now_s


def drop_tables(link: Link, tables: Iterable[str]) -> None:
    """Raises ServerRefusal or LinkLost."""
    link.wait_at_most(DROP_S_MAX)
    try:
        for table in tables:
            link.execute(f"DROP TABLE IF EXISTS {quote_identifier(table)}")
    finally:
        link.wait_at_most(link.target.read_timeout_s)
