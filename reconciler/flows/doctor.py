"""`doctor`: does everything that the other verbs rely on work, and how to mend what does not."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import ReconcilerError
from reconciler.guard.access import SHOWS_LOCKS, kill_refusals, sees_locks
from reconciler.limits import OBSERVE_PARALLEL_MIN
from reconciler.model.observation import ObservedShard
from reconciler.model.server import ServerSettings
from reconciler.outcomes.doctor import CheckMark, DoctorFinding, DoctorOutcome
from reconciler.ports.shards import Connections, Identity, ShardCheck
from reconciler.ports.world import World
from reconciler.spec.insecure import insecure_note
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, RolloutSpec


def examine(
    world: World,
    connections: Connections,
    files: DesiredFiles,
    environment: Environment,
    identity: Identity,
) -> DoctorOutcome:
    """Every shard with the login at hand, then a scratch database like each of their servers."""
    parallel = max(environment.rollout.parallel, OBSERVE_PARALLEL_MIN)
    checks = connections.check_shards(environment.shards, identity, parallel=parallel)
    rollout = environment.rollout if identity is Identity.CHANGES else None
    findings = [finding for check in checks for finding in _shard_findings(check, rollout)]
    findings += _scratch_findings(world, environment, [c.shard for c in checks if not c.problems])
    findings += _insecure_findings(environment)
    return DoctorOutcome(
        environment=environment.name, keyspace=files.spec.keyspace, findings=tuple(findings)
    )


def _insecure_findings(environment: Environment) -> list[DoctorFinding]:
    note = insecure_note(environment)
    if note is None:
        return []
    return [
        DoctorFinding(
            subject="tls",
            mark=CheckMark.WARNING,
            message=note,
            recovery="give the servers certificates of their names and set `tls: {ca: …}`",
        )
    ]


def _shard_findings(check: ShardCheck, rollout: RolloutSpec | None) -> list[DoctorFinding]:
    """`rollout` is what an apply will have to do with the login; None: it will only read."""
    subject = f"shard {check.shard}"
    findings = [
        DoctorFinding(
            subject=subject,
            shard=check.shard,
            mark=CheckMark.FAILED,
            message=problem.message.removeprefix(f"{subject}: "),
            recovery=problem.recovery,
        )
        for problem in check.problems
    ]
    findings += [
        DoctorFinding(
            subject=subject,
            shard=check.shard,
            mark=CheckMark.WARNING,
            message=f"not visible to this login: {unseen}",
            recovery="grant it; or leave it, and a plan that such an object might stand in the way"
            " of asks for permission for `unproven`",
        )
        for unseen in check.unseen
    ]
    if rollout is not None:
        findings += _apply_findings(check, rollout)
    return findings or [
        DoctorFinding(
            subject=subject,
            shard=check.shard,
            mark=CheckMark.OK,
            message=f"{check.version}, reachable",
        )
    ]


def _apply_findings(check: ShardCheck, rollout: RolloutSpec) -> Iterator[DoctorFinding]:
    if check.access is None or check.version is None:
        return
    subject, flavor = f"shard {check.shard}", check.version.flavor
    for refusal in kill_refusals(check.shard, check.access, flavor=flavor, rollout=rollout):
        yield DoctorFinding(
            subject=subject,
            shard=check.shard,
            mark=CheckMark.FAILED,
            message=refusal.message.removeprefix(f"{subject}: "),
            recovery=refusal.recovery,
        )
    if not sees_locks(check.access, flavor):
        yield DoctorFinding(
            subject=subject,
            shard=check.shard,
            mark=CheckMark.WARNING,
            message="not visible to this login: who is in the way of a statement (needs"
            f" {SHOWS_LOCKS[flavor]})",
            recovery="grant it; or leave it, and a statement that waits for its lock does not say"
            " for whom",
        )


def _scratch_findings(
    world: World, environment: Environment, sound: list[str]
) -> list[DoctorFinding]:
    """One for each distinct setting of the shards that can be observed."""
    shards = [shard for shard in environment.shards if shard.name in sound]
    if not shards:
        return [
            DoctorFinding(
                subject="scratch",
                mark=CheckMark.SKIPPED,
                message="no shard passed, so nobody knows what scratch must be like",
            )
        ]
    observed = world.shards.observe(shards, parallel=OBSERVE_PARALLEL_MIN)
    settings = [seen.settings for seen in observed if isinstance(seen, ObservedShard)]
    return [_scratch_finding(world, distinct) for distinct in dict.fromkeys(settings)]


def _scratch_finding(world: World, settings: ServerSettings) -> DoctorFinding:
    try:
        with world.scratch.database(settings) as database:
            error = database.execute("CREATE TABLE `probe` (`id` int NOT NULL PRIMARY KEY)")
    except ReconcilerError as refused:
        problem = refused.problems[0]
        return DoctorFinding(
            subject="scratch",
            mark=CheckMark.FAILED,
            message=problem.message,
            recovery=problem.recovery,
        )
    if error is not None:
        return DoctorFinding(
            subject="scratch",
            mark=CheckMark.FAILED,
            message=f"no table can be made there: {error}",
            recovery="give the scratch login CREATE, ALTER, DROP, INDEX and REFERENCES on *.*",
        )
    return DoctorFinding(
        subject="scratch", mark=CheckMark.OK, message=f"stands for {settings.version}"
    )
