"""What the job ends in that was asked to take a plan back: a proposal, of which nothing has run."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.outcomes.plan import PlanOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertProposed:
    """`taken_back` is the id of the plan to which `plan` is the way back, with `notes` for its
    reader. `pull_request` None: the forge let the job open none, for the reason `unopened`; who
    opens it finds the branch at `url`. `starts_checks`: what the job opens is checked by itself."""

    environment: str
    keyspace: str
    taken_back: str
    asked_by: str
    branch: str
    plan: PlanOutcome
    notes: tuple[str, ...]
    starts_checks: bool
    url: str = ""
    pull_request: int | None = None
    unopened: str = ""
