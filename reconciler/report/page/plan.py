"""The section of a plan: what runs on which shards and when, definitions on both sides, a map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import ManagedKind
from reconciler.outcomes.definitions import Wanted
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.outcomes.split import SplitPlanOutcome, SplitVerifyOutcome
from reconciler.plan import words
from reconciler.plan.model import ChangeSet, Plan, PlanCore
from reconciler.report.blocks import Mark
from reconciler.report.document import Report
from reconciler.report.order import sorted_shards
from reconciler.report.page.difference import compared
from reconciler.report.page.limits import LOOKS_OF_SETS
from reconciler.report.page.model import (
    Band,
    Compared,
    Count,
    Fate,
    Grid,
    Look,
    Part,
    Section,
    TableMap,
)
from reconciler.report.page.shards import Told, band, grid_of, range_line
from reconciler.report.page.table_map import table_map
from reconciler.report.refusals import reason_count
from reconciler.report.spans import Line, Name, Text, sentence, with_commands
from reconciler.report.summary import PlanSummary, summarise

_MATCHING = (Look.QUIET, "=", "matches git, nothing runs")
_SHOWN = (VerifyState.VERIFIED, VerifyState.UNPLANNED)
_QUARANTINED = (Look.WAITING, "‖", "in quarantine, left alone")


def plan_section(
    report: Report, outcome: PlanOutcome | SplitPlanOutcome | KeyspaceFailed
) -> Section:
    """Of the split of a shard, and of what failed, all there is to see is in the report."""
    if not isinstance(outcome, PlanOutcome):
        return Section(report=report)
    plan = outcome.plan
    refused = reason_count(outcome.refusals)
    reasons = (
        (
            Count(
                number=refused,
                label="reasons to refuse",
                sign="✗",
                mark=Mark.BAD,
                to=Part.ATTENTION,
            ),
        )
        if refused
        else ()
    )
    if plan is None:
        return Section(report=report, counts=reasons, unchecked=tuple(_nothing_proven()))
    return _pictured(report, plan, outcome.wanted, reasons)


def verify_section(
    report: Report, outcome: VerifyOutcome | SplitVerifyOutcome | KeyspaceFailed
) -> Section:
    """With pictures of the plan where the report shows it."""
    if not isinstance(outcome, VerifyOutcome) or outcome.state not in _SHOWN:
        return Section(report=report)
    if outcome.plan is None:
        return Section(report=report)
    return _pictured(report, outcome.plan, None, ())


def _pictured(
    report: Report, plan: Plan, wanted: Wanted | None, reasons: tuple[Count, ...]
) -> Section:
    core = plan.core
    shards = sorted_shards(core.shards)
    return Section(
        report=report,
        counts=(*reasons, *_counts(summarise(core))),
        grid=_grid(core),
        ranges=tuple(_ranges(found, shards) for found in core.change_sets),
        compared=tuple(_compared(found, wanted) for found in core.change_sets),
        table_map=_map(core, wanted),
        basis=tuple(_basis(plan)),
        unchecked=tuple(_unchecked(core)),
    )


def _ranges(found: ChangeSet, shards: Sequence[str]) -> Line:
    """Where their names do not stand in the title."""
    named = len(found.shards) <= SHARDS_NAMED_MAX or len(found.shards) == len(shards)
    return () if named else range_line(found.shards, shards)


def _counts(summary: PlanSummary) -> Iterator[Count]:
    quiet, good = Mark.QUIET, Mark.GOOD
    yield Count(
        number=summary.changing, label="shards change", sign="▸", mark=Mark.UNDERWAY, to=Part.SHARDS
    )
    yield Count(
        number=summary.matching, label="already match", sign="=", mark=quiet, to=Part.SHARDS
    )
    if summary.quarantined:
        yield Count(
            number=summary.quarantined,
            label="in quarantine",
            sign="‖",
            mark=Mark.CAUTION,
            to=Part.UNCHECKED,
        )
    yield Count(
        number=summary.change_sets, label="change sets", sign="·", mark=quiet, to=Part.CHANGES
    )
    yield Count(
        number=summary.statements, label="statements", sign="·", mark=quiet, to=Part.CHANGES
    )
    if summary.vschema_changes:
        yield Count(
            number=summary.vschema_changes,
            label="VSchema changes",
            sign="·",
            mark=quiet,
            to=Part.CHANGES,
        )
    destructive = len(summary.destructive)
    yield Count(
        number=destructive,
        label="destructive",
        sign="!" if destructive else "✓",
        mark=Mark.CAUTION if destructive else good,
        to=Part.CHANGES,
    )
    if summary.not_allowed:
        yield Count(
            number=len(summary.not_allowed),
            label="not allowed by policy",
            sign="✗",
            mark=Mark.BAD,
            to=Part.CHANGES,
        )


# --- which shards ---


def _grid(core: PlanCore) -> Grid | None:
    cells: dict[str, Told] = dict.fromkeys(core.matching, _MATCHING)
    for number, found in enumerate(core.change_sets, start=1):
        look = Look(f"set-{number}") if number <= LOOKS_OF_SETS else Look.SET_MORE
        told = (look, str(number), f"runs change set {number}")
        cells |= dict.fromkeys(found.shards, told)
    cells |= {one.shard: _QUARANTINED for one in core.quarantine}
    return grid_of("Shards by waves", _bands(core, cells))


def _bands(core: PlanCore, cells: dict[str, Told]) -> Iterator[Band]:
    for number, shards in words.changing_waves(core):
        yield band(f"Wave {number}", words.count(len(shards), "shard"), shards, cells)
    matching = words.count(len(core.matching), "shard")
    yield band("No change", matching, core.matching, cells)
    apart = [one.shard for one in core.quarantine]
    yield band("Quarantine", words.count(len(apart), "shard"), apart, cells)


# --- what becomes of definitions ---


def _compared(found: ChangeSet, wanted: Wanted | None) -> tuple[Compared, ...]:
    """As the shards have it, and as git says it; without git's side there is nothing to compare."""
    if wanted is None:
        return ()
    after = dict(wanted.texts)
    return tuple(
        compared(one.object_id.titled, one.definition, after.get(one.object_id))
        for one in found.touched
        if one.definition != after.get(one.object_id)
    )


