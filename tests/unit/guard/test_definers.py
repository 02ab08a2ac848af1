"""PG-5: an account is there, and may be given, before the first statement anywhere."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from reconciler.ddl.programs.accounts import Account
from reconciler.guard.definers import definer_refusals
from reconciler.model.access import Grant, Privileges, ShardAccess
from reconciler.model.server import Flavor

APP = Account(user="app", host="%")


def codes(
    *privileges: str,
    accounts: Collection[str] | None = (APP.digest,),
    own: str | None = None,
    flavor: Flavor = Flavor.MYSQL,
) -> list[str]:
    grant = Grant(privileges=frozenset(privileges), database=None, table=None, grantee="x")
    access = ShardAccess(
        database="d",
        privileges=Privileges(grants=(grant,), has_patterns=False),
        account=own,
        accounts=None if accounts is None else frozenset(accounts),
    )
    return [refusal.code for refusal in definer_refusals("-80", access, APP, flavor)]


@pytest.mark.invariant("PG-5")
def test_the_account_is_there_and_the_login_may_give_its_rights() -> None:
    assert codes("SET_ANY_DEFINER") == []
    assert codes("SET USER", flavor=Flavor.MARIADB) == []
    assert codes("SELECT") == ["privilege-missing"]
    assert codes("SUPER", accounts=()) == ["definer-missing"]
    assert codes("SUPER", accounts=None) == ["definer-unmeasured"]
    assert codes("SELECT", accounts=None, own=APP.digest) == []
