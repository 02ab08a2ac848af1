"""`ci setup`: from the specs to the files that a repository on GitHub needs besides them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from reconciler.errors import InvalidInput, Problem, ReconcilerError, Refused
from reconciler.flows.forge.workflow import (
    as_read,
    check_image,
    check_pinned,
    checks_of,
    filled_in,
    requests_of,
    workflow_of,
)
from reconciler.flows.keyspaces import Loaded, no_specs
from reconciler.guard.review.code_owners import CODE_OWNERS_PATHS, owners_of, parse_code_owners
from reconciler.limits import CODE_OWNERS_BYTES_MAX
from reconciler.plan.files import PLANS_DIRECTORY
from reconciler.ports.files import FileWriter
from reconciler.report.checks_workflow import checks_workflow
from reconciler.report.requests_workflow import requests_workflow
from reconciler.report.setup.checklist import checklist
from reconciler.report.setup.model import ApplyJob, RegionChecks, Setup
from reconciler.report.setup.owners import code_owners
from reconciler.report.setup.requests import schema_requests
from reconciler.report.setup.schema import schema_workflow
from reconciler.report.workflow import rollout_workflow
from reconciler.spec.deployments import deployments_of
from reconciler.spec.keyspace_order import in_order
from reconciler.spec.load import SPECS_DIRECTORY
from reconciler.spec.model import Environment, SpecFile
from reconciler.spec.tree import FileTree, from_the_top, read_if_there
from reconciler.spec.variables import variables_of

WORKFLOWS = ".github/workflows"
CHECKLIST = ".github/schema-setup.md"
_FILE_BYTES_MAX = 1 << 20
_OWNER = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9-]*)(?:/[\w.-]+)?")
_PLAIN = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupRequest:
    """What the specs do not tell. `scratch` is `spec`, `auto` or the image of a service container;
    `glass` an environment for which a run may go past the approvals."""

    action: str
    branch: str
    owners: tuple[str, ...]
    on_call: tuple[str, ...] = ()
    runner: tuple[str, ...] = ("ubuntu-24.04",)
    scratch: str = "spec"
    host: str | None = None
    glass: str | None = None
    checks_by_region: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupFiles:
    """Contents by their path from the top of the repository. `adds_owners`: a CODEOWNERS is there
    that does not own all of it."""

    contents: Mapping[str, str]
    adds_owners: bool


def files_of(loaded: Loaded, asked: SetupRequest, *, below: str, top: FileTree) -> SetupFiles:
    """`top` are the files at the top of the repository, `below` where the project lies in it.
    Raises InvalidInput for a spec that cannot be read: what it would have said is in no job."""
    _check(asked)
    specs = _specs(loaded)
    about = _setup(loaded, specs, asked, below)
    there = _owners_there(top)
    adds = there is not None and not _owns(there, about)
    contents = {f"{WORKFLOWS}/schema.yml": schema_workflow(about)} if about.has_whole else {}
    for checks in about.checked:
        contents[f"{WORKFLOWS}/checks-{checks.environment}.yml"] = checks_workflow(
            checks_of(
                loaded,
                checks.environment,
                action=asked.action,
                branch=asked.branch,
                below=below,
                scratch_image=_image(asked),
            )
        )
    if about.asked:
        contents[f"{WORKFLOWS}/schema-requests.yml"] = schema_requests(about)
    for name in about.regional:
        named = _keyspaces_by_region(specs, name)
        given = {"action": asked.action, "branch": asked.branch, "below": below}
        made = workflow_of(loaded, named, name, **given)
        requests = requests_of(loaded, named, name, scratch_image=None, **given)
        contents[f"{WORKFLOWS}/rollout-{name}.yml"] = rollout_workflow(made)
        contents[f"{WORKFLOWS}/rollout-{name}-requests.yml"] = requests_workflow(requests)
    if there is None:
        contents[CODE_OWNERS_PATHS[0]] = code_owners(about)
    contents[CHECKLIST] = checklist(about, adds_owners=adds)
    return SetupFiles(contents=contents, adds_owners=adds)


def write_files(
    files: SetupFiles, top: FileTree, writer: FileWriter, *, replaces: bool
) -> tuple[str, ...]:
    """The paths that were written; what is as it should be is left alone. Raises Refused, with
    nothing written, where another file stands in the place of one, unless it is to be replaced."""
    others, fresh = [], []
    for path, content in files.contents.items():
        there = read_if_there(top, path, bytes_max=_FILE_BYTES_MAX)
        if there is None:
            fresh.append(path)
        elif there != content.encode():
            others.append(path)
    if others and not replaces:
        raise Refused(_others_there(others))
    for path in (*fresh, *others):
        writer.write(path, files.contents[path].encode())
    return tuple(sorted((*fresh, *others)))


def _check(asked: SetupRequest) -> None:
    check_pinned(asked.action)
    if asked.scratch not in ("spec", "auto"):
        check_image(asked.scratch, "--scratch", besides="neither `auto`, `spec`, nor")
    people = (*asked.owners, *asked.on_call)
    if not asked.owners or (bad := [name for name in people if not _OWNER.fullmatch(name)]):
        raise InvalidInput(_no_owner(bad if asked.owners else []))
    words = (asked.branch, *asked.runner, *filter(None, (asked.host,)))
    for word in words:
        if not _PLAIN.fullmatch(word.replace("/", "")):
            raise InvalidInput(_no_name(word))


def _specs(loaded: Loaded) -> tuple[SpecFile, ...]:
    broken = [found for found in loaded.keyspaces.values() if isinstance(found, ReconcilerError)]
    if broken:
        raise InvalidInput(*(problem for error in broken for problem in error.problems))
    if not loaded.keyspaces:
        raise no_specs()
    return tuple(files.spec for files in loaded.sound.values())


def _setup(loaded: Loaded, specs: Sequence[SpecFile], asked: SetupRequest, below: str) -> Setup:
    every = [environment for spec in specs for environment in spec.environments]
    names = {environment.name for environment in every}
    if asked.glass is not None and asked.glass not in names:
        raise InvalidInput(_no_environment(asked.glass, sorted(names)))
    before: dict[str, set[str]] = {}
    for environment in every:
        before.setdefault(environment.name, set()).update(environment.comes_after)
    order = in_order(before, {name: sorted(first & names) for name, first in before.items()})
    regional = tuple(sorted({each.name for each in every if each.region_names}))
    checked = regional if asked.checks_by_region else ()
    if asked.checks_by_region and (why := _unfit(specs, asked, regional)):
        raise InvalidInput(_not_by_region(why))
    whole = [each for each in every if each.name not in checked]
    return Setup(
        action=asked.action,
        branch=asked.branch,
        directory=below or ".",
        runner=asked.runner,
        scratch=asked.scratch,
        reads=_variables(map(as_read, whole), asked.scratch),
        jobs=tuple(
            job
            for name in order
            if (job := _job(loaded, specs, name, before[name], asked)) is not None
        ),
        regional=regional,
        checked=tuple(_checks(every, name, asked) for name in checked),
        whole=tuple(sorted({each.name for each in whole})) if checked else (),
        known=tuple(sorted(names)),
        owners=asked.owners,
        on_call=asked.on_call or asked.owners,
        owned=_owned(specs, below),
        approvals=max(environment.review.approvals for environment in every),
        host=asked.host,
        glass=asked.glass,
    )


def _checks(every: Sequence[Environment], name: str, asked: SetupRequest) -> RegionChecks:
    """Where a keyspace has no regions there, the workflow itself refuses it by name."""
    found = [each for each in every if each.name == name]
    regions = {region.name for each in found for region in each.regions}
    scratches = () if _image(asked) else tuple(each.scratch for each in found)
    return RegionChecks(
        environment=name,
        regions=tuple(sorted(regions)),
        variables=variables_of(tuple(each.shards for each in found)),
        tries=variables_of(scratches),
    )


def _image(asked: SetupRequest) -> str | None:
    return None if asked.scratch in ("spec", "auto") else asked.scratch


def _unfit(specs: Sequence[SpecFile], asked: SetupRequest, regional: Sequence[str]) -> str | None:
    if not regional:
        return "no environment of the specs has regions"
    if twice := [name for name in regional if _is_listed(specs, name)]:
        return f"{twice[0]} is one fleet in one spec, and lists deployments in another"
    if asked.host is not None:
        return "regions hand their files on as artifacts, which no GitHub of one's own takes"
    if asked.scratch == "auto":
        return "the job that judges has a scratch server of the spec or of an image, no `auto`"
    return None


def _job(
    loaded: Loaded, specs: Sequence[SpecFile], name: str, before: set[str], asked: SetupRequest
) -> ApplyJob | None:
    """None where every keyspace is rolled out there by its regions."""
    found = {spec.keyspace: spec.environment(name) for spec in specs}
    whole = {key: each for key, each in found.items() if each and not each.region_names}
    if not whole:
        return None
    is_regional = any(each and each.region_names for each in found.values())
    is_mixed = is_regional or _is_listed(specs, name)
    filled = (filled_in(loaded, loaded.sound[key], each) for key, each in whole.items())
    return ApplyJob(
        environment=name,
        variables=_variables(chain.from_iterable(filled), asked.scratch),
        after=tuple(sorted(before)),
        keyspaces=tuple(sorted(whole)) if is_mixed else (),
        has_ledger=any(each.ledger for each in whole.values()),
    )


def _variables(environments: Iterable[Environment], scratch: str) -> tuple[str, ...]:
    """Of what a job fills in; its scratch server may be another one than the specs'."""
    values = tuple(environments)
    if scratch != "spec":
        values = tuple(replace(each, scratch=None) for each in values)
    return variables_of(values)


