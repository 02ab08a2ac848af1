"""`schema-requests.yml`: what people on call ask of an apply, without a login of their own.

Who may is not for it to say: its job asks the forge who started the run (`ci ask`).
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.guard.review.places import control_place
from reconciler.report.asked import REVERT, asking_rights, reverting_rights, what_to_ask, which_plan
from reconciler.report.setup.model import ApplyJob, Setup
from reconciler.report.setup.pieces import CHAT, checked_out, queue, runs_on, scratch_service, step
from reconciler.report.workflow import quoted


def schema_requests(about: Setup) -> str:
    """A job for each environment: each has a login of its own."""
    lines = [*_head(about)]
    for number, job in enumerate(about.asked, start=1):
        lines += ["", *_job(about, job, number)] if number > 1 else [*_job(about, job, number)]
    for number, job in enumerate(about.asked, start=1):
        lines += ["", *_revert_job(about, job, number)]
    return "\n".join(lines) + "\n"


def _head(about: Setup) -> Iterator[str]:
    places = ", ".join(control_place(job.environment) for job in about.asked)
    yield "# Ask an apply: stop, release, resume, cancel, throttle or retry it. Written by"
    yield "# `reconciler ci setup`."
    yield "#"
    yield "# Who starts it must be one of the required reviewers of the environment's place"
    yield f"#   {places}"
    yield "# which no job uses; or, to release a gate that the spec keeps for somebody, one of"
    yield "# those it names. It runs beside the apply. What concerns a split goes to it;"
    yield "# release-clean-up and abandon are of that alone. `revert` runs nothing: it opens a pull"
    yield "# request with the way back from a plan."
    yield "name: Ask an apply"
    yield ""
    yield "on:"
    yield "  workflow_dispatch:"
    yield "    inputs:"
    yield from what_to_ask(by_region=False)
    yield from which_plan()
    yield "      environment:"
    yield "        description: In which environment"
    yield "        type: choice"
    yield "        required: true"
    yield f"        options: [{', '.join(quoted(job.environment) for job in about.asked)}]"
    yield "      keyspaces:"
    yield "        description: Of which keyspaces, between blanks; empty for all"
    yield '        default: ""'
    yield ""
    yield "permissions: {}"
    yield ""
    yield "jobs:"


def _job(about: Setup, job: ApplyJob, number: int) -> Iterator[str]:
    name = job.environment
    yield f"  {_id(about, 'ask', number)}:"
    yield f"    name: ${{{{ inputs.what }}}} in {name}"
    yield from _if(about, job, f"inputs.what != '{REVERT}'")
    yield runs_on(about)
    yield "    timeout-minutes: 360 # of resume, which goes on by itself"
    yield f"    environment: {quoted(name)}"
    yield "    concurrency: # none is dropped, and a stop does not wait for a resume"
    yield f"      group: {quoted(f'ask {name} to ${{{{ inputs.what }}}}')}"
    yield from queue("      ")
    yield from asking_rights()
    yield from scratch_service(about)
    yield from checked_out()
    given = (
        ("command", "ask"),
        ("environment", quoted(name)),
        ("keyspaces", f"${{{{ inputs.keyspaces{_else_of(job)} }}}}"),
        ("what", "${{ inputs.what }}"),
    )
    yield from step(about, "Ask it, as who started this run", given, job.variables, more=CHAT)


def _revert_job(about: Setup, job: ApplyJob, number: int) -> Iterator[str]:
    name = job.environment
    yield f"  {_id(about, REVERT, number)}:"
    yield f"    name: {REVERT} in {name}"
    yield from _if(about, job, f"inputs.what == '{REVERT}'")
    yield runs_on(about)
    yield "    timeout-minutes: 30"
    yield f"    environment: {quoted(name)}"
    yield "    concurrency: # one finds the pull request of the one before it"
    yield f"      group: {quoted(f'revert in {name}')}"
    yield from queue("      ")
    yield from reverting_rights()
    yield from scratch_service(about)
    yield from checked_out()
    given = (
        ("command", REVERT),
        ("environment", quoted(name)),
        ("keyspaces", f"${{{{ inputs.keyspaces{_else_of(job)} }}}}"),
        ("plan", "${{ inputs.plan }}"),
    )
    yield from step(about, "Propose the way back, for who started this run", given, job.variables)


def _id(about: Setup, job: str, number: int) -> str:
    return job if len(about.asked) == 1 else f"{job}-{number}"


def _if(about: Setup, job: ApplyJob, asked: str) -> Iterator[str]:
    yield "    if: >-"
    yield f"      vars.RECONCILER == 'on' && github.ref == 'refs/heads/{about.branch}' &&"
    yield f"      inputs.environment == {quoted(job.environment)} && {asked}"


def _else_of(job: ApplyJob) -> str:
    """Those that have regions there are asked by a workflow of their own, with other logins."""
    return f" || {quoted(' '.join(job.keyspaces))}" if job.keyspaces else ""
