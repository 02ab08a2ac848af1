"""What `stop`, `release`, `cancel`, `retry` and `abandon` share: ask the applies and the splits of
the keyspaces, say the answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.presenting import exit_with
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.cli.style import style_for
from reconciler.cli.who import holder_name
from reconciler.cli.wire import Worlds
from reconciler.edges.clock import SystemClock
from reconciler.flows.keyspaces import Loaded, flattened
from reconciler.flows.requests import Answer, Asking, ask_keyspace, ask_move
from reconciler.guard.review.asker import Asker
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.ends import control_code
from reconciler.outcomes.split import SplitAsked, SplitControlOutcome
from reconciler.report.compose.control import control_document
from reconciler.report.json import control_json
from reconciler.report.write.text import write_text
from reconciler.rollout.hold import GateRight, kept_for
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
    region: str | None = None,
) -> None:
    """Exit 3 if no apply could be asked, 4 if only some of those that there may be."""
    loaded = load(repo, None)
    gate = ledger_gate_of(repo, review, protected_branch)
    with Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> tuple[Answer, ...]:
            gate(files, chosen)
            return ask_keyspace(_asking(worlds, loaded, chosen), files, chosen, kind)

        outcomes = flattened(loaded.each(environment, keyspaces, work, region=region))
    _tell(outcomes, kind.value, output)


def ask_splits(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    output: str,
    asked: SplitAsked,
    *,
    review: str,
    protected_branch: str | None,
) -> None:
    """Exit 3 if there is no split to ask, or it cannot be asked that now."""
    loaded = load(repo, None)
    gate = ledger_gate_of(repo, review, protected_branch)
    with Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> SplitControlOutcome:
            gate(files, chosen)
            return ask_move(_asking(worlds, loaded, chosen), files, chosen, asked)

        outcomes = loaded.each(environment, keyspaces, work)
    _tell(outcomes, asked.value, output)


def _asking(worlds: Worlds, loaded: Loaded, chosen: Environment) -> Asking:
    """By whoever has the ledger's login."""
    asker = Asker(who=holder_name())
    return Asking(
        records=worlds,
        clock=SystemClock(),
        tree=loaded.tree,
        by=asker.line,
        right=GateRight(for_others=kept_for(chosen.rollout, asker)),
        by_of_split=lambda: asker.line,
    )


def _tell(outcomes: Sequence[Answer], verb: str, output: str) -> None:
    as_text = write_text(control_document(outcomes), style_for(sys.stdout))
    show(control_json(outcomes, verb) if output == "json" else as_text)
    exit_with([control_code(outcomes)])
