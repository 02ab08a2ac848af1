"""What comes back to a target when all rows are there: foreign keys and the application's triggers.

Rule: they are not there while rows come, for a trigger would do its work a second time; and a
foreign key is only made where all that it asks for is true (SP-40).
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.ddl.quote import quote_identifier, quote_string
from reconciler.ddl.read import read_table
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.reading import read_definition
from reconciler.edges.mysql.split.problems import helper_foreign, made_otherwise, orphans
from reconciler.edges.mysql.split.session import SQL_MODE, SplitSession
from reconciler.edges.mysql.split.shapes import read_triggers
from reconciler.errors import Problem, Refused
from reconciler.model.schema import ForeignKey
from reconciler.ports.split_servers import Definition, TriggerText


def add_foreign_keys(session: SplitSession, definition: Definition) -> None:
    """Raises Refused, ServerRefusal, LinkLost."""
    link, table = session.looks, definition.table
    printed = read_definition(link, table)
    if printed is None:
        raise Refused(made_otherwise(session.label, table))
    there = {key.name for key in read_table(printed, session.version).foreign_keys}
    for added in definition.foreign_keys:
        if added.key.name in there:
            continue
        if problems := orphans_of(link, session.label, replace(definition, foreign_keys=(added,))):
            raise Refused(*problems)
        # Unchecked, as all in this session: the rows were just asked, and no table is copied.
        link.execute(added.sql)


def orphans_of(link: Link, label: str, definition: Definition) -> tuple[Problem, ...]:
    """Raises ServerRefusal, LinkLost."""
    return tuple(
        orphans(label, added.key.name, definition.table)
        for added in definition.foreign_keys
        if link.query(_orphan_sql(definition.table, added.key), width=1)
    )


def _orphan_sql(table: str, key: ForeignKey) -> str:
    """A row whose key is whole and has no parent: a key with a NULL in it asks for none."""
    child = [f"c.{quote_identifier(name)}" for name in key.columns]
    parent = [f"p.{quote_identifier(name)}" for name in key.parent_columns]
    on = " AND ".join(f"{ours} = {theirs}" for ours, theirs in zip(child, parent, strict=True))
    whole = " AND ".join(f"{name} IS NOT NULL" for name in child)
    return (
        f"SELECT 1 FROM {quote_identifier(table)} c"
        f" LEFT JOIN {quote_identifier(key.parent_table)} p ON {on}"
        f" WHERE {whole} AND {parent[0]} IS NULL LIMIT 1"
    )


def add_triggers(session: SplitSession, definition: Definition) -> None:
    """Raises Refused, ServerRefusal, LinkLost."""
    link, table = session.looks, definition.table
    there = {found.name: found for found in read_triggers(link, session.label, table)}
    for trigger in definition.triggers:
        found = there.get(trigger.name)
        if found is None:
            _create(link, trigger)
        elif found != trigger:
            raise Refused(helper_foreign(session.label, trigger.name))


def _create(link: Link, trigger: TriggerText) -> None:
    """In the session that its text was written for; the account whose rights it has is told apart
    from its host by the last @."""
    user, _, host = trigger.definer.rpartition("@")
    definer = f"{quote_identifier(user)}@{quote_identifier(host)}"
    link.execute(
        f"SET SESSION sql_mode = {quote_string(trigger.sql_mode)},"
        f" character_set_client = {quote_string(trigger.character_set)},"
        f" collation_connection = {quote_string(trigger.collation)}"
    )
    try:
        link.execute(trigger.sql.replace("CREATE ", f"CREATE DEFINER={definer} ", 1))
    finally:
        link.execute(
            f"SET SESSION sql_mode = {quote_string(SQL_MODE)}, character_set_client = utf8mb4,"
            " collation_connection = utf8mb4_general_ci"
        )
