"""Each call of each port fails once, in every verb that looks: the verb ends with a code that says
so and in words that name what failed, and no verb takes it for an answer (GD-5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from reconciler.errors import Problem, ReconcilerError, Refused, Unavailable
from reconciler.flows.doctor import examine
from reconciler.flows.drift import find_drift
from reconciler.flows.init import found_keyspace
from reconciler.flows.keyspaces import for_each_keyspace
from reconciler.flows.plan import keep_plan, plan_keyspace
from reconciler.flows.pull import pull_keyspace, specified_in
from reconciler.flows.verify import verify_keyspace
from reconciler.outcomes.doctor import DoctorOutcome
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.ends import (
    doctor_code,
    drift_code,
    plan_end,
    pull_end,
    verify_code,
)
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.files import PullOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome
from reconciler.ports.shards import Identity, ShardCheck
from reconciler.ports.world import World
from reconciler.report.render import (
    Presentation,
    doctor_report,
    drift_report,
    plan_report,
    pull_report,
    verify_report,
)
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment, ShardSpec
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SETTINGS,
    SPEC,
    STATES,
    Files,
    fleet,
    no_ledger,
    repository,
    with_plan,
    world,
)
from tests.series import series

TOLD = "the port does not answer"


@dataclass
class Faults:
    """Fails the call with this number, counted from 0 over all ports."""

    at: int | None = None
    kind: type[ReconcilerError] = Unavailable
    calls: list[str] = field(default_factory=list)

    def called(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) - 1 == self.at:
            raise self.kind(Problem(code="port-failed", message=f"{TOLD}: {name}", recovery="look"))


class Faulty:
    """A port each of whose methods counts as a call; what it hands out is a port as well."""

    def __init__(self, port: Any, name: str, faults: Faults) -> None:
        self._port, self._name, self._faults = port, name, faults

    def __getattr__(self, method: str) -> Any:
        found, name = getattr(self._port, method), f"{self._name}.{method}"

        def call(*arguments: Any, **named: Any) -> Any:
            self._faults.called(name)
            return found(*arguments, **named)

        @contextmanager
        def opened(*arguments: Any) -> Iterator[Faulty]:
            self._faults.called(name)
            with found(*arguments) as handed_out:
                yield Faulty(handed_out, name, self._faults)

        return opened if method == "database" else call


@dataclass
class Connections:
    """Every login may do what it needs."""

    def check_shards(
        self, shards: Sequence[ShardSpec], identity: Identity, *, parallel: int
    ) -> list[ShardCheck]:
        return [
            ShardCheck(shard=shard.name, version=SETTINGS.version, problems=()) for shard in shards
        ]

    def scratch_excess(self, connection: object) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class Ran:
    """How a verb ended, and everything that it said."""

    code: int
    said: str


@dataclass
class Stand:
    """A repository and a fleet whose every port may fail."""

    files: Files
    faults: Faults
    live: str = STATES[0]

    @property
    def tree(self) -> Any:
        return Faulty(self.files, "files", self.faults)

    @property
    def world(self) -> World:
        sound = world(fleet(self.live))
        return replace(
            sound,
            shards=cast(Any, Faulty(sound.shards, "shards", self.faults)),
            scratch=cast(Any, Faulty(sound.scratch, "scratch", self.faults)),
        )

    def keyspaces(self) -> Mapping[str, DesiredFiles | ReconcilerError]:
        return load_repository(self.tree)


def plans(stand: Stand) -> Ran:
    def work(files: DesiredFiles, chosen: Environment) -> PlanOutcome:
        made = plan_keyspace(
            stand.world, files, chosen, protected=stand.tree, created_at="", tool_version=""
        )
        return made if made.refusals else keep_plan(made, stand.tree, stand.tree)

    outcomes = for_each_keyspace(stand.keyspaces(), ENVIRONMENT, (), work)
    return Ran(plan_end(outcomes[0]).code, plan_report(outcomes, Presentation()))


def verifies(stand: Stand) -> Ran:
    def work(files: DesiredFiles, chosen: Environment) -> VerifyOutcome:
        return verify_keyspace(stand.world, files, chosen, tree=stand.tree)

    outcomes = for_each_keyspace(stand.keyspaces(), ENVIRONMENT, (), work)
    return Ran(verify_code(outcomes[0]), verify_report(outcomes, Presentation()))


def drifts(stand: Stand) -> Ran:
    def work(files: DesiredFiles, chosen: Environment) -> DriftOutcome:
        return find_drift(stand.world, files, chosen, tree=stand.tree, open_ledger=no_ledger)

    outcomes = for_each_keyspace(stand.keyspaces(), ENVIRONMENT, (), work)
    return Ran(drift_code(outcomes[0]), drift_report(outcomes, Presentation()))


def pulls(stand: Stand) -> Ran:
    def work(files: Any, chosen: Environment) -> PullOutcome:
        return pull_keyspace(stand.world, files, chosen, stand.tree)

    outcomes = for_each_keyspace(specified_in(stand.tree), ENVIRONMENT, (), work)
    return Ran(pull_end(outcomes[0]).code, pull_report(outcomes, Presentation()))


def examines(stand: Stand) -> Ran:
    connections = cast(Any, Faulty(Connections(), "connections", stand.faults))

    def work(files: DesiredFiles, chosen: Environment) -> DoctorOutcome:
        return examine(stand.world, connections, files, chosen, Identity.READS)

    outcomes = for_each_keyspace(stand.keyspaces(), ENVIRONMENT, (), work)
    return Ran(doctor_code(outcomes[0]), doctor_report(outcomes, Presentation()))


def founds(stand: Stand) -> Ran:
    _, planned = found_keyspace(
        lambda _: stand.world,
        SPEC,
        KEYSPACE,
        ENVIRONMENT,
        tree=stand.tree,
        writer=stand.tree,
        source=None,
    )
    assert planned is not None
    return Ran(plan_end(planned).code, plan_report([planned], Presentation()))


SCRATCH = SPEC.replace("    after: staging\n", "    scratch: {host: scratch, user: u}\n")
VERBS: dict[str, tuple[Callable[[Stand], Ran], Callable[[], Files], str]] = {
    "plan": (plans, repository, STATES[0]),
    "verify": (verifies, lambda: with_plan(repository(), fleet()), STATES[0]),
    "drift": (drifts, lambda: with_plan(repository(), fleet()), STATES[1]),
    "pull": (pulls, repository, STATES[2]),
    "doctor": (examines, lambda: repository(spec=SCRATCH), STATES[1]),
    "init": (founds, Files, STATES[1]),
}


def ran(verb: str, faults: Faults) -> tuple[Ran, Stand]:
    run, make, live = VERBS[verb]
    stand = Stand(make(), faults, live)
    try:
        return run(stand), stand
    except ReconcilerError as error:  # as the boundary of the command line does
        said = "\n".join(f"{problem} {problem.recovery}" for problem in error.problems)
        return Ran(error.exit_code, said), stand


def calls_of(verb: str) -> list[str]:
    faults = Faults()
    ran(verb, faults)
    return faults.calls


@pytest.mark.parametrize("verb", VERBS)
def test_without_a_fault_the_verb_does_its_work(verb: str) -> None:
    faults = Faults()
    ended, _ = ran(verb, faults)
    assert ended.code == ExitCode.FINE, ended.said
    assert {name.partition(".")[0] for name in faults.calls} >= {"shards", "scratch"}


@pytest.mark.invariant("GD-5")
@pytest.mark.parametrize(
    ("verb", "at", "call", "kind"),
    series(
        (verb, at, call, kind)
        for verb in VERBS
        for at, call in enumerate(calls_of(verb))
        # A tree refuses files that are not sound, and what that means is each verb's own.
        for kind in ((Unavailable,) if call.startswith("files.") else (Unavailable, Refused))
    ),
)
def test_a_port_that_fails_is_named_and_no_success(
    verb: str, at: int, call: str, kind: type[ReconcilerError]
) -> None:
    faults = Faults(at, kind)
    ended, _ = ran(verb, faults)
    assert faults.calls[at] == call
    assert ended.code in (ExitCode.ERROR, ExitCode.REFUSED, ExitCode.PARTIAL), ended.said
    assert TOLD in " ".join(ended.said.split())
