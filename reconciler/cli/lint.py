"""`reconciler lint`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.streams import show
from reconciler.cli.wire import open_tree
from reconciler.flows.lint import lint_files
from reconciler.outcomes.ends import lint_code
from reconciler.report.render import lint_report


@click.command()
@options.repository
@options.ref
@options.output("text", "json", "markdown", "github", "sarif")
def lint(repo: Path, ref: str | None, output: str) -> None:
    """Check every spec and schema file, without any server.

    Exit 1 if there is a problem; all problems are shown, each with its file, line and column.
    """
    outcomes = lint_files(open_tree(repo, ref))
    show(lint_report(outcomes, presentation(output)))
    exit_with(map(lint_code, outcomes))
