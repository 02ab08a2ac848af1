"""`reconciler ci setup`: what a repository on GitHub needs besides its specs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.edges.files.history import GitHistory
from reconciler.edges.files.working_tree import WorkingTree
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.forge.setup import CHECKLIST, SetupRequest, files_of, write_files

_OWNERS = "Who owns specs, schema files and plans (@user or @organisation/team, between blanks)"
_ACTION = "The action of reconciler that jobs run (OWNER/NAME@COMMIT, the full hash)"


@click.command(short_help="Write workflows, CODEOWNERS, and the list of settings.")
@options.repository
@click.option("--action", metavar="OWNER/NAME@COMMIT", help=f"{_ACTION}.")
@click.option("--owner", "owners", metavar="@NAME", multiple=True, help=f"{_OWNERS}.")
@click.option(
    "--on-call",
    metavar="@NAME",
    multiple=True,
    help="Who may ask an apply to stop or go on, and let in a run that breaks the glass. Default:"
    " the owners.",
)
@options.merged_branch
@click.option(
    "--runs-on",
    "runner",
    metavar="LABEL",
    multiple=True,
    default=("ubuntu-24.04",),
    show_default=True,
    help="The runners that reach the shards; several labels for one that has them all.",
)
@click.option(
    "--scratch",
    metavar="spec|auto|IMAGE",
    default="spec",
    show_default=True,
    help="Where jobs try definitions: as the spec says, on a mysqld of the runner's PATH, or in a"
    " service container of this image, such as mysql:8.4@sha256:...",
)
@click.option(
    "--break-glass",
    "glass",
    metavar="ENVIRONMENT",
    help="Let a run apply there without the approvals, once somebody on call has let it in.",
)
@click.option(
    "--checks-by-region",
    is_flag=True,
    help="Check the plans of environments with regions by a look in each region, where no runner"
    " reaches all of them.",
)
@click.option("--host", metavar="HOST", help="A GitHub Enterprise Server, in place of github.com.")
@click.option("--replace", "replaces", is_flag=True, help="Replace files that are there already.")
@click.option(
    "--ask/--no-ask",
    "asks",
    default=None,
    help="Whether to ask for what was not said. Default: on a terminal.",
)
def setup(
    repo: Path,
    action: str | None,
    owners: tuple[str, ...],
    on_call: tuple[str, ...],
    branch: str,
    runner: tuple[str, ...],
    scratch: str,
    glass: str | None,
    checks_by_region: bool,
    host: str | None,
    replaces: bool,
    asks: bool | None,
) -> None:
    """Outside of any job: write what this repository needs on GitHub besides its specs.

    Workflows for pull requests, merges, the schedule and people on call; CODEOWNERS, where there is
    none; and .github/schema-setup.md, the settings of the repository as commands of `gh`. What is
    there already is left alone, or refused by its name. `reconciler doctor github` proves the
    result.
    """
    is_asking = sys.stdin.isatty() if asks is None else asks
    action = action or _answer(is_asking, "--action", _ACTION)
    owners = owners or tuple(_answer(is_asking, "--owner", _OWNERS).split())
    loaded, below = load(repo, None), GitHistory(repo, None).below
    root = loaded.root.parents[len(Path(below).parts) - 1] if below else loaded.root
    top = WorkingTree(root)
    asked = SetupRequest(
        action=action,
        branch=branch,
        owners=owners,
        on_call=on_call,
        runner=runner,
        scratch=scratch,
        host=host,
        glass=glass,
        checks_by_region=checks_by_region,
    )
    files = files_of(loaded, asked, below=below, top=top)
    written = write_files(files, top, WorkingTreeWriter(root), replaces=replaces)
    for path in files.contents:
        show(f"{'wrote    ' if path in written else 'unchanged'}  {path}")
    if files.adds_owners:
        show("kept       CODEOWNERS, which does not own all of it: see the list")
    show(f"Next: go through {CHECKLIST}; then `reconciler doctor github` proves the settings.")


def _answer(is_asking: bool, option: str, question: str) -> str:
    if not is_asking:
        raise click.UsageError(f"{option} is missing. {question}.")
    answer = click.prompt(question, err=True)
    assert isinstance(answer, str)
    return answer
