"""`reconciler audit`: every apply in a line, for whoever has to account for them."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.limits import AUDIT_APPLIES_MAX
from reconciler.cli.looked import gone, parts_of
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.run import load
from reconciler.cli.status import show_failed
from reconciler.cli.streams import remark, show
from reconciler.cli.wire import Worlds
from reconciler.drive.audit import audit_rows
from reconciler.flows.keyspaces import choose_environment
from reconciler.ledger.model import Forgotten
from reconciler.outcomes.audit import AuditRow, audit_page
from reconciler.outcomes.ends import failed_code
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.compose.audit import audit_csv
from reconciler.report.compose.forgotten import forgotten_words
from reconciler.report.render import audit_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.region
@options.ledger_review
@options.protected_branch
@click.option(
    "--before",
    type=click.IntRange(min=1),
    metavar="APPLY",
    help="Only applies before this number, where an earlier page ended.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1, max=AUDIT_APPLIES_MAX),
    default=50,
    show_default=True,
    help="At most so many applies; of several ledgers, also those with the last one's number.",
)
@options.output("text", "json", "markdown", "csv")
def audit(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    review: str,
    protected_branch: str | None,
    before: int | None,
    limit: int,
    output: str,
) -> None:
    """List applies, the newest first: when, what, whose change, who approved and who started it, on
    how many shards, how many statements, and how it ended.

    Where ledgers differ by keyspace or region, each counts for itself: a page has the highest
    numbers of all. It reads the spec and the ledger. `reconciler status --apply NUMBER` shows one
    in full.
    """
    loaded = load(repo, None)
    chosen = choose_environment(loaded.keyspaces, environment)
    gate = ledger_gate_of(repo, review, protected_branch)
    with Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, of: Environment) -> tuple[AuditRow | Forgotten, ...]:
            gate(files, of)
            ledger, keyspace = worlds.ledger_of(of), files.spec.keyspace
            rows = (
                row
                for part in parts_of(of)
                for row in audit_rows(
                    ledger, of.name, keyspace, limit=limit + 1, before=before, region=part
                )
            )
            return (*rows, *gone(ledger, files, of))

        found = loaded.each(chosen, keyspaces, work, region=region)
    failed = [one for one in found if isinstance(one, KeyspaceFailed)]
    seen = [one for entry in found if isinstance(entry, tuple) for one in entry]
    page = audit_page(
        chosen,
        [one for one in seen if isinstance(one, AuditRow)],
        limit,
        tuple(one for one in seen if isinstance(one, Forgotten)),
    )
    show(audit_csv(page) if output == "csv" else audit_report(page, presentation(output)))
    if output == "csv" and page.more_before is not None:
        remark(f"there are more applies: `--before {page.more_before}` has them")
    if output == "csv":
        for one in page.forgotten:
            remark(forgotten_words(one))
    show_failed(failed)
    exit_with(failed_code(one) for one in failed)
