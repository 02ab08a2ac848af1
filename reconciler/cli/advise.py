"""`reconciler advise`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.cli.wire import Worlds
from reconciler.flows.advise import advise as find_advice
from reconciler.flows.advise import check_advisable
from reconciler.limits import SPEC_BYTES_MAX
from reconciler.outcomes.advise import AdviseOutcome
from reconciler.outcomes.ends import advise_code
from reconciler.report.render import advise_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.text import text_of


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.ledger_review
@options.protected_branch
@options.output("text", "json", "markdown")
def advise(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
) -> None:
    """Propose a split of a shard that is beyond a ceiling of the spec, as a change of the spec.

    Shards are measured and a sample of their keys is read; nothing is run, and nothing runs what is
    proposed but a reviewed change. What stays true for three looks in a row, at least 50 minutes
    apart, is proposed: run it by the hour or by the day. Exit 2 if there is a proposal, 3 if a
    shard could not be measured.
    """
    loaded = load(repo, None)
    gate = ledger_gate_of(repo, review, protected_branch)
    with Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> AdviseOutcome:
            check_advisable(files, chosen)
            gate(files, chosen)
            world = worlds.advise_world_of(chosen)
            path = files.spec.path
            text = text_of(loaded.tree.read(path, bytes_max=SPEC_BYTES_MAX), path)
            return find_advice(world, files, chosen, spec_text=text)

        outcomes = loaded.each(environment, keyspaces, work)
    show(advise_report(outcomes, presentation(output)))
    exit_with(map(advise_code, outcomes))