def _map(core: PlanCore, wanted: Wanted | None) -> TableMap | None:
    if wanted is None:
        return None
    after = {about for about, _ in wanted.texts}
    looks: dict[str, Fate] = {}
    for found in core.change_sets:
        for one in found.touched:
            if one.object_id.kind is ObjectKind.TABLE:
                looks[one.object_id.name] = _look(one.object_id, one.definition, after)
    return table_map(looks, wanted.links_found, wanted.links)


def _look(about: ObjectId, before: str | None, after: set[ObjectId]) -> Fate:
    if about not in after:
        return Fate.DROPPED
    return Fate.ADDED if before is None else Fate.CHANGED


# --- what it rests on, and what nobody looked at ---


def _basis(plan: Plan) -> Iterator[Line]:
    rules = plan.core.rules
    made = f"made {plan.meta.created_at} by reconciler {plan.meta.tool_version}"
    yield sentence(f"{made}: proven on scratch copies of every distinct state of the shards")
    versions = f"{rules.normalizer}, {rules.renderer} and {rules.hazards}"
    yield sentence(f"rules to compare, to write and to warn, in versions {versions}")


def _unchecked(core: PlanCore) -> Iterator[Line]:
    for one in core.quarantine:
        yield (Text("shard "), Name(one.shard), Text(f", in quarantine until {one.until}"))
    yield from _nothing_proven()
    if patterns := core.policy.ignore_tables:
        named = tuple(span for one in patterns for span in (Text(", "), Name(one)))[1:]
        yield (Text("tables that policy leaves alone: "), *named)
    yield from _kinds(core.policy.manage)


def _kinds(managed: Sequence[ManagedKind]) -> Iterator[Line]:
    if left := [kind.value for kind in ManagedKind if kind not in managed]:
        yield sentence(f"kinds that the spec does not manage: {', '.join(left)}")


def _nothing_proven() -> Iterator[Line]:
    yield with_commands(
        "rows: a plan reads none; `reconciler verify` asks them where the spec says so"
    )
