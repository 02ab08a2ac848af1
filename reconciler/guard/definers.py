"""Whether a shard has the account whose rights a program is given, and the login may give them.

Rule (PG-5): both are asked of every shard before the first statement anywhere. A program of an
account that is not there fails when it is called, or gets the rights of whoever is made with that
name later.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.programs.accounts import Account
from reconciler.guard.model import Refusal
from reconciler.model.access import ShardAccess
from reconciler.model.server import Flavor

_GIVES = {
    Flavor.MYSQL: ("SET_ANY_DEFINER", "SET_USER_ID", "SUPER"),
    Flavor.MARIADB: ("SET USER", "SUPER"),
}


def definer_refusals(
    shard: str, access: ShardAccess, account: Account, flavor: Flavor
) -> Iterator[Refusal]:
    if access.is_own(account.digest):
        return  # whose own rights they are is there, and may always give them
    if not access.may_everywhere(_GIVES[flavor]):
        needed = _GIVES[flavor][0]
        yield Refusal(
            code="privilege-missing",
            shard=shard,
            message=f"shard {shard}: the login may give no program the rights of {account}; nothing"
            " was sent to it",
            recovery=f"grant the login {needed} on *.*, or connect as {account}, then run the same"
            " command again",
        )
    if access.accounts is None:
        yield Refusal(
            code="definer-unmeasured",
            shard=shard,
            message=f"shard {shard}: whether there is an account {account} could not be told;"
            " nothing was sent to it",
            recovery="grant the login SELECT on mysql.user (on MariaDB, on mysql.global_priv as"
            " well), then run the same command again",
        )
    elif account.digest not in access.accounts:
        yield Refusal(
            code="definer-missing",
            shard=shard,
            message=f"shard {shard}: there is no account {account}, whose rights the programs would"
            " have; nothing was sent to it",
            recovery=f"create {account} on every shard, with the rights that the programs need, or"
            " name another account as `definer` in the spec and plan again",
        )
