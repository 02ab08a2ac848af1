"""What jobs after a merge begin with: the merged commit, and what is asked about its review.

All of them start from what the commit holds, not from the push that started the job, so that the
answer is the same however often and from wherever it is asked (RV-4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.flows.forge.job import ForgeJob, default_branch_event
from reconciler.flows.forge.review import (
    Question,
    ReviewQuestion,
    SpecQuestion,
    current_refusals,
    review_proof,
)
from reconciler.flows.gates import Gates, SpecGate, gate_refusals
from reconciler.flows.keyspaces import Loaded, choose_environment
from reconciler.flows.predecessors import LookOf, Predecessors
from reconciler.guard.model import Refusal
from reconciler.ledger.drivers import driver_name
from reconciler.plan.files import read_plan
from reconciler.plan.model import Plan
from reconciler.ports.job import BranchEvent
from reconciler.ports.ledger import Ledger
from reconciler.ports.promotion import PromotionChecks
from reconciler.reshard.plan.model import SplitPlan
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The repository as the job's commit has it: `glass_is_broken` leaves out the approvals, and
    nothing else."""

    job: ForgeJob
    event: BranchEvent
    commit: str
    loaded: Loaded
    environment: str
    glass_is_broken: bool = False

    @property
    def holder(self) -> str:
        facts = self.job.facts
        return driver_name(f"{facts.actor} by {facts.run_url}", self.job.process)

    def review_gate(
        self, files: DesiredFiles, environment: Environment
    ) -> Callable[[Plan | SplitPlan], tuple[Refusal, ...]]:
        return lambda plan: self._proof(self._about_plan(plan, files, environment))

    def spec_gate(self, files: DesiredFiles, environment: Environment) -> SpecGate:
        """Of the spec and of each list that it names: none of them says less where shards are."""
        asked = [self._about_spec(files, environment, *one) for one in files.spec_digests]
        return lambda: tuple(refusal for one in asked for refusal in self._proof(one))

    def proof(self, files: DesiredFiles, environment: Environment) -> tuple[Refusal, ...]:
        """Of a keyspace's spec. As an apply asks: whoever approved the plan approved the spec that
        it was made from. Raises Refused for an unsound plan file."""
        gates = Gates(
            plan=(self.review_gate(files, environment),), spec=(self.spec_gate(files, environment),)
        )
        plan = read_plan(self.loaded.tree, environment.name, files.spec.keyspace)
        return gate_refusals(gates, files, plan)

    def predecessors(
        self,
        look_of: LookOf,
        ledger_of: Callable[[Environment], Ledger],
        checks: PromotionChecks,
    ) -> Predecessors:
        """For the gates of what comes after something else."""
        return Predecessors(
            loaded=self.loaded.keyspaces,
            tree=self.loaded.tree,
            proof=self.proof,
            look_of=look_of,
            ledger_of=ledger_of,
            checks=checks,
        )

    def _about_plan(
        self, plan: Plan | SplitPlan, files: DesiredFiles, environment: Environment
    ) -> ReviewQuestion:
        return ReviewQuestion(
            plan=plan,
            commit=self.commit,
            branch=self.event.default_branch,
            spec_path=files.spec.path,
            schema_dir=files.spec.schema_dir,
            rule=environment.review,
            below=self.job.clone.below,
        )

    def _about_spec(
        self, files: DesiredFiles, environment: Environment, path: str, digest: str
    ) -> SpecQuestion:
        return SpecQuestion(
            environment=environment.name,
            path=path,
            digest=digest,
            commit=self.commit,
            branch=self.event.default_branch,
            spec_path=files.spec.path,
            rule=environment.review,
            below=self.job.clone.below,
        )

    def _proof(self, question: Question) -> tuple[Refusal, ...]:
        if self.glass_is_broken:
            return current_refusals(self.job.ask(), question)
        return review_proof(self.job.ask(), self.job.line, question)


def begin_merged(
    job: ForgeJob,
    verb: str,
    environment: str | None,
    *events: str,
    glass_is_broken: bool = False,
) -> Merged:
    """Raises Refused for a job that is none of those `events` on the default branch."""
    event = default_branch_event(job, verb, *events)
    commit = job.commit
    loaded = job.load(commit)
    return Merged(
        job=job,
        event=event,
        commit=commit,
        loaded=loaded,
        environment=choose_environment(loaded.keyspaces, environment),
        glass_is_broken=glass_is_broken,
    )
