"""What the parts of a plan are called in every output: shard sets, execution classes, hazards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from reconciler.diff.model import Operation
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.model.engine import TRAITS, EngineName
from reconciler.model.object_id import ObjectId
from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan.model import (
    Algorithm,
    Leftover,
    Lock,
    Moment,
    PlanCore,
    PlannedStatement,
)

# What cannot be had back by running the opposite statement.
DESTRUCTIVE = frozenset(
    {
        HazardKind.DROP_TABLE,
        HazardKind.DROP_COLUMN,
        HazardKind.DROP_PARTITION,
        HazardKind.DROP_HISTORY,
        HazardKind.CHANGE_ENGINE,
        HazardKind.NARROW_TYPE,
        HazardKind.CHANGE_VALUES,
        HazardKind.UNREACHABLE_ROWS,
    }
)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """'1 shard', '12 shards', '4,096 shards'."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


#: From the largest down; of ten, as disks are sold.
BYTE_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def bytes_words(size_bytes: int) -> str:
    """'4.9 GB', '52 kB', '7 bytes': so exact that two of them can be compared."""
    for length, unit in BYTE_UNITS:
        if size_bytes >= length:
            size = size_bytes / length
            return f"{size:.1f} {unit}" if size < 10 else f"{size:.0f} {unit}"
    return count(size_bytes, "byte")


def step_name(moment: Moment) -> str:
    """Of a step that changes the VSchema, in the middle of a sentence."""
    match moment:
        case Moment.FIRST:
            return "the VSchema's first step"
        case Moment.LAST:
            return "the VSchema"
        case _:
            assert_never(moment)


@dataclass(frozen=True, slots=True)
class ShardWords:
    """A set of shards in words, for one line: text, names with commas between, text."""

    before: str
    names: tuple[str, ...] = ()
    after: str = ""

    def __str__(self) -> str:
        return f"{self.before}{', '.join(self.names)}{self.after}"


def shard_set(shards: Sequence[str], of: int) -> str:
    """Which shards, in one line: all of them, their names, or how many (RP-2)."""
    return str(shard_words(shards, of))


def named_shards(shards: Sequence[str]) -> str:
    """Which shards, where nobody knows of how many: by name as far as one line holds them."""
    return str(named_words(shards))


def shard_words(shards: Sequence[str], of: int) -> ShardWords:
    """As `shard_set`, with the names set apart."""
    if len(shards) == of == 1:
        return ShardWords("shard ", (shards[0],))
    if len(shards) == of:
        return ShardWords(f"all {of:,} shards")
    if len(shards) <= SHARDS_NAMED_MAX:
        return named_words(shards)
    return ShardWords(f"{len(shards):,} of {of:,} shards")


def named_words(shards: Sequence[str]) -> ShardWords:
    """As `named_shards`, with the names set apart."""
    if len(shards) <= SHARDS_NAMED_MAX:
        return ShardWords("shard " if len(shards) == 1 else "shards ", tuple(shards))
    more = len(shards) - SHARDS_NAMED_MAX
    return ShardWords("shards ", tuple(shards[:SHARDS_NAMED_MAX]), f" and {more:,} more")


def terminated(sql: str) -> str:
    """The statement as one types it, with its `;`."""
    return sql if sql.endswith(";") else f"{sql};"


# As they are called where their names in a spec would not be understood.
_COPIERS: Mapping[EngineName, str] = {EngineName.VITESS: "Vitess' Online DDL"}


def class_name(statement: PlannedStatement) -> str:
    """One word or two: INSTANT, INPLACE, INPLACE REBUILD, COPY, GH-OST COPY, or what the statement
    is."""
    execution = statement.execution
    if TRAITS[statement.engine].copies:
        return f"{statement.engine.upper()} COPY"
    match execution.algorithm:
        case None:
            return statement.operation.value.partition("-")[0].upper()
        case Algorithm.INPLACE if execution.rebuilds:
            return "INPLACE REBUILD"
        case algorithm:
            return algorithm.value


def class_effect(statement: PlannedStatement) -> str:
    """What the class means to those who use the table meanwhile."""
    execution = statement.execution
    if TRAITS[statement.engine].copies:
        copier = _COPIERS.get(statement.engine, statement.engine)
        return f"{copier} copies the table and swaps the copy in, reads and writes go on"
    match execution.algorithm:
        case None:
            return _plain_effect(statement.operation)
        case Algorithm.INSTANT:
            return "metadata only, no lock"
        case Algorithm.INPLACE | Algorithm.NOCOPY:
            work = "rebuilds the table" if execution.rebuilds else "no rebuild"
            return f"{work}, {_lock_effect(execution.lock)}"
        case Algorithm.COPY:
            return f"rewrites the table, {_lock_effect(execution.lock or Lock.SHARED)}"


def session_words(statement: PlannedStatement) -> Iterator[str]:
    """What the statement's session has other than a session usually has."""
    if not statement.session.foreign_key_checks:
        yield "runs with foreign_key_checks=0"
    if statement.session.zero_dates:
        yield "runs with zero dates allowed: the table has one as a default"
    if statement.session.alters_history:
        yield "runs with system_versioning_alter_history=KEEP: rows have histories"
    if (made := statement.session.created_with) is not None:
        yield f"made with {made}"


