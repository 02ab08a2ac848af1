"""What ledgers say of keyspaces, for verbs that show it: the latest apply, or all of the past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reconciler.cli.wire import Worlds
from reconciler.drive.status import current_apply, left_alone, past_applies, whole_apply
from reconciler.edges.files.history import GitHistory
from reconciler.flows.applied_plan import AppliedPlans
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.learned import with_time_left
from reconciler.flows.split.status import current_split, past_splits
from reconciler.flows.turns import Records, turn_of
from reconciler.ledger.model import Forgotten
from reconciler.outcomes.apply import ApplyStatus, LeftAlone, StatusOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitStatus
from reconciler.outcomes.turns import Turn
from reconciler.ports.ledger import Ledger
from reconciler.reshard.phases import Phase
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSplits:
    """Which of the splits that ended are listed."""

    phase: Phase | None = None
    before: int | None = None


Seen = ApplyStatus | SplitStatus | LeftAlone | Turn | Forgotten


def status_outcome(
    found: Sequence[tuple[Seen, ...] | KeyspaceFailed],
    environment: str,
    now_s: float,
    *,
    is_history: bool = False,
) -> StatusOutcome:
    seen = [one for entry in found if isinstance(entry, tuple) for one in entry]
    return StatusOutcome(
        environment=environment,
        applies=tuple(one for one in seen if isinstance(one, ApplyStatus)),
        splits=tuple(one for one in seen if isinstance(one, SplitStatus)),
        left_alone=tuple(one for one in seen if isinstance(one, LeftAlone)),
        turns=tuple(one for one in seen if isinstance(one, Turn)),
        forgotten=tuple(one for one in seen if isinstance(one, Forgotten)),
        failed=tuple(one for one in found if isinstance(one, KeyspaceFailed)),
        now_s=now_s,
        is_history=is_history,
    )


def look(
    loaded: Loaded,
    environment: str,
    keyspaces: tuple[str, ...],
    worlds: Worlds,
    now_s: float,
    gate: Callable[[DesiredFiles, Environment], None],
    *,
    plans: AppliedPlans,
    past: EndedSplits | None,
    apply_id: int | None = None,
    region: str | None,
) -> list[tuple[Seen, ...] | KeyspaceFailed]:
    """What is now, or the `past`, or one apply as a whole."""
    records = records_of(loaded, worlds, now_s, gate)

    def work(files: DesiredFiles, chosen: Environment) -> tuple[Seen, ...]:
        gate(files, chosen)
        if apply_id is not None:
            return _whole(worlds, files, chosen, apply_id, now_s)
        if past is not None:
            return seen_of_the_past(worlds, files, chosen, past)
        return seen_now(worlds, records, plans, files, chosen)

    return loaded.each(environment, keyspaces, work, region=region)


def records_of(
    loaded: Loaded,
    worlds: Worlds,
    now_s: float,
    gate: Callable[[DesiredFiles, Environment], None],
) -> Records:
    """All ledgers that could say whose turn it is, each behind its gate."""

    def ledger_of(files: DesiredFiles, chosen: Environment) -> Ledger:
        gate(files, chosen)
        return worlds.ledger_of(chosen)

    return Records(loaded=loaded.keyspaces, tree=loaded.tree, ledger_of=ledger_of, now_s=now_s)


def plans_at(loaded: Loaded, repo: Path) -> AppliedPlans:
    """From the files at hand, or else from the commit that an apply runs."""
    history = cache(lambda: GitHistory(repo, None))
    return AppliedPlans(lambda _commit: loaded.tree, lambda commit: history().tree(commit))


def seen_of_the_past(
    worlds: Worlds, files: DesiredFiles, chosen: Environment, past: EndedSplits
) -> tuple[Seen, ...]:
    ledger, keyspace = worlds.ledger_of(chosen), files.spec.keyspace
    jobs = worlds.split_record_of(chosen)
    ended = past_splits(jobs, chosen.name, keyspace, phase=past.phase, before=past.before)
    applies = (
        past_applies(ledger, chosen.name, keyspace, region=part) for part in parts_of(chosen)
    )
    return (*ended, *(found for one in applies for found in one), *gone(ledger, files, chosen))


def gone(ledger: Ledger, files: DesiredFiles, chosen: Environment) -> tuple[Forgotten, ...]:
    """What the ledger knows no more of the keyspace."""
    found = ledger.forgotten(chosen.name, files.spec.keyspace)
    return (found,) if found is not None else ()


def seen_now(
    worlds: Worlds,
    records: Records,
    plans: AppliedPlans,
    files: DesiredFiles,
    chosen: Environment,
) -> tuple[Seen, ...]:
    ledger, keyspace = worlds.ledger_of(chosen), files.spec.keyspace
    jobs = worlds.split_record_of(chosen)
    split = current_split(jobs, chosen.name, keyspace, tree=records.tree)
    now_s = records.now_s
    found = (_current(ledger, chosen, keyspace, part, now_s) for part in parts_of(chosen))
    current = (plans.with_plan(one, chosen) for one in found if one is not None)
    told = (left_alone(chosen, keyspace), turn_of(records, files, chosen), split, *current)
    return tuple(one for one in told if one is not None)


def _whole(
    worlds: Worlds, files: DesiredFiles, chosen: Environment, apply_id: int, now_s: float
) -> tuple[Seen, ...]:
    ledger = worlds.ledger_of(chosen)
    found = whole_apply(
        ledger,
        chosen.name,
        files.spec.keyspace,
        apply_id,
        now_s=now_s,
        keep_old_s=chosen.engine.keep_old_s,
    )
    if found is None:
        return gone(ledger, files, chosen)
    return (with_time_left(found, ledger, now_s=now_s),)


def parts_of(environment: Environment) -> tuple[str, ...]:
    """Whose applies a ledger may have: all shards', and those of each region that it serves."""
    if environment.region is not None:
        return (environment.region,)
    resting = {found.region for found in environment.quarantined if found.region}
    return ("", *sorted(resting | {region.name for region in environment.regions}))


def _current(
    ledger: Ledger, environment: Environment, keyspace: str, region: str, now_s: float
) -> ApplyStatus | None:
    found = current_apply(
        ledger,
        environment.name,
        keyspace,
        now_s=now_s,
        keep_old_s=environment.engine.keep_old_s,
        region=region,
    )
    return with_time_left(found, ledger, now_s=now_s) if found is not None else None
