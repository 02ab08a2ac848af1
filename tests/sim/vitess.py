"""A keyspace's VSchema in memory, with everything that can go wrong between a process and Vitess.

What was sent may take effect after the process is dead, as on shards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.drive.limits import SETTLE_PAUSE_S
from reconciler.edges.vitess.limits import VTCTLD_ANSWER_S_MAX
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.guard.model import Refusal
from reconciler.plan.codec import plan_from_core
from reconciler.plan.model import Plan, PlanMeta, VSchemaStep
from reconciler.spec.model import Connection, VitessCluster, Vtctld
from reconciler.vschema.live import live_vschema
from tests.offline_vitess import OfflineVitess
from tests.sample_vschema import FIRST, LAST
from tests.sim.fleet import Fate, SimFleet

Answer = Callable[[str], str | None]
# The program that asks vtctld outlives a driver that is killed, and asks for so long.
LOOKS_UNTIL_LATE = int(VTCTLD_ANSWER_S_MAX / SETTLE_PAUSE_S)
CLUSTER = VitessCluster(
    vtgate=Connection(host="vtgate.example"),
    vtctld=Vtctld(address="vtctld.example:1"),
    keyspace="commerce",
)


def with_steps(plan: Plan, *steps: VSchemaStep) -> Plan:
    return plan_from_core(replace(plan.core, vschema=steps), plan.meta)


def steps_alone(plan: Plan, *steps: VSchemaStep) -> Plan:
    """The same keyspace, with nothing to do on its shards."""
    core = replace(
        plan.core,
        change_sets=(),
        matching=plan.core.shards,
        managed=(),
        after=schema_fingerprint({}),
        vschema=steps,
    )
    return plan_from_core(core, PlanMeta(created_at="", tool_version="test"))


def live_fingerprint(text: str) -> str:
    return live_vschema(text).fingerprint


@dataclass
class SimVitess:
    """`answer` says what comes of a document: None for success, "refused", "refused-after" (it is
    in effect all the same), "lost-before", "lost-after", "late" (it takes effect some looks later).
    `takes` is what a trial says, where that is not what would be kept. What is there is kept as
    strictly as by the Vitess of the tests of flows, which is held against a real one."""

    fleet: SimFleet
    kept: OfflineVitess = field(default_factory=lambda: OfflineVitess(text=FIRST.found))
    answer: Answer = lambda text: None
    takes: Callable[[str], str | Problem] | None = None
    is_away: bool = False
    before_look: Callable[[], None] = lambda: None
    sent: list[str] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    late: tuple[str, int] | None = None
    looks: int = 0

    @property
    def text(self) -> str:
        """In canonical form."""
        return live_vschema(self.kept.text).text

    @text.setter
    def text(self, text: str) -> None:
        self.kept.text = text

    def look(self, cluster: VitessCluster = CLUSTER) -> str:
        self.before_look()
        self.looks += 1
        if self.is_away:
            raise _away()
        if self.late is not None:
            document, looks = self.late
            self.late = (document, looks - 1) if looks > 0 else None
            if self.late is None:
                self.take_effect(document)
        return self.kept.vschema(cluster)

    def take_effect(self, document: str) -> None:
        if self.text != document:
            self.effects[document] += 1
        self.text = document

    def steps_done(self, plan: Plan) -> int:
        """As the guard finds it under the locks."""
        steps = plan.core.vschema
        chain = [*(step.before for step in steps[:1]), *(step.after for step in steps)]
        return chain.index(live_fingerprint(self.text)) if steps else 0

    def drifted(self, plan: Plan) -> tuple[Refusal, ...]:
        steps = plan.core.vschema
        if not steps or live_fingerprint(self.text) == steps[-1].after:
            return ()
        return (Refusal(code="drift", message="the VSchema: it differs", recovery="look"),)

    def ran_once(self, plan: Plan) -> None:
        assert self.effects == Counter(step.document for step in plan.core.vschema)
        assert not self.drifted(plan)


@dataclass
class SimKeyspaces:
    """The port, for one process. With a plan, whatever is sent must be one of its documents, at its
    turn."""

    vitess: SimVitess
    plan: Plan | None
    fate: Fate

    def vschema(self, cluster: VitessCluster) -> str:
        return self.vitess.look(cluster)

    def try_vschema(self, cluster: VitessCluster, text: str) -> str | Problem:
        if self.vitess.is_away:
            raise _away()
        if self.vitess.takes is not None:
            return self.vitess.takes(text)
        return self.vitess.kept.try_vschema(cluster, text)

    def apply_vschema(self, cluster: VitessCluster, text: str) -> None:
        self.fate.before()
        if self.plan is not None:
            self._check_order(self.plan, text)
        try:
            self._send(cluster, text)
        finally:
            self.fate.after()

    def _check_order(self, plan: Plan, text: str) -> None:
        """FZ-1 and FZ-2, of every document that reaches Vitess."""
        (step,) = (step for step in plan.core.vschema if step.document == text)
        standings = [type(one).__name__ for one in self.vitess.fleet.standings().values()]
        if step.moment is LAST.moment:
            assert set(standings) <= {"Done"}, "the last step was sent before a shard was done"
        assert live_fingerprint(self.vitess.text) == step.before, "it was sent onto something else"

    def _send(self, cluster: VitessCluster, text: str) -> None:
        if self.vitess.is_away:
            raise _away()
        if isinstance(kept := self.vitess.kept.try_vschema(cluster, text), Problem):
            raise Refused(kept)
        self.vitess.sent.append(text)
        match answer := self.vitess.answer(text):
            case "refused":
                raise _refused()
            case "lost-before":
                raise _away()
            case "late":
                self.vitess.late = (text, LOOKS_UNTIL_LATE)
                raise _away()
            case _:
                self.vitess.take_effect(text)
        if answer == "refused-after":
            raise _refused()
        if answer == "lost-after":
            raise _away()


def _away() -> Unavailable:
    return Unavailable(
        Problem(code="vtctld-unreachable", message="vtctld does not answer", recovery="start it")
    )


def _refused() -> Refused:
    return Refused(
        Problem(code="vschema-refused", message="unknown vindex type: hush", recovery="look")
    )