def _keyspaces_by_region(specs: Sequence[SpecFile], name: str) -> tuple[str, ...]:
    """() where all keyspaces of the environment have regions there."""
    found = [(spec.keyspace, spec.environment(name)) for spec in specs]
    by_region = [key for key, each in found if each and each.region_names]
    is_all = len(by_region) == sum(each is not None for _, each in found)
    return () if is_all and not _is_listed(specs, name) else (*by_region,)


def _is_listed(specs: Sequence[SpecFile], name: str) -> bool:
    """Whether the name stands for deployments of another keyspace as well."""
    return any(deployments_of(spec, name) for spec in specs)


def _owned(specs: Sequence[SpecFile], below: str) -> tuple[str, ...]:
    folders = {SPECS_DIRECTORY, PLANS_DIRECTORY}
    folders |= {posixpath.dirname(spec.schema_dir) or spec.schema_dir for spec in specs}
    inside = sorted(f"/{from_the_top(folder, below)}/" for folder in folders)
    return (*inside, "/.github/")


def _owners_there(top: FileTree) -> str | None:
    found = (
        read_if_there(top, path, bytes_max=CODE_OWNERS_BYTES_MAX) for path in CODE_OWNERS_PATHS
    )
    content = next((each for each in found if each is not None), None)
    return content.decode(errors="replace") if content is not None else None


