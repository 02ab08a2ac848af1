"""One `resume` of a keyspace of Vitess, in a process of its own, that tells of its phases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from reconciler.cli.run import load
from reconciler.cli.wire import Worlds
from reconciler.drive.open import Releases
from reconciler.edges.files.history import GitHistory
from reconciler.errors import Problem
from reconciler.flows.apply import ApplyConnections, ApplyRequest, ApplyWorld, apply_keyspace
from reconciler.flows.gates import Gates
from reconciler.guard.review.git import Review
from reconciler.model.engine import EngineName, Handle
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan.model import Moment, Plan
from reconciler.ports.engine import Answer, Engine, EngineWork, ReadyToCutOver, Running
from reconciler.ports.keyspaces import VSchemas
from reconciler.ports.shards import ShardSessions
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, ShardSpec, VitessCluster
from tests.integration.chaos.applying import End, Moments
from tests.integration.chaos.vitess_stage import VitessStage


class Phase(StrEnum):
    """The moment that the applying process tells of."""

    SENT = "s"  # the migration is given to Vitess
    RUNS = "r"
    READY = "y"
    COMPLETES = "c"  # Vitess is told to swap
    SWAPS = "w"
    BY_SERVER = "d"  # the server's own statement is sent
    FIRST = "f"  # the step of the VSchema is sent
    LAST = "l"
    READ_BACK = "b"  # a step was sent, and is looked for

    @property
    def mark(self) -> bytes:
        return self.value.encode()


# Of a plan that nobody else touches these are never true.
_NEVER = frozenset(
    {"drift", "vschema-drift", "vschema-read-back", "vschema-differs", "read-back", "plan-stale"}
)


def resume(stage: VitessStage, told: Path, moments: Moments) -> End:
    """`reconciler resume`, with a moment told at each phase."""
    root = stage.fleet.root
    loaded = load(root, stage.commit)
    request = ApplyRequest(
        commit=stage.commit,
        review=Review.NONE,
        holder=f"process {os.getpid()}",
        releases=Releases.WHAT_HOLDS,
    )
    with Worlds(root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> ApplyOutcome:
            world = ApplyWorld(
                history=GitHistory(root, None),
                gates=Gates(),
                connect=lambda: _told(
                    worlds.apply_connections_of(chosen, lambda: 0), moments, stage.plan
                ),
            )
            return apply_keyspace(world, files, chosen, request, on_progress=lambda event: None)

        (outcome,) = loaded.each("production", (), work)
    with told.open("a") as file:
        file.write(_in_words(outcome) + "\n")
    return _end_of(outcome)


def _told(reached: ApplyConnections, moments: Moments, plan: Plan) -> ApplyConnections:
    rollout = reached.rollout
    assert rollout.vschemas is not None, "it is a keyspace of Vitess"
    sessions = ToldSessions(rollout.sessions, moments)
    vschemas = ToldVSchemas(rollout.vschemas, moments, plan)
    return replace(reached, rollout=replace(rollout, sessions=sessions, vschemas=vschemas))


@dataclass(frozen=True)
class ToldSessions:
    sessions: ShardSessions
    moments: Moments

    @contextmanager
    def open(self, shard: ShardSpec, **judged_by: Any) -> Iterator[Any]:
        with self.sessions.open(shard, **judged_by) as session:
            yield _ToldSession(session, self.moments)


class _ToldSession:
    def __init__(self, session: Any, moments: Moments) -> None:
        self._session = session
        self._moments = moments

    def engine(self, name: EngineName) -> Engine:
        return _ToldEngine(self._session.engine(name), self._moments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


class _ToldEngine:
    def __init__(self, engine: Engine, moments: Moments) -> None:
        self._engine = engine
        self._moments = moments

    def start(self, handle: Handle, work: EngineWork) -> Answer:
        is_copy = self._engine.name is EngineName.VITESS
        self._moments.tell((Phase.SENT if is_copy else Phase.BY_SERVER).mark)
        return self._engine.start(handle, work)

    def look(self, handle: Handle, work: EngineWork) -> Answer:
        answer = self._engine.look(handle, work)
        if self._engine.name is EngineName.VITESS and isinstance(answer, Running):
            self._moments.tell(Phase.RUNS.mark)
        if isinstance(answer, ReadyToCutOver):
            self._moments.tell(Phase.READY.mark)
        return answer

    def cut_over(self, handle: Handle, work: EngineWork) -> Answer:
        self._moments.tell(Phase.COMPLETES.mark)
        self._moments.tell(Phase.SWAPS.mark)
        return self._engine.cut_over(handle, work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@dataclass
class ToldVSchemas:
    vschemas: VSchemas
    moments: Moments
    plan: Plan
    was_sent: bool = field(default=False)

    def vschema(self, cluster: VitessCluster) -> str:
        if self.was_sent:
            self.moments.tell(Phase.READ_BACK.mark)
        return self.vschemas.vschema(cluster)

    def try_vschema(self, cluster: VitessCluster, text: str) -> str | Problem:
        return self.vschemas.try_vschema(cluster, text)

    def apply_vschema(self, cluster: VitessCluster, text: str) -> None:
        (step,) = (step for step in self.plan.core.vschema if step.document == text)
        self.moments.tell((Phase.FIRST if step.moment is Moment.FIRST else Phase.LAST).mark)
        self.was_sent = True
        self.vschemas.apply_vschema(cluster, text)


def _problems(outcome: ApplyOutcome | KeyspaceFailed) -> list[tuple[str, str]]:
    if isinstance(outcome, KeyspaceFailed):
        return [(problem.code, problem.message) for problem in outcome.problems]
    found = [(str(getattr(one, "code", "")), str(one)) for one in outcome.refusals]
    if outcome.problem is not None:
        found.append((outcome.problem.code, outcome.problem.message))
    return found


def _in_words(outcome: ApplyOutcome | KeyspaceFailed) -> str:
    verdict = "failed early" if isinstance(outcome, KeyspaceFailed) else str(outcome.verdict)
    told = "; ".join(f"[{code}] {words[:400]}" for code, words in _problems(outcome))
    return f"{verdict}: {told}".replace("\n", " ")


def _end_of(outcome: ApplyOutcome | KeyspaceFailed) -> End:
    if any(code in _NEVER for code, _ in _problems(outcome)):
        return End.DRIFT
    if isinstance(outcome, KeyspaceFailed):
        return End.NOT_YET
    if outcome.verdict is ApplyVerdict.DRIFTED:
        return End.DRIFT
    done = outcome.verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    return End.DONE if done else End.NOT_YET
