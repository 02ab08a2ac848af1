"""A plan, made, stored or verified: verdict, exact statements, dangers, what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from reconciler.outcomes.apply import WaveRow
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.outcomes.split import SplitPlanOutcome, SplitVerifyOutcome
from reconciler.plan import words
from reconciler.plan.estimate import Estimate, Estimated
from reconciler.plan.model import CarriedOut, Moment, Plan, PlanCore
from reconciler.report import blocks, next_steps
from reconciler.report.apply_account import folded_waves
from reconciler.report.blocks import Block, Cut, Detail, Fact, Mark
from reconciler.report.compose.change_sets import (
    change_set_block,
    fingerprints,
    overview,
    wide_sets,
)
from reconciler.report.compose.lint import lint_blocks
from reconciler.report.compose.mixed_window import mixed_window_blocks
from reconciler.report.compose.opening import (
    CHANGE,
    failed_report,
    marker,
    plan_id_fact,
    title,
    where,
)
from reconciler.report.compose.permissions import permissions, permitted_together
from reconciler.report.compose.preflight import preflight_blocks
from reconciler.report.compose.quarantine import quarantine_block
from reconciler.report.compose.reasons import refusals_with_more
from reconciler.report.compose.shards import shard_set
from reconciler.report.compose.split import planned_split, split_sketch, verified_split
from reconciler.report.compose.vschema import vschema_step_blocks
from reconciler.report.document import Document, NextStep, Report
from reconciler.report.estimate_words import basis_line, room_line, time_line
from reconciler.report.findings import NO_FILES, SchemaFiles
from reconciler.report.limits import DESTRUCTIVE_NAMED_MAX
from reconciler.report.spans import Strong, Text, sentence, with_commands
from reconciler.report.summary import (
    Danger,
    PlanSummary,
    changes_line,
    plan_verdict,
    short_id,
    summarise,
)
from reconciler.reshard.plan.model import SplitPlan

_ON_MERGE = (
    Strong("On merge"),
    *with_commands(
        ", `apply` looks at every shard again, derives these statements again, and runs exactly"
        " them, wave by wave. If anything differs from what is shown here, it runs nothing."
    ),
)
_DEPLOYED = (
    Strong("On merge"),
    *with_commands(
        ", `apply` looks at production again, derives these statements again, runs them on a branch"
        " of its own at PlanetScale, and asks for a deploy request from it. It deploys that only if"
        " the request does exactly this, and cuts over on purpose."
    ),
)


def plan_document(
    outcomes: Sequence[PlanOutcome | SplitPlanOutcome | KeyspaceFailed],
    files: SchemaFiles = NO_FILES,
) -> Document:
    """`files` tell where findings belong."""
    return Document(reports=tuple(_planned(outcome, files) for outcome in outcomes))


def sketch_reports(outcomes: Sequence[PlanOutcome | KeyspaceFailed]) -> tuple[Report, ...]:
    """Plans that nothing will be compared with, as those of a fork are: without what a merge would
    do, and without a next step."""
    return tuple(
        _planned(outcome, NO_FILES)
        if isinstance(outcome, KeyspaceFailed) or outcome.plan is None or outcome.refusals
        else _sketch(outcome.plan, outcome.estimate, plan_verdict(outcome))
        for outcome in outcomes
    )


def show_document(plan: Plan) -> Document:
    """A stored plan, without a look at any shard."""
    verdict = f"{changes_line(summarise(plan.core))}, plan {short_id(plan.plan_id)}"
    return Document(reports=(_sketch(plan, None, verdict),))


def show_split_document(plan: SplitPlan) -> Document:
    return Document(reports=(split_sketch(plan),))


def verify_document(
    outcomes: Sequence[VerifyOutcome | SplitVerifyOutcome | KeyspaceFailed],
    files: SchemaFiles = NO_FILES,
    *,
    explained: bool = False,
) -> Document:
    """`explained`: with the exact queries that rows were asked by."""
    return Document(
        reports=tuple(_verified(outcome, files, explained=explained) for outcome in outcomes)
    )


def _planned(
    outcome: PlanOutcome | SplitPlanOutcome | KeyspaceFailed, files: SchemaFiles
) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report(CHANGE, outcome)
    if isinstance(outcome, SplitPlanOutcome):
        return planned_split(outcome, files)
    plan = outcome.plan
    if plan is None or outcome.refusals:
        return _refused(outcome, files)
    made = _sketch(plan, outcome.estimate, plan_verdict(outcome), files)
    changed = [*(("wrote", p) for p in outcome.written), *(("removed", p) for p in outcome.removed)]
    written = (blocks.Files(changed=tuple(changed)),) if changed else ()
    step = next_steps.after_plan(outcome)
    command = next_steps.command_after_plan(outcome)
    return Report(
        marker=made.marker,
        title=made.title,
        blocks=(*made.blocks, *lint_blocks(outcome.lint), *_on_merge(plan.core), *written),
        plan_id=made.plan_id,
        next_steps=(NextStep(text=sentence(step), command=command),) if step else (),
    )


def _refused(outcome: PlanOutcome, files: SchemaFiles) -> Report:
    """A note may say what is meant instead: it comes before what to permit."""
    plan, told = outcome.plan, [*quarantine_block(outcome.quarantine)]
    if plan is not None:
        told = [
            *_notes(plan),
            *permissions(plan.core),
            blocks.Heading(text=sentence("The plan that was refused")),
            *_body(plan, outcome.estimate, files),
        ]
    told += lint_blocks(outcome.lint)
    entries = permitted_together(plan.core if plan else None)
    return Report(
        marker=marker(CHANGE, outcome.keyspace, outcome.environment),
        title=title(Mark.BAD, outcome.keyspace, outcome.environment, plan_verdict(outcome)),
        blocks=refusals_with_more(outcome.refusals, outcome.keyspace, files, told, entries),
    )


def _sketch(
    plan: Plan, estimate: Estimate | None, verdict: str, files: SchemaFiles = NO_FILES
) -> Report:
    core = plan.core
    mark = Mark.CAUTION if summarise(core).destructive else Mark.GOOD
    return Report(
        marker=marker(CHANGE, core.keyspace, core.environment),
        title=title(mark, core.keyspace, core.environment, verdict),
        blocks=tuple(_whole(plan, estimate, files)),
        plan_id="" if core.is_empty else plan.plan_id,
    )


def _verified(
    outcome: VerifyOutcome | SplitVerifyOutcome | KeyspaceFailed,
    files: SchemaFiles,
    *,
    explained: bool,
) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report(CHANGE, outcome)
    if isinstance(outcome, SplitVerifyOutcome):
        return verified_split(outcome, files)
    mark = _verified_mark(outcome)
    verdict = next_steps.verify_verdict(outcome)
    told = tuple(_verified_plan(outcome, outcome.plan, files)) if outcome.plan else ()
    asked = preflight_blocks(outcome.preflight, explained=explained)
    shown = outcome.state in (VerifyState.VERIFIED, VerifyState.UNPLANNED)
    refused = outcome.plan if outcome.state is VerifyState.REFUSED else None
    entries = permitted_together(refused.core if refused else None)
    aside = () if told and shown else tuple(quarantine_block(outcome.quarantine))
    more = (*aside, *told, *asked, *_seen_now(outcome), *lint_blocks(outcome.lint))
    return Report(
        marker=marker(CHANGE, outcome.keyspace, outcome.environment, outcome.region),
        title=title(mark, outcome.keyspace, where(outcome), verdict),
        blocks=refusals_with_more(outcome.refusals, outcome.keyspace, files, more, entries),
        plan_id=outcome.plan.plan_id if outcome.plan and shown else "",
    )


def _verified_mark(outcome: VerifyOutcome) -> Mark:
    """Verified is no praise of what it destroys."""
    if not next_steps.is_verified(outcome.state):
        return Mark.BAD
    is_due = outcome.state is VerifyState.VERIFIED and outcome.plan is not None
    destroys = is_due and outcome.plan is not None and summarise(outcome.plan.core).destructive
    return Mark.CAUTION if destroys else Mark.GOOD


def _seen_now(outcome: VerifyOutcome) -> Iterator[Block]:
    """Not twice what the plan's own notes say."""
    shown = outcome.plan.meta.notes if outcome.plan else ()
    if notes := tuple(note for note in outcome.notes if note not in shown):
        cut = Cut(detail=Detail.STATEMENT, instead=sentence("The notes are left out here."))
        yield blocks.Items(title="Seen now", items=tuple(map(sentence, notes)), cut=cut)


