"""Clauses for CHECK constraints; one ALTER may drop and add a check of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.render import check_sql
from reconciler.diff.dependants import columns_used
from reconciler.diff.model import Clause, ClauseKind
from reconciler.diff.pairing import by_name
from reconciler.model.schema import Check, Table
from reconciler.model.server import Flavor, ServerVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckClauses:
    drops: tuple[Clause, ...]
    adds: tuple[Clause, ...]
    changes: tuple[Clause, ...]


def check_clauses(
    before: Table, after: Table, rewritten: frozenset[str], version: ServerVersion
) -> CheckClauses:
    """Checks that use columns in `rewritten` are dropped and added although they stay the same."""
    old, new = by_name(before.checks), by_name(after.checks)
    redone = {
        key
        for key in old.keys() & new.keys()
        if replace(old[key], enforced=new[key].enforced) != new[key]
        or not rewritten.isdisjoint(columns_used(old[key].expression))
    }
    return CheckClauses(
        drops=tuple(
            drop_check(check, version.flavor, bound_to=_group(check) if key in redone else None)
            for key, check in old.items()
            if key not in new or key in redone
        ),
        adds=tuple(
            Clause(
                kind=ClauseKind.ADD_CHECK,
                object=check.name,
                sql=f"ADD {check_sql(check, version)}",
                bound_to=_group(check) if key in redone else None,
            )
            for key, check in new.items()
            if key not in old or key in redone
        ),
        changes=tuple(
            _set_enforcement(check)
            for key, check in new.items()
            if key in old and key not in redone and old[key] != check
        ),
    )


def drop_check(check: Check, flavor: Flavor, *, bound_to: str | None = None) -> Clause:
    what = "CONSTRAINT" if flavor is Flavor.MARIADB else "CHECK"
    sql = f"DROP {what} {quote_identifier(check.name)}"
    return Clause(kind=ClauseKind.DROP_CHECK, object=check.name, sql=sql, bound_to=bound_to)


def _set_enforcement(check: Check) -> Clause:
    to = "ENFORCED" if check.enforced else "NOT ENFORCED"
    sql = f"ALTER CHECK {quote_identifier(check.name)} {to}"
    return Clause(kind=ClauseKind.ALTER_CHECK, object=check.name, sql=sql)


def _group(check: Check) -> str:
    return f"check {check.name}"


def wandering_checks(
    before: Mapping[str, Table], after: Mapping[str, Table], flavor: Flavor
) -> dict[str, tuple[Check, ...]]:
    """Checks by table whose name another table takes over: MySQL has each name once in a schema,
    so they are dropped before any table is changed. MariaDB's names belong to their table."""
    if flavor is Flavor.MARIADB:
        return {}
    owners = {key: name for name, table in before.items() for key in by_name(table.checks)}
    wandering: dict[str, list[Check]] = {}
    for name, table in after.items():
        for key in by_name(table.checks):
            owner = owners.get(key, name)
            if owner != name and owner in after:
                wandering.setdefault(owner, []).append(by_name(before[owner].checks)[key])
    return {name: tuple(checks) for name, checks in sorted(wandering.items())}
