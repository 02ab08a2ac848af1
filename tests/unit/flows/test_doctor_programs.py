"""What a login is told to lack for managed kinds is what the statements of their plans take."""

from __future__ import annotations

import pytest

from reconciler.flows.doctor_programs import program_findings
from reconciler.model.access import EngineGround, Grant, Privileges, ShardAccess
from reconciler.model.policy import Policy
from reconciler.model.programs import ManagedKind
from reconciler.model.server import Flavor, ServerVersion
from reconciler.ports.shards import Identity, ShardCheck


def lacking(version: ServerVersion, identity: Identity, *privileges: str) -> list[str]:
    grants = (Grant(privileges=frozenset(privileges), database="d"),)
    access = ShardAccess(
        database="d", privileges=Privileges(grants=grants), ground=EngineGround(variables=())
    )
    check = ShardCheck(shard="-80", version=version, problems=(), access=access)
    policy = Policy(manage=(ManagedKind.TABLES, ManagedKind.TRIGGERS))
    return [one.message for one in program_findings(check, policy, identity)]


MYSQL = ServerVersion(flavor=Flavor.MYSQL, major=9, minor=7, patch=4)
MARIADB = ServerVersion(flavor=Flavor.MARIADB, major=11, minor=8, patch=2)


@pytest.mark.invariant("PG-23")
def test_locking_is_asked_for_where_a_trigger_is_swapped() -> None:
    (found,) = lacking(MYSQL, Identity.CHANGES, "TRIGGER")
    assert found == "triggers are managed, and the login lacks LOCK TABLES, SELECT"
    assert lacking(MYSQL, Identity.CHANGES, "TRIGGER", "LOCK TABLES", "SELECT") == []
    assert lacking(MARIADB, Identity.CHANGES, "TRIGGER") == []


@pytest.mark.invariant("PG-23")
@pytest.mark.parametrize("version", [MYSQL, MARIADB])
@pytest.mark.parametrize("identity", list(Identity))
def test_who_reads_is_asked_for_what_shows_triggers(
    version: ServerVersion, identity: Identity
) -> None:
    assert "lacks TRIGGER" in lacking(version, identity, "LOCK TABLES", "SELECT")[0]
    assert lacking(version, Identity.READS, "TRIGGER") == []


@pytest.mark.invariant("PG-16")
@pytest.mark.parametrize(
    ("version", "shows"),
    [
        (MYSQL, Grant(privileges=frozenset({"SHOW_ROUTINE"}))),
        (MYSQL, Grant(privileges=frozenset({"SELECT"}))),
        (MARIADB, Grant(privileges=frozenset({"SELECT"}), database="mysql", table="proc")),
    ],
)
def test_who_reads_is_told_that_routines_of_others_are_hidden(
    version: ServerVersion, shows: Grant
) -> None:
    policy = Policy(manage=(ManagedKind.TABLES, ManagedKind.ROUTINES))

    def found(*grants: Grant) -> list[str]:
        access = ShardAccess(database="d", privileges=Privileges(grants=grants))
        check = ShardCheck(shard="-80", version=version, problems=(), access=access)
        return [one.message for one in program_findings(check, policy, Identity.READS)]

    (told,) = found(Grant(privileges=frozenset({"SELECT"}), database="d"))
    assert "that another account made is hidden" in told
    assert found(shows) == []
