"""In which class a server runs an ALTER: asked of the server, from the cheapest class on.

A class that does not suit is refused before anything happens, so all of them can be tried on one
copy. The class that was accepted goes into the statement: live may then refuse, but never degrade.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from reconciler.diff.model import Clause, ClauseKind, RequiredAlgorithm
from reconciler.diff.session import StatementSession
from reconciler.diff.statement import alter_sql
from reconciler.model.server import Flavor, ServerError
from reconciler.plan.model import Algorithm, ExecutionClass, Lock
from reconciler.plan.splitting import is_cheap
from reconciler.prove.copies import Copy, Sent

# ER_ALTER_OPERATION_NOT_SUPPORTED and the same with a reason, on both servers.
NOT_IN_THIS_CLASS = frozenset({1845, 1846})

_PARTITION_OPERATIONS = frozenset(
    {
        ClauseKind.ADD_PARTITION,
        ClauseKind.DROP_PARTITION,
        ClauseKind.REORGANIZE_PARTITION,
        ClauseKind.COALESCE_PARTITION,
    }
)


def _class(algorithm: Algorithm, lock: Lock | None = None) -> ExecutionClass:
    return ExecutionClass(algorithm=algorithm, lock=lock, rebuilds=algorithm is Algorithm.COPY)


# INSTANT takes no LOCK (1221). INPLACE with an exclusive lock is what a few tablespace operations
# need; it comes after COPY, which lets reads go on.
_CANDIDATES = {
    Flavor.MYSQL: (
        _class(Algorithm.INSTANT),
        _class(Algorithm.INPLACE, Lock.NONE),
        _class(Algorithm.INPLACE, Lock.SHARED),
        _class(Algorithm.COPY, Lock.SHARED),
        _class(Algorithm.INPLACE, Lock.EXCLUSIVE),
        _class(Algorithm.COPY, Lock.EXCLUSIVE),
    ),
    Flavor.MARIADB: (
        _class(Algorithm.INSTANT),
        _class(Algorithm.NOCOPY, Lock.NONE),
        _class(Algorithm.NOCOPY, Lock.SHARED),
        _class(Algorithm.INPLACE, Lock.NONE),
        _class(Algorithm.INPLACE, Lock.SHARED),
        _class(Algorithm.COPY, Lock.NONE),  # from 11.2 on
        _class(Algorithm.COPY, Lock.SHARED),
        _class(Algorithm.INPLACE, Lock.EXCLUSIVE),
        _class(Algorithm.COPY, Lock.EXCLUSIVE),
    ),
}
_NO_CLASS = ExecutionClass()
_NEVER_REBUILD = (Algorithm.INSTANT, Algorithm.NOCOPY)
_TOLD_BY_IDS = (Algorithm.INPLACE, None)  # of these it depends; COPY always does


@dataclass(frozen=True, slots=True, kw_only=True)
class Alter:
    """One ALTER TABLE to find a class for; `excluded` are statements known to fail elsewhere.

    `cheap_only`: no class in which it could rebuild the table or make anybody wait.
    """

    table: str
    clauses: tuple[Clause, ...]
    required: RequiredAlgorithm | None
    session: StatementSession
    instant_allowed: bool
    excluded: Collection[str] = ()
    cheap_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The statement has taken effect on the copy."""

    sql: str
    execution: ExecutionClass


def find_class(copy: Copy, alter: Alter, flavor: Flavor) -> Accepted | ServerError:
    """Run the ALTER in the cheapest class that the server accepts; an error means that nothing has
    changed."""
    error: ServerError | None = None
    ids_before: frozenset[int] | None = None  # a refused attempt does not change them
    for candidate in candidates(alter, flavor):
        sql = alter_sql(
            alter.table, alter.clauses, algorithm=candidate.algorithm, lock=candidate.lock
        )
        if sql in alter.excluded:
            continue
        if ids_before is None and candidate.algorithm in _TOLD_BY_IDS:
            ids_before = copy.table_ids(alter.table)
        error = copy.run(
            Sent(
                table=alter.table,
                sql=sql,
                session=alter.session,
            )
        )
        if error is None:
            if candidate.algorithm in _TOLD_BY_IDS:
                ids_after = copy.table_ids(alter.table)
                rebuilds = _rebuilt(candidate, alter.clauses, ids_before or frozenset(), ids_after)
                candidate = replace(candidate, rebuilds=rebuilds)
            return Accepted(sql=sql, execution=candidate)
        if error.number not in NOT_IN_THIS_CLASS:
            return error
    return error or ServerError(number=1845, message="no class of execution is left to try")


def candidates(alter: Alter, flavor: Flavor) -> tuple[ExecutionClass, ...]:
    """The classes to try, cheapest first."""
    kinds = {clause.kind for clause in alter.clauses}
    if flavor is Flavor.MARIADB and kinds & _PARTITION_OPERATIONS:
        return (_NO_CLASS,)  # MariaDB's grammar has no ALGORITHM beside these (1064)
    found = _CANDIDATES[flavor]
    if alter.required is not None:
        found = tuple(c for c in found if c.algorithm == alter.required.value)
    if alter.cheap_only:
        found = tuple(c for c in found if c.algorithm in _NEVER_REBUILD and is_cheap(c))
    if not alter.instant_allowed:
        found = tuple(c for c in found if c.algorithm is not Algorithm.INSTANT)
    return found


def _rebuilt(
    execution: ExecutionClass,
    clauses: Sequence[Clause],
    before: frozenset[int],
    after: frozenset[int],
) -> bool:
    """InnoDB gives a table or a partition that it makes again another id."""
    if any(clause.kind is ClauseKind.DROP_PARTITION for clause in clauses):
        return False  # ids go because rows go
    unknown = not before and execution.algorithm is Algorithm.INPLACE
    return unknown or not before <= after
