"""`reconciler lint`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.streams import show
from reconciler.cli.wire import open_tree
from reconciler.errors import ReconcilerError
from reconciler.flows.keyspaces import no_specs
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.files import LintOutcome
from reconciler.report.render import lint_report
from reconciler.spec.load import LoadedKeyspace, load_keyspaces


@click.command()
@options.repository
@options.ref
@options.output("text", "json", "markdown", "github", "sarif")
def lint(repo: Path, ref: str | None, output: str) -> None:
    """Check every spec and schema file, without any server.

    Exit 1 if there is a problem; all problems are shown, each with its file, line and column.
    """

    def outcome_of(keyspace: LoadedKeyspace) -> LintOutcome:
        result = keyspace.result
        problems = result.problems if isinstance(result, ReconcilerError) else ()
        return LintOutcome(keyspace=keyspace.name, tables=keyspace.tables, problems=problems)

    outcomes = [outcome_of(keyspace) for keyspace in load_keyspaces(open_tree(repo, ref))]
    if not outcomes:
        raise no_specs()
    show(lint_report(outcomes, presentation(output)))
    exit_with(ExitCode.ERROR if outcome.problems else ExitCode.FINE for outcome in outcomes)
