"""`doctor`: does everything that the other verbs rely on work, and how to fix what does not."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.errors import ReconcilerError
from reconciler.flows.doctor_planetscale import planetscale_findings
from reconciler.flows.doctor_programs import program_findings
from reconciler.guard.access import SHOWS_LOCKS, kill_refusals, sees_locks
from reconciler.limits import OBSERVE_PARALLEL_MIN
from reconciler.model.engine import EngineName
from reconciler.model.observation import ObservedShard
from reconciler.model.policy import Policy
from reconciler.model.server import ServerSettings
from reconciler.observe.topology import with_shards
from reconciler.outcomes.doctor import CheckMark, DoctorFinding, DoctorOutcome
from reconciler.plan.engines.choose import WORKS_WITH
from reconciler.ports.engine import EnginePrograms
from reconciler.ports.shards import Connections, Identity, ShardCheck
from reconciler.ports.world import World
from reconciler.prove.unproven import UNSEEN_OF
from reconciler.spec.insecure import insecure_note
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import (
    Environment,
    KeyspaceKind,
    RetiringShard,
    RolloutSpec,
    ShardSpec,
    VitessCluster,
)
from reconciler.spec.scratch_image import ScratchImage

_PRIVILEGES_SHOWN_MAX = 6


def examine(
    world: World,
    connections: Connections,
    files: DesiredFiles,
    environment: Environment,
    identity: Identity,
) -> DoctorOutcome:
    """Every shard with the login at hand, then a scratch database like each of their servers."""
    parallel = max(environment.rollout.parallel, OBSERVE_PARALLEL_MIN)
    environment, findings = _topology(world, environment)
    if environment.planetscale is not None:
        assert world.deploys is not None, "the keyspace is at PlanetScale"
        findings += planetscale_findings(world.deploys, environment.planetscale)
        is_sound = all(found.mark is not CheckMark.FAILED for found in findings)
        sound = [shard.name for shard in environment.shards if is_sound]
    else:
        shards = (*environment.shards, *map(_retiring, environment.retiring))
        checks = connections.check_shards(shards, identity, parallel=parallel)
        rollout = environment.rollout if identity is Identity.CHANGES else None
        findings += [
            finding
            for check in checks
            for finding in _shard_findings(check, rollout, files.spec.policy)
        ]
        findings += [
            finding
            for check in checks
            for finding in program_findings(check, files.spec.policy, identity)
        ]
        sound = [check.shard for check in checks if not check.problems]
    findings += _scratch_findings(world, environment, sound)
    findings += _scratch_login_findings(connections, environment)
    findings += _insecure_findings(environment)
    findings += _quarantine_findings(environment, world.clock.now_s())
    if environment.kind is KeyspaceKind.MYSQL:  # behind Vitess no program copies a table
        findings += _engine_findings(world.engines, environment.engine.named)
    return DoctorOutcome(
        environment=environment.name,
        keyspace=files.spec.keyspace,
        region=environment.region,
        findings=tuple(findings),
    )


def _retiring(shard: RetiringShard) -> ShardSpec:
    """A split reads it to its end, with the logins that the spec names."""
    return ShardSpec(name=f"{shard.name} (retiring)", connection=shard.connection)


def _topology(world: World, environment: Environment) -> tuple[Environment, list[DoctorFinding]]:
    """The environment with its shards, and how it got them; nothing to say where the spec lists
    them."""
    if environment.planetscale is not None:
        return with_shards(world, environment), []
    if (cluster := environment.vitess) is None:
        return environment, []
    subject = f"topology of {cluster.keyspace}"
    try:
        environment = with_shards(world, environment)
    except ReconcilerError as error:
        return environment, _failed(subject, error)
    shards = len(environment.shards)
    message = f"{shards} {'shard' if shards == 1 else 'shards'}, all of them serve"
    return environment, [
        DoctorFinding(subject=subject, mark=CheckMark.OK, message=message),
        *_vschema(world, cluster),
    ]


def _vschema(world: World, cluster: VitessCluster) -> list[DoctorFinding]:
    subject = f"VSchema of {cluster.keyspace}"
    try:
        world.keyspaces.vschema(cluster)
    except ReconcilerError as error:
        return _failed(subject, error)
    message = "can be read, and every cell routes by it"
    return [DoctorFinding(subject=subject, mark=CheckMark.OK, message=message)]


def _failed(subject: str, error: ReconcilerError) -> list[DoctorFinding]:
    return [
        DoctorFinding(
            subject=subject,
            mark=CheckMark.FAILED,
            message=problem.message,
            recovery=problem.recovery,
        )
        for problem in error.problems
    ]


def _engine_findings(
    programs: EnginePrograms, named: Collection[EngineName]
) -> Iterator[DoctorFinding]:
    """One for each engine that is a program; what the spec names must be there."""
    for name, servers in WORKS_WITH.items():
        subject, problem = f"engine {name}", programs.unusable(name)
        if problem is None:
            yield DoctorFinding(
                subject=subject,
                mark=CheckMark.OK,
                message=f"{programs.version(name)}, works with {servers}",
            )
        elif name in named:
            version = programs.version(name)
            seen = f"version {version} is not known to work" if version else "not on this machine"
            yield DoctorFinding(
                subject=subject,
                mark=CheckMark.FAILED,
                message=f"{seen}, and the spec's `engine` names it",
                recovery=problem.recovery,
            )
        else:
            yield DoctorFinding(
                subject=subject,
                mark=CheckMark.SKIPPED,
                message="the spec's `engine` does not name it, and it cannot be started here",
            )


_SCRATCH_RIGHTS = r"ALL on `\_reconciler\_%`.* and PROCESS (MySQL: and SESSION_VARIABLES_ADMIN)"


def _scratch_login_findings(
    connections: Connections, environment: Environment
) -> list[DoctorFinding]:
    """What shards print is run there: a login that may do more than scratch needs is a risk."""
    try:
        excess = connections.scratch_excess(environment.scratch)
    except ReconcilerError as error:  # the scratch server itself may be told of in the same words
        problem = error.problems[0]
        return [
            DoctorFinding(
                subject="scratch",
                mark=CheckMark.FAILED,
                message=problem.message,
                recovery=problem.recovery,
            )
        ]
    if isinstance(environment.scratch, ScratchImage) and not environment.scratch.is_pinned:
        return [_not_pinned()]
    if not excess:
        return []
    shown = ", ".join(excess[:_PRIVILEGES_SHOWN_MAX])
    more = len(excess) - _PRIVILEGES_SHOWN_MAX
    return [
        DoctorFinding(
            subject="scratch",
            mark=CheckMark.WARNING,
            message=f"its login may do more than is needed: {shown}"
            + (f" and {more} more" if more > 0 else ""),
            recovery=f"use a login that has {_SCRATCH_RIGHTS}, and nothing else",
        )
    ]


def _not_pinned() -> DoctorFinding:
    return DoctorFinding(
        subject="scratch",
        mark=CheckMark.WARNING,
        message="the spec names its image by a tag, which can be moved to another program",
        recovery="name it by its digest as well: mysql:8.4@sha256:… with all 64 digits, which"
        " `docker buildx imagetools inspect mysql:8.4` tells",
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


def _quarantine_findings(environment: Environment, now_s: float) -> Iterator[DoctorFinding]:
    """Of a shard that nobody asks anything, as long as the spec says so."""
    for found in environment.quarantine:
        has_ended = found.has_ended(now_s)
        yield DoctorFinding(
            subject=f"shard {found.shard}",
            mark=CheckMark.FAILED if has_ended else CheckMark.WARNING,
            message=f"{'was' if has_ended else 'is'} in quarantine until {found.until}, and was not"
            f" looked at: {found.reason}",
            recovery="take it out of `quarantine` in the spec"
            + (", or write a later `until`" if has_ended else " when it is well again"),
        )


def _shard_findings(
    check: ShardCheck, rollout: RolloutSpec | None, policy: Policy
) -> list[DoctorFinding]:
    """`rollout` is what an apply will have to do with the login; None: it will only read."""
    none_of = tuple(UNSEEN_OF[word] for word in policy.unused)
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
            recovery="grant it; or say in the spec's `unused` that the fleet has none; or leave it,"
            " and a plan that such an object might stand in the way of asks for permission for"
            " `unproven`",
        )
        for unseen in check.unseen
        if not unseen.startswith(none_of)
    ]
    if rollout is not None:
        findings += _apply_findings(check, rollout)
    if not check.problems:  # also of a shard of which something else is to be told
        findings.append(
            DoctorFinding(
                subject=subject,
                shard=check.shard,
                mark=CheckMark.OK,
                message=f"{check.version}, reachable",
            )
        )
    return findings


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
    servers = {seen.server for seen in observed if isinstance(seen, ObservedShard)}
    return [_scratch_finding(world, distinct, servers) for distinct in dict.fromkeys(settings)]


def _scratch_finding(
    world: World, settings: ServerSettings, servers: Collection[str]
) -> DoctorFinding:
    try:
        world.scratch.keep_off(servers)
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
            recovery=f"give the scratch login {_SCRATCH_RIGHTS}",
        )
    return DoctorFinding(
        subject="scratch", mark=CheckMark.OK, message=f"stands for {settings.version}"
    )
