"""`schema-requests.yml`: what people on call ask of an apply, without a login of their own.

Who may is not for it to say: its job asks the forge who started the run (`ci ask`).
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.guard.review.places import control_place
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.split import OF_A_SPLIT_ALONE
from reconciler.report.setup.model import ApplyJob, Setup
from reconciler.report.setup.pieces import checked_out, queue, runs_on, scratch_service, step
from reconciler.report.workflow import quoted


def schema_requests(about: Setup) -> str:
    """A job for each environment: each has a login of its own."""
    lines = [*_head(about)]
    for number, job in enumerate(about.asked, start=1):
        lines += ["", *_job(about, job, number)] if number > 1 else [*_job(about, job, number)]
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
    yield "# release-clean-up and abandon are of that alone."
    yield "name: Ask an apply"
    yield ""
    yield "on:"
    yield "  workflow_dispatch:"
    yield "    inputs:"
    yield "      what:"
    yield "        description: What to ask"
    yield "        type: choice"
    yield "        required: true"
    asked = (one.value for one in (*RequestKind, *OF_A_SPLIT_ALONE))
    yield f"        options: [{', '.join(asked)}]"
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
    yield f"  ask{'' if len(about.asked) == 1 else f'-{number}'}:"
    yield f"    name: ${{{{ inputs.what }}}} in {name}"
    yield "    if: >-"
    yield f"      vars.RECONCILER == 'on' && github.ref == 'refs/heads/{about.branch}' &&"
    yield f"      inputs.environment == {quoted(name)}"
    yield runs_on(about)
    yield "    timeout-minutes: 360 # of resume, which goes on by itself"
    yield f"    environment: {quoted(name)}"
    yield "    concurrency: # none is dropped, and a stop does not wait for a resume"
    yield f"      group: {quoted(f'ask {name} to ${{{{ inputs.what }}}}')}"
    yield from queue("      ")
    yield "    permissions:"
    yield "      contents: read # to read commits, and who pushed them"
    yield "      pull-requests: write # to read reviews; of resume, to comment what happened"
    yield "      statuses: write # of resume, to put the outcome on the commit"
    yield "      deployments: write # of resume, to record what was applied"
    yield "      actions: read # to ask who started this run, and who may"
    yield from scratch_service(about)
    yield from checked_out()
    given = (
        ("command", "ask"),
        ("environment", quoted(name)),
        ("keyspaces", f"${{{{ inputs.keyspaces{_else_of(job)} }}}}"),
        ("what", "${{ inputs.what }}"),
    )
    yield from step(about, "Ask it, as who started this run", given, job.variables)


def _else_of(job: ApplyJob) -> str:
    """Those that have regions there are asked by a workflow of their own, with other logins."""
    return f" || {quoted(' '.join(job.keyspaces))}" if job.keyspaces else ""