def _verified_plan(outcome: VerifyOutcome, plan: Plan, files: SchemaFiles) -> Iterator[Block]:
    match outcome.state:
        case VerifyState.REFUSED:
            yield from permissions(plan.core)
        case VerifyState.VERIFIED:
            yield from _whole(plan, outcome.estimate, files)
            yield from _on_merge(plan.core)
        case VerifyState.UNPLANNED:
            yield from _whole(plan, outcome.estimate, files)
        case VerifyState.NO_CHANGE | VerifyState.APPLIED:
            pass
        case _:
            assert_never(outcome.state)


def _whole(plan: Plan, estimate: Estimate | None, files: SchemaFiles) -> Iterator[Block]:
    """Everything about a plan but its verdict."""
    yield from _body(plan, estimate, files)
    yield from _notes(plan)
    yield from wide_sets(plan.core)
    yield fingerprints(plan)


def _body(plan: Plan, estimate: Estimate | None, files: SchemaFiles) -> Iterator[Block]:
    core = plan.core
    yield from quarantine_block(core.quarantine)
    if core.is_empty:
        return
    summary = summarise(core)
    yield from _alert(core, summary)
    yield blocks.Facts(facts=tuple(_facts(plan, summary, estimate)))
    yield from vschema_step_blocks(core, Moment.FIRST)
    if core.change_sets:
        yield overview(core)
    for number, change_set in enumerate(core.change_sets, start=1):
        yield change_set_block(plan, change_set, number, files)
    yield from vschema_step_blocks(core, Moment.LAST)
    if core.matching:
        which = shard_set(core.matching, len(core.shards))
        yield blocks.Paragraph(
            title="Already matching", text=(*which, Text("; nothing runs there."))
        )
    yield from _waves(core)
    yield from mixed_window_blocks(core)


