"""A plan as the comment that a reviewer reads: verdict, table of change sets, SQL, what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from reconciler.limits import COMMENT_BYTES_MAX, SHARDS_NAMED_MAX
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.plan import words
from reconciler.plan.estimate import Estimate, Estimated
from reconciler.plan.model import ChangeSet, Plan, PlanCore, PlannedStatement
from reconciler.plan.permission import permission_of
from reconciler.plan.visible import hidden_in_sql, visible_line, visible_sql
from reconciler.report import next_steps
from reconciler.report.estimate_words import basis_line, time_line
from reconciler.report.findings import NO_FILES, SchemaFiles
from reconciler.report.fit import Part, fit
from reconciler.report.markdown.blocks import (
    BAD,
    CAUTION,
    GOOD,
    Parts,
    failed_parts,
    folded,
    names,
    opening,
    permission_parts,
    place_words,
    plan_id_line,
    recovery_line,
    refusal_parts,
    shard_set,
    table,
    title,
)
from reconciler.report.neutral import code_span, fenced, prose
from reconciler.report.summary import (
    PlanSummary,
    plan_verdict,
    rows_of,
    summarise,
)

_SQL_LEFT_OUT = "The SQL of some change sets is left out here; the `.plan.sql` file has it all."
_NAMES_MAX = 6
_SHOWS_ITS_PLAN = (VerifyState.VERIFIED, VerifyState.UNPLANNED)


def plan_markdown(
    outcomes: Sequence[PlanOutcome | KeyspaceFailed],
    *,
    limit_bytes: int = COMMENT_BYTES_MAX,
    files: SchemaFiles = NO_FILES,
) -> str:
    """One report for all `outcomes`; a comment holds one. `files` tells where findings belong."""
    parts = chain.from_iterable(_plan_outcome(outcome, files) for outcome in outcomes)
    return fit(tuple(parts), limit_bytes)


def sketch_markdown(
    outcomes: Sequence[PlanOutcome | KeyspaceFailed], *, limit_bytes: int = COMMENT_BYTES_MAX
) -> str:
    """Plans that nothing will be compared with, as those of a fork are: without what a merge would
    do, and without a next step."""
    parts = chain.from_iterable(
        _plan_outcome(outcome, NO_FILES)
        if isinstance(outcome, KeyspaceFailed) or outcome.plan is None or outcome.refusals
        else _sketch(outcome, outcome.plan, NO_FILES)
        for outcome in outcomes
    )
    return fit(tuple(parts), limit_bytes)


def show_markdown(plan: Plan, *, limit_bytes: int = COMMENT_BYTES_MAX) -> str:
    core = plan.core
    outcome = PlanOutcome(environment=core.environment, keyspace=core.keyspace, plan=plan)
    return fit(tuple(_planned(outcome, plan, NO_FILES)), limit_bytes)


def verify_markdown(
    outcomes: Sequence[VerifyOutcome | KeyspaceFailed],
    *,
    limit_bytes: int = COMMENT_BYTES_MAX,
    files: SchemaFiles = NO_FILES,
) -> str:
    parts = chain.from_iterable(_verify_outcome(outcome, files) for outcome in outcomes)
    return fit(tuple(parts), limit_bytes)


def _plan_outcome(outcome: PlanOutcome | KeyspaceFailed, files: SchemaFiles) -> Parts:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_parts("change", outcome)
    elif outcome.refusals or outcome.unreachable or outcome.plan is None:
        yield from _refused(outcome, files)
    else:
        yield from _planned(outcome, outcome.plan, files)


def _refused(outcome: PlanOutcome, files: SchemaFiles) -> Parts:
    heading = title(BAD, outcome.keyspace, outcome.environment, plan_verdict(outcome))
    yield opening("change", outcome.environment, outcome.keyspace, heading)
    yield from refusal_parts(outcome.refusals, outcome.unreachable, files, outcome.keyspace)
    if outcome.plan is not None:  # a note may say what is meant instead of what to permit
        yield from _notes(outcome.plan)
        yield from permission_parts(outcome.plan.core)
        yield from _change_sets(outcome.plan, files)


def _notes(plan: Plan) -> Parts:
    if plan.meta.notes:
        notes = "\n".join(f"- {prose(note)}" for note in plan.meta.notes)
        yield Part(text=f"**Notes**\n\n{notes}", detail=2, instead="The notes are left out here.")


def _planned(outcome: PlanOutcome, plan: Plan, files: SchemaFiles) -> Parts:
    yield from _sketch(outcome, plan, files)
    yield from _on_merge(plan.core)
    if step := next_steps.after_plan(outcome):
        command = fenced(next_steps.command_after_plan(outcome), "sh")
        yield Part(text=f"**Next:** {recovery_line(step)}\n\n{command}")


def _sketch(outcome: PlanOutcome, plan: Plan, files: SchemaFiles) -> Parts:
    core = plan.core
    summary = summarise(core)
    mark = CAUTION if summary.destructive else GOOD
    heading = title(mark, core.keyspace, core.environment, plan_verdict(outcome))
    facts = _facts(summary, outcome.estimate)
    yield opening("change", core.environment, core.keyspace, heading, *facts)
    yield from _details(plan, outcome.estimate, files)


def _details(plan: Plan, estimate: Estimate | None, files: SchemaFiles) -> Parts:
    core = plan.core
    yield from _change_sets(plan, files)
    if isinstance(estimate, Estimated):
        yield Part(text=f"**Time:** {prose(basis_line(estimate))}.", detail=3)
    yield from _notes(plan)
    if counted := _counted_sets(core):
        left_out = "The shards of wide change sets are left out here; the `.plan.sql` has them all."
        yield Part(text=folded("Which shards", counted), detail=3, instead=left_out)
    yield Part(text=folded("Fingerprints", _fingerprints(plan)), detail=4)
    if core.change_sets:
        yield Part(text=plan_id_line(plan.plan_id))


def _on_merge(core: PlanCore) -> Parts:
    if core.change_sets:
        yield Part(
            text="**On merge**, `apply` looks at every shard again, derives these statements anew,"
            " and runs exactly them, wave by wave. If anything differs from what is shown here,"
            " it runs nothing."
        )


def _verify_outcome(outcome: VerifyOutcome | KeyspaceFailed, files: SchemaFiles) -> Parts:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_parts("change", outcome)
        return
    mark = GOOD if next_steps.is_verified(outcome.state) else BAD
    verdict = next_steps.verify_verdict(outcome)
    heading = title(mark, outcome.keyspace, outcome.environment, verdict)
    shown = outcome.plan if outcome.state in _SHOWS_ITS_PLAN else None
    facts = _facts(summarise(shown.core), outcome.estimate) if shown else ()
    yield opening("change", outcome.environment, outcome.keyspace, heading, *facts)
    yield from refusal_parts(outcome.refusals, outcome.unreachable, files, outcome.keyspace)
    if outcome.plan is not None and outcome.state is VerifyState.REFUSED:
        yield from permission_parts(outcome.plan.core)
    if shown is not None:
        yield from _details(shown, outcome.estimate, files)
    if shown is not None and outcome.state is VerifyState.VERIFIED:
        yield from _on_merge(shown.core)


def _facts(summary: PlanSummary, estimate: Estimate | None) -> Iterator[str]:
    if not summary.change_sets:
        return
    yield words.count(summary.change_sets, "change set")
    yield words.count(summary.statements, "statement")
    if summary.worst is not None:
        number, statement = summary.worst
        effect = words.class_effect(statement)
        yield f"worst class **{words.class_name(statement)}**: {effect} ({number})"
    if estimate is not None:
        yield f"time: {prose(time_line(estimate))}"
    if summary.destructive:
        yield f"**{words.count(len(summary.destructive), 'destructive change')}**"
    else:
        yield "no destructive change"


def _change_sets(plan: Plan, files: SchemaFiles) -> Parts:
    core = plan.core
    if not core.change_sets:
        return
    yield Part(text=_overview(core), detail=3, instead="The table of change sets is left out here.")
    for number, change_set in enumerate(core.change_sets, start=1):
        which = shard_set(change_set.shards, len(core.shards))
        heading = f"#### Change set {number} of {len(core.change_sets)}: {which}"
        sql = fenced("\n\n".join(_sql(plan, change_set, number)), "sql")
        yield Part(text=f"{heading}\n\n{sql}", detail=2, instead=_SQL_LEFT_OUT)
        if hazards := "\n".join(_hazards(core, change_set, number, files)):
            yield Part(text=hazards, detail=1, instead="Some dangers are left out here.")
    if core.matching:
        which = shard_set(core.matching, len(core.shards))
        yield Part(text=f"**Already matching:** {which}; nothing runs there.")
    yield from _waves(core)


def _overview(core: PlanCore) -> str:
    rows = []
    for number, change_set in enumerate(core.change_sets, start=1):
        worst = max(change_set.statements, key=lambda s: words.severity(s.execution))
        destructive = {
            (statement.table, hazard.kind, hazard.object)
            for statement in change_set.statements
            for hazard in statement.hazards
            if words.is_destructive(hazard)
        }
        rows.append(
            (
                str(number),
                shard_set(change_set.shards, len(core.shards)),
                _tables(change_set),
                str(len(change_set.statements)),
                words.class_name(worst),
                str(len(destructive)) if destructive else "none",
            )
        )
    header = ("#", "Shards", "Tables", "Statements", "Worst class", "Destructive")
    return table(header, rows, more="change sets")


def _tables(change_set: ChangeSet) -> str:
    tables = list(dict.fromkeys(statement.table for statement in change_set.statements))
    shown = ", ".join(map(code_span, tables[:_NAMES_MAX]))
    more = len(tables) - _NAMES_MAX
    return f"{shown} and {more} more" if more > 0 else shown


def _sql(plan: Plan, change_set: ChangeSet, number: int) -> Iterator[str]:
    """The exact statements; what is said about each stands in comments of one line above it."""
    for position, statement in enumerate(change_set.statements, start=1):
        yield "\n".join(_statement(plan, statement, f"{number}.{position}"))


def _statement(plan: Plan, statement: PlannedStatement, number: str) -> Iterator[str]:
    rows = rows_of(plan, statement.table)
    about = f"{statement.table}, {rows}" if rows else statement.table
    effect = f"{words.class_name(statement)}, {words.class_effect(statement)}"
    yield f"-- {visible_line(f'{number} {about}: {effect}')}"
    if statement.row_ceiling is not None:
        yield f"-- refused where the table has over {statement.row_ceiling:,} rows"
    yield from (f"-- {said}" for said in words.session_words(statement))
    if found := hidden_in_sql(statement.sql):
        yield f"-- CAUTION: hidden characters, shown here as escapes: {', '.join(found)}"
    yield visible_sql(words.terminated(statement.sql))


def _hazards(
    core: PlanCore, change_set: ChangeSet, number: int, files: SchemaFiles
) -> Iterator[str]:
    for position, statement in enumerate(change_set.statements, start=1):
        for hazard in statement.hazards:
            own = hazard.object == statement.table
            about = statement.table if own else f"{statement.table}.{hazard.object}"
            what = (
                f"{number}.{position} **{hazard.kind}** {code_span(about)}: {prose(hazard.reason)}"
                f"{place_words(files, core.keyspace, statement.table, hazard.object)}"
            )
            if not hazard.needs_permission:
                yield f"- {what}"
            elif allow := permission_of(statement.table, hazard, core.policy.allow):
                yield f"- {CAUTION} {what}. Allowed: {prose(allow.reason)}"
            else:
                yield f"- {BAD} {what}. **Not allowed by policy**"


def _waves(core: PlanCore) -> Parts:
    waves = [(number, shards) for number, shards in words.changing_waves(core) if shards]
    lines = [f"- wave {number}: {shard_set(shards, len(core.shards))}" for number, shards in waves]
    if lines:
        left_out = f"{words.count(len(waves), 'wave')}; the plan file lists them."
        yield Part(text="\n".join(["**Waves**", "", *lines]), detail=3, instead=left_out)


def _counted_sets(core: PlanCore) -> str:
    """By name what the headings of wide change sets only count."""
    return "\n".join(
        f"- change set {number}: {names(change_set.shards)}"
        for number, change_set in enumerate(core.change_sets, start=1)
        if SHARDS_NAMED_MAX < len(change_set.shards) < len(core.shards)
    )


def _fingerprints(plan: Plan) -> str:
    core = plan.core
    rows = [
        (str(number), code_span(change_set.before), code_span(change_set.after))
        for number, change_set in enumerate(core.change_sets, start=1)
    ]
    sets = table(("#", "Before", "After"), rows, more="change sets") if rows else ""
    digests = "\n".join(f"- {code_span(d.path)}: {code_span(d.sha256)}" for d in core.inputs)
    return f"{sets}\n\nMade from:\n\n{digests}\n\nServer: {code_span(core.server)}".strip()
