"""`ci workflow`: from the specs to the workflows that work over their regions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import InvalidInput, Problem
from reconciler.flows.keyspace_order import places_before, refuse_ordered
from reconciler.flows.keyspaces import Loaded, one_environment
from reconciler.flows.limits import WAVE_WAIT_S_MAX, WORKFLOW_WAVES_MAX
from reconciler.model.engine import EngineName
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan.files import PLANS_DIRECTORY, plan_paths
from reconciler.report.checks_workflow import ChecksWorkflow
from reconciler.report.requests_workflow import RequestsWorkflow
from reconciler.report.workflow import SCRATCH_LOGIN, RolloutWorkflow, ScratchOfJob
from reconciler.rollout.waves import waves_in
from reconciler.spec.load import SPECS_DIRECTORY, DesiredFiles
from reconciler.spec.model import Connection, Environment
from reconciler.spec.tree import from_the_top
from reconciler.spec.variables import VARIABLE, variables_of

_PINNED = re.compile(r"[\w.-]+/[\w.-]+(/[\w.-]+)*@[0-9a-f]{40}")
# What leaves tables behind that nobody but the ledger knows.
_LEAVING = frozenset({EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC})
_PINNED_IMAGE = re.compile(r"[\w./:-]+@sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Rolled:
    """A keyspace that has regions in the environment."""

    files: DesiredFiles
    environment: Environment


def workflow_of(
    loaded: Loaded,
    keyspaces: Sequence[str],
    environment: str | None,
    *,
    action: str,
    branch: str,
    below: str,
) -> RolloutWorkflow:
    """Raises InvalidInput for what no such workflow can keep, and for a spec that cannot be read:
    what it would have said is then in no job."""
    name, rolled = _rolled(loaded, keyspaces, environment, action)
    if refused := [problem for one in rolled for problem in _refused(one)]:
        raise InvalidInput(*refused)
    refuse_ordered(one.files for one in rolled)
    environments = [one.environment for one in rolled]
    return RolloutWorkflow(
        environment=name,
        branch=branch,
        keyspaces=tuple(sorted(set(keyspaces))),
        paths=tuple(
            sorted({from_the_top(path, below) for path in _paths(rolled, bool(keyspaces))})
        ),
        regions=tuple(sorted({name for env in environments for name in env.region_names})),
        waves=max(len(waves_in(env)) for env in environments),
        is_held=any(env.rollout.gate or env.rollout.soak_s for env in environments),
        variables=tuple(sorted(_to_apply(loaded, rolled))),
        action=action,
        directory=below or ".",
    )


def checks_of(
    loaded: Loaded,
    environment: str | None,
    *,
    action: str,
    branch: str,
    below: str,
    scratch_image: str | None,
) -> ChecksWorkflow:
    """Of every keyspace of the environment, whose status is one. Raises as `workflow_of`."""
    name, rolled = _rolled(loaded, None, environment, action)
    without = [one for one in rolled if not one.environment.regions]
    if without:
        raise InvalidInput(*(_no_region_looks(one) for one in without))
    environments = [one.environment for one in rolled]
    return ChecksWorkflow(
        environment=name,
        branch=branch,
        regions=tuple(sorted({each.name for env in environments for each in env.regions})),
        variables=tuple(sorted({name for env in environments for name in _to_look(env)})),
        action=action,
        directory=below or ".",
        scratch=_scratch_of(environments, scratch_image),
        known=tuple(loaded.environments(())),
    )


def requests_of(
    loaded: Loaded,
    keyspaces: Sequence[str],
    environment: str | None,
    *,
    action: str,
    branch: str,
    below: str,
    scratch_image: str | None,
) -> RequestsWorkflow:
    """Of keyspaces that have regions, or of such as have none. Raises as `workflow_of`."""
    name, rolled = _rolled(loaded, keyspaces, environment, action)
    environments = [one.environment for one in rolled]
    regions = {name for env in environments for name in env.region_names}
    without = [one for one in rolled if not one.environment.region_names]
    if regions and without:
        raise InvalidInput(*(_no_parts(one) for one in without))
    if regions and scratch_image is not None:
        raise InvalidInput(_image_of_regions(name))
    scratch = _scratch_of(environments, scratch_image)
    asked = _to_apply(loaded, rolled)
    return RequestsWorkflow(
        environment=name,
        branch=branch,
        keyspaces=tuple(sorted(set(keyspaces))),
        names=tuple(sorted(one.files.spec.keyspace for one in rolled)),
        regions=tuple(sorted(regions)),
        variables=tuple(sorted(asked - dict(scratch.known).keys())),
        action=action,
        directory=below or ".",
        scratch=scratch,
    )


def _rolled(
    loaded: Loaded, keyspaces: Sequence[str] | None, environment: str | None, action: str
) -> tuple[str, list[_Rolled]]:
    """The environment, and the keyspaces there. Raises InvalidInput for an action that could be
    another tomorrow, and for a spec that cannot be read. None where they cannot be named."""
    check_pinned(action)
    name = one_environment(loaded.keyspaces, environment, keyspaces, "a workflow")
    found = loaded.each(name, keyspaces or (), _Rolled)
    if failed := [
        problem for one in found if isinstance(one, KeyspaceFailed) for problem in one.problems
    ]:
        raise InvalidInput(*failed)
    return name, [one for one in found if isinstance(one, _Rolled)]


def _to_apply(loaded: Loaded, rolled: Iterable[_Rolled]) -> set[str]:
    values = (filled_in(loaded, one.files, one.environment) for one in rolled)
    return {name for value in values for name in variables_of(value)}


def filled_in(
    loaded: Loaded, files: DesiredFiles, environment: Environment
) -> tuple[Environment, ...]:
    """What an apply there wants to have filled in: of what comes before it, as much as a look
    needs, and the ledger that knows since when a deployment rests."""
    found: list[Environment] = [environment]
    for _, before in places_before(loaded.keyspaces, files, environment):
        rests = before.name in environment.earlier and before.rollout.soak_s
        found.append(before if rests else as_read(before))
    return tuple(found)


def as_read(environment: Environment) -> Environment:
    """Who only looks opens a ledger for a split, and for tables that an engine may have left."""
    is_asked = environment.retiring or _LEAVING & set(environment.engine.named)
    return environment if is_asked else replace(environment, ledger=None)


def _to_look(environment: Environment) -> tuple[str, ...]:
    """What a look at shards wants to have filled in: no ledger, and no scratch server."""
    return variables_of((environment.shards, environment.vitess, environment.planetscale))


def _scratch_of(environments: Sequence[Environment], image: str | None) -> ScratchOfJob:
    """Raises InvalidInput for an image that could be another tomorrow."""
    if image is not None:
        check_image(image, "--scratch-image", besides="not")
    scratches = [env.scratch for env in environments if isinstance(env.scratch, Connection)]
    known = _of_the_service(scratches) if image is not None else {}
    asked = {name for scratch in scratches for name in variables_of(scratch)}
    return ScratchOfJob(
        image=image,
        known=tuple(sorted(known.items())),
        asked=tuple(sorted(asked - known.keys())),
    )


def _of_the_service(scratches: Sequence[Connection]) -> dict[str, str]:
    """The variables of the specs that stand for the address or the login of their scratch server,
    which the workflow starts itself."""
    found = {}
    for scratch in scratches:
        for field, value in SCRATCH_LOGIN.items():
            if match := VARIABLE.fullmatch(getattr(scratch, field)):
                found[match[1]] = value
    return found


def check_pinned(action: str) -> None:
    """Raises InvalidInput."""
    if not _PINNED.fullmatch(action):
        raise InvalidInput(_not_pinned(action))


def check_image(image: str, option: str, *, besides: str) -> None:
    """Raises InvalidInput for one that could be another tomorrow."""
    if not _PINNED_IMAGE.fullmatch(image):
        raise InvalidInput(
            Problem(
                code="image-not-pinned",
                message=f"{option} {image} is {besides} an image by its digest",
                recovery="name it as mysql:8.4@sha256:… with all 64 digits, which `docker buildx"
                " imagetools inspect mysql:8.4` tells: a tag can be moved to another program",
            )
        )


def _refused(one: _Rolled) -> Iterator[Problem]:
    environment, path = one.environment, one.files.spec.path
    if not environment.region_names:
        yield _no_parts(one)
        return
    if (waves := len(waves_in(environment))) > WORKFLOW_WAVES_MAX:
        yield Problem(
            code="workflow-too-long",
            message=f"{path} makes {waves} waves in {environment.name}, and a workflow has jobs for"
            f" {WORKFLOW_WAVES_MAX} at most",
            recovery="make fewer and larger waves (`rollout.waves`)",
        )
    if environment.rollout.soak_s > WAVE_WAIT_S_MAX:
        yield Problem(
            code="workflow-too-long",
            message=f"{path} has waves soak for {environment.rollout.soak_s:,} s in"
            f" {environment.name}, and the forge holds a run for {WAVE_WAIT_S_MAX:,} s at most",
            recovery="make the soak shorter (`rollout.soak`)",
        )


def _paths(rolled: Sequence[_Rolled], are_named: bool) -> Iterator[str]:
    """Whatever a merge may bring that is to be applied: of named keyspaces their own files."""
    for one in rolled:
        spec = one.files.spec
        yield f"{posixpath.normpath(spec.schema_dir)}/**"
        if are_named:
            paths = plan_paths(one.environment.name, spec.keyspace)
            yield from (spec.path, *one.files.lists, paths.json, paths.sql)
    if not are_named:
        yield from (f"{SPECS_DIRECTORY}/**", f"{PLANS_DIRECTORY}/{rolled[0].environment.name}/**")


def _no_parts(one: _Rolled) -> Problem:
    environment, path = one.environment, one.files.spec.path
    return Problem(
        code="parts-without-regions",
        message=f"{path} gives {environment.name} no regions, so there is nobody to give a part"
        " of its plan to",
        recovery="give it `regions`, one with all of its shards where one machine reaches them,"
        " or name the keyspaces that have some: `reconciler ci workflow KEYSPACE`",
    )


def _no_region_looks(one: _Rolled) -> Problem:
    return Problem(
        code="checks-without-regions",
        message=f"{one.files.spec.path} gives {one.environment.name} no regions, so no region's job"
        " could look at its shards",
        recovery="give it `regions`, one with all of its shards where one machine reaches them, so"
        " that one status says of every keyspace",
    )


def _image_of_regions(environment: str) -> Problem:
    return Problem(
        code="image-of-regions",
        message=f"--scratch-image would be a service on the runners of {environment}'s regions",
        recovery="leave it out: a region's job reaches the server that `scratch` of the spec names",
    )


def _not_pinned(action: str) -> Problem:
    return Problem(
        code="action-not-pinned",
        message=f"--action {action} is no OWNER/NAME@COMMIT with the full hash of a commit",
        recovery="name the commit of reconciler's action that you trust, all 40 digits of it: a tag"
        " or a branch can be moved to another program",
    )
