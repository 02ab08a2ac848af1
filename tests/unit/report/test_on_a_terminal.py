"""Whatever grows, a terminal is told no more than a reader scrolls through, and what is left out is
said and counted: change sets, statements of one, reasons, dangers, groups, checks, keyspaces."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.presenting import presentation
from reconciler.cli.style import style_for
from reconciler.errors import Problem
from reconciler.guard.permission import permission_refusals
from reconciler.ledger.reasons import Halted
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.limits import SCREEN_LINES_MAX
from reconciler.lint.rules import BY_NAME
from reconciler.model.policy import Hazard, HazardKind
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, ShardRow
from reconciler.outcomes.doctor import CheckMark, DoctorFinding, DoctorOutcome
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.plan.model import Plan, PlannedStatement
from reconciler.report.compose.apply import apply_document
from reconciler.report.compose.doctor import doctor_document
from reconciler.report.compose.drift import drift_document
from reconciler.report.compose.lint import lint_document
from reconciler.report.compose.plan import plan_document, show_document, verify_document
from reconciler.report.document import Document
from reconciler.report.style import Style
from reconciler.report.write.text import write_text
from tests.golden import samples
from tests.golden.samples import COPY, INSTANT, change_set, plan, statement
from tests.golden.scenarios import DRIFTED, operation, row
from tests.unit.report.test_at_a_thousand_shards import OF, REPORTS, SHARDS, WAVES, seen, waves_of

pytestmark = pytest.mark.invariant("RP-11")

S = OperationState


def _statement(number: int, *, destroys: bool) -> PlannedStatement:
    """About a table of its own, over several lines."""
    table = f"table_with_a_long_name_{number}"
    hazard = Hazard(
        kind=HazardKind.DROP_COLUMN if destroys else HazardKind.DROP_INDEX,
        object=f"column_{number}",
        reason="the values of the column are lost on every shard, for good and for ever",
        needs_permission=True,
    )
    sql = f"ALTER TABLE `{table}`\n  DROP COLUMN `column_{number}`,\n  ADD COLUMN `c` int"
    return statement(table, sql, COPY if number % 2 else INSTANT, hazard, row_ceiling=100_000)


@cache
def grown(sets: int, statements: int, destroying: int | None = None) -> Plan:
    """Change sets of as many shards each, each statement of the plan about another table; the last
    `destroying` of the sets destroy, None: all."""
    width = max(len(SHARDS) // sets, 1)
    return plan(
        *(
            change_set(
                SHARDS[number * width : (number + 1) * width],
                *(
                    _statement(
                        number * statements + which,
                        destroys=destroying is None or number >= sets - destroying,
                    )
                    for which in range(statements)
                ),
            )
            for number in range(sets)
        ),
        shards=SHARDS,
        waves=WAVES,
        allow=(),
        notes=tuple(f"table t{n}: its columns stand in another order" for n in range(sets)),
    )


def refusals_of(made: Plan) -> tuple[Any, ...]:
    return permission_refusals(made.core, made.core.policy, "specs/commerce.yaml")


LINTED = LintOutcome(
    keyspace="commerce",
    tables=400,
    looked_at=400,
    remarks=tuple(
        replace(samples.REMARKS[number % 2], rule=rule, table=f"carts_{number}", line=number)
        for rule in tuple(BY_NAME)[:15]
        for number in range(20)
    ),
)
PROBLEMS = tuple(replace(samples.BAD_KEY, message=f"unknown key 'k{n}'") for n in range(100))


def refused(sets: int, statements: int) -> Document:
    made = grown(sets, statements)
    outcome = PlanOutcome(**OF, plan=made, refusals=refusals_of(made), lint=LINTED)
    return plan_document([replace(outcome, estimate=samples.estimate(made))])


def applied(made: Plan) -> Document:
    states = (S.COMPLETED, S.FAILED, S.UNKNOWN, S.CANCELLED, S.RUNNING, S.STOPPED)
    shards: tuple[ShardRow, ...] = tuple(
        row(
            shard,
            1 + number // 10,
            *(
                operation(
                    f"table_{number % 40}_{which}",
                    states[(number + which) % len(states)],
                    1,
                    problem=replace(samples.LOCK_WAIT, message=f"table {number}: {which}")
                    if states[(number + which) % len(states)] is S.FAILED
                    else None,
                )
                for which in range(4)
            ),
        )
        for number, shard in enumerate(SHARDS)
    )
    return apply_document(
        [
            ApplyOutcome(
                **OF,
                verdict=ApplyVerdict.FAILED,
                plan=made,
                apply_id=17,
                waves=waves_of(shards),
                shards=shards,
                statements_run=4,
                reason=Halted(SHARDS[1]),
                refusals=refusals_of(made),
            )
        ]
    )


def drifted(groups: int, tables: int) -> Document:
    found = tuple(
        DriftGroup(
            mark=ShardMark.UNREACHABLE if number % 3 == 0 else ShardMark.DRIFTED,
            shards=SHARDS[number :: max(groups, 1)],
            code="shard-unreachable",
            reason=f"no answer within {number} s",
            recovery="restore access",
            differences=()
            if number % 3 == 0
            else tuple(
                replace(one, what=f"{one.what} {number} {which}")
                for which in range(tables)
                for one in DRIFTED.differences
            ),
        )
        for number in range(groups)
    )
    return drift_document([DriftOutcome(**OF, groups=found, lint=LINTED)])


def checked(findings: int) -> Document:
    return doctor_document(
        [
            DoctorOutcome(
                **OF,
                findings=tuple(
                    DoctorFinding(
                        subject=f"shard {SHARDS[number]}",
                        shard=SHARDS[number],
                        mark=tuple(CheckMark)[number % len(CheckMark)],
                        message=f"is {number} s behind",
                        recovery=f"look at {number}" if number % 2 else "",
                    )
                    for number in range(findings)
                ),
            )
        ]
    )


def verified(state: VerifyState, made: Plan) -> Document:
    refusals = refusals_of(made) if state is VerifyState.REFUSED else ()
    return verify_document(
        [VerifyOutcome(**OF, state=state, plan=made, refusals=refusals, lint=LINTED)]
    )


def failed(problems: tuple[Problem, ...]) -> Document:
    return plan_document([KeyspaceFailed(**OF, problems=problems, exit_code=1)])


GROWN: dict[str, Callable[[], Document]] = {
    "plan, 40 change sets": lambda: plan_document([PlanOutcome(**OF, plan=grown(40, 1))]),
    "plan, 40 of 4": lambda: plan_document([PlanOutcome(**OF, plan=grown(40, 4), lint=LINTED)]),
    "plan, 120 change sets": lambda: show_document(grown(120, 2)),
    "plan, one of 100": lambda: show_document(grown(1, 100)),
    "plan, one destroys": lambda: show_document(grown(60, 5, destroying=1)),
    "plan, refused for 40": lambda: refused(40, 1),
    "plan, refused for 11": lambda: refused(11, 1),
    "plan, refused for 160": lambda: refused(40, 4),
    "plan, files that are wrong": lambda: failed(PROBLEMS),
    "verify": lambda: verified(VerifyState.VERIFIED, grown(40, 4)),
    "verify, refused": lambda: verified(VerifyState.REFUSED, grown(40, 4)),
    "apply": lambda: applied(grown(40, 4)),
    "status": lambda: seen(ApplyState.RUNNING_DEGRADED, *S),
    "drift, 40 groups": lambda: drifted(40, 1),
    "drift, 60 tables": lambda: drifted(2, 60),
    "doctor": lambda: checked(400),
    "lint": lambda: lint_document([LINTED]),
    "lint, wrong files": lambda: lint_document([replace(LINTED, problems=PROBLEMS)]),
    **REPORTS,
}


@pytest.mark.parametrize("name", GROWN)
def test_no_report_is_longer_than_a_reader_scrolls_whatever_grows(name: str) -> None:
    one = GROWN[name]()
    for keyspaces, width_chars in ((1, 80), (1, 100), (3, 140)):
        document = replace(one, reports=one.reports * keyspaces)
        whole = write_text(document, Style(width_chars=width_chars)).splitlines()
        text = on_a_terminal(document, width_chars)
        assert len(text.splitlines()) <= SCREEN_LINES_MAX, f"{keyspaces}, {width_chars}"
        if text.splitlines() != whole:
            assert "`| less`" in text or "--output json" in text, "left out without a word"
        assert text.splitlines().count(whole[0]) >= keyspaces, "every verdict stands"


@pytest.mark.parametrize("keyspaces", [20, 50, 100, 300])
def test_many_keyspaces_keep_their_verdicts_the_bad_ones_first(keyspaces: int) -> None:
    good, bad = GROWN["doctor"](), GROWN["plan, files that are wrong"]()
    document = replace(good, reports=(*good.reports * (keyspaces - 1), *bad.reports))
    text = on_a_terminal(document)
    assert len(text.splitlines()) <= SCREEN_LINES_MAX
    told = text.count("commerce in production: ")
    assert "failed, 100 problems" in text
    assert told == min(keyspaces, SCREEN_LINES_MAX - 3)
    assert told == keyspaces or f"and {keyspaces - told} more reports" in text


def test_a_report_that_a_reader_scrolls_through_is_whole() -> None:
    document = REPORTS["plan"]()
    assert on_a_terminal(document) == write_text(document)


def test_what_destroys_is_named_however_far_back_it_stands() -> None:
    text = on_a_terminal(GROWN["plan, one destroys"](), 80)
    destructive = text[text.index("  destructive  5:") : text.index("Change set 1 of")]
    assert destructive.count("drop-column") == 5
    shown = text[text.index("Change set 60 of 60") :]
    assert "60.1 ALTER TABLE" in shown
    assert "DROP COLUMN `column_295`" in shown
    assert "and 2 more statements of this change set" in shown
    assert "more change sets; through a pipe" in shown


def test_what_is_left_out_is_counted_where_it_is_missing() -> None:
    text = on_a_terminal(GROWN["plan, refused for 40"]())
    assert "refused for 40 reasons" in text.splitlines()[0]
    shown = text.count("[permission-missing]")
    assert shown > 2
    assert f"and {40 - shown} more reasons; `--output json` has them all" in text
    sets = text.count("Change set ")
    assert f"and {40 - sets} more change sets, {40 - sets} of them destructive" in text
    assert "  plan id      sha256:" in text


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_read_on_a_terminal_is_bounded_and_what_goes_elsewhere_is_whole() -> None:
    assert style_for(Terminal(), {}).lines_max == SCREEN_LINES_MAX
    assert style_for(Terminal(), {"TERM": "dumb"}).lines_max == SCREEN_LINES_MAX
    assert style_for(Terminal(), {"CI": "true"}).lines_max is None, "a job's log has all of it"
    assert style_for(StringIO(), {}).lines_max is None
    assert style_for(None, {}).lines_max is None
    with redirect_stdout(Terminal()):
        assert presentation("text").style == style_for(Terminal())
        assert presentation("github").style.lines_max is None
        assert presentation("text", to=Path("plan.txt")).style == style_for(None)


def on_a_terminal(document: Document, width_chars: int = 100) -> str:
    return write_text(document, Style(width_chars=width_chars, lines_max=SCREEN_LINES_MAX))
