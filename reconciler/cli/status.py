"""`reconciler status`: what the ledger says, from any process and at any time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.presenting import exit_with, presentation, style_for
from reconciler.cli.run import load
from reconciler.cli.streams import clear_screen, remark, show
from reconciler.cli.wire import Worlds
from reconciler.drive.status import current_apply, past_applies
from reconciler.flows.keyspaces import Loaded, choose_environment
from reconciler.flows.split.status import current_split, past_splits
from reconciler.outcomes.apply import ApplyStatus, StatusOutcome
from reconciler.outcomes.ends import failed_code
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitStatus
from reconciler.ports.ledger import Ledger
from reconciler.report.compose.opening import failures_document
from reconciler.report.render import status_report
from reconciler.report.write.text import write_text
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

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
@options.output("text", "json", "markdown")
def status(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    review: str,
    protected_branch: str | None,
    watch: bool,
    history: bool,
    output: str,
) -> None:
    """Show the latest apply of each keyspace, its waves, its shards, what runs and what waits, and
    the split of a shard that is live.

    It reads the ledger alone; `reconciler drift` looks at the shards.
    """
    loaded = load(repo, None)
    chosen = choose_environment(loaded.keyspaces, environment)
    how = presentation(output)
    gate = ledger_gate_of(repo, review, protected_branch)
    with Worlds(loaded.root) as worlds:
        while True:
            now_s = time.time()
            found = _look(
                loaded, chosen, keyspaces, worlds, now_s, gate, history=history, region=region
            )
            failed = [entry for entry in found if isinstance(entry, KeyspaceFailed)]
            seen = [one for entry in found if isinstance(entry, tuple) for one in entry]
            applies = tuple(one for one in seen if isinstance(one, ApplyStatus))
            splits = tuple(one for one in seen if isinstance(one, SplitStatus))
            outcome = StatusOutcome(environment=chosen, applies=applies, splits=splits, now_s=now_s)
            if watch and how.style.colour:
                clear_screen()
            show(status_report(outcome, how))
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
    history: bool,
    region: str | None,
) -> list[tuple[ApplyStatus | SplitStatus, ...] | KeyspaceFailed]:
    def work(files: DesiredFiles, chosen: Environment) -> tuple[ApplyStatus | SplitStatus, ...]:
        gate(files, chosen)
        ledger, keyspace = worlds.ledger_of(chosen), files.spec.keyspace
        jobs, parts = worlds.split_record_of(chosen), _parts(chosen)
        if history:
            ended = past_splits(jobs, chosen.name, keyspace)
            past = (past_applies(ledger, chosen.name, keyspace, region=part) for part in parts)
            return (*ended, *(found for one in past for found in one))
        split = current_split(jobs, chosen.name, keyspace)
        current = (_current(ledger, chosen, keyspace, part, now_s) for part in parts)
        return tuple(one for one in (split, *current) if one is not None)

    return loaded.each(environment, keyspaces, work, region=region)


def _parts(environment: Environment) -> tuple[str, ...]:
    """Whose applies a ledger may have: all shards', and those of each region that it serves."""
    if environment.region is not None:
        return (environment.region,)
    return ("", *(region.name for region in environment.regions))


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
