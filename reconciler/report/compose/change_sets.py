"""The change sets of a plan: at a glance, statement by statement, and what proves them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.model.object_id import ObjectId
from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan import words
from reconciler.plan.model import ChangeSet, Plan, PlanCore, PlannedStatement
from reconciler.plan.permission import permission_of
from reconciler.plan.visible import hidden_in_sql
from reconciler.report import blocks
from reconciler.report.blocks import Block, Cut, Detail
from reconciler.report.compose.reasons import defined_at
from reconciler.report.compose.shards import name_list, shard_set
from reconciler.report.findings import SchemaFiles
from reconciler.report.spans import Line, Name, Text, sentence, with_commands
from reconciler.report.summary import rows_of

_NAMES_MAX = 6

_ON_NEW = "the table is new and holds no row then, nothing waits"
_COSTS_OF_ROWS = {HazardKind.BLOCKS_WRITES, HazardKind.REBUILDS, HazardKind.MAY_FAIL_ON_ROWS}


def overview(core: PlanCore) -> Block:
    rows = tuple(
        (
            sentence(str(number)),
            sentence(words.class_name(_worst(change_set))),
            sentence(_destructive_count(change_set)),
            shard_set(change_set.shards, len(core.shards)),
            sentence(str(len(change_set.statements))),
            _tables(change_set),
        )
        for number, change_set in enumerate(core.change_sets, start=1)
    )
    header = ("Set", "Worst class", "Destructive", "Shards", "Statements", "Tables")
    left_out = sentence("The table of change sets is left out here.")
    return blocks.OnPage(
        block=blocks.Table(header=header, rows=rows, more="change sets"),
        cut=Cut(detail=Detail.OVERVIEW, instead=left_out),
    )


def _worst(change_set: ChangeSet) -> PlannedStatement:
    new = words.on_new_tables(change_set.statements)
    statements = enumerate(change_set.statements)
    return max(statements, key=lambda one: -1 if one[0] in new else words.severity(one[1]))[1]


def _destructive_count(change_set: ChangeSet) -> str:
    found = {
        (statement.object_id, hazard.kind, hazard.object)
        for statement in change_set.statements
        for hazard in statement.hazards
        if words.is_destructive(hazard)
    }
    return str(len(found)) if found else "none"


def _tables(change_set: ChangeSet) -> Line:
    tables = list(dict.fromkeys(str(statement.object_id) for statement in change_set.statements))
    more = len(tables) - _NAMES_MAX
    rest = (Text(f" and {more} more"),) if more > 0 else ()
    return (*name_list(tables[:_NAMES_MAX]), *rest)


def change_set_block(
    plan: Plan, change_set: ChangeSet, number: int, files: SchemaFiles, *, states: str = ""
) -> Block:
    core = plan.core
    which = shard_set(change_set.shards, len(core.shards))
    new = words.on_new_tables(change_set.statements)
    left_out = with_commands(
        "The SQL of some change sets is left out here; the `.plan.sql` file has it all."
    )
    return blocks.Statements(
        title=(Text(f"Change set {number} of {len(core.change_sets)}: "), *which),
        statements=tuple(
            _statement(plan, statement, (number, position), files, on_new=position - 1 in new)
            for position, statement in enumerate(change_set.statements, start=1)
        ),
        cut=Cut(detail=Detail.STATEMENT, instead=left_out),
        dangers_cut=Cut(detail=Detail.REASON, instead=sentence("Some dangers are left out here.")),
        states=sentence(states),
    )


def _statement(
    plan: Plan,
    statement: PlannedStatement,
    number: tuple[int, int],
    files: SchemaFiles,
    *,
    on_new: bool,
) -> blocks.Statement:
    remarks = list(words.session_words(statement))
    if statement.row_ceiling is not None and not on_new:
        remarks.insert(0, f"refused where the table has over {statement.row_ceiling:,} rows")
    return blocks.Statement(
        number=".".join(map(str, number)),
        table=str(statement.object_id),
        rows=rows_of(plan, number[0], statement.object_id.name),
        sql=statement.sql,
        class_name=words.class_name(statement),
        effect=_ON_NEW if on_new else words.class_effect(statement),
        felt=words.is_felt(statement) and not on_new,
        remarks=tuple(remarks),
        hidden=hidden_in_sql(statement.sql),
        dangers=tuple(
            _danger(plan.core, statement.object_id, hazard, files)
            for hazard in statement.hazards
            if hazard.needs_permission or not on_new or hazard.kind not in _COSTS_OF_ROWS
        ),
    )


def _danger(
    core: PlanCore, object_id: ObjectId, hazard: Hazard, files: SchemaFiles
) -> blocks.Danger:
    needed = hazard.needs_permission
    allow = permission_of(object_id, hazard, core.policy.allow) if needed else None
    return blocks.Danger(
        kind=hazard.kind,
        table=str(object_id),
        object=None if hazard.object == object_id.name else hazard.object,
        reason=hazard.reason,
        needs_permission=needed,
        allowed=allow.reason if allow else None,
        defined=defined_at(files, core.keyspace, object_id.name, hazard.object),
    )


def wide_sets(core: PlanCore) -> Iterator[Block]:
    """By name what the titles of wide change sets only count."""
    counted = tuple(
        (Text(f"change set {number}: "), *name_list(change_set.shards))
        for number, change_set in enumerate(core.change_sets, start=1)
        if SHARDS_NAMED_MAX < len(change_set.shards) < len(core.shards)
    )
    if counted:
        left_out = with_commands(
            "The shards of wide change sets are left out here; the `.plan.sql` has them all."
        )
        yield blocks.Fold(
            title="Which shards",
            blocks=(blocks.Items(items=counted),),
            cut=Cut(detail=Detail.OVERVIEW, instead=left_out),
        )


def fingerprints(plan: Plan) -> Block:
    core = plan.core
    rows = tuple(
        (sentence(str(number)), (Name(change_set.before),), (Name(change_set.after),))
        for number, change_set in enumerate(core.change_sets, start=1)
    )
    sets = blocks.Table(header=("Set", "Before", "After"), rows=rows, more="change sets")
    digests = tuple((Name(one.path), Text(": "), Name(one.sha256)) for one in core.inputs)
    return blocks.Fold(
        title="Fingerprints",
        blocks=(
            *((sets,) if rows else ()),
            blocks.Items(title="Made from", items=digests),
            blocks.Paragraph(text=(Text("Server: "), Name(core.server))),
        ),
        cut=Cut(detail=Detail.PROOF),
    )
