"""How far a shard has come: its live tables against the states that its change set goes through."""

from __future__ import annotations

from reconciler.errors import Problem, ReconcilerError
from reconciler.flows.shard_problems import position_lost
from reconciler.flows.shard_task import ShardTask
from reconciler.guard.classify import states_along
from reconciler.ports import ShardSession


def position_seen(session: ShardSession, task: ShardTask) -> int | Problem:
    """How many of the shard's statements have taken effect; a Problem if it is at no such point.
    Raises Unavailable."""
    states = states_along(task.work.change_set)
    here: dict[str, str | None] = {}
    for table in states[0]:
        definition = session.definition(table)
        try:
            here[table] = None if definition is None else task.fingerprint(definition)
        except ReconcilerError as unread:
            return unread.problems[0]
    return states.index(here) if here in states else position_lost(task.work.shard)