def _owns(text: str, about: Setup) -> bool:
    lines = parse_code_owners(text)
    return all(owners_of(f"{path.strip('/')}/any", lines) for path in about.owned)


def _others_there(paths: Sequence[str]) -> Problem:
    return Problem(
        code="setup-file-exists",
        message=f"there already, and not as it would be written: {', '.join(paths)}",
        recovery="commit what is there, run it with --replace, and look at the difference with"
        " `git diff`; nothing was written",
    )


def _not_by_region(why: str) -> Problem:
    return Problem(
        code="setup-checks-by-region",
        message=f"--checks-by-region cannot be kept: {why}",
        recovery="leave it out, and give `--runs-on` a runner that reaches every shard;"
        " docs/regions.md says what checks over regions need",
    )


def _no_owner(bad: Sequence[str]) -> Problem:
    return Problem(
        code="owner-unknown",
        message=f"{', '.join(bad)} is no @user and no @organisation/team"
        if bad
        else "nobody was named who owns specs, schema files and plans",
        recovery="name one with --owner, such as --owner @organisation/schema",
    )


def _no_name(word: str) -> Problem:
    return Problem(
        code="setup-word",
        message=f"{word!r} is no name of a branch, a runner or a host that a workflow could hold",
        recovery="use letters, digits, '-', '_', '.' and '/'",
    )


def _no_environment(name: str, known: Sequence[str]) -> Problem:
    return Problem(
        code="setup-glass-unknown",
        message=f"--break-glass {name}: no spec has this environment",
        recovery=f"name one of {', '.join(known)}",
    )
