"""The workflow by which people ask something of a rollout over regions: a job for each region.

Who may is not for it to say: its jobs ask the forge who started the run (`ci ask`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from reconciler.guard.review.places import control_place, place_of
from reconciler.ledger.states import RequestKind
from reconciler.report.workflow import RolloutWorkflow, check_out, common, env, group, quoted

_ALL = "every region"  # which none can be called


def requests_workflow(about: RolloutWorkflow) -> str:
    return "\n".join([*_head(about), *_inputs(about), *_job(about)]) + "\n"


def _head(about: RolloutWorkflow) -> Iterator[str]:
    of = f"{', '.join(about.keyspaces)} in " if about.keyspaces else ""
    what = f"Ask the rollout of {of}{about.environment}"
    yield f"# {what}: stop, release, resume, cancel, throttle or retry it. Written by"
    yield f"#   {about.command} --of requests"
    yield "#"
    yield "# Who starts it must be one of the required reviewers of the environment"
    yield f"#   {control_place(about.environment)}"
    yield "# which no job uses, so that nobody has to let anything in; or, to release a gate that"
    yield "# the spec keeps for somebody, one of those it names. It runs beside the rollout."
    yield f"name: {quoted(what)}"


def _inputs(about: RolloutWorkflow) -> Iterator[str]:
    yield "on:"
    yield "  workflow_dispatch:"
    yield "    inputs:"
    yield "      what:"
    yield "        description: What to ask"
    yield "        type: choice"
    yield "        required: true"
    yield f"        options: [{', '.join(kind.value for kind in RequestKind)}]"
    yield "      region:"
    yield "        description: Of which region"
    yield "        type: choice"
    yield "        required: true"
    yield f"        options: [{', '.join(map(quoted, (_ALL, *about.regions)))}]"
    yield "      wave:"
    yield "        description: For resume, the number of a wave; empty for the one under way"
    yield "        default: ''"
    yield ""
    yield "permissions: {}"
    yield ""


def _job(about: RolloutWorkflow) -> Iterator[str]:
    every = quoted(json.dumps([*about.regions]))
    one = "format('[\"{0}\"]', inputs.region)"
    about_one = f"ask {about.environment} to ${{{{ inputs.what }}}} in ${{{{ matrix.region }}}}"
    yield "jobs:"
    yield "  ask:"
    yield "    name: ${{ inputs.what }} in ${{ matrix.region }}"
    yield f"    if: vars.RECONCILER == 'on' && github.ref == 'refs/heads/{about.branch}'"
    yield "    strategy:"
    yield "      fail-fast: false"
    yield "      matrix:"
    yield f"        region: ${{{{ fromJSON(inputs.region == '{_ALL}' && {every} || {one}) }}}}"
    yield "    runs-on:"
    yield f"      group: {group('${{ matrix.region }}')}"
    yield "    concurrency: # none is dropped; neither a stop nor another region waits for a resume"
    yield f"      group: {quoted(about_one)}"
    yield "      cancel-in-progress: false"
    yield "      queue: max"
    yield "    timeout-minutes: 7200 # of resume, which goes on by itself"
    yield f"    environment: {quoted(place_of(about.environment, '${{ matrix.region }}'))}"
    yield "    permissions:"
    yield "      contents: read # to read commits, and who pushed them"
    yield "      pull-requests: write # to read reviews; of resume, to comment what happened"
    yield "      statuses: write # of resume, to put the outcome on the commit"
    yield "      deployments: write # of resume, to record what was applied"
    yield "      actions: read # to ask who started this run, and who may"
    yield "    steps:"
    yield from check_out()
    yield "      - name: Ask it, as who started this run"
    yield f"        uses: {about.action}"
    yield "        with:"
    yield "          command: ask"
    yield from common(about)
    if about.keyspaces:
        yield f"          keyspaces: {quoted(' '.join(about.keyspaces))}"
    yield "          what: ${{ inputs.what }}"
    yield "          region: ${{ matrix.region }}"
    yield "          wave: ${{ inputs.what == 'resume' && inputs.wave || '' }}"
    yield from env(about.variables)
