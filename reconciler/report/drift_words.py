"""What drift reports say in every format: ten words, ten marks, none of them shared (RP-8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.fleet import key_order
from reconciler.model.object_id import ObjectKind
from reconciler.model.shadow_tables import ShadowGroup, ShadowMark, is_trigger_named, shadow_kind
from reconciler.outcomes.drift import (
    DriftGroup,
    DriftOutcome,
    ShardMark,
    TableDifference,
    VSchemaDrift,
)
from reconciler.plan import words
from reconciler.plan.vschema_words import change_words
from reconciler.report.limits import VSCHEMA_CHANGES_NAMED_MAX
from reconciler.report.next_steps import command
from reconciler.report.order import sorted_shards
from reconciler.report.summary import short_id
from reconciler.report.times import moment

MARKS = {
    ShardMark.DRIFTED: "≠",
    ShardMark.UNREACHABLE: "?",
    ShardMark.PENDING_APPLY: ">",
    ShardMark.QUARANTINED: "‖",
    ShardMark.MATCHING: "=",
    ShardMark.UNMANAGED: "·",
}

MEANINGS = {
    ShardMark.DRIFTED: "live differs from git, and no merged plan explains it",
    ShardMark.UNREACHABLE: "could not be observed: not known to match",
    ShardMark.PENDING_APPLY: "a merged plan has not run to its end here",
    ShardMark.QUARANTINED: "left alone by the spec: nobody looked at it",
    ShardMark.MATCHING: "live is what git says",
    ShardMark.UNMANAGED: "on live, and left alone by policy",
}

# Of tables that go by an engine's name; worst first.
SHADOW_MARKS = {
    ShadowMark.FOREIGN: "!",
    ShadowMark.LEFTOVER: "◆",
    ShadowMark.IN_PROGRESS: "~",
    ShadowMark.KEPT: "◇",
}

SHADOW_MEANINGS = {
    ShadowMark.FOREIGN: "on live under an engine's name, and nobody's that the ledger knows",
    ShadowMark.LEFTOVER: "left on live by an engine whose work has ended",
    ShadowMark.IN_PROGRESS: "in the hands of an apply",
    ShadowMark.KEPT: "the table as it was, kept as a way back",
}

# Worst first: what needs a person stands on top.
_ORDER = tuple(MARKS)


def sorted_groups(groups: Iterable[DriftGroup]) -> tuple[DriftGroup, ...]:
    def key(group: DriftGroup) -> tuple[object, ...]:
        first = [key_order(shard) for shard in sorted_shards(group.shards)]
        return (_ORDER.index(group.mark), first, group.reason)

    return tuple(sorted(groups, key=key))


def sorted_differences(group: DriftGroup) -> tuple[TableDifference, ...]:
    return tuple(sorted(group.differences, key=lambda found: (found.object_id, found.what)))


def since(group: DriftGroup) -> str:
    """As far as anybody knows."""
    if group.left is None:
        return ""
    done = f"apply {group.left.apply_id} was done there, {moment(group.left.at_s)}"
    return f"differs from git since some time after {done}"


def shards_total(outcome: DriftOutcome) -> int:
    """Each shard once: the unmanaged are tables of shards that stand in another group."""
    names = {
        shard
        for group in outcome.groups
        if group.mark is not ShardMark.UNMANAGED
        for shard in group.shards
    }
    return len(names | {refusal.shard for refusal in outcome.refusals if refusal.shard})


def marks_of(outcome: DriftOutcome) -> set[ShardMark]:
    """Of every shard, and of the VSchema where there is one."""
    of_keyspace = {outcome.vschema.mark} if outcome.vschema is not None else set()
    return {group.mark for group in outcome.groups} | of_keyspace


def is_clean(outcome: DriftOutcome) -> bool:
    fine = {ShardMark.MATCHING, ShardMark.QUARANTINED, ShardMark.UNMANAGED}
    is_fine = marks_of(outcome) <= fine
    return is_fine and not outcome.refusals and not outcome.untidy


def verdict(outcome: DriftOutcome) -> str:
    """'1 of 4 shards drifted, 1 unreachable' or 'in sync, 4 of 4 shards match git'."""
    total = words.count(shards_total(outcome), "shard")
    bad = (ShardMark.DRIFTED, ShardMark.UNREACHABLE, ShardMark.PENDING_APPLY)
    counts = [(_count(outcome, mark), mark) for mark in bad]
    parts = [f"{number:,} {mark}" for number, mark in counts if number]
    besides = [*_vschema(outcome), *_untidy(outcome)]
    left_alone = _count(outcome, ShardMark.QUARANTINED)
    aside = [f"{left_alone:,} in quarantine"] if left_alone else []
    if outcome.refusals:
        refused = f"refused for {words.count(len(outcome.refusals), 'reason')}"
        return ", ".join([refused, *parts, *besides, *aside])
    if not parts and not besides:
        matching = _count(outcome, ShardMark.MATCHING)
        verb = "matches" if matching == 1 and outcome.vschema is None else "match"
        and_it = " and the VSchema" if outcome.vschema is not None else ""
        return ", ".join([f"in sync, {matching:,} of {total}{and_it} {verb} git", *aside])
    if not parts:
        drifted = f"0 of {total} drifted"
        return ", ".join([*_vschema(outcome), drifted, *_untidy(outcome), *aside])
    first, *more = parts
    number, mark = first.split(" ", 1)
    return ", ".join([f"{number} of {total} {mark}", *more, *besides, *aside])


def to_be_as_git_says(found: VSchemaDrift) -> str:
    """What would have to change, by name; the difference beside it has all of it."""
    named = [change_words(change) for change in found.changes[:VSCHEMA_CHANGES_NAMED_MAX]]
    more = len(found.changes) - len(named)
    said = "; ".join([*named, *([f"{words.count(more, 'more change')}"] if more > 0 else [])])
    return f"to be as git says: {said}" if said else ""


def _vschema(outcome: DriftOutcome) -> Iterator[str]:
    found = outcome.vschema
    if found is not None and found.mark is not ShardMark.MATCHING:
        yield f"VSchema {found.mark}"


def _untidy(outcome: DriftOutcome) -> Iterator[str]:
    for mark in SHADOW_MARKS:
        names = {group.name for group in outcome.untidy if group.mark is mark}
        for kind in (ObjectKind.TABLE, ObjectKind.TRIGGER):
            number = sum(shadow_kind(name) is kind for name in names)
            if number:
                yield words.count(number, f"{mark} {kind}")


def next_steps(outcome: DriftOutcome) -> tuple[str, ...]:
    """What can be done about it; nothing is done by itself."""

    def run(verb: str, *options: str) -> str:
        return f"`{command(verb, outcome.keyspace, outcome.environment, *options)}`"

    steps = []
    of_vschema = outcome.vschema.mark if outcome.vschema is not None else None
    if _count(outcome, ShardMark.DRIFTED) or of_vschema is ShardMark.DRIFTED:
        steps.append(
            f"to bring live back to git: {run('plan', '--write')}, have the plan reviewed, then"
            " apply it"
        )
    if of_vschema is ShardMark.DRIFTED:
        steps.append(
            f"to make the VSchema that Vitess has the wanted one: {run('pull')}, and commit it"
        )
    if _count(outcome, ShardMark.DRIFTED):
        steps.append(
            _unsayable(outcome)
            or f"to make {_model(outcome)} the wanted one: {run('pull', *_from(outcome))}, and"
            f" commit the files it changes{_lost_by_adopting(outcome)}"
        )
    if _count(outcome, ShardMark.PENDING_APPLY) or of_vschema is ShardMark.PENDING_APPLY:
        plan = f" {short_id(outcome.pending_plan_id)}" if outcome.pending_plan_id else ""
        steps.append(
            f"to see where plan{plan} stands: {run('status')}; to run the rest: {run('apply')}"
        )
    left = [group for group in outcome.untidy if group.mark is ShadowMark.LEFTOVER]
    triggers = [group for group in left if is_trigger_named(group.name)]
    if triggers:
        steps.append(_triggers_first(triggers))
    if len(left) > len(triggers):
        steps.append(
            f"to remove the leftover tables: {run('clean', '--write')}, have the plan reviewed,"
            " then apply it"
        )
    if any(group.mark is ShadowMark.FOREIGN for group in outcome.untidy):
        steps.append(
            "see whose the foreign ones are; drop or rename them, or leave them alone with"
            " `policy.ignore_tables`"
        )
    if _count(outcome, ShardMark.UNREACHABLE):
        steps.append(f"once every shard can be seen: {run('drift')} again")
    return tuple(steps)


def _triggers_first(left: Iterable[ShadowGroup]) -> str:
    """No plan drops a trigger: it is no table, and goes with no statement of one."""
    named = ", ".join(group.name for group in left)
    tables = ", ".join(sorted({group.table for group in left}))
    return (
        f"drop the leftover triggers of {tables} by hand on their shards ({named}), or apply the"
        " same change by the same engine, which takes all of it away: while a trigger is there, the"
        " table that it writes into stays, or every write would fail"
    )


def _model(outcome: DriftOutcome) -> str:
    if _are_unlike(outcome):
        return "the state of one of them"
    option = _from(outcome)
    return f"the state of shard {option[1]}" if option else "live's state"


def _are_unlike(outcome: DriftOutcome) -> bool:
    """Where shards have drifted each in its own way, nobody but a person says which is meant."""
    return sum(group.mark is ShardMark.DRIFTED for group in outcome.groups) > 1


def _lost_by_adopting(outcome: DriftOutcome) -> str:
    found = [] if _are_unlike(outcome) else sorted_differences(_drifted(outcome))
    gone = list(dict.fromkeys(str(one.object_id) for one in found if one.live is None and one.git))
    return f", which take {' and '.join(gone)} out of git" if gone else ""


def _unsayable(outcome: DriftOutcome) -> str:
    """Where `pull` would write files that still differ; empty where it would not."""
    columns = [
        f"{found.object_id.name}.{column}"
        for found in sorted_differences(_drifted(outcome))
        for column in found.without_default
    ]
    if not columns:
        return ""
    return (
        f"no file can say what live is: no CREATE TABLE makes {', '.join(columns)} without any"
        " default; give it one, or write it NOT NULL"
    )


def _drifted(outcome: DriftOutcome) -> DriftGroup:
    """The first group that has drifted."""
    return next(g for g in sorted_groups(outcome.groups) if g.mark is ShardMark.DRIFTED)


def _from(outcome: DriftOutcome) -> tuple[str, ...]:
    """By itself `pull` takes what most shards have, which is seldom what one shard drifted to."""
    if _are_unlike(outcome):
        return ("--from", "SHARD")
    drifted = _drifted(outcome)
    if len(drifted.shards) == shards_total(outcome):
        return ()
    return ("--from", sorted_shards(drifted.shards)[0])


def shards_of(group: DriftGroup, total: int) -> str:
    return words.shard_set(sorted_shards(group.shards), total)


def _count(outcome: DriftOutcome, mark: ShardMark) -> int:
    return sum(len(group.shards) for group in outcome.groups if group.mark is mark)
