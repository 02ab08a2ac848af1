"""What a person asks of a keyspace: of the apply of its schema, of the move of its shards, or of
both. Whoever calls has asked the gate of the ledger, and knows who asks and by what right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from reconciler.drive.control import ask_everywhere
from reconciler.errors import Refused
from reconciler.flows.keyspaces import flattened, one_after_another
from reconciler.flows.split.ask import Whose, ask_split, no_split, whose
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.apply import ControlOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitAsked, SplitControlOutcome
from reconciler.ports.clock import Clock
from reconciler.ports.ledger import Ledger
from reconciler.ports.split_jobs import SplitJobs
from reconciler.reshard.job import SplitJob
from reconciler.reshard.plan.files import read_split_plan
from reconciler.rollout.hold import GateRight
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree

Answer = ControlOutcome | SplitControlOutcome | KeyspaceFailed

_OF_SPLITS = {
    RequestKind.STOP: SplitAsked.STOP,
    RequestKind.RELEASE: SplitAsked.RELEASE,
    RequestKind.RETRY: SplitAsked.RETRY,
}


class Records(Protocol):
    """Where requests are recorded, and what they are about."""

    def ledger_of(self, environment: Environment) -> Ledger:
        """Raises Unavailable if it cannot be opened, Refused if it came with the checkout."""

    def split_jobs_of(self, environment: Environment) -> SplitJobs:
        """Beside the routes. Raises Unavailable or Refused."""

    def split_record_of(self, environment: Environment) -> SplitJobs:
        """To be looked at, wherever it is kept. Raises as `ledger_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """`by` is who asks, in words that say by what right; `by_of_split` the same of a move, and
    raises Refused for a person who may ask nothing of one. `tree` has the plan that a release of a
    move is for."""

    records: Records
    clock: Clock
    tree: FileTree
    by: str
    right: GateRight
    by_of_split: Callable[[], str]


def ask_keyspace(
    asking: Asking, files: DesiredFiles, environment: Environment, kind: RequestKind
) -> tuple[Answer, ...]:
    """Of the apply, of the move, or of both, as `whose` says."""
    keyspace = files.spec.keyspace

    def of_apply() -> tuple[Answer, ...]:
        return ask_everywhere(
            asking.records.ledger_of(environment),
            asking.clock,
            environment,
            keyspace=keyspace,
            kind=kind,
            asked_by=asking.by,
            right=asking.right,
        )

    job = recorded_split(asking.records, files, environment)
    if job is None or kind not in _OF_SPLITS:
        return of_apply()

    def of_split() -> tuple[Answer, ...]:
        return (_asked(asking, files, environment, job, _OF_SPLITS[kind]),)

    ledger, region = asking.records.ledger_of(environment), environment.region or ""
    stored = ledger.unfinished(environment.name, keyspace, region)
    asks = {Whose.SPLIT: of_split, Whose.APPLY: of_apply}
    of = whose(job, _OF_SPLITS[kind], is_applying=stored is not None)
    found = one_after_another(environment.name, keyspace, *(asks[each] for each in of))
    return tuple(flattened(found))


def ask_move(
    asking: Asking, files: DesiredFiles, environment: Environment, asked: SplitAsked
) -> SplitControlOutcome:
    """What only the move of shards can be asked. Raises Refused where there is none."""
    if (job := recorded_split(asking.records, files, environment)) is None:
        raise Refused(no_split(files.spec.keyspace, environment.name))
    return _asked(asking, files, environment, job, asked)


def recorded_split(
    records: Records, files: DesiredFiles, environment: Environment
) -> SplitJob | None:
    """The live one, whatever the spec lists: a split is not over because somebody has taken its
    shards out of the spec (SP-66). Where it lists what a move needs, beside the routes."""
    jobs_of = records.split_jobs_of if environment.retiring else records.split_record_of
    return jobs_of(environment).live(environment.name, files.spec.keyspace)


def _asked(
    asking: Asking,
    files: DesiredFiles,
    environment: Environment,
    job: SplitJob,
    asked: SplitAsked,
) -> SplitControlOutcome:
    release = asked in (SplitAsked.RELEASE, SplitAsked.RELEASE_CLEANUP)
    keyspace = files.spec.keyspace
    return ask_split(
        asking.records.split_record_of(environment),
        job,
        asked,
        plan=read_split_plan(asking.tree, environment.name, keyspace) if release else None,
        by=asking.by_of_split(),
        now_s=asking.clock.now_s(),
    )
