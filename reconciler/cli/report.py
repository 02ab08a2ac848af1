"""`reconciler report`: all keyspaces as a small site."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click

from reconciler import __version__
from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.looked import (
    EndedSplits,
    Seen,
    plans_at,
    records_of,
    seen_now,
    seen_of_the_past,
    status_outcome,
)
from reconciler.cli.presenting import exit_with
from reconciler.cli.run import load
from reconciler.cli.splits import standing
from reconciler.cli.status import show_failed
from reconciler.cli.streams import deliver, make_folder, show
from reconciler.cli.wire import Worlds
from reconciler.flows.drift import find_drift
from reconciler.flows.keyspaces import choose_environment
from reconciler.flows.split.reached import look_of
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.ends import drift_code, failed_code
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan.words import count
from reconciler.ports.ledger import Ledger
from reconciler.report.page.site import KeyspaceSeen, site_files
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

_Recorded = tuple[str, str, tuple[Seen, ...], tuple[Seen, ...]]  # environment, keyspace, now, past


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@options.keyspaces
@options.repository
@options.environment
@options.ledger_review
@options.protected_branch
@click.option("--drift", is_flag=True, help="Also look at every shard for drift.")
def report(
    folder: Path,
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    review: str,
    protected_branch: str | None,
    drift: bool,
) -> None:
    """Write a small site of all keyspaces into DIR: a page for each, and index.html.

    It reads specs and ledgers, and with --drift looks at the shards; it changes nothing there. With
    --drift it ends as `reconciler drift` does: 2 if a shard differs, 3 if one could not be seen.
    """
    loaded = load(repo, None)
    chosen = choose_environment(loaded.keyspaces, environment)
    gate = ledger_gate_of(repo, review, protected_branch)
    now_s = time.time()
    with Worlds(loaded.root) as worlds:
        records, plans = records_of(loaded, worlds, now_s, gate), plans_at(loaded, repo)

        def recorded(files: DesiredFiles, where: Environment) -> _Recorded:
            gate(files, where)
            now = seen_now(worlds, records, plans, files, where)
            past = seen_of_the_past(worlds, files, where, EndedSplits())
            return where.name, files.spec.keyspace, now, past

        def drifted(files: DesiredFiles, where: Environment) -> DriftOutcome:
            stands = standing(worlds, files, where, gate)

            def open_ledger() -> Ledger:
                gate(files, stands.environment)
                return worlds.lasting_ledger_of(stands.environment)

            world = look_of(worlds, stands)
            return find_drift(
                world, files, stands.environment, tree=loaded.tree, open_ledger=open_ledger
            )

        found = loaded.each(chosen, keyspaces, recorded)
        drifts = loaded.each(chosen, keyspaces, drifted) if drift else []
    seen = _seen(found, drifts, now_s)
    make_folder(folder)
    files = site_files(seen, environment=chosen, now_s=now_s, tool_version=__version__)
    for name, text in files.items():
        deliver(text, folder / name)
    pages = count(len(seen), "keyspace's page", "keyspaces' pages")
    show(f"wrote {folder / 'index.html'}, and {pages} beside it")
    failed = [one for one in (*found, *drifts) if isinstance(one, KeyspaceFailed)]
    show_failed([*dict.fromkeys(failed)])
    exit_with([*map(failed_code, failed), *map(drift_code, drifts)])


def _seen(
    records: list[_Recorded | KeyspaceFailed],
    drifts: list[DriftOutcome | KeyspaceFailed],
    now_s: float,
) -> list[KeyspaceSeen]:
    """By environment and keyspace; what failed in both looks for one reason is told once."""
    found: dict[tuple[str, str], KeyspaceSeen] = {}

    def of(where: str, keyspace: str) -> KeyspaceSeen:
        return found.get((where, keyspace), KeyspaceSeen(environment=where, keyspace=keyspace))

    for record in records:
        if isinstance(record, KeyspaceFailed):
            continue
        where, keyspace, now, past = record
        found[where, keyspace] = replace(
            of(where, keyspace),
            status=status_outcome([now], where, now_s),
            history=status_outcome([past], where, now_s, is_history=True),
        )
    for outcome in (*records, *drifts):
        if isinstance(outcome, DriftOutcome):
            place = (outcome.environment, outcome.keyspace)
            found[place] = replace(of(*place), drift=outcome)
        elif isinstance(outcome, KeyspaceFailed):
            place = (outcome.environment, outcome.keyspace)
            before = of(*place)
            failed = tuple(dict.fromkeys((*before.failed, outcome)))
            found[place] = replace(before, failed=failed)
    return [found[place] for place in sorted(found)]
