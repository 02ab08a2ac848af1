"""PG-5: an account is there, and may be given, before the first statement anywhere."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from reconciler.ddl.programs.accounts import Account
from reconciler.guard.definers import definer_refusals, drop_refusals, lacking_rights
from reconciler.model.access import DefinerRights, Grant, Privileges, ShardAccess
from reconciler.model.programs import view_id
from reconciler.model.server import Flavor

APP = Account(user="app", host="%")


def codes(
    *privileges: str,
    accounts: Collection[str] | None = (APP.digest,),
    own: str | None = None,
    flavor: Flavor = Flavor.MYSQL,
    rights: Privileges | None = None,
) -> list[str]:
    access = ShardAccess(
        database="d",
        privileges=having(*privileges),
        account=own,
        accounts=None if accounts is None else frozenset(accounts),
        definers=(DefinerRights(account=APP.digest, privileges=rights),),
    )
    return [
        *(refusal.code for refusal in definer_refusals("-80", access, APP, flavor)),
        *(refusal.code for refusal in lacking_rights("-80", access, APP, {"t": "v"})),
    ]


def having(*privileges: str, table: str | None = None, columns: Collection[str] = ()) -> Privileges:
    grant = Grant(
        privileges=frozenset(privileges),
        database="d" if table else None,
        table=table,
        grantee="x",
        on_columns=frozenset(columns),
    )
    return Privileges(grants=(grant,), has_patterns=False)


READS = having("SELECT", table="t")


@pytest.mark.invariant("PG-5")
def test_the_account_is_there_and_the_login_may_give_its_rights() -> None:
    assert codes("SET_ANY_DEFINER", rights=READS) == []
    assert codes("SET USER", flavor=Flavor.MARIADB, rights=READS) == []
    assert codes("SUPER", flavor=Flavor.MARIADB, rights=READS) == ["privilege-missing"]
    assert codes("SELECT", rights=READS) == ["privilege-missing"]
    assert codes("SUPER", accounts=()) == ["definer-missing"]
    assert codes("SUPER", accounts=None) == ["definer-unmeasured"]
    assert codes("SELECT", accounts=None, own=APP.digest) == []


@pytest.mark.invariant("PG-5")
def test_the_account_may_read_what_the_program_reads() -> None:
    assert codes("SUPER") == ["definer-unmeasured"]
    assert codes("SUPER", rights=having("SELECT")) == []
    assert codes("SUPER", rights=having(table="t", columns=["SELECT"])) == []
    assert codes("SUPER", rights=having("SELECT", table="u")) == ["definer-lacks-rights"]
    assert codes("SUPER", rights=having("INSERT")) == ["definer-lacks-rights"]


@pytest.mark.invariant("PG-5")
def test_a_protected_account_is_named_by_its_like_alone() -> None:
    rights = having("SELECT", "SYSTEM_USER")
    assert codes("SUPER", rights=rights) == ["privilege-missing"]
    assert codes("SET_ANY_DEFINER", "SYSTEM_USER", rights=rights) == []


@pytest.mark.invariant("PG-5")
def test_a_protected_accounts_view_is_dropped_by_its_like_alone() -> None:
    def refused(*privileges: str, definer: str | None = APP.digest) -> bool:
        access = ShardAccess(
            database="d", privileges=having(*privileges), protected=frozenset({APP.digest})
        )
        return bool([*drop_refusals("-80", access, {view_id("v"): definer}, [view_id("v")])])

    assert refused("DROP")
    assert not refused("DROP", "SYSTEM_USER")
    assert not refused("DROP", definer=None)
