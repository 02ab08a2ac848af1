"""The workflow by which people ask something of an apply: of a rollout over regions by a job for
each region, and of a fleet without regions, or of the split of a shard, by one.

Who may is not for it to say: its jobs ask the forge who started the run (`ci ask`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.guard.review.places import control_place, place_of
from reconciler.report.asked import REVERT, asking_rights, reverting_rights, what_to_ask, which_plan
from reconciler.report.workflow import (
    RUNNER,
    TOLD_IN_CHAT,
    ScratchOfJob,
    WorkflowBasis,
    check_out,
    common,
    env,
    group,
    quoted,
    scratch_service,
)

_OF_RESUME = " # of resume, which goes on by itself"
_ALL, _ALL_KEYSPACES = "every region", "every keyspace"  # which none can be called


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsWorkflow(WorkflowBasis):
    """`keyspaces` are those it was written for, () all, and `names` what those are now. `scratch`
    is that of a job without a region."""

    keyspaces: tuple[str, ...]
    names: tuple[str, ...]
    scratch: ScratchOfJob

    @property
    def command(self) -> str:
        """What writes it."""
        names = "".join(f" {name}" for name in self.keyspaces)
        return (
            f"reconciler ci workflow{names} --environment {self.environment}"
            f" --action {self.action} --of requests{self.scratch.option}"
        )

    @property
    def choices(self) -> tuple[str, ...]:
        """Of several keyspaces one is chosen, for a split is of one."""
        several = not self.regions and len(self.names) > 1
        return (_ALL_KEYSPACES, *self.names) if several else ()


def requests_workflow(about: RequestsWorkflow) -> str:
    lines = [*_head(about), *_inputs(about)]
    lines += [*(_job_of_regions(about) if about.regions else _job(about)), *asking_rights()]
    lines += _steps(about, _asking(about), TOLD_IN_CHAT)
    if not about.regions:
        lines += ["", *_revert_job(about), *_steps(about, _reverting(about))]
    return "\n".join(lines) + "\n"


def _head(about: RequestsWorkflow) -> Iterator[str]:
    of = f"{', '.join(about.keyspaces)} in " if about.keyspaces else ""
    what = f"Ask the rollout of {of}{about.environment}"
    yield f"# {what}: stop, release, resume, cancel, throttle or retry it. Written by"
    yield f"#   {about.command}"
    yield "#"
    yield "# Who starts it must be one of the required reviewers of the environment"
    yield f"#   {control_place(about.environment)}"
    yield "# which no job uses, so that nobody has to let anything in; or, to release a gate that"
    yield "# the spec keeps for somebody, one of those it names. It runs beside the rollout."
    if not about.regions:
        yield "# What concerns a split goes to it; release-clean-up and abandon are of that alone."
        yield "# `revert` runs nothing: it opens a pull request with the way back from a plan."
        place, names = place_of(about.environment, None), ", ".join(about.variables)
        yield f"# The environment {place} has, by these names: {names}. Where it has reviewers of"
        yield "# its own, they let each request in."
    yield f"name: {quoted(what)}"


def _inputs(about: RequestsWorkflow) -> Iterator[str]:
    yield "on:"
    yield "  workflow_dispatch:"
    yield "    inputs:"
    yield from what_to_ask(by_region=bool(about.regions))
    if not about.regions:
        yield from which_plan()
    if about.regions:
        yield "      region:"
        yield "        description: Of which region"
        yield "        type: choice"
        yield "        required: true"
        yield f"        options: [{', '.join(map(quoted, (_ALL, *about.regions)))}]"
        yield "      wave:"
        yield "        description: For resume, the number of a wave; empty for the one under way"
        yield "        default: ''"
    if about.choices:
        yield "      keyspace:"
        yield "        description: Of which keyspace"
        yield "        type: choice"
        yield "        required: true"
        yield f"        options: [{', '.join(map(quoted, about.choices))}]"
    yield ""
    yield "permissions: {}"
    yield ""


def _job_of_regions(about: RequestsWorkflow) -> Iterator[str]:
    every = quoted(json.dumps([*about.regions]))
    one = "format('[\"{0}\"]', inputs.region)"
    yield "jobs:"
    yield "  ask:"
    yield "    name: ${{ inputs.what }} in ${{ matrix.region }}"
    yield f"    if: {_when(about)}"
    yield "    strategy:"
    yield "      fail-fast: false"
    yield "      matrix:"
    yield f"        region: ${{{{ fromJSON(inputs.region == '{_ALL}' && {every} || {one}) }}}}"
    yield "    runs-on:"
    yield f"      group: {group('${{ matrix.region }}')}"
    yield "    concurrency: # none is dropped; neither a stop nor another region waits for a resume"
    of_region = f"{about.environment} to ${{{{ inputs.what }}}} in ${{{{ matrix.region }}}}"
    yield from _group(f"ask {of_region}", 7200, _OF_RESUME)
    yield f"    environment: {quoted(place_of(about.environment, '${{ matrix.region }}'))}"


def _job(about: RequestsWorkflow) -> Iterator[str]:
    yield "jobs:"
    yield "  ask:"
    yield "    name: ${{ inputs.what }}"
    yield f"    if: {_when(about)} && inputs.what != '{REVERT}'"
    yield f"    runs-on: {RUNNER}"
    yield "    concurrency: # none is dropped; a stop does not wait for a resume"
    yield from _group(f"ask {about.environment} to ${{{{ inputs.what }}}}", 360, _OF_RESUME)
    yield f"    environment: {quoted(place_of(about.environment, None))}"


def _revert_job(about: RequestsWorkflow) -> Iterator[str]:
    yield f"  {REVERT}:"
    yield f"    name: {REVERT}"
    yield f"    if: {_when(about)} && inputs.what == '{REVERT}'"
    yield f"    runs-on: {RUNNER}"
    yield "    concurrency: # one finds the pull request of the one before it"
    yield from _group(f"revert in {about.environment}", 30)
    yield f"    environment: {quoted(place_of(about.environment, None))}"
    yield from reverting_rights()


def _when(about: RequestsWorkflow) -> str:
    return f"vars.RECONCILER == 'on' && github.ref == 'refs/heads/{about.branch}'"


def _group(name: str, minutes: int, why: str = "") -> Iterator[str]:
    yield f"      group: {quoted(name)}"
    yield "      cancel-in-progress: false"
    yield "      queue: max"
    yield f"    timeout-minutes: {minutes}{why}"


def _asking(about: RequestsWorkflow) -> Iterator[str]:
    yield from _step(about, "Ask it, as who started this run", "ask")
    yield "          what: ${{ inputs.what }}"
    if about.regions:
        yield "          region: ${{ matrix.region }}"
        yield "          wave: ${{ inputs.what == 'resume' && inputs.wave || '' }}"


def _reverting(about: RequestsWorkflow) -> Iterator[str]:
    yield from _step(about, "Propose the way back, for who started this run", REVERT)
    yield "          plan: ${{ inputs.plan }}"


def _step(about: RequestsWorkflow, name: str, command: str) -> Iterator[str]:
    yield f"      - name: {name}"
    yield f"        uses: {about.action}"
    yield "        with:"
    yield f"          command: {command}"
    yield from common(about)
    yield from _keyspaces(about)


def _keyspaces(about: RequestsWorkflow) -> Iterator[str]:
    named = quoted(" ".join(about.keyspaces))
    if about.choices:
        chosen = f"inputs.keyspace != {quoted(_ALL_KEYSPACES)} && inputs.keyspace || {named}"
        yield f"          keyspaces: ${{{{ {chosen} }}}}"
    elif about.keyspaces:
        yield f"          keyspaces: {named}"


def _steps(
    about: RequestsWorkflow, step: Iterator[str], more: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    yield from scratch_service(about.scratch.image)
    yield "    steps:"
    yield from check_out()
    yield from step
    known = {name: quoted(value) for name, value in about.scratch.known}
    yield from env(about.variables, known | {**more})