def leftover_words(one: Leftover) -> str:
    """'gh-ost left of table users in apply 17'."""
    return f"{one.engine} left of table {one.of} in apply {one.apply_id}"


def is_by_copy(statement: PlannedStatement) -> bool:
    return TRAITS[statement.engine].copies


# INPLACE without a rebuild and without a lock is the last that nobody feels.
_UNFELT = 20
# What an engine copies costs more than an index that is built beside its table, and less than a
# rebuild by the server.
_COPIED = 25


def severity(statement: PlannedStatement) -> int:
    """How much a statement can be felt: for finding the worst class of a plan."""
    if is_by_copy(statement):
        return _COPIED
    execution = statement.execution
    algorithm = {
        None: 0,
        Algorithm.INSTANT: 1,
        Algorithm.NOCOPY: 2,
        Algorithm.INPLACE: 2,
        Algorithm.COPY: 4,
    }
    lock = {None: 0, Lock.NONE: 0, Lock.SHARED: 1, Lock.EXCLUSIVE: 2}
    return 10 * (algorithm[execution.algorithm] + execution.rebuilds) + lock[execution.lock]


def is_felt(statement: PlannedStatement) -> bool:
    """By those who use the table meanwhile."""
    return not is_by_copy(statement) and severity(statement) > _UNFELT


def on_new_tables(statements: Sequence[PlannedStatement]) -> frozenset[int]:
    """Which of a change set's statements, by index, change a table that an earlier one creates: it
    holds no row then, whatever the statement costs elsewhere."""
    created: set[ObjectId] = set()
    found = set()
    for index, statement in enumerate(statements):
        if statement.operation is Operation.CREATE_TABLE:
            created.add(statement.object_id)
        elif statement.operation is Operation.ALTER_TABLE and statement.object_id in created:
            found.add(index)
    return frozenset(found)


def most_felt(core: PlanCore) -> tuple[str, PlannedStatement] | None:
    """The number and the statement that will be felt most; what changes new tables is not."""
    new = {
        f"{number}.{index + 1}"
        for number, change_set in enumerate(core.change_sets, start=1)
        for index in on_new_tables(change_set.statements)
    }
    return max(
        planned_statements(core),
        key=lambda found: -1 if found[0] in new else severity(found[1]),
        default=None,
    )


def planned_statements(core: PlanCore) -> Iterator[tuple[str, PlannedStatement]]:
    """Every statement once, with its number as printed: change set and position, '1.2'."""
    for number, change_set in enumerate(core.change_sets, start=1):
        for position, statement in enumerate(change_set.statements, start=1):
            yield f"{number}.{position}", statement


def changing_waves(core: PlanCore) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each wave's number and those of its shards that change: maybe none."""
    matching = frozenset(core.matching)
    for number, wave in enumerate(core.waves, start=1):
        yield number, tuple(shard for shard in wave if shard not in matching)


def is_destructive(hazard: Hazard) -> bool:
    return hazard.kind in DESTRUCTIVE


def _plain_effect(operation: Operation) -> str:
    match operation:
        case Operation.CREATE_TABLE:
            return "new table, nothing waits"
        case Operation.DROP_TABLE:
            return "the table and its rows go"
        case Operation.RENAME_TABLE:
            return "metadata only, the old name stops working"
        case Operation.ALTER_TABLE:
            return "the server chooses how"
        case Operation.CREATE_VIEW:
            return "new view, nothing waits"
        case Operation.REPLACE_VIEW:
            return "metadata only, waits for whoever reads the view"
        case Operation.DROP_VIEW:
            return "the view goes, no row does"
        case Operation.CREATE_ROUTINE:
            return "metadata only, nothing waits"
        case Operation.REPLACE_ROUTINE:
            return "metadata only, calls that run are not touched"
        case Operation.DROP_ROUTINE:
            return "calls fail from then on, no row goes"
        case Operation.CREATE_TRIGGER:
            return "new trigger, waits for whoever uses the table"
        case Operation.REPLACE_TRIGGER:
            return "writes wait while it is swapped, and none goes by without it"
        case Operation.DROP_TRIGGER:
            return "the trigger goes, waits for whoever uses the table"
        case Operation.CREATE_SEQUENCE:
            return "new sequence, nothing waits"
        case Operation.ALTER_SEQUENCE:
            return "metadata only, its value stays"
        case Operation.DROP_SEQUENCE:
            return "the sequence and its value go"
        case Operation.CREATE_EVENT:
            return "new event, nothing waits"
        case Operation.ALTER_EVENT:
            return "metadata only, a run of it that has begun goes on"
        case Operation.DROP_EVENT:
            return "nothing runs it any more, a run of it that has begun goes on"


def _lock_effect(lock: Lock | None) -> str:
    match lock:
        case Lock.NONE:
            return "reads and writes go on"
        case Lock.SHARED:
            return "blocks writes"
        case Lock.EXCLUSIVE:
            return "blocks reads and writes"
        case None:
            return "the server chooses the lock"