def _notes(plan: Plan) -> Iterator[Block]:
    if plan.meta.notes:
        cut = Cut(detail=Detail.STATEMENT, instead=sentence("The notes are left out here."))
        yield blocks.Items(title="Notes", items=tuple(map(sentence, plan.meta.notes)), cut=cut)


def _on_merge(core: PlanCore) -> Iterator[Block]:
    if not core.is_empty:
        is_deployed = core.carried_out is CarriedOut.BY_DEPLOY_REQUEST
        yield blocks.OnPage(block=blocks.Paragraph(text=_DEPLOYED if is_deployed else _ON_MERGE))


def _facts(plan: Plan, summary: PlanSummary, estimate: Estimate | None) -> Iterator[Fact]:
    yield plan_id_fact(plan.plan_id, brief=())
    sets = (
        "none: every shard is as git has it"
        if not summary.change_sets
        else "1: every shard that changes runs the same"
        if summary.change_sets == 1
        else f"{summary.change_sets:,}: shards start from different states and end at the same"
    )
    counted = (
        words.count(summary.change_sets, "change set"),
        words.count(summary.statements, "statement"),
    )
    yield Fact(label="change sets", text=sentence(sets), brief=sentence(" · ".join(counted)))
    if summary.worst is not None:
        number, statement = summary.worst
        effect = f": {words.class_effect(statement)} (statement {number})"
        worst = (Strong(words.class_name(statement)), Text(effect))
        yield Fact(label="worst class", text=worst)
    if estimate is not None:
        told = sentence(time_line(estimate))
        basis = sentence(basis_line(estimate)) if isinstance(estimate, Estimated) else ()
        yield Fact(label="time", text=told, brief=(Text("time: "), *told), basis=basis)
        if room := room_line(estimate):
            yield Fact(label="room", text=sentence(room), brief=sentence(f"room: {room}"))
    yield _destructive(summary)
    if summary.vschema_changes:
        number = words.count(summary.vschema_changes, "change")
        yield Fact(label="VSchema", text=sentence(number), brief=sentence(f"VSchema: {number}"))
    if plan.core.carried_out is CarriedOut.BY_DEPLOY_REQUEST:
        by = "PlanetScale, as one deploy request: on all of its shards, and by its own Online DDL"
        yield Fact(label="deployed by", text=sentence(by), brief=sentence("by PlanetScale"))
    if cleans := plan.core.cleans:
        left = "; ".join(f"{one.name}, which {words.leftover_words(one)}" for one in cleans)
        yield Fact(label="removes", text=sentence(left), brief=sentence(f"removes {left}"))


