"""The reviewed plan of a move against the one derived here and now: equal, or every reason why not.

Nothing of the core is left out but what are only words (SP-72). Sizes are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace

from reconciler.guard.compare import input_refusals
from reconciler.guard.model import Refusal
from reconciler.limits import PROBLEM_CHARS_MAX
from reconciler.plan.encoding import to_json
from reconciler.plan.visible import visible_line
from reconciler.reshard.plan.model import PlannedCommand, PlannedTable, SplitCore, SplitStatement
from reconciler.reshard.plan.vitess_words import command_words

_PLAN_AGAIN = "run `reconciler plan --write` again, have the new plan reviewed, then apply it"

#: In the middle of a sentence. What is not here has words of its own, or is none of the comparison.
_WORDS: Mapping[str, str] = {
    "environment": "the environment",
    "keyspace": "the keyspace",
    "server": "the servers' release",
    "base": "the routes",
    "sources": "the shards that are replaced",
    "targets": "the shards that replace them",
    "key_function": "the key function",
    "terms": "how the move is carried out",
    "approvals": "what is approved",
    "left_behind": "what stays behind on the sources",
    "engine": "who moves the rows",
    "protocol": "the version of the program",
}
_OWN_WORDS = frozenset({"inputs", "tables", "statements", "commands"})
_NEVER_COMPARED = frozenset({"readable"})


def compare_split_plans(reviewed: SplitCore, derived: SplitCore) -> tuple[Refusal, ...]:
    """Empty only if what was reviewed is exactly what would be begun."""
    refusals = [
        *input_refusals(reviewed, [(found.path, found.sha256) for found in derived.inputs]),
        *_field_refusals(reviewed, derived),
        *_table_refusals(reviewed.tables, derived.tables),
    ]
    if not refusals and reviewed.statements != derived.statements:
        refusals += _statement_refusals(reviewed.statements, derived.statements)
    if not refusals:
        refusals += _command_refusals(reviewed.commands, derived.commands)
    assert bool(refusals) != is_same_split(reviewed, derived), "every difference is told"
    return tuple(refusals)


def is_same_split(one: SplitCore, other: SplitCore) -> bool:
    return replace(one, readable="") == replace(other, readable="")


def _field_refusals(reviewed: SplitCore, derived: SplitCore) -> Iterator[Refusal]:
    for found in fields(SplitCore):
        if found.name in _OWN_WORDS | _NEVER_COMPARED:
            continue
        theirs, ours = getattr(reviewed, found.name), getattr(derived, found.name)
        if theirs != ours:
            yield _stale(_WORDS[found.name], expected=_shown(theirs), observed=_shown(ours))


def _table_refusals(
    reviewed: tuple[PlannedTable, ...], derived: tuple[PlannedTable, ...]
) -> Iterator[Refusal]:
    old, new = ({table.name: table for table in some} for some in (reviewed, derived))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield _stale(
                f"table {name}", expected=_shown(old.get(name)), observed=_shown(new.get(name))
            )


def _statement_refusals(
    reviewed: tuple[SplitStatement, ...], derived: tuple[SplitStatement, ...]
) -> Iterator[Refusal]:
    """Of tables that are the same: another version of the program makes other things of them."""
    at = next(
        (n for n, pair in enumerate(zip(reviewed, derived, strict=False)) if pair[0] != pair[1]),
        min(len(reviewed), len(derived)),
    )
    expected, observed = (
        some[at].sql if at < len(some) else "no statement" for some in (reviewed, derived)
    )
    yield _stale(f"statement {at + 1}", expected=expected, observed=observed)


def _command_refusals(
    reviewed: tuple[PlannedCommand, ...], derived: tuple[PlannedCommand, ...]
) -> Iterator[Refusal]:
    old, new = ({one.step: command_words(one) for one in some} for some in (reviewed, derived))
    for step in sorted(old.keys() | new.keys()):
        if old.get(step) != new.get(step):
            yield _stale(
                f"the command of the step {step!r}",
                expected=old.get(step, "no command"),
                observed=new.get(step, "no command"),
            )


def _stale(what: str, *, expected: str, observed: str) -> Refusal:
    return Refusal(
        code="split-plan-stale",
        message=visible_line(
            f"{what}: not what was reviewed, so that another move would be begun than was agreed"
            " to",
            limit_chars=PROBLEM_CHARS_MAX,
        ),
        recovery=_PLAN_AGAIN,
        expected=expected,
        observed=observed,
    )


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    found = to_json(value)
    return found if isinstance(found, str) else visible_line(_flat(found))


def _flat(value: object) -> str:
    match value:
        case dict():
            return ", ".join(f"{key} {_flat(item)}" for key, item in value.items())
        case list():
            return "; ".join(map(_flat, value))
        case _:
            return str(value)
