"""What rows answered, as `verify --explain` shows it: held, violated and open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.guard.preflight import preflight_refusals
from reconciler.model.policy import Policy
from reconciler.outcomes.plan import VerifyOutcome, VerifyState
from reconciler.plan.model import Plan
from reconciler.preflight.answered import Answered, Preflight
from reconciler.preflight.model import (
    Answer,
    Effect,
    EqualRows,
    Holds,
    KeyPart,
    NotSettled,
    Place,
    Probe,
    QuestionKind,
    Raised,
    RowCondition,
    Violated,
    Walk,
)
from reconciler.report import render
from reconciler.spec.preflight import RefuseOn
from tests.sample_probes import BY_ID

_AT_S = 1_767_362_587.0
_UNIQUE = Probe(
    table="users",
    statement=0,
    raised=Raised(
        kind=QuestionKind.DUPLICATES,
        object="uk_mail",
        effect=Effect.FAILS,
        what="rows with equal values",
        question=EqualRows((KeyPart("`mail`", "mail"),)),
    ),
    walk=Walk(index="idx_mail", columns=("mail",)),
)
ROUNDED = Probe(
    table="users",
    statement=0,
    raised=Raised(
        kind=QuestionKind.NUMBERS,
        object="score",
        effect=Effect.LOSES,
        what="numbers with more than 2 digits after the point, which are rounded",
        question=RowCondition("`score` <> ROUND(`score`, 2)"),
    ),
    walk=BY_ID,
)


def rows_in_the_way(plan: Plan) -> Callable[[render.Presentation], str]:
    """One question violated on one shard, one that is open on another, with the queries."""
    shards = plan.core.shards
    clean = Holds(at_s=_AT_S, rows_seen=2_000_000)
    of_unique: list[tuple[str, Answer]] = [(shard, clean) for shard in shards]
    of_unique[1] = (shards[1], Violated(at_s=_AT_S, rows_min=3))
    of_rounded: list[tuple[str, Answer]] = [
        (shard, replace(clean, behind_s=n % 3)) for n, shard in enumerate(shards)
    ]
    late = "the time that the spec gives for all questions was over"
    reached = Place(
        begun_s=_AT_S - 900,
        seen_s=_AT_S,
        rows_seen=740_000,
        rows_of=2_000_000,
        index="PRIMARY",
        values=("4711",),
    )
    of_rounded[-1] = (shards[-1], NotSettled(at_s=_AT_S, because=late, place=reached))
    preflight = Preflight(
        answered=(
            Answered(probe=_UNIQUE, answers=tuple(of_unique)),
            Answered(probe=ROUNDED, answers=tuple(of_rounded)),
        )
    )
    outcome = VerifyOutcome(
        environment="production",
        keyspace="commerce",
        state=VerifyState.REFUSED,
        plan=plan,
        refusals=preflight_refusals(preflight, RefuseOn.NOT_SETTLED, Policy()),
        preflight=preflight,
    )
    return lambda how: render.verify_report([outcome], replace(how, explained=True))
