"""The text of a trigger: its head says on which table it is, the rest what it does."""

from __future__ import annotations

import re

from reconciler.ddl.quote import quote_identifier, unquote_identifier

_HEAD = re.compile(r"CREATE TRIGGER .*? ON (?P<table>`(?:[^`]|``)+`) FOR EACH ROW ", re.DOTALL)


def trigger_on(table: str, definition: str) -> str:
    """The same trigger on another table."""
    head = _HEAD.match(definition)
    if head is None:
        return definition
    return (
        f"{definition[: head.start('table')]}{quote_identifier(table)}"
        f"{definition[head.end('table') :]}"
    )


def trigger_table(text: str) -> str | None:
    """On which table a trigger is; None for the text of anything else."""
    head = _HEAD.search(text)
    return unquote_identifier(head["table"]) if head else None


def trigger_body(definition: str) -> str:
    """Behind the head of a trigger; all of the text of anything else."""
    head = _HEAD.match(definition)
    return definition[head.end() if head else 0 :]


def with_follows(definition: str, follows: str) -> str:
    """The same in its place among those that fire at the same moment."""
    head = _HEAD.match(definition)
    at = head.end() if head else len(definition)
    return f"{definition[:at]}FOLLOWS {quote_identifier(follows)} {definition[at:]}"
