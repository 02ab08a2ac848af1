"""What a login needs for the kinds of programs that a spec has managed, shard by shard."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.programs.accounts import read_account
from reconciler.guard.definers import definer_refusals
from reconciler.model.policy import Policy
from reconciler.model.programs import ManagedKind
from reconciler.outcomes.doctor import CheckMark, DoctorFinding
from reconciler.ports.shards import Identity, ShardCheck

_AGAIN = "then run the same command again"


def program_findings(
    check: ShardCheck, policy: Policy, identity: Identity
) -> Iterator[DoctorFinding]:
    """Nothing where only tables are managed, or the server checks no privileges."""
    if not policy.manages(ManagedKind.VIEWS) or check.access is None or check.version is None:
        return
    privileges = check.access.privileges
    changes = identity is Identity.CHANGES
    needed = ("SHOW VIEW", "SELECT", *(("CREATE VIEW", "DROP") if changes else ()))
    if privileges is not None:
        own = privileges.on_database(check.access.database)
        lacking = [name for name in needed if name not in own]
        if lacking:
            yield _failed(
                check,
                f"views are managed, and the login lacks {', '.join(lacking)}",
                f"grant the login {', '.join(lacking)} on the shard's database, {_AGAIN}",
            )
    account = read_account(policy.definer_of(ManagedKind.VIEWS) or "")
    if account is not None and changes:
        flavor = check.version.flavor
        for refusal in definer_refusals(check.shard, check.access, account, flavor):
            yield _failed(check, refusal.message, refusal.recovery)


def _failed(check: ShardCheck, message: str, recovery: str) -> DoctorFinding:
    subject = f"shard {check.shard}"
    return DoctorFinding(
        subject=subject,
        shard=check.shard,
        mark=CheckMark.FAILED,
        message=message.removeprefix(f"{subject}: "),
        recovery=recovery,
    )
