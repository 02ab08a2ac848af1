"""What `plan` and `verify` end in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.guard.model import Obstacle
from reconciler.model.quarantine import Quarantine
from reconciler.outcomes.definitions import Wanted
from reconciler.outcomes.files import LintOutcome
from reconciler.plan.estimate import Estimate
from reconciler.plan.model import Plan
from reconciler.preflight.answered import Preflight


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOutcome:
    """`plan` None only with refusals; with refusals nothing is written. No change sets: nothing to
    do. `written` are the files that now hold the plan. `estimate` None: there is nothing to run, or
    nobody looked at the shards it would run on. `lint` is beside all that: what rules say of the
    tables that the change is about, None: nobody asked; `wanted` is git's side of what changes."""

    environment: str
    keyspace: str
    plan: Plan | None
    estimate: Estimate | None = None
    readable_sql: str = ""
    refusals: tuple[Obstacle, ...] = ()
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    lint: LintOutcome | None = None
    quarantine: tuple[Quarantine, ...] = ()
    wanted: Wanted | None = None


class VerifyState(StrEnum):
    NO_CHANGE = "no schema change"  # nothing to do and no plan of these files
    VERIFIED = "verified"  # the committed plan is what is derived
    APPLIED = "applied"  # every shard is at the plan's after-state
    UNPLANNED = "unplanned"  # there are changes and no committed plan
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOutcome:
    """`plan` is the committed one; of UNPLANNED the one that would be made. `notes` are of what was
    seen just now, beside those of the plan; `preflight` None: no row was asked; `lint` as in a
    plan's outcome."""

    environment: str
    keyspace: str
    state: VerifyState
    plan: Plan | None = None
    estimate: Estimate | None = None
    refusals: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()
    region: str | None = None
    preflight: Preflight | None = None
    lint: LintOutcome | None = None
    quarantine: tuple[Quarantine, ...] = ()
