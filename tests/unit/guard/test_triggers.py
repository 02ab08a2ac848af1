"""PG-23: what a trigger needs of a server, its login and its account, before anything is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.statement.reach import reach_of
from reconciler.guard.triggers import trigger_refusals
from reconciler.model.access import DefinerRights, EngineGround, Grant, Privileges, ShardAccess

APP = Account(user="app", host="%")
MADE = reach_of(
    "CREATE DEFINER=`app`@`%` TRIGGER `x` BEFORE INSERT ON `t` FOR EACH ROW SET NEW.a = 1"
)
LOGGED = (("log_bin", "ON"), ("log_bin_trust_function_creators", "OFF"))


def having(*privileges: str, table: str | None = None) -> Privileges:
    return Privileges(grants=(Grant(privileges=frozenset(privileges), database="d", table=table),))


def access(rights: Privileges | None = None, *everywhere: str) -> ShardAccess:
    return ShardAccess(
        database="d",
        privileges=Privileges(grants=(Grant(privileges=frozenset(everywhere)),)),
        ground=EngineGround(),
        definers=(DefinerRights(account=APP.digest, privileges=rights),),
    )


@pytest.mark.invariant("PG-23")
def test_an_account_that_may_not_fire_it_is_refused_by_name() -> None:
    (refusal,) = trigger_refusals("-80", access(having("SELECT")), [MADE])
    assert refusal.code == "definer-lacks-rights"
    assert "app@%" in refusal.message
    assert not [*trigger_refusals("-80", access(having("TRIGGER")), [MADE])]
    assert not [*trigger_refusals("-80", access(having("TRIGGER", table="t")), [MADE])]
    own = replace(access(having("SELECT")), account=APP.digest)
    assert not [*trigger_refusals("-80", own, [MADE])]


@pytest.mark.invariant("PG-23")
def test_a_server_that_trusts_no_such_login_is_asked_first() -> None:
    logged = replace(access(having("TRIGGER")), ground=EngineGround(variables=LOGGED))
    (refusal,) = trigger_refusals("-80", logged, [reach_of("DROP TRIGGER `x`")])
    assert "log_bin_trust_function_creators" in refusal.message
    assert not [*trigger_refusals("-80", logged, [])]
    root = replace(access(having("TRIGGER"), "SUPER"), ground=EngineGround(variables=LOGGED))
    assert not [*trigger_refusals("-80", root, [MADE])]
    trusting = EngineGround(variables=(*LOGGED[:1], ("log_bin_trust_function_creators", "ON")))
    assert not [*trigger_refusals("-80", replace(logged, ground=trusting), [MADE])]
