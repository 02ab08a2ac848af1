"""Where a shard stands: its live fingerprints against the plan's chain of states.

The tables that a change set touches must all be at one point of its chain: what the first k
statements leave behind; and with those tables taken back to the start, the whole schema must have
the fingerprint that the plan was made from. Anything else is drift.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.guard.model import Done, Drifted, Standing, ToDo
from reconciler.model.object_id import ObjectId
from reconciler.plan.model import ChangeSet, PlanCore

ABSENT = "no such object"

Fingerprints = Mapping[ObjectId, str]
State = dict[ObjectId, str | None]


def classify(core: PlanCore, shard: str, *, live: Fingerprints, desired: Fingerprints) -> Standing:
    """`live` and `desired` are fingerprints without the tables that policy ignores."""
    standing = position_of(core, shard, live)
    return standing or _first_difference(core, shard, live, desired)


def position_of(core: PlanCore, shard: str, live: Fingerprints) -> ToDo | Done | None:
    """The shard's place on its chain, None if it is on none of them (drift)."""
    change_set = core.change_set_of(shard)
    if change_set is None:
        return Done(shard=shard) if schema_fingerprint(live) == core.after else None
    states = states_along(change_set)
    rewound = {**live, **states[0]}
    start = schema_fingerprint({t: found for t, found in rewound.items() if found is not None})
    here: State = {table: live.get(table) for table in states[0]}
    if start != change_set.before or here not in states:
        return _between(change_set, shard, live)
    index = states.index(here)  # states of one chain are all different (plan.validate)
    return Done(shard=shard) if index == len(states) - 1 else ToDo(shard=shard, next_index=index)


def _between(change_set: ChangeSet, shard: str, live: Fingerprints) -> ToDo | None:
    """Where a statement was cut in its midst: what it moves only on its way is taken back too."""
    start = states_along(change_set)[0]
    for index, half in states_between(change_set).items():
        passes = change_set.statements[index].passes
        on_the_way = {effect.object_id: effect.before for effect in passes}
        rewound = {**live, **on_the_way, **start}
        whole = schema_fingerprint({t: found for t, found in rewound.items() if found is not None})
        if whole == change_set.before and half == {about: live.get(about) for about in half}:
            return ToDo(shard=shard, next_index=index, is_between=True)
    return None


def states_between(change_set: ChangeSet) -> dict[int, State]:
    """By the statement that may leave it, each state in the midst of one."""
    states = states_along(change_set)
    return {
        index: {**states[index], **{effect.object_id: effect.after for effect in found.passes}}
        for index, found in enumerate(change_set.statements)
        if found.passes
    }


def states_along(change_set: ChangeSet) -> list[State]:
    """The touched tables' fingerprints before the first statement and after each one."""
    state: State = {}
    for statement in change_set.statements:
        for effect in statement.effects:
            state.setdefault(effect.object_id, effect.before)
    states = [dict(sorted(state.items()))]
    for statement in change_set.statements:
        moved = {effect.object_id: effect.after for effect in statement.effects}
        states.append({**states[-1], **moved})
    return states


def _first_difference(
    core: PlanCore, shard: str, live: Fingerprints, desired: Fingerprints
) -> Drifted:
    """Name the table: one that the plan leaves alone and is not what git says, else one that is at
    no point of its chain, else one that is not at the point where most tables are."""
    change_set = core.change_set_of(shard)
    states = states_along(change_set) if change_set else [{}]
    for table in sorted((live.keys() | desired.keys()) - states[0].keys()):
        if live.get(table) != desired.get(table):
            return _drifted(shard, table, desired.get(table), live.get(table))
    here: State = {table: live.get(table) for table in states[0]}
    for table, observed in here.items():
        if observed not in [state[table] for state in states]:
            return _drifted(shard, table, states[0][table], observed)
    nearest = max(states, key=lambda state: sum(state[t] == here[t] for t in here))
    astray = next((table for table in here if nearest[table] != here[table]), None)
    if astray is None:  # every table is known, yet the sum is not what was planned from
        return _drifted(shard, None, core.after, schema_fingerprint(live))
    return _drifted(shard, astray, nearest[astray], here[astray])


def _drifted(
    shard: str, object_id: ObjectId | None, expected: str | None, observed: str | None
) -> Drifted:
    return Drifted(
        shard=shard, object_id=object_id, expected=expected or ABSENT, observed=observed or ABSENT
    )
