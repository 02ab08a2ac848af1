"""`reconciler lint`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.streams import remark, show
from reconciler.cli.trees import open_history, open_tree
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.lint import fix_files, lint_files, lint_work, write_baselines
from reconciler.outcomes.ends import lint_code
from reconciler.outcomes.files import LintOutcome
from reconciler.report.render import lint_report


@click.command()
@options.repository
@options.ref
@options.protected_branch
@click.option(
    "--since",
    metavar="COMMIT",
    help="Put the rules to tables that changed since; by default since the work at hand left the"
    " protected branch, and on that branch to all.",
)
@click.option("--all", "everything", is_flag=True, help="Put the rules to every table.")
@click.option("--fix", is_flag=True, help="Edit the files where a rule knows exactly how.")
@click.option(
    "--write-baseline",
    is_flag=True,
    help="Write what the rules find today to the file that the spec names: it is told no more.",
)
@options.output("text", "json", "markdown", "github", "sarif")
def lint(
    repo: Path,
    ref: str | None,
    protected_branch: str | None,
    since: str | None,
    everything: bool,
    fix: bool,
    write_baseline: bool,
    output: str,
) -> None:
    """Check every spec and schema file, without any server.

    Exit 1 if a file has a problem, or a rule of weight error finds something; everything is shown,
    each with its file, line and column.
    """
    _refuse_together(
        ("--since", since), ("--all", everything), ("--write-baseline", write_baseline)
    )
    _refuse_together(("--ref", ref), ("--fix", fix), ("--write-baseline", write_baseline))
    tree, writer = open_tree(repo, ref), WorkingTreeWriter(repo)

    def look() -> tuple[tuple[LintOutcome, ...], str | None]:
        if everything or write_baseline:
            return lint_files(tree), None
        history = open_history(repo, protected_branch, needed=since is not None)
        if history is None:
            return lint_files(tree), None
        if since is None:
            return lint_work(tree, history, ref or "HEAD")
        start = history.resolve(since)
        return lint_files(tree, history.tree(start)), start

    outcomes, start = look()
    if write_baseline:
        for path in write_baselines(outcomes, writer):
            remark(f"wrote {path}")
    if fix:
        for path in fix_files(tree, outcomes, writer):
            remark(f"edited {path}")
    if fix or write_baseline:
        outcomes, start = look()
    show(lint_report(outcomes, presentation(output), start))
    exit_with(map(lint_code, outcomes))


def _refuse_together(*given: tuple[str, object]) -> None:
    named = [option for option, value in given if value]
    if len(named) > 1:
        raise click.UsageError(f"{' and '.join(named)} exclude each other.")
