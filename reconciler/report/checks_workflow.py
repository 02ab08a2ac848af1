"""The workflow of checks over regions: a look in each region, and one job that judges by them all.

A region's job has that region's runners and reading login; the job that judges has no login of any
shard, and runs whatever became of the others: one that is left out would count as passed (RG-92).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.guard.review.places import checks_place, reader_place
from reconciler.observe.file.key import KEY_VARIABLE, key_variable
from reconciler.report.workflow import (
    RUNNER,
    TOLD_IN_CHAT,
    UPLOAD,
    ScratchOfJob,
    WorkflowBasis,
    check_out,
    common,
    env,
    group,
    quoted,
    scratch_service,
)

_DOWNLOAD = "actions/download-artifact@37930b1c2abaa49bbe596cd826c3c89aef350131 # v7.0.0"
_ON = "vars.RECONCILER == 'on'"
_CHANGE = "(github.event_name == 'pull_request' || github.event_name == 'merge_group')"
_SEEN = "${{ runner.temp }}/observations"  # no file of the checkout lies there
_PAGE = "reconciler-page.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksWorkflow(WorkflowBasis):
    """`scratch` is that of the job that judges; `known` are all environments of the specs."""

    scratch: ScratchOfJob
    known: tuple[str, ...]

    @property
    def command(self) -> str:
        """What writes it."""
        return (
            f"reconciler ci workflow --of checks --environment {self.environment}"
            f" --action {self.action}{self.scratch.option}"
        )


def checks_workflow(about: ChecksWorkflow) -> str:
    jobs = [*_observe(about), "", *_verify(about), "", *_drift(about)]
    return "\n".join([*_head(about), *jobs]) + "\n"


def _head(about: ChecksWorkflow) -> Iterator[str]:
    what = f"Checks of {about.environment}"
    yield f"# {what}: a look in each region, and one job that judges by them all. Written by"
    yield f"#   {about.command}"
    yield "# Write it again when environments, regions or variables of the specs change: where no"
    yield "# job looks at a region, or knows of an environment, the check is red."
    if others := [name for name in about.known if name != about.environment]:
        yield f"# It takes {', '.join(others)} for checked by other jobs. What none checks does not"
        yield "# belong into `known`, and needs a workflow of its own."
    yield "#"
    yield "# What it relies on, under Settings -> Environments, each for all branches:"
    for region in about.regions:
        place = reader_place(about.environment, region)
        yield f"#   {place}: that region's login that reads, and its key as {KEY_VARIABLE}"
    keys = ", ".join(key_variable(region) for region in about.regions)
    yield f"#   {checks_place(about.environment)}: the same keys as {keys}; no login of a shard"
    groups = ", ".join(group(region) for region in about.regions)
    yield f"# and runner groups, each with machines that reach one region: {groups}."
    yield "# A key is made by `openssl rand -hex 32`, for each region its own."
    yield f"name: {quoted(what)}"
    yield "on:"
    yield "  pull_request:"
    yield "  merge_group:"
    yield "  schedule:"
    yield '    - cron: "23 * * * *"'
    yield ""
    yield "permissions: {}"
    yield ""
    which = "${{ github.event_name }}-${{ github.event.pull_request.number || github.ref }}"
    yield "concurrency:"
    yield f"  group: {quoted(f'{what} {which}')}"
    yield "  cancel-in-progress: false"
    yield "  queue: max"
    yield ""
    yield "jobs:"


def _observe(about: ChecksWorkflow) -> Iterator[str]:
    place = reader_place(about.environment, "${{ matrix.region }}")
    yield "  observe:"
    yield "    name: look at ${{ matrix.region }}"
    yield "    # Nothing of a fork is ever on a machine inside a region."
    yield "    if: >-"
    yield f"      {_ON} && (github.event_name != 'pull_request' ||"
    yield "      github.event.pull_request.head.repo.full_name == github.repository)"
    yield "    strategy:"
    yield "      fail-fast: false # what one region has seen is told beside what another has not"
    yield "      matrix:"
    yield f"        region: [{', '.join(map(quoted, about.regions))}]"
    yield "    runs-on:"
    yield f"      group: {group('${{ matrix.region }}')}"
    yield "    timeout-minutes: 30"
    yield f"    environment: {quoted(place)} # holds a login that reads there"
    yield "    permissions:"
    yield "      contents: read # to read the commit"
    yield "    steps:"
    yield from check_out()
    yield "      - name: What do its shards look like?"
    yield f"        uses: {about.action}"
    yield "        with:"
    yield "          command: observe"
    yield from common(about)
    yield "          region: ${{ matrix.region }}"
    yield f"          out: {_SEEN}"
    yield from env(about.variables, {KEY_VARIABLE: f"${{{{ secrets.{KEY_VARIABLE} }}}}"})
    yield "      - name: Hand it on"
    yield "        if: always()"
    yield f"        uses: {UPLOAD}"
    yield "        with:"
    yield "          name: reconciler-observation-${{ matrix.region }}"
    yield f"          path: {_SEEN}"
    yield "          if-no-files-found: ignore"
    yield "          overwrite: true"
    yield "          retention-days: 1 # an hour is all that it is believed for"


def _verify(about: ChecksWorkflow) -> Iterator[str]:
    yield "  verify:"
    yield f"    name: verify {about.environment}"
    yield "    needs: [observe]"
    yield "    # Also where a region's job failed or was left out: to be left out is to pass."
    yield f"    if: always() && {_ON} && {_CHANGE}"
    yield from _judging(about)
    yield "      pull-requests: write # to comment on the plan"
    yield "      statuses: write # to put the plan id on the commit"
    yield from scratch_service(about.scratch.image)
    yield "    steps:"
    yield from check_out()
    yield from _bring_together()
    yield from _judge(about, "verify", "Is the plan what an apply would run?", page=True)
    yield from _keep_page("plan")
    yield from _plan_that_is_missing(about)


def _plan_that_is_missing(about: ChecksWorkflow) -> Iterator[str]:
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    yield from _judge(about, "plan", "Make the plan that is missing", page=False, only=own)
    yield "      - name: Keep it for `reconciler ci pull`"
    yield "        if: >-"
    yield f"          failure() && {own}"
    yield f"        uses: {UPLOAD}"
    yield "        with:"
    yield f"          name: {quoted(f'reconciler-plans-{about.environment}')}"
    yield f"          path: {_plans(about)}"
    yield "          if-no-files-found: ignore"
    yield "          overwrite: true"


def _drift(about: ChecksWorkflow) -> Iterator[str]:
    yield "  drift:"
    yield f"    name: drift of {about.environment}"
    yield "    needs: [observe]"
    yield f"    if: always() && {_ON} && github.event_name == 'schedule'"
    yield from _judging(about)
    yield "      pull-requests: read # to find open pull requests"
    yield "      issues: write # to keep the drift issue"
    yield "      statuses: write # to mark stale plans"
    yield from scratch_service(about.scratch.image)
    yield "    steps:"
    yield from check_out()
    yield from _bring_together()
    yield from _judge(about, "drift", "Has live left git?", page=True)
    yield from _keep_page("drift")


def _judging(about: ChecksWorkflow) -> Iterator[str]:
    yield f"    runs-on: {RUNNER}"
    yield "    timeout-minutes: 30"
    place = quoted(checks_place(about.environment))
    yield f"    environment: {place} # holds the regions' keys, and no login of a shard"
    yield "    permissions:"
    yield "      contents: read # to read the commit, and plans of pull requests"


def _bring_together() -> Iterator[str]:
    yield "      - name: Bring together what the regions saw"
    yield f"        uses: {_DOWNLOAD}"
    yield "        with:"
    yield "          pattern: reconciler-observation-*"
    yield f"          path: {_SEEN}"
    yield "          merge-multiple: true"


def _judge(
    about: ChecksWorkflow, command: str, name: str, *, page: bool, only: str | None = None
) -> Iterator[str]:
    """`only`: where the step before it failed, and this holds."""
    yield f"      - name: {name}"
    if only is not None:
        yield "        if: >-"
        yield f"          failure() && {only}"
    yield f"        uses: {about.action}"
    yield "        with:"
    yield f"          command: {command}"
    yield from common(about)
    if command == "verify":
        yield f"          known: {quoted(' '.join(about.known))}"
    yield f"          observations: {_SEEN}"
    if page:
        yield f"          page: {_PAGE}"
    else:
        yield "          files-only: true"
    known = {name: quoted(value) for name, value in about.scratch.known}
    for region in about.regions:
        variable = key_variable(region)
        known[variable] = f"${{{{ secrets.{variable} }}}}"
    if command == "drift":
        known |= TOLD_IN_CHAT
    yield from env(about.scratch.asked, known)


def _keep_page(of: str) -> Iterator[str]:
    yield "      - name: Keep the page"
    yield "        if: always()"
    yield f"        uses: {UPLOAD}"
    yield "        with:"
    yield f"          name: reconciler-{of}-page"
    yield f"          path: {_PAGE}"
    yield "          if-no-files-found: ignore"
    yield "          overwrite: true"


def _plans(about: ChecksWorkflow) -> str:
    return "plans/" if about.directory == "." else f"{about.directory}/plans/"
