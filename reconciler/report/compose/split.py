"""A move of shards: planned, verified, begun and driven on."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import Problem
from reconciler.outcomes.split import (
    SplitApplyOutcome,
    SplitControlOutcome,
    SplitPlanOutcome,
    SplitStatus,
    SplitVerifyOutcome,
)
from reconciler.plan.words import count
from reconciler.report import blocks, next_steps
from reconciler.report.blocks import Block, Cut, Detail, Fact, Mark
from reconciler.report.compose.opening import CHANGE, marker, plan_id_fact, title
from reconciler.report.compose.reasons import problems, refusals
from reconciler.report.document import NextStep, Report
from reconciler.report.estimate_words import rough_time
from reconciler.report.findings import SchemaFiles
from reconciler.report.spans import Line, Moment, Name, Strong, Text, sentence, with_commands
from reconciler.report.split_words import (
    driven_verdict,
    moved_tables,
    refused_split,
    split_verdict,
)
from reconciler.report.summary import short_id
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import EVERY_TABLE, Bracket, SplitJob
from reconciler.reshard.phases import Phase
from reconciler.reshard.plan.files import split_plan_paths
from reconciler.reshard.plan.model import SplitCore, SplitPlan, TableSize
from reconciler.reshard.plan.words import (
    approval_words,
    effect_words,
    left_words,
    table_words,
)

_CUT = Cut(detail=Detail.STATEMENT, instead=sentence("Some of what it does is left out here."))
_NOTES_CUT = Cut(detail=Detail.STATEMENT, instead=sentence("The notes are left out here."))
_ON_MERGE = (
    Strong("On merge"),
    *with_commands(
        ", `apply` derives this plan again and begins the copy only if both are equal. The cutover"
        " and the clean-up wait for `reconciler release`: a merge alone moves no traffic, and drops"
        " nothing."
    ),
)

_MARKS = {
    TickEnd.DONE: Mark.GOOD,
    TickEnd.ABANDONED: Mark.CAUTION,
    TickEnd.IN_PROGRESS: Mark.UNDERWAY,
    TickEnd.AWAITS_START: Mark.WAITING,
    TickEnd.AWAITS_CUTOVER: Mark.WAITING,
    TickEnd.AWAITS_CLEANUP: Mark.WAITING,
    TickEnd.RETAINS_SOURCE: Mark.WAITING,
    TickEnd.HELD: Mark.CAUTION,
    TickEnd.FAILED: Mark.BAD,
    TickEnd.OVERTAKEN: Mark.CAUTION,
    TickEnd.UNREACHABLE: Mark.BAD,
    TickEnd.REFUSED: Mark.BAD,
}

_PHASE_MARKS = {
    Phase.DONE: Mark.GOOD,
    Phase.ABANDONED: Mark.CAUTION,
    Phase.ABANDONING: Mark.CAUTION,
    Phase.FAILED: Mark.BAD,
}

_NEXT = {
    TickEnd.IN_PROGRESS: ("the next apply goes on with it", "apply"),
    TickEnd.AWAITS_CUTOVER: ("when the application may wait for it, release it", "release"),
    TickEnd.AWAITS_CLEANUP: (
        "when nothing misses the sources' tables, release it",
        "release --clean-up",
    ),
    TickEnd.RETAINS_SOURCE: ("an apply after that time drops them", "apply"),
    TickEnd.HELD: ("resume it", "resume"),
    TickEnd.FAILED: ("when its cause is gone, have it tried again, or give it up", "retry"),
    TickEnd.UNREACHABLE: ("when it answers again, go on", "apply"),
}


_NEXT_OF_VITESS = {
    **_NEXT,
    TickEnd.AWAITS_CLEANUP: ("when nobody will want to go back, release it", "release --clean-up"),
    TickEnd.RETAINS_SOURCE: ("an apply after that time gives up the sources", "apply"),
}


def planned_split(outcome: SplitPlanOutcome, files: SchemaFiles) -> Report:
    plan = outcome.plan
    if plan is None or outcome.refusals:
        return _refused(outcome, refused_split(outcome), files)
    step, command = "put this plan into files for review", ""
    if outcome.written:
        step = "commit these files with your change and open a pull request"
        command = f"git add {' '.join(sorted(outcome.written))}"
    else:
        command = next_steps.command("plan", outcome.keyspace, outcome.environment, "--write")
    written = tuple(("wrote", path) for path in outcome.written)
    return Report(
        marker=marker(CHANGE, outcome.keyspace, outcome.environment),
        title=title(Mark.CAUTION, outcome.keyspace, outcome.environment, _verdict(plan)),
        blocks=(
            *_whole(plan),
            blocks.OnPage(block=blocks.Paragraph(text=_ON_MERGE)),
            *((blocks.Files(changed=written),) if written else ()),
        ),
        plan_id=plan.plan_id,
        next_steps=(NextStep(text=sentence(step), command=command),),
    )


def split_sketch(plan: SplitPlan) -> Report:
    """A stored plan, without a look at any shard."""
    core = plan.core
    return Report(
        marker=marker(CHANGE, core.keyspace, core.environment),
        title=title(Mark.CAUTION, core.keyspace, core.environment, _verdict(plan)),
        blocks=tuple(_whole(plan)),
        plan_id=plan.plan_id,
    )


def verified_split(outcome: SplitVerifyOutcome, files: SchemaFiles) -> Report:
    plan = outcome.plan
    if outcome.refusals or plan is None:
        return _refused(outcome, refused_split(outcome), files)
    notes = tuple(note for note in outcome.notes if note not in plan.meta.notes)
    return Report(
        marker=marker(CHANGE, outcome.keyspace, outcome.environment),
        title=title(Mark.GOOD, outcome.keyspace, outcome.environment, split_verdict(outcome)),
        blocks=(*_whole(plan), *_items("Seen now", notes, _NOTES_CUT)),
        plan_id=plan.plan_id,
    )


def applied_split(outcome: SplitApplyOutcome, files: SchemaFiles) -> Report:
    job, how = outcome.job, outcome.how
    if how is None or job is None:
        return _refused(outcome, refused_split(outcome), files)
    step = (_NEXT_OF_VITESS if job.is_of_vitess else _NEXT).get(how)
    facts = [
        Fact(label="phase", text=sentence(job.phase.value)),
        plan_id_fact(job.plan_id),
    ]
    facts.extend(_routes_fact(job))
    return Report(
        marker=marker(CHANGE, outcome.keyspace, outcome.environment),
        title=title(_MARKS[how], outcome.keyspace, outcome.environment, driven_verdict(outcome)),
        blocks=(
            blocks.Facts(facts=tuple(facts)),
            *_problem(outcome.problem),
            *_items("What the switch will do, as Vitess foresees it", outcome.foreseen, _CUT),
            *_runbook(job),
        ),
        plan_id=job.plan_id,
        next_steps=()
        if step is None
        else (
            NextStep(
                text=sentence(step[0]),
                command=next_steps.command(step[1], outcome.keyspace, outcome.environment),
            ),
        ),
    )


def split_status(status: SplitStatus, now_s: float) -> Report:
    """As the last tick wrote it down."""
    job = status.job
    facts = [
        Fact(label="phase since", text=(Moment(job.phase_since_s, now_s),)),
        Fact(label="begun", text=(Moment(job.started_s),)),
        plan_id_fact(job.plan_id),
        Fact(label="commit", text=(Name(job.commit),)),
    ]
    if job.is_live:
        driver = "nobody; the next apply goes on" if job.holder is None else job.holder
        facts.append(Fact(label="driven by", text=sentence(driver)))
        if job.holder is not None:
            facts.append(Fact(label="sign of life", text=(Moment(job.heartbeat_s, now_s),)))
    if job.held_by is not None:
        facts.append(Fact(label="stopped by", text=sentence(job.held_by)))
    facts.extend(_routes_fact(job))
    approvals = tuple(f"{one.approval}: {one.by}" for one in status.approvals)
    requests = tuple(f"{one.kind}: {one.asked_by}" for one in status.requests)
    mark = _PHASE_MARKS.get(job.phase, Mark.UNDERWAY)
    return Report(
        title=title(mark, job.keyspace, job.environment, job_verdict(job)),
        blocks=(
            blocks.Facts(facts=tuple(facts)),
            *_problem(job.problem),
            *_runbook(job),
            *_items("Progress", tuple(_progress_words(status, now_s)), _CUT),
            *_items("Rows", tuple(map(_bracket_words, status.brackets)), _CUT),
            *_items("Approved", approvals, _CUT),
            *_items("Asked", requests, _CUT),
        ),
    )


def job_verdict(job: SplitJob) -> str:
    """'split 1 (-80 -> -40, 40-80): done'."""
    return f"split {job.job_id} ({_names(job.sources)} -> {_names(job.targets)}): {job.phase}"


def _routes_fact(job: SplitJob) -> Iterator[Fact]:
    if job.cutover_version is not None:
        said = f"the targets own the range since version {job.cutover_version}"
        said = "the targets serve, by Vitess' topology" if job.is_of_vitess else said
        yield Fact(label="routes", text=sentence(said))


def _progress_words(status: SplitStatus, now_s: float) -> Iterator[str]:
    """What was measured last, by whoever drives."""
    told = status.progress
    if told is None or not status.job.is_live:
        return
    if status.copied_of is not None:
        read, there = status.copied_of
        pace = "" if status.job.is_of_vitess else _pace(told.copied_per_s)
        yield f"{count(read, 'row')} read, of about {there:,}{pace}"
    if status.job.is_of_vitess:
        if told.oldest_s is not None:
            yield f"the streams are {told.oldest_s:.0f} s behind"
    else:
        oldest = "" if told.oldest_s is None else f", the oldest for {told.oldest_s:.0f} s"
        yield f"{count(told.queued, 'changed key')} still to go over{oldest}"
    came, went = told.arrivals_per_s, told.drained_per_s
    if came is not None or went is not None:
        yield f"keys that arrive{_pace(came)}; keys that go over{_pace(went)}"
    if told.to_compare:
        yield f"{count(told.to_compare, 'row')} to compare{_pace(told.compared_per_s)}"
    if told.rests:
        yield f"{'waits' if status.job.is_of_vitess else 'rests'}: {told.rests}"
    if status.left_s is not None:
        yield f"done with this in {rough_time(status.left_s)}"
    yield f"measured {max(now_s - told.at_s, 0.0):.0f} s ago"


def _pace(per_s: float | None) -> str:
    return ": not measured" if per_s is None else f": {per_s:,.0f} a second"


def _runbook(job: SplitJob) -> Iterator[Block]:
    """Behind its cutover a split that stops is an outage: what to do, step by step."""
    if job.problem is None or not (job.is_past_cutover or job.phase is Phase.CUTOVER):
        return
    yield blocks.Paragraph(
        title="Runbook",
        text=sentence(f"docs/runbooks/split.md#{job.problem.code}, as this is behind the cutover"),
    )


def _bracket_words(bracket: Bracket) -> str:
    read, taken = bracket.rows_scanned, bracket.rows_accepted
    if bracket.table == EVERY_TABLE:
        return (
            f"all tables, {bracket.source} -> {bracket.target}: {bracket.stage},"
            f" {count(taken, 'row')} copied"
        )
    return (
        f"{bracket.table}, {bracket.source} -> {bracket.target}: {bracket.stage},"
        f" {count(read, 'row')} read, {taken:,} of them taken"
    )


def split_asked_words(outcome: SplitControlOutcome) -> str:
    about = f"split {outcome.job_id}"
    if outcome.approval is not None:
        return f"{about}: its {outcome.approval} is released; the next apply goes on with it"
    who = "the run that drives it" if outcome.is_driven else "the next apply"
    return f"{about}: {outcome.asked} is recorded, and {who} answers it"


def _refused(
    outcome: SplitPlanOutcome | SplitVerifyOutcome | SplitApplyOutcome,
    verdict: str,
    files: SchemaFiles,
) -> Report:
    return Report(
        marker=marker(CHANGE, outcome.keyspace, outcome.environment),
        title=title(Mark.BAD, outcome.keyspace, outcome.environment, verdict),
        blocks=refusals(outcome.refusals, outcome.keyspace, files),
    )


def _verdict(plan: SplitPlan) -> str:
    return f"{moved_tables(plan)}, plan {short_id(plan.plan_id)}"


def _whole(plan: SplitPlan) -> Iterator[Block]:
    core = plan.core
    yield blocks.Facts(facts=(plan_id_fact(plan.plan_id, brief=()), *_kept_facts(core)))
    yield from _items("What it does", tuple(effect_words(core)), _CUT)
    sizes = {size.table: size for size in plan.meta.sizes}
    tables = (f"{table_words(table)}{_size(sizes.get(table.name))}" for table in core.tables)
    yield from _items("Tables", tuple(tables), _CUT)
    yield blocks.Paragraph(text=sentence(" ".join(left_words(core))))
    approvals = tuple(with_commands(approval_words(core, one)) for one in core.approvals)
    yield blocks.Items(title="Approved one by one", items=approvals, cut=_CUT)
    path = split_plan_paths(core.environment, core.keyspace).sql
    yield blocks.Paragraph(
        text=(
            Text(f"Everything {_made(core)}, is in "),
            Name(path),
            Text("."),
        )
    )
    yield from _items("Notes", plan.meta.notes, _NOTES_CUT)


def _kept_facts(core: SplitCore) -> Iterator[Fact]:
    if core.key_function is None:
        yield Fact(label="routes", text=sentence("kept by Vitess, which moves the rows by Reshard"))
        return
    yield Fact(label="routes", text=sentence(f"from version {core.base.version}"))
    yield Fact(label="key function", text=(Name(core.key_function.name),))


def _made(core: SplitCore) -> str:
    if core.is_of_vitess:
        return f"that Vitess is asked, {count(len(core.commands), 'command')}"
    return f"that it makes, {count(len(core.statements), 'definition')}"


def _size(size: TableSize | None) -> str:
    if size is None or size.rows is None:
        return ""
    return f" (about {count(size.rows, 'row')})"


def _items(heading: str, texts: tuple[str, ...], cut: Cut) -> Iterator[Block]:
    if texts:
        items: tuple[Line, ...] = tuple(map(sentence, texts))
        yield blocks.Items(title=heading, items=items, cut=cut)


def _problem(problem: Problem | None) -> tuple[Block, ...]:
    return problems((problem,)) if problem is not None else ()


def _names(shards: tuple[str, ...]) -> str:
    return ", ".join(shards)
