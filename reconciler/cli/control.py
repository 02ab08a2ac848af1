"""What `stop`, `release` and `cancel` share: ask the applies of the keyspaces, say the answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.cli.exit_code import ExitCode
    from reconciler.ledger.states import RequestKind
    from reconciler.outcomes.apply import ControlOutcome
    from reconciler.outcomes.failed import KeyspaceFailed


def ask_applies(
    keyspaces: tuple[str, ...], repo: Path, environment: str | None, output: str, kind: RequestKind
) -> None:
    """Exit 3 if no apply could be asked."""
    import sys

    from reconciler.cli.presenting import exit_with, style_for
    from reconciler.cli.run import load
    from reconciler.cli.streams import show
    from reconciler.cli.wire import Worlds, holder_name
    from reconciler.drive.control import ask
    from reconciler.edges.clock import SystemClock
    from reconciler.report.compose.control import control_document
    from reconciler.report.json import control_json
    from reconciler.report.write.text import write_text
    from reconciler.spec.load import DesiredFiles
    from reconciler.spec.model import Environment

    loaded = load(repo, None)
    with Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> ControlOutcome:
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
    exit_with([_code(outcomes)])


def _code(outcomes: list[ControlOutcome | KeyspaceFailed]) -> ExitCode:
    from reconciler.cli.exit_code import ExitCode, worst
    from reconciler.cli.presenting import failed_code
    from reconciler.ledger.states import RequestState
    from reconciler.outcomes.apply import ControlOutcome
    from reconciler.outcomes.failed import KeyspaceFailed

    failed = [failed_code(found) for found in outcomes if isinstance(found, KeyspaceFailed)]
    asked = [found for found in outcomes if isinstance(found, ControlOutcome)]
    if asked and all(found.state is RequestState.REFUSED for found in asked):
        failed.append(ExitCode.REFUSED)
    return worst(failed)
