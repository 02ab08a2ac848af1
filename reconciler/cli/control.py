"""What `stop`, `release` and `cancel` share: ask the applies of the keyspaces, say the answer."""

from __future__ import annotations

import sys
from pathlib import Path

from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.presenting import exit_with, style_for
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.cli.wire import Worlds, holder_name
from reconciler.drive.control import ask
from reconciler.edges.clock import SystemClock
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.apply import ControlOutcome
from reconciler.outcomes.ends import control_code
from reconciler.report.compose.control import control_document
from reconciler.report.json import control_json
from reconciler.report.write.text import write_text
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def ask_applies(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    output: str,
    kind: RequestKind,
    *,
    review: str,
    protected_branch: str | None,
) -> None:
    """Exit 3 if no apply could be asked, 4 if only some of those that there may be."""
    loaded = load(repo, None)
    gate = ledger_gate_of(repo, review, protected_branch)
    with Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> ControlOutcome:
            gate(files, chosen)
            return ask(
                worlds.ledger_of(chosen),
                SystemClock(),
                environment=chosen.name,
                keyspace=files.spec.keyspace,
                kind=kind,
                asked_by=holder_name(),
            )

        outcomes = loaded.each(environment, keyspaces, work)
    as_text = write_text(control_document(outcomes), style_for(sys.stdout))
    show(control_json(outcomes, kind) if output == "json" else as_text)
    exit_with([control_code(outcomes)])
