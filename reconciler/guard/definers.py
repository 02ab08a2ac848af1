"""Whether a shard has the account whose rights a program is given, the login may give them, and
they are enough for what the program reads.

Rule (PG-5): all of it is asked of every shard before the first statement anywhere. A program of an
account that is not there, or may not read what it is made of, fails when it is called; or it gets
the rights of whoever is made with that name later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.ddl.programs.accounts import Account
from reconciler.guard.model import Refusal
from reconciler.model.access import ShardAccess
from reconciler.model.object_id import ObjectId
from reconciler.model.server import Flavor

GIVES_RIGHTS = {
    Flavor.MYSQL: ("SET_ANY_DEFINER", "SET_USER_ID", "SUPER"),  # since 8.2, and before
    Flavor.MARIADB: ("SET USER",),  # SUPER has it before 11.0 (`edges.mysql.grants`)
}
# MySQL: who has it may only be named by who has it.
_PROTECTED = "SYSTEM_USER"


def definer_refusals(
    shard: str, access: ShardAccess, account: Account, flavor: Flavor
) -> Iterator[Refusal]:
    if access.is_own(account.digest):
        return  # whose own rights they are is there, and may always give them
    if not access.may_everywhere(GIVES_RIGHTS[flavor]):
        needed = GIVES_RIGHTS[flavor][0]
        yield Refusal(
            code="privilege-missing",
            shard=shard,
            message=f"shard {shard}: the login may give no program the rights of {account}; nothing"
            " was sent to it",
            recovery=f"grant the login {needed} on *.*, or connect as {account}, then run the same"
            " command again",
        )
    rights = access.definer(account.digest).privileges
    is_protected = rights is not None and _PROTECTED in rights.everywhere
    is_protected = is_protected or account.digest in access.protected  # by a role
    if is_protected and not access.may_everywhere([_PROTECTED]):
        yield Refusal(
            code="privilege-missing",
            shard=shard,
            message=f"shard {shard}: {account} has {_PROTECTED}, and only a login that has it may"
            " give a program such an account's rights; nothing was sent to it",
            recovery="name an account without it as `definer` in the spec and plan again: reading a"
            f" view needs SELECT alone; or grant the login {_PROTECTED} on *.*",
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


def drop_refusals(
    shard: str,
    access: ShardAccess,
    definers: Mapping[ObjectId, str | None],
    dropped: Iterable[ObjectId],
) -> Iterator[Refusal]:
    """`definers` are the digests of live programs' accounts."""
    if access.may_everywhere([_PROTECTED]):
        return
    for about in dropped:
        if definers.get(about) in access.protected:
            yield Refusal(
                code="privilege-missing",
                shard=shard,
                object_id=about,
                message=f"shard {shard}, {about}: its account has {_PROTECTED}, and only who has it"
                f" may drop such an account's {about.kind}; nothing was sent to it",
                recovery=f"grant the login {_PROTECTED} on *.*, then run the same command again",
            )


def lacking_rights(
    shard: str, access: ShardAccess, account: Account, tables: Mapping[str, str]
) -> Iterator[Refusal]:
    """`tables` are what programs read with the account's rights, with the first that does. The
    login itself is asked for as much by the statements."""
    if access.is_own(account.digest) or access.privileges is None:
        return
    if account.digest not in (access.accounts or ()):
        return  # said already
    rights = access.definer(account.digest)
    if rights.privileges is None:
        yield Refusal(
            code="definer-unmeasured",
            shard=shard,
            message=f"shard {shard}: what {account} may read could not be told; nothing was sent to"
            " it",
            recovery="grant the login SELECT on mysql.*, then run the same command again",
        )
        return
    closed = sorted(name for name in tables if not rights.may_read(access.database, name))
    if closed:
        views = ", ".join(sorted({tables[name] for name in closed}))
        yield Refusal(
            code="definer-lacks-rights",
            shard=shard,
            message=f"shard {shard}: {account} may not read {', '.join(closed)}, so every read of"
            f" {views}, which would have its rights, would fail; nothing was sent to it",
            recovery=f"grant {account} SELECT on {', '.join(closed)}, or on all of the database, on"
            " every shard; then run the same command again",
        )
