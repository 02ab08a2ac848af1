"""What a process says for every mix of keyspaces: the tables of tests/cases/exit_codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from reconciler.errors import Problem
from reconciler.flows.forge.ends import ci_end
from reconciler.guard.model import Refusal
from reconciler.ledger.reasons import Unanswered
from reconciler.ledger.states import OperationState, RequestKind, RequestState
from reconciler.model.object_id import table_id
from reconciler.outcomes.apply import (
    ApplyOutcome,
    ApplyVerdict,
    ControlOutcome,
    OperationRow,
    ShardRow,
)
from reconciler.outcomes.ends import apply_end, control_code, plan_end, pull_end
from reconciler.outcomes.exit_code import End, ExitCode, together
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import PullOutcome
from reconciler.outcomes.plan import PlanOutcome
from reconciler.rollout.waves import WaveChoice
from tests.sample_plans import sample_plan
from tests.sections import CASES, read_case_text

_TIMES = re.compile(r"(\S+)\*(\d+)")


def rows(case: str, section: str) -> list[tuple[str, int]]:
    text = read_case_text(CASES / "exit_codes" / f"{case}.case")
    lines = [line for line in text.lines(section) if not line.startswith("#")]
    return [(line.rsplit(None, 1)[0], int(line.split()[-1])) for line in lines]


def words(mix: str) -> list[str]:
    return _TIMES.sub(lambda found: " ".join([found[1]] * int(found[2])), mix).split()


def outcome(verdict: ApplyVerdict, *shards: ShardRow, statements_run: int = 0) -> ApplyOutcome:
    return ApplyOutcome(
        environment="production",
        keyspace="shop",
        verdict=verdict,
        shards=shards,
        statements_run=statements_run,
    )


def shard(wave: int, state: OperationState, done: int) -> ShardRow:
    row = OperationRow(object_id=table_id("users"), state=state, statements=2, statements_done=done)
    return ShardRow(shard=f"{wave}", wave=wave, state=state, operations=(row,))


def failed(exit_code: int) -> KeyspaceFailed:
    problem = Problem(code="x", message="x", recovery="x")
    return KeyspaceFailed(
        environment="production", keyspace="shop", problems=(problem,), exit_code=exit_code
    )


_DONE, _WAITS = OperationState.COMPLETED, OperationState.PENDING
ENDS: Mapping[str, ApplyOutcome | KeyspaceFailed] = {
    "nothing-to-do": outcome(ApplyVerdict.NOTHING_TO_DO),
    "completed": outcome(ApplyVerdict.COMPLETED, shard(1, _DONE, 2), statements_run=2),
    "drifted": outcome(ApplyVerdict.DRIFTED, shard(1, _DONE, 2), statements_run=2),
    "unconfirmed": outcome(ApplyVerdict.UNCONFIRMED, shard(1, _DONE, 2), statements_run=2),
    "refused": outcome(ApplyVerdict.REFUSED),
    "superseded": outcome(ApplyVerdict.SUPERSEDED),
    "failed": outcome(ApplyVerdict.FAILED, shard(1, OperationState.FAILED, 0)),
    "half-failed": outcome(ApplyVerdict.FAILED, shard(1, OperationState.FAILED, 1)),
    "paused": outcome(ApplyVerdict.PAUSED, shard(1, _WAITS, 0), shard(2, _WAITS, 0)),
    "canary-done": outcome(ApplyVerdict.PAUSED, shard(1, _DONE, 2), shard(2, _WAITS, 0)),
    "canary-half": outcome(ApplyVerdict.PAUSED, shard(1, _WAITS, 1), shard(2, _WAITS, 0)),
    "stopped": outcome(ApplyVerdict.STOPPED),
    "cancelled": outcome(ApplyVerdict.CANCELLED),
    "unknown": outcome(ApplyVerdict.UNKNOWN),
    "unreadable": failed(1),
    "unseen": failed(3),
}


def control(state: RequestState) -> ControlOutcome:
    return ControlOutcome(
        environment="production",
        keyspace="shop",
        kind=RequestKind.STOP,
        state=state,
        answer=Unanswered(),
    )


REQUESTS: Mapping[str, ControlOutcome | KeyspaceFailed] = {
    "recorded": control(RequestState.PENDING),
    "answered": control(RequestState.APPLIED),
    "refused": control(RequestState.REFUSED),
    "unreadable": failed(1),
    "unseen": failed(3),
}


@pytest.mark.parametrize(
    ("section", "waves", "end"),
    [
        ("apply", WaveChoice.ALL, apply_end),
        ("apply --wave canary", WaveChoice.CANARY, apply_end),
        ("ci apply", WaveChoice.ALL, ci_end),
    ],
)
def test_an_apply_over_keyspaces_ends_as_the_table_says(
    section: str, waves: WaveChoice, end: Callable[[ApplyOutcome | KeyspaceFailed, WaveChoice], End]
) -> None:
    table = rows("apply", section)
    found = [
        (mix, int(together(end(ENDS[word], waves) for word in words(mix)))) for mix, _ in table
    ]
    assert found == table


def test_the_order_of_keyspaces_changes_no_exit_code() -> None:
    for mix, code in rows("apply", "apply"):
        ends = [apply_end(ENDS[word], WaveChoice.ALL) for word in words(mix)]
        assert together(reversed(ends)) == code


def test_every_verdict_is_in_the_table() -> None:
    told = {word for mix, _ in rows("apply", "apply") for word in words(mix)}
    verdicts = {end.verdict for name, end in ENDS.items() if isinstance(end, ApplyOutcome)}
    assert verdicts == set(ApplyVerdict)
    assert told >= {name for name in ENDS if not name.startswith("canary")}


def test_every_verdict_is_plain_words_that_json_can_hold_as_one() -> None:
    assert [v for v in ApplyVerdict if not re.fullmatch("[a-z]+( [a-z]+)*", v)] == []


def test_a_request_to_several_applies_ends_as_the_table_says() -> None:
    table = rows("control", "requests")
    assert [
        (mix, int(control_code([REQUESTS[w] for w in words(mix)]))) for mix, _ in table
    ] == table


def planned(
    *, changes: bool = True, written: tuple[str, ...] = (), removed: tuple[str, ...] = ()
) -> PlanOutcome:
    return PlanOutcome(
        environment="production",
        keyspace="shop",
        plan=sample_plan() if changes else None,
        written=written,
        removed=removed,
    )


def pulled(*, written: tuple[str, ...] = (), removed: tuple[str, ...] = ()) -> PullOutcome:
    return PullOutcome(
        environment="production",
        keyspace="shop",
        source="-",
        alike=(),
        others=(),
        written=written,
        unchanged=(),
        removed=removed,
    )


REFUSAL = Refusal(code="x", message="x", recovery="x")
PLANS: Mapping[str, PlanOutcome | KeyspaceFailed] = {
    "kept": planned(written=("a.plan.json",)),
    "removed": planned(changes=False, removed=("a.plan.json",)),
    "shown": planned(),
    "nothing-to-do": planned(changes=False),
    "refused": replace(planned(changes=False), refusals=(REFUSAL,)),
    "unreadable": failed(1),
    "unseen": failed(3),
}
PULLS: Mapping[str, PullOutcome | KeyspaceFailed] = {
    "pulled": pulled(written=("t.sql",)),
    "taken-away": pulled(removed=("t.sql",)),
    "unchanged": pulled(),
    "unreadable": failed(1),
    "unseen": failed(3),
}


@pytest.mark.parametrize(
    ("section", "changes"),
    [
        ("plan", None),
        ("plan --write", None),
        ("plan --write --detailed-exitcode", ExitCode.DIFFERENCES),
    ],
)
def test_plans_of_several_keyspaces_end_as_the_table_says(
    section: str, changes: ExitCode | None
) -> None:
    table = rows("files", section)
    assert [
        (mix, int(together(plan_end(PLANS[word], changes) for word in words(mix))))
        for mix, _ in table
    ] == table


def test_a_pull_of_several_keyspaces_ends_as_the_table_says() -> None:
    table = rows("files", "pull")
    assert [
        (mix, int(together(pull_end(PULLS[word]) for word in words(mix)))) for mix, _ in table
    ] == table
