"""What a plan comes to, in numbers and in one line: the same in every format (RP-4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model.object_id import ObjectId
from reconciler.model.policy import Hazard, Policy
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan import words
from reconciler.plan.model import Plan, PlanCore, PlannedStatement
from reconciler.plan.permission import Finding, Judged, check_permissions, permission_of
from reconciler.report.refusals import reason_count
from reconciler.spec.vschema_file import VSCHEMA_NAME

_SHORT_ID_CHARS = 12


@dataclass(frozen=True, slots=True, order=True)
class Danger:
    """One hazard of one object: once, however many change sets bring it."""

    object_id: ObjectId
    kind: str
    object: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """Counts of what will run. `worst` is the number and statement that will be felt most."""

    shards: int
    changing: int
    change_sets: int
    statements: int
    vschema_changes: int
    is_of_vitess: bool
    worst: tuple[str, PlannedStatement] | None
    destructive: tuple[Danger, ...]
    not_allowed: tuple[Finding, ...]
    quarantined: int

    @property
    def matching(self) -> int:
        return self.shards - self.changing


def summarise(core: PlanCore) -> PlanSummary:
    numbered = tuple(words.planned_statements(core))
    judged: list[Judged] = [*(statement for _, statement in numbered), *core.vschema_changes]
    hazards = [(one.object_id, hazard) for one in judged for hazard in one.hazards]
    return PlanSummary(
        shards=len(core.shards),
        changing=sum(len(change_set.shards) for change_set in core.change_sets),
        change_sets=len(core.change_sets),
        statements=len(numbered),
        vschema_changes=len(core.vschema_changes),
        is_of_vitess=any(file.path.endswith(f"/{VSCHEMA_NAME}") for file in core.inputs),
        worst=words.most_felt(core),
        destructive=_dangers((t, h) for t, h in hazards if words.is_destructive(h)),
        not_allowed=check_permissions(judged, core.policy.allow).missing,
        quarantined=len(core.quarantine),
    )


def is_not_allowed(policy: Policy, object_id: ObjectId, hazard: Hazard) -> bool:
    return hazard.needs_permission and permission_of(object_id, hazard, policy.allow) is None


def short_id(plan_id: str) -> str:
    """As people say it: the first digits, without the name of the hash."""
    return plan_id.rpartition(":")[2][:_SHORT_ID_CHARS]


def changes_line(summary: PlanSummary) -> str:
    """'3 of 4 shards change, 1 already matches', 'no shard changes, the VSchema does'."""
    aside = f", {summary.quarantined:,} in quarantine" if summary.quarantined else ""
    return f"{_changes(summary)}{aside}"


def _changes(summary: PlanSummary) -> str:
    if not summary.vschema_changes:
        return _shards_line(summary)
    if not summary.changing:
        return "no shard changes, the VSchema does"
    return f"{_shards_line(summary)}, and the VSchema changes"


def _shards_line(summary: PlanSummary) -> str:
    shards = words.count(summary.shards, "shard")
    if not summary.changing and summary.is_of_vitess:
        return f"nothing to do, {_all(summary.shards)} and the VSchema match git"
    if not summary.changing:
        return f"nothing to do, {_all(summary.shards)} {_match(summary.shards)} git"
    if not summary.matching:
        return f"{_all(summary.shards)} {'changes' if summary.shards == 1 else 'change'}"
    verb = "changes" if summary.changing == 1 else "change"
    already = f"{summary.matching:,} already {_match(summary.matching)}"
    return f"{summary.changing:,} of {shards} {verb}, {already}"


def plan_verdict(outcome: PlanOutcome) -> str:
    """The first thing a reviewer must know."""
    reasons = reason_count(outcome.refusals)
    if reasons:
        return f"refused for {words.count(reasons, 'reason')}, no plan was written"
    assert outcome.plan is not None, "a plan is missing only with refusals"
    changes = changes_line(summarise(outcome.plan.core))
    if outcome.plan.core.is_empty:
        return changes  # a plan of nothing is no plan that anybody reviews
    return f"{changes}, plan {short_id(outcome.plan.plan_id)}"


def rows_of(plan: Plan, change_set: int, table: str) -> str:
    """'about 5,039 rows on the largest shard, 40,145 in all', of the shards of that change set; of
    a stored plan, which knows no more, 'about 40,145 rows on all shards'. Nothing where nobody
    counted."""
    for found in plan.meta.counts:
        if (found.change_set, found.table) == (change_set, table):
            largest = f"about {words.count(found.largest, 'row')}"
            if found.largest == found.total:
                return largest
            return f"{largest} on the largest shard, {found.total:,} in all"
    rows = dict(plan.meta.rows).get(table) if not plan.meta.counts else None
    where = " on all shards" if len(plan.core.shards) > 1 else ""
    return "" if rows is None else f"about {words.count(rows, 'row')}{where}"


def _dangers(hazards: Iterator[tuple[ObjectId, Hazard]]) -> tuple[Danger, ...]:
    return tuple(sorted({Danger(about, each.kind, each.object) for about, each in hazards}))


def _all(shards: int) -> str:
    return "the one shard" if shards == 1 else f"all {shards:,} shards"


def _match(shards: int) -> str:
    return "matches" if shards == 1 else "match"
