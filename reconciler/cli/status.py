"""`reconciler status`: what the ledger says, from any process and at any time."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.limits import REFRESH_S
from reconciler.cli.looked import EndedSplits, look, plans_at, status_outcome
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.run import load
from reconciler.cli.streams import clear_screen, deliver, remark
from reconciler.cli.style import style_for
from reconciler.cli.wire import Worlds
from reconciler.flows.keyspaces import choose_environment
from reconciler.ledger.model import Forgotten
from reconciler.outcomes.ends import failed_code
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.apply_metrics import apply_metrics
from reconciler.report.compose.forgotten import forgotten_words
from reconciler.report.compose.opening import failures_document
from reconciler.report.render import status_report
from reconciler.report.split_metrics import split_metrics
from reconciler.report.write.text import write_text
from reconciler.reshard.phases import Phase

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
@click.option(
    "--apply",
    "apply_id",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Show this apply in full, with every statement that it ran.",
)
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
    help="Also write metrics of applies and live splits to this file, for Prometheus.",
)
@options.output("text", "json", "markdown", "html")
@options.to
def status(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    review: str,
    protected_branch: str | None,
    watch: bool,
    apply_id: int | None,
    history: bool,
    split_end: str | None,
    before_split: int | None,
    metrics: Path | None,
    output: str,
    to: Path | None,
) -> None:
    """Show the latest apply of each keyspace, its waves, its shards, what runs and what waits, the
    split of a shard that is live, the shards in quarantine, and whose turn it is where keyspaces or
    deployments come one after the other.

    It reads the spec and the ledger; `reconciler drift` looks at the shards.
    """
    if not history and (split_end or before_split):
        raise click.UsageError("--split-end and --before-split are for --history")
    if watch and output == "html" and to is None:
        raise click.UsageError("--watch writes one page again and again: say with --to where it is")
    _check_one_apply(apply_id, is_more=watch or history)
    if metrics is not None and (history or apply_id is not None):
        raise click.UsageError("--metrics are of the latest applies: leave out --history, --apply")
    ended = EndedSplits(phase=Phase(split_end) if split_end else None, before=before_split)
    loaded = load(repo, None)
    chosen = choose_environment(loaded.keyspaces, environment)
    how = presentation(output, to=to)
    gate = ledger_gate_of(repo, review, protected_branch)
    plans = plans_at(loaded, repo)
    see = partial(
        look, loaded, chosen, keyspaces, gate=gate, plans=plans, apply_id=apply_id, region=region
    )
    past = ended if history else None
    with Worlds(loaded.root) as worlds:
        while True:
            now_s = time.time()
            found = see(worlds=worlds, now_s=now_s, past=past)
            failed = [entry for entry in found if isinstance(entry, KeyspaceFailed)]
            outcome = status_outcome(found, chosen, now_s, is_history=history)
            applies, splits = outcome.applies, outcome.splits
            _check_found(apply_id, [*applies, *failed], outcome.forgotten)
            is_driven = any(apply.holder for apply in applies)
            again = watch and (is_driven or any(split.job.holder for split in splits))
            if watch and how.style.colour and to is None:
                clear_screen()
            how = replace(how, refresh_s=REFRESH_S if again else None)
            deliver(status_report(outcome, how), to)
            if metrics is not None:
                told = apply_metrics(applies, now_s=now_s)
                deliver(f"{told}{split_metrics(splits, now_s=now_s)}", metrics)
            if output != "text" or to is not None:  # else the report has said so
                show_failed(failed)
            if not again:
                break
            time.sleep(_STATUS_WATCH_S)
    exit_with(failed_code(entry) for entry in failed)


def _check_one_apply(apply_id: int | None, *, is_more: bool) -> None:
    if apply_id is not None and is_more:
        raise click.UsageError("--apply shows one apply: leave out --watch and --history")


def _check_found(
    apply_id: int | None, found: Sequence[object], forgotten: Sequence[Forgotten]
) -> None:
    if apply_id is not None and not found:
        gone = "".join(f" {forgotten_words(one)}." for one in forgotten)
        raise click.UsageError(f"The ledger has no apply {apply_id} of these keyspaces.{gone}")


def show_failed(failed: list[KeyspaceFailed]) -> None:
    if failed:
        told = write_text(failures_document(failed), style_for(sys.stderr))
        remark(told.rstrip("\n"))
