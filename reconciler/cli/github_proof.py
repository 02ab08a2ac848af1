"""The proof of a part's review by GitHub's record: who approved what, as jobs of CI ask it.

A worker only asks there. What becomes of a part is kept by whoever ordered it, and told in the
region's ledger; so a token that can write nothing is enough (decision 131).
"""

from __future__ import annotations

from functools import partial

from reconciler.cli.github_access import JobElsewhere
from reconciler.cli.part_proofs import PartProof, ProofAt
from reconciler.edges.files.history import GitHistory
from reconciler.errors import Refused
from reconciler.flows.forge.merged import Merged, begin_merged
from reconciler.flows.forge.reviewed import reviewed_in
from reconciler.flows.gates import Gates
from reconciler.guard.model import Refusal, problem_from
from reconciler.guard.review.git import Review
from reconciler.plan.model import Plan
from reconciler.ports.notices import Notices
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.parts import kept_gate_refusals
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def proof_by_github(jobs: JobElsewhere) -> ProofAt:
    def at(_history: GitHistory, commit: str, environment: str) -> PartProof:
        job = jobs.job(commit, _nothing_is_told)
        merged = begin_merged(job, "worker", environment, "push")

        def ledger_gate(files: DesiredFiles, chosen: Environment) -> None:
            if refusals := merged.proof(files, chosen):
                raise Refused(*map(problem_from, refusals))

        return PartProof(
            review=Review.GITHUB,
            gates=partial(_gates, merged),
            proof=merged.proof,
            ledger_gate=ledger_gate,
            reviewed=partial(reviewed_in, merged),
        )

    return at


def _gates(merged: Merged, files: DesiredFiles, environment: Environment, wave: int) -> Gates:
    """No run of the forge was let in here: a gate that is kept for people stays shut (RG-38),
    and any other is for who orders to keep."""

    def kept(plan: Plan) -> tuple[Refusal, ...]:
        return kept_gate_refusals(PartOrder(wave=wave), plan.core, environment.rollout)

    return Gates(
        plan=(merged.review_gate(files, environment), kept),
        spec=(merged.spec_gate(files, environment),),
    )


def _nothing_is_told() -> Notices:
    raise AssertionError("a worker tells a forge nothing")
