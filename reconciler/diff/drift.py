"""A diff from live to git, told as what differs: "index idx_a is on live, not in git"."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.diff.model import Clause, ClauseKind, Operation, Step

_NOUNS: dict[ClauseKind, str] = {
    ClauseKind.ADD_COLUMN: "column",
    ClauseKind.DROP_COLUMN: "column",
    ClauseKind.MODIFY_COLUMN: "column",
    ClauseKind.RESTATE_COLUMN: "column",
    ClauseKind.RENAME_COLUMN: "column",
    ClauseKind.SET_DEFAULT: "column",
    ClauseKind.ADD_INDEX: "index",
    ClauseKind.DROP_INDEX: "index",
    ClauseKind.RENAME_INDEX: "index",
    ClauseKind.ALTER_INDEX: "index",
    ClauseKind.ADD_FOREIGN_KEY: "foreign key",
    ClauseKind.DROP_FOREIGN_KEY: "foreign key",
    ClauseKind.ADD_CHECK: "check",
    ClauseKind.DROP_CHECK: "check",
    ClauseKind.ALTER_CHECK: "check",
    ClauseKind.TABLE_OPTION: "table option",
    ClauseKind.PARTITION_BY: "partitioning of",
    ClauseKind.REMOVE_PARTITIONING: "partitioning of",
    ClauseKind.ADD_PARTITION: "partition",
    ClauseKind.DROP_PARTITION: "partition",
    ClauseKind.REORGANIZE_PARTITION: "partition",
    ClauseKind.COALESCE_PARTITION: "partition",
    ClauseKind.OTHER: "definition of",
}
_ONLY_IN_GIT = frozenset(
    {
        ClauseKind.ADD_COLUMN,
        ClauseKind.ADD_INDEX,
        ClauseKind.ADD_FOREIGN_KEY,
        ClauseKind.ADD_CHECK,
        ClauseKind.ADD_PARTITION,
        ClauseKind.PARTITION_BY,
    }
)
_ONLY_ON_LIVE = frozenset(
    {
        ClauseKind.DROP_COLUMN,
        ClauseKind.DROP_INDEX,
        ClauseKind.DROP_FOREIGN_KEY,
        ClauseKind.DROP_CHECK,
        ClauseKind.DROP_PARTITION,
        ClauseKind.REMOVE_PARTITIONING,
    }
)


def differences_of(steps: Iterable[Step]) -> tuple[str, ...]:
    """One sentence per object of one table, in the order of the steps."""
    kinds: dict[tuple[str, str], set[ClauseKind]] = {}
    told: list[str] = []
    for step in steps:
        match step.operation:
            case Operation.CREATE_TABLE:
                told.append("the table is in git, not on live")
            case Operation.DROP_TABLE:
                told.append("the table is on live, not in git")
            case Operation.RENAME_TABLE:
                told.append("the table has another name on live")
            case Operation.ALTER_TABLE:
                for clause in step.clauses:
                    if clause.kind is ClauseKind.RESTATE_COLUMN:
                        continue  # no difference of its own
                    kinds.setdefault(_object(clause), set()).add(clause.kind)
            case _:
                raise AssertionError("programs are compared apart")
    told += [_difference(noun, name, found) for (noun, name), found in kinds.items()]
    return tuple(told)


def _object(clause: Clause) -> tuple[str, str]:
    return _NOUNS[clause.kind], clause.object


def _difference(noun: str, name: str, kinds: set[ClauseKind]) -> str:
    """Dropped and added again is a difference of the object, not its absence on either side."""
    if kinds <= _ONLY_IN_GIT:
        return f"{noun} {name} is in git, not on live"
    if kinds <= _ONLY_ON_LIVE:
        return f"{noun} {name} is on live, not in git"
    return f"{noun} {name} differs"
