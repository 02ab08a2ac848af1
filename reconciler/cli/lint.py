"""`reconciler lint`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.streams import remark, show
from reconciler.cli.wire import open_history, open_tree
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.lint import changed_since, fix_files, lint_files, write_baselines
from reconciler.outcomes.ends import lint_code
from reconciler.report.render import lint_report
from reconciler.spec.tree import FileTree


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
    tree = open_tree(repo, ref)
    start, before = (None, None)
    if not everything and not write_baseline:
        start, before = _before(repo, since, ref, protected_branch)
    outcomes = lint_files(tree, before)
    writer = WorkingTreeWriter(repo)
    if write_baseline:
        for path in write_baselines(outcomes, writer):
            remark(f"wrote {path}")
        outcomes = lint_files(tree)
    if fix:
        for path in fix_files(tree, outcomes, writer):
            remark(f"edited {path}")
        outcomes = lint_files(tree, before)
    show(lint_report(outcomes, presentation(output), start))
    exit_with(map(lint_code, outcomes))


def _refuse_together(*given: tuple[str, object]) -> None:
    named = [option for option, value in given if value]
    if len(named) > 1:
        raise click.UsageError(f"{' and '.join(named)} exclude each other.")


def _before(
    repo: Path, since: str | None, ref: str | None, protected_branch: str | None
) -> tuple[str | None, FileTree | None]:
    """The commit that the files are held against, and its tree; (None, None): none."""
    history = open_history(repo, protected_branch, needed=since is not None)
    if history is None:
        return None, None
    start = history.resolve(since) if since else changed_since(history, ref or "HEAD")
    return start, history.tree(start) if start else None
