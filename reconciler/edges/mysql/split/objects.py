"""Tables and triggers of a split on one of its shards: made if missing, compared, dropped.

Rule: what has the name and is not to the letter what would be made there is another's, and is
neither used nor dropped (SP-36).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.reading import text
from reconciler.edges.mysql.split.problems import helper_foreign
from reconciler.edges.mysql.split.session import SQL_MODE
from reconciler.errors import Refused
from reconciler.reshard.helper_tables import HelperTable
from reconciler.reshard.triggers import SplitTrigger

_TABLE_EXISTS = 1050
_TRIGGER_EXISTS = 1359
_TABLES = (
    "SELECT TABLE_NAME FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE()"
    " AND (TABLE_TYPE LIKE 'BASE TABLE' OR TABLE_TYPE LIKE 'SYSTEM VERSIONED')"
)
_TRIGGERS = (
    "SELECT TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_STATEMENT,"
    " SQL_MODE, CREATED FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"
)
_COLUMNS = (
    "SELECT COLUMN_NAME FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSeen:
    """`made_at` as the server tells it: a trigger that was dropped and made again is another one,
    however equal."""

    trigger: SplitTrigger | None
    made_at: str


def triggers_seen(link: Link, wanted: Iterable[SplitTrigger]) -> dict[str, TriggerSeen]:
    """By name, those that there are; `trigger` None: not to the letter. Raises ServerRefusal,
    LinkLost."""
    by_name = {trigger.name: trigger for trigger in wanted}
    seen: dict[str, TriggerSeen] = {}
    for row in link.query(_TRIGGERS, width=7):
        name, timing, event, table, body, mode, made_at = map(text, row)
        if (trigger := by_name.get(name)) is None:
            continue
        is_equal = (timing, event, table, body) == (
            trigger.timing,
            trigger.event,
            trigger.table,
            trigger.body,
        ) and {*mode.split(",")} == {*SQL_MODE.split(",")}
        seen[name] = TriggerSeen(trigger=trigger if is_equal else None, made_at=made_at)
    return seen


def stand_since(link: Link, wanted: Sequence[SplitTrigger]) -> str | None:
    """When they were made, one after the other; None unless all of them stand to the letter."""
    seen = triggers_seen(link, wanted)
    if any((found := seen.get(one.name)) is None or found.trigger is None for one in wanted):
        return None
    return " ".join(seen[trigger.name].made_at for trigger in wanted)


def make_triggers(link: Link, label: str, wanted: Sequence[SplitTrigger]) -> None:
    """Raises Refused, ServerRefusal, LinkLost."""
    seen = triggers_seen(link, wanted)
    for trigger in wanted:
        found = seen.get(trigger.name)
        if found is None:
            _create(link, label, trigger.sql, trigger.name, exists=_TRIGGER_EXISTS)
        elif found.trigger is None:
            raise Refused(helper_foreign(label, trigger.name))


def drop_triggers(link: Link, names: Sequence[str]) -> None:
    """Whatever of them there is, by name alone: an ALTER of the table makes the text that would be
    made now another one. For a shard that is known to be the split's. Raises ServerRefusal,
    LinkLost."""
    for name in standing(link, names):
        link.execute(f"DROP TRIGGER IF EXISTS {quote_identifier(name)}")


def standing(link: Link, names: Sequence[str]) -> list[str]:
    """Which triggers of these names there are. Raises ServerRefusal, LinkLost."""
    there = {text(row[0]) for row in link.query(_TRIGGERS, width=7)}
    return [name for name in names if name in there]


def tables_seen(link: Link) -> Set[str]:
    """Of the session's database. Raises ServerRefusal, LinkLost."""
    return {text(name) for (name,) in link.query(_TABLES, width=1)}


def make_table(link: Link, label: str, wanted: HelperTable) -> None:
    """Raises Refused, ServerRefusal, LinkLost."""
    found = _columns(link, wanted.name)
    if not found:
        _create(link, label, wanted.sql, wanted.name, exists=_TABLE_EXISTS)
    elif found != [column.name for column in wanted.columns]:
        raise Refused(helper_foreign(label, wanted.name))


def drop_tables(link: Link, names: Sequence[str]) -> None:
    """Whatever of them there is. Raises ServerRefusal, LinkLost."""
    if names:
        link.execute(f"DROP TABLE IF EXISTS {', '.join(map(quote_identifier, names))}")


def drop_unmarked(link: Link, table: str) -> None:
    """A table for a mark, if nobody came to write the mark: without it nothing else was made.
    Raises ServerRefusal, LinkLost."""
    name = quote_identifier(table)
    if _columns(link, table) and not link.query(f"SELECT 1 FROM {name} LIMIT 1", width=1):
        drop_tables(link, [table])


def _columns(link: Link, table: str) -> list[str]:
    return [text(row[0]) for row in link.query(_COLUMNS, [table], width=1)]


def _create(link: Link, label: str, sql: str, name: str, *, exists: int) -> None:
    try:
        link.execute(sql)
    except ServerRefusal as refusal:
        if refusal.error.number == exists:
            raise Refused(helper_foreign(label, name)) from None
        raise
