"""The `.plan.sql` beside a plan: its statements as SQL that a person reads and a diff view shows.

The plan is bound to it by its digest (PL-11), and nothing of it is ever executed. Every statement
stands in it exactly as it will run, with characters that hide escaped so that they can be had back;
all other lines are remarks, in the words of the version that made the plan, and text from outside
cannot leave its line (RP-6).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.model.object_id import ObjectId
from reconciler.model.policy import Hazard, Policy
from reconciler.plan import words
from reconciler.plan.mixed_window import mixed_windows
from reconciler.plan.model import CarriedOut, ChangeSet, Moment, PlanCore, PlannedStatement
from reconciler.plan.permission import permission_of
from reconciler.plan.remarks import remark, shown_statement, shows_in_order
from reconciler.plan.visible import hidden_in_sql, visible_line
from reconciler.plan.vschema_words import change_words, differing_lines, moment_words
from reconciler.plan.window_words import ADVICE, window_words

_WIDTH_CHARS = 100


def render_readable_sql(core: PlanCore) -> str:
    """The whole file. `core.words` is not read: it has the digest of what is returned."""
    lines = [*_heading(core), *_vschema(core, Moment.FIRST)]
    for number, change_set in enumerate(core.change_sets, start=1):
        lines += ["", *_change_set(core, change_set, number)]
    lines += _vschema(core, Moment.LAST)
    return "\n".join(lines) + "\n"


def shows_statements(text: str, core: PlanCore) -> bool:
    """Whether a readable file, of whatever version, is the core's statements, each exactly and in
    order, with nothing between them but remarks that hide nothing."""
    planned = words.planned_statements(core)
    return shows_in_order(text, (statement.sql for _, statement in planned))


def _heading(core: PlanCore) -> Iterator[str]:
    total = len(core.shards)
    changing = sum(len(change_set.shards) for change_set in core.change_sets)
    yield remark(f"Plan for keyspace {core.keyspace} in {core.environment} ({core.server})")
    yield "-- For reading. Apply derives the statements again and runs them only if both are equal."
    yield "--"
    for step in core.vschema:
        yield remark(f"The VSchema changes {moment_words(step.moment)}.")
    if core.carried_out is CarriedOut.BY_DEPLOY_REQUEST and core.change_sets:
        yield remark("PlanetScale carries all of it out as one deploy request, on every shard.")
    for left_alone in core.quarantine:
        yield remark(f"In quarantine, and left alone: shard {left_alone}.")
    if not core.change_sets:
        nothing = "Nothing to do" if core.is_empty else "No statements"
        yield remark(f"{nothing}: {words.count(total, 'shard')} already match.")
        return
    sets = words.count(len(core.change_sets), "change set")
    verb = "changes" if changing == 1 else "change"
    yield remark(f"{changing:,} of {words.count(total, 'shard')} {verb}, in {sets}.")
    for one in core.cleans:
        yield remark(f"Removes {one.name}, which {words.leftover_words(one)}.")
    if core.matching:
        yield from _shard_list("Already matching:", core.matching)
    for number, shards in words.changing_waves(core):
        label = f"Wave {number} of {len(core.waves)}:"
        yield from _shard_list(label if shards else f"{label} nothing to do", shards)
    if windows := mixed_windows(core):
        yield "--"
        yield remark(ADVICE)
        for window in windows:
            yield remark(f"    {window.table}: {window_words(window, core)}")


def _vschema(core: PlanCore, moment: Moment) -> Iterator[str]:
    """The step of this moment, if there is one: in words, with its dangers, and as a difference of
    its canonical text. There is no statement in it, only remarks."""
    step = core.vschema_step(moment)
    if step is None:
        return
    yield ""
    yield "-- " + "=" * 76
    yield remark(f"VSchema, {moment_words(step.moment)}")
    yield remark(f"before {step.before}")
    yield remark(f"after  {step.after}")
    for change in step.changes:
        yield "--"
        yield remark(change_words(change))
        for hazard in change.hazards:
            yield from _hazard(hazard, change.object_id, core.policy)
    yield "--"
    yield from (remark(f"  {line}") for line in differing_lines(step.found, step.document))


def _change_set(core: PlanCore, change_set: ChangeSet, number: int) -> Iterator[str]:
    which = words.shard_set(change_set.shards, len(core.shards))
    yield "-- " + "=" * 76
    yield remark(f"Change set {number} of {len(core.change_sets)}: {which}")
    if len(change_set.shards) > SHARDS_NAMED_MAX and len(change_set.shards) < len(core.shards):
        yield from _shard_list("", change_set.shards)
    yield remark(f"before {change_set.before}")
    yield remark(f"after  {change_set.after}")
    for position, statement in enumerate(change_set.statements, start=1):
        yield ""
        yield from _statement(statement, f"{number}.{position}", core.policy)


def _statement(statement: PlannedStatement, number: str, policy: Policy) -> Iterator[str]:
    name, effect = words.class_name(statement), words.class_effect(statement)
    yield remark(f"{number} {statement.object_id}: {name}, {effect}")
    if statement.row_ceiling is not None:
        yield remark(f"    refused where the table holds more than {statement.row_ceiling:,} rows")
    yield from (f"--     {said}" for said in words.session_words(statement))
    for hazard in statement.hazards:
        yield from _hazard(hazard, statement.object_id, policy)
    if found := hidden_in_sql(statement.sql):
        codes = ", ".join(found)
        yield remark(f"    CAUTION: hidden characters in this statement, in ⟦brackets⟧: {codes}")
    yield shown_statement(statement.sql)


def _hazard(hazard: Hazard, object_id: ObjectId, policy: Policy) -> Iterator[str]:
    yield remark(f"    hazard {hazard.kind} ({hazard.object}): {hazard.reason}")
    if not hazard.needs_permission:
        return
    allow = permission_of(object_id, hazard, policy.allow)
    yield remark(f"        allowed: {allow.reason}" if allow else "        NOT ALLOWED by policy")


def _shard_list(label: str, shards: tuple[str, ...]) -> Iterator[str]:
    text = visible_line(f"{label} {', '.join(shards)}".strip())
    yield from textwrap.wrap(
        text,
        _WIDTH_CHARS,
        initial_indent="-- ",
        subsequent_indent="--     ",
        break_on_hyphens=False,
        break_long_words=False,
    )
