"""What a move does, in sentences: those of its readable plan, and of every report on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from reconciler.model.server import Flavor
from reconciler.plan.words import bytes_words
from reconciler.reshard.job import Approval
from reconciler.reshard.plan.model import (
    PlannedTable,
    SplitCore,
    SplitSide,
    StatementUse,
    TableSize,
)
from reconciler.reshard.plan.spans import span_words
from reconciler.reshard.plan.vitess_words import (
    reshard_approval_words,
    reshard_effects,
    reshard_left_words,
)
from reconciler.reshard.triggers import (
    CLOSED_ERROR,
    FENCED_ERROR,
    TRACKER_AND_FENCE_US,
    TRACKER_US,
)
from reconciler.spec.model import TableUse


def move_words(core: SplitCore) -> str:
    """'-80 is replaced by -40, 40-80'."""
    sources = ", ".join(core.source_names)
    are = "is" if len(core.sources) == 1 else "are"
    return f"{sources} {are} replaced by {', '.join(core.targets)}"


def effect_words(core: SplitCore) -> Iterator[str]:
    """What it costs those who use the shards, in the order in which they feel it."""
    if core.is_of_vitess:
        yield from reshard_effects(core)
        return
    terms = core.terms
    yield (
        "While rows are copied: every write to a table that moves also writes the row's key into a"
        " queue on the source, in the writer's own transaction, from the first copied row until the"
        f" cutover. That adds about {_cost_words(TRACKER_US)} to each row written, and"
        f" {_cost_words(TRACKER_AND_FENCE_US)} around the cutover, when it asks the fence as well;"
        " the binary log of the source grows with it. Copying reads every row of these"
        f" tables once, {terms.rows_per_chunk:,} at a time, and compares all of them."
    )
    yield (
        f"At the cutover: writes to the sources are refused (error {FENCED_ERROR}) for at most"
        f" {terms.fence_budget_s} s; then the fence opens by itself, unless the move was sealed"
        f" within that time. Once it is sealed, the targets refuse writes (error {CLOSED_ERROR})"
        " until no application may route by an earlier version of the routes, and then serve."
        " Nothing leads back from there but another move."
    )
    kept_s = max(terms.retain_s, terms.grace_s)
    yield (
        "Behind the cutover: the sources' tables get other names, so that a statement that still"
        f" goes there fails (error 1146). They are kept for {span_words(kept_s)}, and are dropped"
        " after that once the clean-up is approved."
    )


def _cost_words(us: dict[Flavor, int]) -> str:
    return f"{us[Flavor.MYSQL]} µs on MySQL or {us[Flavor.MARIADB]} µs on MariaDB"


def table_words(table: PlannedTable) -> str:
    match table.use:
        case TableUse.SHARDED:
            return f"{table.name}: each row goes to the target that has the key of {table.shard_by}"
        case TableUse.REFERENCE:
            return f"{table.name}: all rows go to every target"
        case TableUse.EXCLUDED:
            return f"{table.name}: stays behind with the source, and is on no target"
        case _:
            assert_never(table.use)


def taken_words(sizes: Sequence[TableSize]) -> str:
    """What no server tells is not nothing."""
    untold = [size.table for size in sizes if size.size_bytes is None]
    told = bytes_words(sum(size.size_bytes or 0 for size in sizes))
    return f"{told}, beside {', '.join(untold)}, whose size no server tells," if untold else told


def left_words(core: SplitCore) -> Iterator[str]:
    """What the sources have and no target gets."""
    if core.is_of_vitess:
        yield from reshard_left_words(core)
        return
    named = f"{', '.join(core.left_behind)}; routines and events" if core.left_behind else ""
    yield (
        f"Not made on the targets: {named or 'views, routines and events'} of the sources. Make"
        " what is needed there while rows are copied, before the cutover is approved."
    )
    yield (
        "Events run on the sources until they serve no more, and fail behind that. One that is on"
        " at a target as well would do the same once more, to rows that are still copied, and fails"
        " the split: make events there turned off (DISABLE), or when the targets serve."
    )


def approval_words(core: SplitCore, approval: Approval) -> str:
    if core.is_of_vitess:
        return reshard_approval_words(approval)
    match approval:
        case Approval.START:
            return "the start: by the review of this plan"
        case Approval.CUTOVER:
            return "the cutover: by `reconciler release`, when all rows are there"
        case Approval.CLEANUP:
            return (
                "the clean-up, which drops the sources' tables: by `reconciler release --clean-up`"
            )
        case _:
            assert_never(approval)


def use_words(use: StatementUse) -> str:
    """The heading above statements of one use."""
    match use:
        case StatementUse.FENCE_TABLE:
            return "what every writer asks at the cutover"
        case StatementUse.QUEUE:
            return "where the keys of written rows are noted"
        case StatementUse.TRACK:
            return "notes every write, from the first copied row on"
        case StatementUse.FENCE:
            return "asks the fence before every write, for the time of the cutover"
        case StatementUse.OWN_TABLE:
            return "the split's own records"
        case StatementUse.TABLE:
            return "the tables as the sources have them"
        case StatementUse.GUARD:
            return "refuses all other writers until the target serves"
        case StatementUse.FOREIGN_KEY:
            return "foreign keys, when all rows are there"
        case _:
            assert_never(use)


def side_words(core: SplitCore, side: SplitSide) -> str:
    shards = core.source_names if side is SplitSide.SOURCE else core.targets
    return f"On {', '.join(shards)}"
