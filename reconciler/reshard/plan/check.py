"""What a move's plan must be for any part of it to be believed, checked before every use.

The decoder has seen to the shape; this sees to the sense: the targets hold the very keys of the
sources, every table has one class and what belongs to it, every approval and every bound is one.
The first thing that is wrong refuses the whole plan (SP-70).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.model.fleet import parse_key_range, shard_list_errors
from reconciler.plan.commitment import sha256_of
from reconciler.plan.document import check_place, place_errors, plan_refused
from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.job import Approval
from reconciler.reshard.plan.model import (
    PlannedTable,
    SplitCore,
    SplitPlan,
    SplitSide,
    StatementUse,
)
from reconciler.reshard.plan.readable import shows_split
from reconciler.reshard.ranges import is_same, joined
from reconciler.spec.model import TableUse

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PREFIXED = re.compile(r"sha256:[0-9a-f]{64}")
_ORDER = {use: number for number, use in enumerate(StatementUse)}
_SIDES = {side: number for number, side in enumerate(SplitSide)}


def check_split_plan(
    plan: SplitPlan, *, environment: str, keyspace: str, readable_sql: str | None
) -> None:
    """Raise Refused unless the plan is sound, of this keyspace and environment, and the readable
    file (None: missing) is to the byte what the plan is bound to, and shows its statements."""
    core = plan.core
    check_place(core, environment=environment, keyspace=keyspace)
    check_split_core(core)
    if readable_sql is None:
        raise plan_refused(
            "readable-plan-missing", "the .split.sql file beside the plan is missing"
        )
    if core.readable != sha256_of(readable_sql) or not shows_split(readable_sql, core):
        raise plan_refused(
            "readable-plan-mismatch",
            "the .split.sql file does not show what the plan is bound to: one of them was edited",
        )


def check_split_core(core: SplitCore) -> None:
    """Raise Refused for the first thing that makes no sense."""
    for wrong in split_core_errors(core):
        raise plan_refused("plan-malformed", wrong)


def split_core_errors(core: SplitCore) -> Iterator[str]:
    """Everything wrong with a plan's content, in words."""
    yield from place_errors(core)
    if not all(_DIGEST.fullmatch(found.sha256) for found in core.inputs):
        yield "an input's digest is not a SHA-256"
    if (core.key_function is None) != core.is_of_vitess:
        yield "there is a key function where Vitess moves the rows, or none where nobody else does"
    if core.key_function and not _PREFIXED.fullmatch(core.key_function.selftest):
        yield "the digest of the key function is not a SHA-256"
    yield from _shard_errors(core)
    yield from _table_errors(core)
    yield from _statement_errors(core)
    yield from _command_errors(core)
    yield from _term_errors(core)


def _shard_errors(core: SplitCore) -> Iterator[str]:
    """The routes cover every key once, before the move and behind it."""
    if (core.base.version == 0) != core.is_of_vitess or core.base.version < 0:
        yield f"the routes have no version {core.base.version}"
    before = [route.shard for route in core.base.routes]
    sources = core.source_names
    if not sources or not core.targets or not set(core.sources) <= set(core.base.routes):
        yield "a source does not serve by the routes, or there is no source or no target"
        return
    staying = [shard for shard in before if shard not in sources]
    for when, shards in (("before", before), ("behind", [*staying, *core.targets])):
        for wrong in shard_list_errors(tuple(shards)):
            yield f"{when} the move: {wrong}"
            return
    if len(set(sources)) < len(sources) or not _is_same_range(sources, core.targets):
        yield "the targets do not hold the very keys of the sources"


def _is_same_range(sources: tuple[str, ...], targets: tuple[str, ...]) -> bool:
    ranges = [[parse_key_range(name) for name in names] for names in (sources, targets)]
    before, behind = ([found for found in some if found is not None] for some in ranges)
    if len(before) < len(sources) or len(behind) < len(targets):
        return False
    old, new = joined(before), joined(behind)
    return old is not None and new is not None and is_same(old, new)


def _table_errors(core: SplitCore) -> Iterator[str]:
    names = [table.name for table in core.tables]
    if names != sorted(set(names)):
        yield "the tables are not sorted and unique"
    for table in core.tables:
        if not _is_name(table.name):
            yield "a table has a blank name, or one with blanks around it"
        elif not _has_what_belongs_to_it(table, is_of_vitess=core.is_of_vitess):
            yield f"table {table.name!r} does not have what its class needs, and nothing else"
    numbers = [table.number for table in core.moved]
    if not numbers:
        yield "no table moves"
    if numbers != list(range(1, len(numbers) + 1)):
        yield "the tables that move are not numbered in their order"
    if list(core.left_behind) != sorted(set(core.left_behind)):
        yield "what is left behind is not sorted and unique"


def _has_what_belongs_to_it(table: PlannedTable, *, is_of_vitess: bool) -> bool:
    if is_of_vitess and table.use is not TableUse.SHARDED:
        return False
    is_sharded = table.use is TableUse.SHARDED
    if is_sharded != (table.shard_by is not None and _is_name(table.shard_by)):
        return False
    if table.use is TableUse.EXCLUDED:
        return table.number is None and not table.key and table.definition is None
    has_key = bool(table.key) != is_of_vitess and all(map(_is_name, table.key))
    is_digest = table.definition is not None and _PREFIXED.fullmatch(table.definition) is not None
    return table.number is not None and has_key and is_digest


def _statement_errors(core: SplitCore) -> Iterator[str]:
    order = [(_SIDES[found.side], _ORDER[found.use]) for found in core.statements]
    if order != sorted(order):
        yield "the statements are not in the order in which they are run"
    if any(not found.sql.strip() for found in core.statements):
        yield "a statement is empty"
    if bool(core.statements) == core.is_of_vitess:
        yield "there are statements where Vitess moves the rows, or none where nobody else does"


def _command_errors(core: SplitCore) -> Iterator[str]:
    """Each step has one command, in the order in which steps are listed."""
    wanted = list(ReshardStep) if core.is_of_vitess else []
    if [found.step for found in core.commands] != wanted:
        yield "the commands are not those of a move by Vitess, each once"
    if any(not found.arguments or not all(found.arguments) for found in core.commands):
        yield "a command is empty, or has an empty argument"


def _term_errors(core: SplitCore) -> Iterator[str]:
    terms = core.terms
    if terms.fence_budget_s < 1 or terms.rows_per_chunk < 1:
        yield "there is no time for the fence, or no row in a chunk"
    if terms.grace_s < 0 or terms.retain_s < 0:
        yield "a time is below zero"
    asked = [approval for approval in Approval if approval in core.approvals]
    if list(core.approvals) != asked:
        yield "the approvals are not in their order, each once"
    for needed in (Approval.START, Approval.CLEANUP):
        if needed not in core.approvals:  # a merge alone retires no data
            yield f"there is no approval of the {needed}"


def _is_name(name: str) -> bool:
    return bool(name) and name == name.strip()
