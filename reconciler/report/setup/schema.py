"""`schema.yml`: verify, apply and drift, of the environments that the specs have."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.report.setup.model import GLASS, READER, ApplyJob, Setup
from reconciler.report.setup.pieces import (
    CHAT,
    Pairs,
    checked_out,
    queue,
    runs_on,
    scratch_service,
    step,
)
from reconciler.report.workflow import UPLOAD, quoted

_MISSING = (
    "failure() && github.event_name == 'pull_request' &&",
    "!github.event.pull_request.head.repo.fork",
)
_ON = "vars.RECONCILER == 'on'"


def schema_workflow(about: Setup) -> str:
    lines = [*_head(about), *_verify(about)]
    for number, job in enumerate(about.jobs, start=1):
        lines += ["", *_apply(about, job, number)]
    return "\n".join([*lines, "", *_drift(about)]) + "\n"


def _looks(about: Setup) -> Iterator[tuple[Pairs, tuple[str, ...]]]:
    """What a step that looks is given, and when it runs: one for all environments, or one for each
    where others are looked at by their regions, whatever was found in those before."""
    if not about.whole:
        yield (), ()
    for number, name in enumerate(about.whole):
        yield (("environment", quoted(name)),), ("!cancelled()",) if number else ()


def _head(about: Setup) -> Iterator[str]:
    yield "# Schema changes by pull requests. Written by `reconciler ci setup`; write it again when"
    yield "# environments or variables of the specs change. It runs where the repository's variable"
    yield "# RECONCILER is `on`; .github/schema-setup.md has the settings that it relies on."
    yield "name: Schema"
    yield ""
    yield "on:"
    yield "  pull_request:"
    yield "  merge_group:"
    yield "  push:"
    yield f"    branches: [{quoted(about.branch)}]"
    yield "  schedule:"
    yield '    - cron: "23 * * * *"'
    yield "  workflow_dispatch:"
    if about.glass is not None:
        yield "    inputs:"
        yield "      break-glass:"
        yield "        description: >-"
        yield f"          Reason to apply to {about.glass} without the approvals;"
        yield "          somebody else must let the run in"
        yield '        default: ""'
    yield ""
    yield "permissions: {}"
    yield ""
    yield "# No run that waits is ever cancelled: each merge gets its own apply, one after another."
    yield "concurrency:"
    yield (
        "  group: schema-${{ github.event_name }}-"
        "${{ github.event.pull_request.number || github.ref }}"
    )
    yield from queue("  ")
    yield ""
    yield "jobs:"


def _verify(about: Setup) -> Iterator[str]:
    yield "  verify:"
    yield "    name: verify"
    yield "    if: >-"
    yield f"      {_ON} &&"
    yield "      (github.event_name == 'pull_request' || github.event_name == 'merge_group')"
    yield runs_on(about)
    yield "    timeout-minutes: 30"
    yield f"    environment: {READER} # holds the read-only login; nobody has to let a job in"
    yield "    permissions:"
    yield "      contents: read # to read the commit"
    yield "      pull-requests: write # to comment on the plan"
    yield "      statuses: write # to put the plan id on the commit"
    yield from scratch_service(about)
    yield from checked_out()
    said = "Is the plan what an apply would run?"
    for where, condition in _looks(about):
        known = (("known", quoted(" ".join(about.known))),) if where else ()
        given = (("command", "verify"), *where, *known)
        yield from step(about, said, given, about.reads, condition=condition)
    if not about.is_own_host:
        yield from _missing_plan(about)


def _missing_plan(about: Setup) -> Iterator[str]:
    """Kept as an artifact, which no GitHub of one's own takes from this action."""
    said = "Make the plan that is missing"
    for where, _ in _looks(about):
        given = (("command", "plan"), *where, ("files-only", "true"))
        yield from step(about, said, given, about.reads, condition=_MISSING)
    below = "" if about.directory == "." else f"{about.directory}/"
    for own in [f"-{name}" for name in about.whole] or [""]:
        yield "      - name: Keep it for `reconciler ci pull`"
        yield "        if: >-"
        yield from (f"          {line}" for line in _MISSING)
        yield f"        uses: {UPLOAD}"
        yield "        with:"
        yield f"          name: {quoted(f'reconciler-plans{own}') if own else 'reconciler-plans'}"
        yield f"          path: {quoted(f'{below}plans/')}"
        yield "          if-no-files-found: ignore"
        yield "          overwrite: true"


def _apply(about: Setup, job: ApplyJob, number: int) -> Iterator[str]:
    name, is_glass = job.environment, job.environment == about.glass
    yield f"  {apply_id(about, number)}:"
    yield f"    name: {quoted(f'apply to {name}')}"
    needed = [
        apply_id(about, place)
        for place, other in enumerate(about.jobs, start=1)
        if other.environment in job.after
    ]
    if needed:
        yield f"    needs: [{', '.join(needed)}]"
    yield "    if: >-"
    yield f"      {_ON} && github.ref == 'refs/heads/{about.branch}' &&"
    yield "      (github.event_name == 'push' || github.event_name == 'workflow_dispatch')"
    yield runs_on(about)
    yield "    timeout-minutes: 360"
    yield f"    # It holds the login that may change shards, for the branch {about.branch} alone."
    if is_glass:
        yield f"    environment: ${{{{ inputs.break-glass && '{GLASS}' || {quoted(name)} }}}}"
    else:
        yield f"    environment: {quoted(name)}"
    yield "    concurrency:"
    yield f"      group: {quoted(f'schema-apply-{name}')}"
    yield from queue("      ")
    yield "    permissions:"
    yield "      contents: read # to read commits, and who pushed them"
    yield "      pull-requests: write # to read reviews, and to comment what happened"
    if is_glass:
        yield "      issues: write # to tell of a broken glass"
    yield "      statuses: write # to put the outcome on the commit"
    yield "      deployments: write # to record what was applied"
    yield "      actions: read # to ask who let this run in"
    yield from scratch_service(about)
    yield from checked_out()
    given = [("command", "apply"), ("environment", quoted(name))]
    if job.keyspaces:
        given.append(("keyspaces", quoted(" ".join(job.keyspaces))))
    if is_glass:
        given.append(("break-glass", "${{ inputs.break-glass }}"))
    said = "Run what was reviewed, or nothing"
    yield from step(about, said, tuple(given), job.variables, more=CHAT)


def apply_id(about: Setup, number: int) -> str:
    """An environment's name may hold what a job's may not."""
    return "apply" if len(about.jobs) == 1 else f"apply-{number}"


def _drift(about: Setup) -> Iterator[str]:
    yield "  drift:"
    yield "    name: drift"
    yield f"    if: {_ON} && github.event_name == 'schedule'"
    yield runs_on(about)
    yield "    timeout-minutes: 30"
    yield f"    environment: {READER}"
    yield "    permissions:"
    yield "      contents: read # to read the default branch, and plans of open pull requests"
    yield "      pull-requests: read # to find open pull requests"
    yield "      issues: write # to keep the drift issue"
    yield "      statuses: write # to mark stale plans"
    yield from scratch_service(about)
    yield from checked_out()
    for where, condition in _looks(about):
        given = (("command", "drift"), *where)
        said = "Has live left git?"
        yield from step(about, said, given, about.reads, condition=condition, more=CHAT)
