"""What `stop`, `release`, `cancel`, `retry` and `abandon` share: ask the applies and the splits of
the keyspaces, say the answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.presenting import exit_with
from reconciler.cli.run import load
from reconciler.cli.splits import recorded_split
from reconciler.cli.streams import show
from reconciler.cli.style import style_for
from reconciler.cli.who import holder_name
from reconciler.cli.wire import Worlds
from reconciler.drive.control import ask_everywhere
from reconciler.edges.clock import SystemClock
from reconciler.errors import Refused
from reconciler.flows.keyspaces import Loaded, flattened, one_after_another
from reconciler.flows.split.ask import Whose, ask_split, no_split, whose
from reconciler.guard.review.asker import Asker
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.apply import ControlOutcome
from reconciler.outcomes.ends import control_code
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitAsked, SplitControlOutcome
from reconciler.report.compose.control import control_document
from reconciler.report.json import control_json
from reconciler.report.write.text import write_text
from reconciler.reshard.job import SplitJob
from reconciler.reshard.plan.files import read_split_plan
from reconciler.rollout.hold import GateRight, kept_for
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

_Answer = ControlOutcome | SplitControlOutcome | KeyspaceFailed

_OF_SPLITS = {
    RequestKind.STOP: SplitAsked.STOP,
    RequestKind.RELEASE: SplitAsked.RELEASE,
    RequestKind.RETRY: SplitAsked.RETRY,
}


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
    gate, asker = ledger_gate_of(repo, review, protected_branch), Asker(who=holder_name())
    with Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> tuple[_Answer, ...]:
            gate(files, chosen)
            keyspace = files.spec.keyspace

            def of_apply() -> tuple[_Answer, ...]:
                return ask_everywhere(
                    worlds.ledger_of(chosen),
                    SystemClock(),
                    chosen,
                    keyspace=keyspace,
                    kind=kind,
                    asked_by=asker.line,
                    right=GateRight(for_others=kept_for(chosen.rollout, asker)),
                )

            job = recorded_split(worlds, files, chosen)
            if job is None or kind not in _OF_SPLITS:
                return of_apply()

            def of_split() -> tuple[_Answer, ...]:
                return (_asked(worlds, loaded, files, chosen, job, _OF_SPLITS[kind]),)

            stored = worlds.ledger_of(chosen).unfinished(chosen.name, keyspace, chosen.region or "")
            asks = {Whose.SPLIT: of_split, Whose.APPLY: of_apply}
            of = whose(job, _OF_SPLITS[kind], is_applying=stored is not None)
            found = one_after_another(chosen.name, keyspace, *(asks[each] for each in of))
            return tuple(flattened(found))

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
            if (job := recorded_split(worlds, files, chosen)) is None:
                raise Refused(no_split(files.spec.keyspace, chosen.name))
            return _asked(worlds, loaded, files, chosen, job, asked)

        outcomes = loaded.each(environment, keyspaces, work)
    _tell(outcomes, asked.value, output)


def _asked(
    worlds: Worlds,
    loaded: Loaded,
    files: DesiredFiles,
    chosen: Environment,
    job: SplitJob,
    asked: SplitAsked,
) -> SplitControlOutcome:
    release = asked in (SplitAsked.RELEASE, SplitAsked.RELEASE_CLEANUP)
    return ask_split(
        worlds.split_record_of(chosen),
        job,
        asked,
        plan=read_split_plan(loaded.tree, chosen.name, files.spec.keyspace) if release else None,
        by=Asker(who=holder_name()).line,
        now_s=SystemClock().now_s(),
    )


def _tell(
    outcomes: Sequence[ControlOutcome | SplitControlOutcome | KeyspaceFailed],
    verb: str,
    output: str,
) -> None:
    as_text = write_text(control_document(outcomes), style_for(sys.stdout))
    show(control_json(outcomes, verb) if output == "json" else as_text)
    exit_with([control_code(outcomes)])
