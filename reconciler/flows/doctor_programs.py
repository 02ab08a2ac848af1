"""What a login needs for the kinds of programs that a spec has managed, shard by shard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ddl.programs.accounts import read_account
from reconciler.guard.definers import definer_refusals
from reconciler.guard.triggers import untrusted
from reconciler.model.access import EventGround, RoutineGround, ShardAccess
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
    ManagedKind.EVENTS: (("EVENT",), ()),
}
_SHOWS_ROUTINES = {
    Flavor.MYSQL: "SHOW_ROUTINE on *.*",
    Flavor.MARIADB: "SELECT on mysql.proc",
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
    for kind in filter(policy.manages, _NEEDED):
        yield from _privilege_findings(check, access, kind, _needed(kind, version.flavor, identity))
        account = read_account(policy.definer_of(kind) or "")
        if account is not None and changes:
            for refusal in definer_refusals(check.shard, access, account, version.flavor):
                yield _failed(check, refusal.message, refusal.recovery)
    if changes and policy.manages(ManagedKind.TRIGGERS):
        for refusal in untrusted(check.shard, access):
            yield _failed(check, refusal.message, refusal.recovery)
    if access.events is not None and changes:
        yield from _event_findings(check, access.events)
    if policy.manages(ManagedKind.ROUTINES) and not _sees_routines(access, version.flavor):
        yield _warning(
            check,
            "routines are managed, and the text of one that another account made is hidden from the"
            " login",
            f"grant the login {_SHOWS_ROUTINES[version.flavor]}, {_AGAIN}",
        )
    if access.routines is not None and changes:
        yield from _routine_findings(check, access.routines, version.flavor)


def _needed(kind: ManagedKind, flavor: Flavor, identity: Identity) -> tuple[str, ...]:
    reading, changing = _NEEDED[kind]
    if identity is not Identity.CHANGES:
        return reading
    swaps = kind is ManagedKind.TRIGGERS and flavor is Flavor.MYSQL
    return (*reading, *changing, *(_SWAPPING if swaps else ()))


def _privilege_findings(
    check: ShardCheck, access: ShardAccess, kind: ManagedKind, needed: Sequence[str]
) -> Iterator[DoctorFinding]:
    if access.privileges is None:
        return
    own = access.privileges.on_database(access.database)
    if lacking := ", ".join(name for name in needed if name not in own):
        yield _failed(
            check,
            f"{kind} are managed, and the login lacks {lacking}",
            f"grant the login {lacking} on the shard's database, {_AGAIN}",
        )


def _sees_routines(access: ShardAccess, flavor: Flavor) -> bool:
    if flavor is Flavor.MARIADB:
        return access.may(["SELECT"], "proc", database="mysql")
    return access.may_everywhere(["SHOW_ROUTINE", "SELECT"])


def _event_findings(check: ShardCheck, ground: EventGround) -> Iterator[DoctorFinding]:
    if not ground.runs:
        yield _warning(
            check,
            "event_scheduler is not ON: the server runs no event, and a plan that makes one that is"
            " on is refused",
            "set event_scheduler=ON on the server, or write DISABLE into the files of events",
        )
    if ground.off_as_on_replicas:
        names = ", ".join(ground.off_as_on_replicas[:10])
        yield _warning(
            check,
            f"{len(ground.off_as_on_replicas)} events are off as they are on a replica, and nothing"
            f" runs them: {names}",
            "if this server is to run them, ALTER EVENT ... ENABLE each of them on it",
        )


def _routine_findings(
    check: ShardCheck, ground: RoutineGround, flavor: Flavor
) -> Iterator[DoctorFinding]:
    if ground.granted is None and not ground.keeps_grants and flavor is Flavor.MYSQL:
        yield _failed(
            check,
            "routines are managed, and which of them accounts were granted privileges on, the login"
            " may not see",
            f"grant the login SELECT on mysql.procs_priv, {_AGAIN}",
        )
    if not ground.trusts_functions:
        yield _warning(
            check,
            "log_bin_trust_function_creators is off: the server takes only functions that"
            " say DETERMINISTIC, NO SQL or READS SQL DATA, from a login with SUPER",
            "set log_bin_trust_function_creators=1 on the server, or manage no functions",
        )


def _warning(check: ShardCheck, message: str, recovery: str) -> DoctorFinding:
    return DoctorFinding(
        subject=f"shard {check.shard}",
        shard=check.shard,
        mark=CheckMark.WARNING,
        message=message,
        recovery=recovery,
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
