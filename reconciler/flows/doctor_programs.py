"""What a login needs for the kinds of programs that a spec has managed, shard by shard."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.programs.accounts import read_account
from reconciler.guard.definers import definer_refusals
from reconciler.guard.triggers import untrusted
from reconciler.model.policy import Policy
from reconciler.model.programs import ManagedKind
from reconciler.model.server import Flavor
from reconciler.outcomes.doctor import CheckMark, DoctorFinding
from reconciler.ports.shards import Identity, ShardCheck

_AGAIN = "then run the same command again"
# What reading takes on the shard's database, and what changing takes beside it.
_NEEDED = {
    ManagedKind.VIEWS: (("SHOW VIEW", "SELECT"), ("CREATE VIEW", "DROP")),
    ManagedKind.SEQUENCES: (("SELECT",), ("CREATE", "ALTER", "DROP")),
    ManagedKind.ROUTINES: ((), ("CREATE ROUTINE", "ALTER ROUTINE")),
    ManagedKind.TRIGGERS: (("TRIGGER",), ()),
}
_SWAPPING = ("LOCK TABLES", "SELECT")  # MySQL, which replaces no trigger


def program_findings(
    check: ShardCheck, policy: Policy, identity: Identity
) -> Iterator[DoctorFinding]:
    """Nothing where only tables are managed, or the server checks no privileges."""
    access, version = check.access, check.version
    if access is None or version is None:
        return
    changes = identity is Identity.CHANGES
    for kind, (reading, changing) in _NEEDED.items():
        if not policy.manages(kind):
            continue
        swaps = kind is ManagedKind.TRIGGERS and version.flavor is Flavor.MYSQL
        needed = (*reading, *((*changing, *(_SWAPPING if swaps else ())) if changes else ()))
        if access.privileges is not None:
            own = access.privileges.on_database(access.database)
            lacking = [name for name in needed if name not in own]
            if lacking:
                yield _failed(
                    check,
                    f"{kind} are managed, and the login lacks {', '.join(lacking)}",
                    f"grant the login {', '.join(lacking)} on the shard's database, {_AGAIN}",
                )
        account = read_account(policy.definer_of(kind) or "")
        if account is not None and changes:
            for refusal in definer_refusals(check.shard, access, account, version.flavor):
                yield _failed(check, refusal.message, refusal.recovery)
    if changes and policy.manages(ManagedKind.TRIGGERS):
        for refusal in untrusted(check.shard, access):
            yield _failed(check, refusal.message, refusal.recovery)
    ground = access.routines
    if ground is not None and changes and version.flavor is Flavor.MYSQL and ground.granted is None:
        yield _failed(
            check,
            "routines are managed, and which of them accounts were granted privileges on, the login"
            " may not see",
            f"grant the login SELECT on mysql.procs_priv, {_AGAIN}",
        )
    if ground is not None and changes and not ground.trusts_functions:
        yield DoctorFinding(
            subject=f"shard {check.shard}",
            shard=check.shard,
            mark=CheckMark.WARNING,
            message="log_bin_trust_function_creators is off: the server takes only functions that"
            " say DETERMINISTIC, NO SQL or READS SQL DATA, from a login with SUPER",
            recovery="set log_bin_trust_function_creators=1 on the server, or manage no functions",
        )


def _failed(check: ShardCheck, message: str, recovery: str) -> DoctorFinding:
    subject = f"shard {check.shard}"
    return DoctorFinding(
        subject=subject,
        shard=check.shard,
        mark=CheckMark.FAILED,
        message=message.removeprefix(f"{subject}: "),
        recovery=recovery,
    )
