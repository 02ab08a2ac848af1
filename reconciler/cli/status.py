"""`reconciler status`: what the ledger says, from any process and at any time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.presenting import exit_with, presentation, style_for
from reconciler.cli.run import load
from reconciler.cli.streams import clear_screen, remark, show, write_file
from reconciler.cli.wire import Worlds
from reconciler.drive.status import current_apply, left_alone, past_applies
from reconciler.flows.keyspaces import Loaded, choose_environment
from reconciler.flows.split.status import current_split, past_splits
from reconciler.flows.turns import Records, turn_of
from reconciler.outcomes.apply import ApplyStatus, LeftAlone, StatusOutcome
from reconciler.outcomes.ends import failed_code
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitStatus
from reconciler.outcomes.turns import Turn
from reconciler.ports.ledger import Ledger
from reconciler.report.compose.opening import failures_document
from reconciler.report.render import status_report
from reconciler.report.split_metrics import split_metrics
from reconciler.report.write.text import write_text
from reconciler.reshard.phases import Phase
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSplits:
    """Which of the splits that ended are listed."""

    phase: Phase | None = None
    before: int | None = None


_Seen = ApplyStatus | SplitStatus | LeftAlone | Turn

# How often `status --watch` looks again.
_STATUS_WATCH_S = 1.0


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.region
@options.ledger_review
@options.protected_branch
@click.option("--watch", is_flag=True, help="Look again every second until nothing runs any more.")
@click.option("--history", is_flag=True, help="List past applies, the newest first.")
@click.option(
    "--split-end",
    type=click.Choice(["done", "abandoned"]),
    help="With --history: only splits that ended so.",
)
@click.option(
    "--before-split",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --history: only splits before number N, where an earlier page ended.",
)
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write metrics of live splits to this file, in Prometheus' text format.",
)
@options.output("text", "json", "markdown", "html")
def status(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    review: str,
    protected_branch: str | None,
    watch: bool,
    history: bool,
    split_end: str | None,
    before_split: int | None,
    metrics: Path | None,
    output: str,
) -> None:
    """Show the latest apply of each keyspace, its waves, its shards, what runs and what waits, the
    split of a shard that is live, the shards in quarantine, and whose turn it is where keyspaces or
    deployments come one after the other.

    It reads the spec and the ledger; `reconciler drift` looks at the shards.
    """
    if not history and (split_end or before_split):
        raise click.UsageError("--split-end and --before-split are for --history")
    ended = EndedSplits(phase=Phase(split_end) if split_end else None, before=before_split)
    loaded = load(repo, None)
    chosen = choose_environment(loaded.keyspaces, environment)
    how = presentation(output)
    gate = ledger_gate_of(repo, review, protected_branch)
    with Worlds(loaded.root) as worlds:
        while True:
            now_s = time.time()
            past = ended if history else None
            found = _look(loaded, chosen, keyspaces, worlds, now_s, gate, past=past, region=region)
            failed = [entry for entry in found if isinstance(entry, KeyspaceFailed)]
            seen = [one for entry in found if isinstance(entry, tuple) for one in entry]
            applies = tuple(one for one in seen if isinstance(one, ApplyStatus))
            splits = tuple(one for one in seen if isinstance(one, SplitStatus))
            outcome = StatusOutcome(
                environment=chosen,
                applies=applies,
                splits=splits,
                left_alone=tuple(one for one in seen if isinstance(one, LeftAlone)),
                turns=tuple(one for one in seen if isinstance(one, Turn)),
                now_s=now_s,
                is_history=history,
            )
            if watch and how.style.colour:
                clear_screen()
            show(status_report(outcome, how))
            if metrics is not None:
                write_file(metrics, split_metrics(splits, now_s=now_s))
            _show_failed(failed)
            is_driven = any(apply.holder for apply in applies)
            if not watch or not (is_driven or any(split.job.holder for split in splits)):
                break
            time.sleep(_STATUS_WATCH_S)
    exit_with(failed_code(entry) for entry in failed)


def _look(
    loaded: Loaded,
    environment: str,
    keyspaces: tuple[str, ...],
    worlds: Worlds,
    now_s: float,
    gate: Callable[[DesiredFiles, Environment], None],
    *,
    past: EndedSplits | None,
    region: str | None,
) -> list[tuple[_Seen, ...] | KeyspaceFailed]:
    def ledger_of(files: DesiredFiles, chosen: Environment) -> Ledger:
        gate(files, chosen)
        return worlds.ledger_of(chosen)

    records = Records(loaded=loaded.keyspaces, tree=loaded.tree, ledger_of=ledger_of, now_s=now_s)

    def work(files: DesiredFiles, chosen: Environment) -> tuple[_Seen, ...]:
        gate(files, chosen)
        ledger, keyspace = worlds.ledger_of(chosen), files.spec.keyspace
        jobs, parts = worlds.split_record_of(chosen), _parts(chosen)
        if past is not None:
            ended = past_splits(jobs, chosen.name, keyspace, phase=past.phase, before=past.before)
            applies = (past_applies(ledger, chosen.name, keyspace, region=part) for part in parts)
            return (*ended, *(found for one in applies for found in one))
        split = current_split(jobs, chosen.name, keyspace, tree=loaded.tree)
        current = (_current(ledger, chosen, keyspace, part, now_s) for part in parts)
        turn = turn_of(records, files, chosen)
        told = (left_alone(chosen, keyspace), turn, split, *current)
        return tuple(one for one in told if one is not None)

    return loaded.each(environment, keyspaces, work, region=region)


def _parts(environment: Environment) -> tuple[str, ...]:
    """Whose applies a ledger may have: all shards', and those of each region that it serves."""
    if environment.region is not None:
        return (environment.region,)
    resting = {found.region for found in environment.quarantined if found.region}
    return ("", *sorted(resting | {region.name for region in environment.regions}))


def _current(
    ledger: Ledger, environment: Environment, keyspace: str, region: str, now_s: float
) -> ApplyStatus | None:
    return current_apply(
        ledger,
        environment.name,
        keyspace,
        now_s=now_s,
        keep_old_s=environment.engine.keep_old_s,
        region=region,
    )


def _show_failed(failed: list[KeyspaceFailed]) -> None:
    if failed:
        told = write_text(failures_document(failed), style_for(sys.stderr))
        remark(told.rstrip("\n"))