def _alert(core: PlanCore, summary: PlanSummary) -> Iterator[Block]:
    """What is destroyed, and where, by name: right below the verdict (RP-12)."""
    if not summary.destructive:
        return
    shown = [
        f"{_danger_name(one)} on {words.shard_set(_shards_of(core, one), len(core.shards))}"
        if _shards_of(core, one)
        else _danger_name(one)
        for one in summary.destructive[:DESTRUCTIVE_NAMED_MAX]
    ]
    more = len(summary.destructive) - len(shown)
    rest = f"; and {more:,} more" if more else ""
    text = sentence(f"Destructive: {'; '.join(shown)}{rest}")
    yield blocks.OnPage(block=blocks.Paragraph(text=text, is_alert=True))


def _shards_of(core: PlanCore, danger: Danger) -> tuple[str, ...]:
    """Where a change set brings it; nowhere: it is the VSchema's."""
    found = {
        shard
        for change_set in core.change_sets
        for statement in change_set.statements
        for hazard in statement.hazards
        if (statement.object_id, hazard.kind, hazard.object)
        == (danger.object_id, danger.kind, danger.object)
        for shard in change_set.shards
    }
    return tuple(shard for shard in core.shards if shard in found)


def _danger_name(danger: Danger) -> str:
    own = f".{danger.object}" if danger.object != danger.object_id.name else ""
    return f"{danger.kind} {danger.object_id}{own}"


def _destructive(summary: PlanSummary) -> Fact:
    label = "destructive"
    if not summary.destructive:
        return Fact(label=label, text=sentence("none"), brief=sentence("no destructive change"))
    found = list(map(_danger_name, summary.destructive))
    return Fact(
        label=label,
        text=sentence(f"{len(found)}: {', '.join(found)}"),
        brief=(Strong(words.count(len(found), "destructive change")),),
    )


def _waves(core: PlanCore) -> Iterator[Block]:
    changing = tuple(
        WaveRow(number=number, shards=shards, completed=0, failed=0, running=0)
        for number, shards in words.changing_waves(core)
        if shards
    )
    if changing:
        left_out = f"{words.count(len(changing), 'wave')}; the plan file lists them."
        cut = Cut(detail=Detail.OVERVIEW, instead=sentence(left_out))
        yield blocks.Waves(
            waves=tuple(
                blocks.Wave(number=wave.number, shards=shard_set(wave.shards, len(core.shards)))
                for wave in folded_waves(changing, lambda wave: len(wave.shards))
            ),
            cut=cut,
        )
