"""`reconciler audit`: every apply in a line, for whoever has to account for them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
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
from reconciler.ledger.model import Forgotten, Wanted
from reconciler.ledger.states import ApplyState
from reconciler.outcomes.audit import AuditOutcome, AuditRow, audit_page
from reconciler.outcomes.ends import failed_code
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.compose.audit import audit_csv
from reconciler.report.compose.forgotten import forgotten_words
from reconciler.report.render import audit_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

_PLAN_ID = "sha256:"
_DAY_S = 86_400


def _plan_id(_context: click.Context, _option: click.Parameter, given: str) -> str:
    """As reports show it, which leave out the prefix, or whole."""
    digits = given.removeprefix(_PLAN_ID)
    if given and not re.fullmatch(r"[0-9a-f]{4,64}", digits):
        raise click.BadParameter("the first digits of a plan's id, four at least, as reports show")
    return f"{_PLAN_ID}{digits}" if given else ""


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
    default=20,
    show_default=True,
    help="At most so many applies; of several ledgers, also those with the last one's number.",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="Only applies that began on this day, of UTC, or later.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="Only applies that began on this day, of UTC, or earlier.",
)
@click.option(
    "--outcome",
    "outcomes",
    type=click.Choice([state.value for state in ApplyState]),
    multiple=True,
    help="Only applies that ended so, or stand so; may be given several times.",
)
@click.option(
    "--plan",
    callback=_plan_id,
    default="",
    metavar="ID",
    help="Only applies of the plan whose id begins so.",
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
    since: datetime | None,
    until: datetime | None,
    outcomes: tuple[str, ...],
    plan: str,
    output: str,
) -> None:
    """List applies, the newest first: when, what, whose change, who approved and who started it,
    how many statements ran on which shards, and how it ended. CSV and JSON name all shards.

    Where ledgers differ by keyspace or region, each counts for itself: a page has the highest
    numbers of all. It reads the spec and the ledger. `reconciler status --apply NUMBER` shows one
    in full.
    """
    loaded = load(repo, None)
    chosen = choose_environment(loaded.keyspaces, environment)
    gate = ledger_gate_of(repo, review, protected_branch)
    wanted = _wanted(since, until, outcomes, plan)
    with Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, of: Environment) -> tuple[AuditRow | Forgotten, ...]:
            gate(files, of)
            ledger, keyspace = worlds.ledger_of(of), files.spec.keyspace
            rows = (
                row
                for part in parts_of(of)
                for row in audit_rows(
                    ledger,
                    of.name,
                    keyspace,
                    limit=limit + 1,
                    before=before,
                    region=part,
                    wanted=wanted,
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
    _tell(replace(page, failed=tuple(failed)), output)
    if output == "csv":
        show_failed(failed)
    exit_with(failed_code(one) for one in failed)


def _tell(page: AuditOutcome, output: str) -> None:
    show(audit_csv(page) if output == "csv" else audit_report(page, presentation(output)))
    if output == "csv" and page.more_before is not None:
        remark(f"there are more applies: the same with `--before {page.more_before}` has them")
    if output == "csv":
        for one in page.forgotten:
            remark(forgotten_words(one))


def _wanted(
    since: datetime | None, until: datetime | None, outcomes: tuple[str, ...], plan: str
) -> Wanted:
    return Wanted(
        since_s=None if since is None else _midnight_s(since),
        until_s=None if until is None else _midnight_s(until) + _DAY_S,
        states=tuple(map(ApplyState, outcomes)),
        plan=plan,
    )


def _midnight_s(day: datetime) -> float:
    return day.replace(tzinfo=UTC).timestamp()
