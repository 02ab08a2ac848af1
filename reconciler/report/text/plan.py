"""`plan`, `show` and `verify` in a terminal: the verdict, the exact statements, the dangers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import assert_never

from reconciler.model.policy import Hazard, Policy
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.plan import words
from reconciler.plan.estimate import Estimate, Estimated
from reconciler.plan.model import ChangeSet, Plan, PlanCore, PlannedStatement
from reconciler.plan.permission import allow_lines, permission_of
from reconciler.plan.visible import hidden_in_sql, visible_line
from reconciler.report import next_steps
from reconciler.report.estimate_words import basis_line, time_line
from reconciler.report.style import PLAIN, Style, Tone
from reconciler.report.summary import (
    PlanSummary,
    changes_line,
    plan_verdict,
    rows_of,
    short_id,
    summarise,
)
from reconciler.report.text.blocks import (
    Lines,
    between,
    failed_lines,
    finished,
    heading,
    labelled,
    refusal_lines,
    section,
    sql_lines,
    wrapped,
)


def plan_text(outcomes: Sequence[PlanOutcome | KeyspaceFailed], style: Style = PLAIN) -> str:
    return finished(between(_plan_outcome(outcome, style) for outcome in outcomes))


def show_text(plan: Plan, style: Style = PLAIN) -> str:
    """A stored plan, without a look at any shard."""
    core = plan.core
    tone = Tone.CAUTION if core.change_sets else Tone.GOOD
    verdict = f"{changes_line(summarise(core))}, plan {short_id(plan.plan_id)}"
    return finished(
        [heading(core.keyspace, core.environment, verdict, tone, style), *plan_lines(plan, style)]
    )


def verify_text(outcomes: Sequence[VerifyOutcome | KeyspaceFailed], style: Style = PLAIN) -> str:
    return finished(between(_verify_outcome(outcome, style) for outcome in outcomes))


def plan_lines(plan: Plan, style: Style, estimate: Estimate | None = None) -> Lines:
    """Everything about a plan but its verdict."""
    yield from _body_lines(plan, style, estimate)
    yield from _note_lines(plan, style)


def _body_lines(plan: Plan, style: Style, estimate: Estimate | None) -> Lines:
    core = plan.core
    summary = summarise(core)
    yield from _facts(plan, summary, estimate, style)
    for number, change_set in enumerate(core.change_sets, start=1):
        which = words.shard_set(change_set.shards, len(core.shards))
        title = f"Change set {number} of {len(core.change_sets)}: {visible_line(which)}"
        yield from section(title, style)
        yield from _change_set(plan, change_set, number, style)
    yield from _matching(core, style)
    yield from _waves(core, style)


def _note_lines(plan: Plan, style: Style) -> Lines:
    if plan.meta.notes:
        yield from section("Notes", style)
        for note in plan.meta.notes:
            yield from wrapped(note, style, first="  - ")


def permission_lines(core: PlanCore, style: Style) -> Lines:
    """All that a person would add to the spec, in one piece to copy; a single entry stands in its
    refusal already."""
    entries = allow_lines(summarise(core).not_allowed)
    if len(entries) < 2:
        return
    yield from section("Not allowed yet", style)
    yield from wrapped(
        f"If these are meant, add them to `policy.allow` in the spec of {core.keyspace}, each with"
        " its true reason:",
        style,
        first="  ",
    )
    yield ""
    yield from (f"    {visible_line(entry)}" for entry in entries)


def _plan_outcome(outcome: PlanOutcome | KeyspaceFailed, style: Style) -> Lines:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_lines(outcome, style)
        return
    verdict = plan_verdict(outcome)
    refused = bool(outcome.refusals or outcome.unreachable)
    changes = outcome.plan is not None and bool(outcome.plan.core.change_sets)
    tone = Tone.BAD if refused else Tone.CAUTION if changes else Tone.GOOD
    yield heading(outcome.keyspace, outcome.environment, verdict, tone, style)
    yield from refusal_lines(outcome.refusals, outcome.unreachable, style)
    if outcome.plan is not None:
        if refused:  # a note may say what is meant instead: it comes before what to permit
            yield from _note_lines(outcome.plan, style)
            yield from permission_lines(outcome.plan.core, style)
            yield from section("The plan that was refused", style)
            yield from _body_lines(outcome.plan, style, outcome.estimate)
        else:
            yield from plan_lines(outcome.plan, style, outcome.estimate)
    for verb, paths in (("wrote", outcome.written), ("removed", outcome.removed)):
        if paths:
            yield ""
            yield from (f"{verb} {visible_line(path)}" for path in paths)
    if step := next_steps.after_plan(outcome):
        yield ""
        yield from wrapped(step, style, first="next: ")
        yield f"      {visible_line(next_steps.command_after_plan(outcome))}"


def _verify_outcome(outcome: VerifyOutcome | KeyspaceFailed, style: Style) -> Lines:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_lines(outcome, style)
        return
    tone = Tone.GOOD if next_steps.is_verified(outcome.state) else Tone.BAD
    verdict = next_steps.verify_verdict(outcome)
    yield heading(outcome.keyspace, outcome.environment, verdict, tone, style)
    yield from refusal_lines(outcome.refusals, outcome.unreachable, style)
    if outcome.plan is not None:
        yield from _verified_plan(outcome, outcome.plan, style)


def _verified_plan(outcome: VerifyOutcome, plan: Plan, style: Style) -> Lines:
    match outcome.state:
        case VerifyState.REFUSED:
            yield from permission_lines(plan.core, style)
        case VerifyState.VERIFIED | VerifyState.UNPLANNED:
            yield from plan_lines(plan, style, outcome.estimate)
        case VerifyState.NO_CHANGE | VerifyState.APPLIED:
            pass
        case _:
            assert_never(outcome.state)


def _facts(plan: Plan, summary: PlanSummary, estimate: Estimate | None, style: Style) -> Lines:
    if summary.worst is None:
        return
    yield from labelled("plan id", plan.plan_id, style)
    if summary.change_sets == 1:
        yield from labelled("change sets", "1: every shard that changes runs the same", style)
    else:
        sets = f"{summary.change_sets:,}: shards start from different states and end at the same"
        yield from labelled("change sets", sets, style)
    number, statement = summary.worst
    worst = f"{words.class_name(statement)}: {words.class_effect(statement)} (statement {number})"
    yield from labelled("worst class", worst, style)
    if estimate is not None:
        yield from labelled("time", time_line(estimate), style)
    if isinstance(estimate, Estimated):
        yield from labelled("", basis_line(estimate), style)
    found = [
        f"{f.kind} {f.table}" + (f".{f.object}" if f.object != f.table else "")
        for f in summary.destructive
    ]
    listed = f"{len(found)}: {', '.join(found)}" if found else "none"
    yield from labelled("destructive", listed, style)


def _change_set(plan: Plan, change_set: ChangeSet, number: int, style: Style) -> Lines:
    numbered = enumerate(change_set.statements, start=1)
    for table, statements in groupby(numbered, key=lambda pair: pair[1].table):
        rows = rows_of(plan, table)
        yield ""
        yield f"  {style.paint(visible_line(table), Tone.STRONG)}{f', {rows}' if rows else ''}"
        for position, statement in statements:
            yield from _statement(statement, f"{number}.{position}", plan.core.policy, style)


def _statement(statement: PlannedStatement, number: str, policy: Policy, style: Style) -> Lines:
    first, *more = sql_lines(statement.sql)
    yield f"  {number:<5}{first}"
    yield from (f"       {line}" for line in more)
    name = words.class_name(statement)
    tone = Tone.CAUTION if words.severity(statement.execution) >= _FELT else Tone.GOOD
    yield f"       {style.paint(name, tone)}: {words.class_effect(statement)}"
    if statement.row_ceiling is not None:
        yield f"       refused where the table has over {statement.row_ceiling:,} rows"
    yield from (f"       {said}" for said in words.session_words(statement))
    if found := hidden_in_sql(statement.sql):
        text = f"hidden characters, shown here as escapes: {', '.join(found)}"
        yield f"       {style.paint('!', Tone.BAD)} {text}"
    for hazard in statement.hazards:
        yield from _hazard(hazard, statement.table, policy, style)


# INPLACE without a rebuild and without a lock is the last that nobody feels.
_FELT = 21


def _hazard(hazard: Hazard, table: str, policy: Policy, style: Style) -> Lines:
    about = "" if hazard.object == table else f" {hazard.object}"
    text = f"! {hazard.kind}{about}: {hazard.reason}"
    tone = Tone.BAD if hazard.needs_permission else Tone.CAUTION
    for line in wrapped(text, style, first="       ", rest="         "):
        yield style.paint(line, tone)
    if not hazard.needs_permission:
        return
    allow = permission_of(table, hazard, policy.allow)
    if allow is None:
        yield f"         {style.paint('not allowed by policy', Tone.BAD)}"
    else:
        yield from wrapped(f"allowed: {allow.reason}", style, first="         ")


def _matching(core: PlanCore, style: Style) -> Lines:
    if not core.matching or not core.change_sets:
        return
    yield from section("Already matching: nothing runs here", style)
    yield f"  {visible_line(words.shard_set(core.matching, len(core.shards)))}"


def _waves(core: PlanCore, style: Style) -> Lines:
    waves = [(number, shards) for number, shards in words.changing_waves(core) if shards]
    if not waves:
        return
    yield from section("Waves", style)
    for number, shards in waves:
        yield f"  {number:<3}{visible_line(words.shard_set(shards, len(core.shards)))}"
