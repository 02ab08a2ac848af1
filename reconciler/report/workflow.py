"""The workflow of a rollout over regions, as GitHub Actions takes it: a job for every part.

What it says once is the order: every part of a wave, in every region, behind all parts of the waves
before it. Which parts there are, it takes from `ci parts` in each run; what a part may do is for
its region to say. All that the text depends on is in `RolloutWorkflow`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.guard.review.places import place_of, wave_place
from reconciler.spec.variables import LISTED_IN, Allowance, allowance

CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
UPLOAD = "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f # v6.0.0"
RUNNER = "ubuntu-24.04"
_WAVES = "fromJSON(needs.parts.outputs.waves || '{}')"  # no output where `parts` did not succeed


SCRATCH_LOGIN: Mapping[str, str] = {
    "host": "127.0.0.1",
    "port": "3306",
    "user": "root",
    "password": "scratch",
}
"""By which a job reaches the scratch server that is a service of its own; nothing else is there."""


TOLD_IN_CHAT: Mapping[str, str] = {
    "RECONCILER_WEBHOOK_URL": "${{ secrets.SCHEMA_WEBHOOK_URL }}",
}
"""Of jobs that have news; without the secret they tell no chat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchOfJob:
    """`image` is the service of the job, None where the spec names a server that the runner
    reaches; `known` are variables whose values follow from it, and `asked` those that the job's
    environment at the forge has."""

    image: str | None = None
    known: tuple[tuple[str, str], ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def option(self) -> str:
        return f" --scratch-image {self.image}" if self.image else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowBasis:
    """`variables` are those that the jobs of regions hand on. `action` is `owner/name@commit`,
    `directory` where the project lies in the repository."""

    environment: str
    branch: str
    regions: tuple[str, ...]
    variables: tuple[str, ...]
    action: str
    directory: str = "."


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutWorkflow(WorkflowBasis):
    """`paths` are those whose change starts it; `keyspaces` () all. `waves` is how many the spec
    makes at most, `is_held` whether they wait for a gate or a soak."""

    keyspaces: tuple[str, ...]
    paths: tuple[str, ...]
    waves: int
    is_held: bool

    @property
    def held(self) -> tuple[int, ...]:
        return tuple(range(2, self.waves + 1)) if self.is_held else ()

    @property
    def command(self) -> str:
        """What writes it."""
        names = "".join(f" {name}" for name in self.keyspaces)
        return (
            f"reconciler ci workflow{names} --environment {self.environment} --action {self.action}"
        )


def rollout_workflow(about: RolloutWorkflow) -> str:
    return "\n".join([*_head(about), *_parts(about), *_waves(about)]) + "\n"


def _head(about: RolloutWorkflow) -> Iterator[str]:
    of = f"{', '.join(about.keyspaces)} in " if about.keyspaces else ""
    what = f"Rollout of {of}{about.environment}"
    yield f"# {what}, a job for every part. Written by"
    yield f"#   {about.command}"
    yield "# Write it again when waves, regions or variables of the spec change. `ci parts` refuses"
    yield "# where it has too few waves for a plan, or does not hold what the spec holds."
    yield "#"
    yield "# What it relies on, under Settings -> Environments, each for the default branch alone:"
    for region in about.regions:
        place = place_of(about.environment, region)
        yield f"#   {place}: the variables and secrets of that region, and of no other"
    for wave in about.held:
        place = wave_place(about.environment, wave)
        yield f"#   {place}: reviewers for the spec's gate, a wait timer for its soak"
    groups = ", ".join(group(region) for region in about.regions)
    yield f"# and runner groups, each with machines that reach one region: {groups}."
    yield f"name: {quoted(what)}"
    yield "on:"
    yield "  push:"
    yield f"    branches: [{quoted(about.branch)}]"
    yield "    paths:"
    yield from (f"      - {quoted(path)}" for path in about.paths)
    yield "  workflow_dispatch:"
    yield ""
    yield "permissions: {}"
    yield ""
    yield "# One rollout at a time; none that waits is cancelled, and none that runs."
    yield "concurrency:"
    yield f"  group: {quoted(what)}"
    yield "  cancel-in-progress: false"
    yield "  queue: max"
    yield ""
    yield "jobs:"


def _parts(about: RolloutWorkflow) -> Iterator[str]:
    yield "  parts:"
    yield "    name: parts"
    yield f"    if: vars.RECONCILER == 'on' && github.ref == 'refs/heads/{about.branch}'"
    yield f"    runs-on: {RUNNER}"
    yield "    timeout-minutes: 15"
    yield "    permissions:"
    yield "      contents: read # to read commits, and who pushed them"
    yield "      pull-requests: read # to read reviews"
    yield "      actions: read # to see what holds the waves"
    yield "    outputs:"
    yield "      waves: ${{ steps.parts.outputs.waves }}"
    yield "    steps:"
    yield from check_out()
    yield "      - name: Which parts, of which reviewed plans?"
    yield "        id: parts"
    yield f"        uses: {about.action}"
    yield "        with:"
    yield "          command: parts"
    yield from common(about)
    if about.keyspaces:
        yield f"          keyspaces: {quoted(' '.join(about.keyspaces))}"
    yield f"          waves: {about.waves}"
    if about.held:
        yield f"          held: {quoted(','.join(map(str, about.held)))}"


def _waves(about: RolloutWorkflow) -> Iterator[str]:
    before = ["parts"]
    for wave in range(1, about.waves + 1):
        yield ""
        if wave in about.held:
            yield from _hold(about, wave, before)
            before.append(f"hold-{wave}")
            yield ""
        yield from _wave(about, wave, before)
        before.append(f"wave-{wave}")


def _hold(about: RolloutWorkflow, wave: int, before: list[str]) -> Iterator[str]:
    """No step of it matters: the forge holds the job until its environment lets it in."""
    yield f"  hold-{wave}:"
    yield f"    name: before wave {wave}"
    yield f"    needs: [{', '.join(before)}]"
    yield from _if(f"{_WAVES}['{wave}'].held")
    yield f"    runs-on: {RUNNER}"
    yield "    timeout-minutes: 5"
    yield f"    environment: {quoted(wave_place(about.environment, wave))}"
    yield "    permissions: {}"
    yield "    steps:"
    yield "      - name: It was let in, and has waited"
    yield "        run: 'true'"


def _wave(about: RolloutWorkflow, wave: int, before: list[str]) -> Iterator[str]:
    yield f"  wave-{wave}:"
    yield f"    name: wave {wave}, ${{{{ matrix.keyspace }}}} in ${{{{ matrix.region }}}}"
    yield f"    needs: [{', '.join(before)}]"
    yield from _if(f"{_WAVES}['{wave}']")
    yield "    strategy:"
    yield "      fail-fast: false # a part that fails ends no other in the midst of a statement"
    yield "      matrix:"
    yield f"        include: ${{{{ fromJSON(needs.parts.outputs.waves)['{wave}'].parts }}}}"
    yield "    runs-on:"
    yield f"      group: {group('${{ matrix.region }}')}"
    yield "    timeout-minutes: 7200 # five days, the most that a job may take"
    yield f"    environment: {quoted(place_of(about.environment, '${{ matrix.region }}'))}"
    yield "    permissions:"
    yield "      contents: read # to read commits, and who pushed them"
    yield "      pull-requests: write # to read reviews, and to comment what happened"
    yield "      statuses: write # to put the outcome on the commit"
    yield "      deployments: write # to record what was applied"
    yield "      actions: read # to ask who let this run in"
    yield "    steps:"
    yield from check_out()
    yield "      - name: Run this part of what was reviewed, or nothing"
    yield f"        uses: {about.action}"
    yield "        with:"
    yield "          command: apply"
    yield from common(about)
    yield "          keyspaces: ${{ matrix.keyspace }}"
    yield "          region: ${{ matrix.region }}"
    yield f"          wave: {wave}"
    yield "          plan: ${{ matrix.plan }}"
    yield from env(about.variables, TOLD_IN_CHAT)


def _if(has_work: str) -> Iterator[str]:
    """RG-31. Said in full: without a word about results, a job whose needs were left out is left
    out, too; and neither is what somebody cancelled or the time ran out for a failure."""
    yield "    if: >-"
    yield "      !cancelled() && needs.parts.result == 'success' &&"
    yield "      !contains(needs.*.result, 'failure') && !contains(needs.*.result, 'cancelled') &&"
    yield f"      {has_work}"


def check_out() -> Iterator[str]:
    yield "      - name: Check out"
    yield f"        uses: {CHECKOUT}"
    yield "        with:"
    yield "          fetch-depth: 0"
    yield "          persist-credentials: false"


def common(about: WorkflowBasis) -> Iterator[str]:
    if about.directory != ".":
        yield f"          directory: {quoted(about.directory)}"
    yield f"          environment: {quoted(about.environment)}"


def env(variables: Iterable[str], known: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """Each variable from the job's environment at the forge, where it is a secret or a variable;
    `known` are those of which the workflow itself has the value, as YAML."""
    found = {name: f"${{{{ secrets.{name} || vars.{name} }}}}" for name in variables} | {**known}
    if not found:
        return
    yield "        env:"
    yield from (f"          {name}: {value}" for name, value in found.items())
    if listed := [name for name in found if allowance(name) is Allowance.IF_LISTED]:
        yield f"          {LISTED_IN}: {quoted(' '.join(listed))}"


def scratch_service(image: str | None) -> Iterator[str]:
    """None: the job reaches the server that `scratch` of the specs names."""
    if image is None:
        return
    password = SCRATCH_LOGIN["password"]
    ping = f"ping --host=127.0.0.1 --password={password}"
    yield "    services:"
    yield "      scratch:"
    yield f"        image: {image}"
    yield "        env:"
    yield f"          MYSQL_ROOT_PASSWORD: {password}"
    yield "        ports:"
    yield f"          - 127.0.0.1:{SCRATCH_LOGIN['port']}:3306"
    yield "        options: >-"
    yield f'          --health-cmd="mysqladmin {ping} || mariadb-admin {ping}"'
    yield "          --health-interval=2s --health-retries=60"


def group(region: str) -> str:
    return f"schema-{region}"


def quoted(text: str) -> str:
    """As a YAML string between single quotes, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"
