"""Whose turn it is, for `status`: what the files at hand and the ledgers say (RG-80).

It decides nothing. A gate asks the shards; here nobody connects to one, so that it can be told at
any time and from any machine that reads the ledgers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.errors import ReconcilerError, Refused
from reconciler.flows.check import sound_plan_of_these_files
from reconciler.flows.deployments import ends_of
from reconciler.flows.keyspace_order import places_before
from reconciler.ledger.states import ApplyState
from reconciler.outcomes.turns import Stands, Turn, TurnWord
from reconciler.ports.ledger import Ledger
from reconciler.spec.deployments import deployments_of
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """`ledger_of` opens one that a reviewed spec names, and raises where it is none, or cannot be
    opened."""

    loaded: Mapping[str, DesiredFiles | ReconcilerError]
    tree: FileTree
    ledger_of: Callable[[DesiredFiles, Environment], Ledger]
    now_s: float


def turn_of(records: Records, files: DesiredFiles, environment: Environment) -> Turn | None:
    """None where there is no order to tell of: it is no deployment, and waits for nothing."""
    stands = _stands(records, files, environment)
    waits_for = () if stands.is_done else tuple(_not_done(records, files, environment))
    if environment.deployment_of is None and not waits_for:
        return None
    return Turn(
        stands=stands,
        deployment_of=environment.deployment_of,
        among=len(deployments_of(files.spec, environment.deployment_of or "")),
        waits_for=waits_for,
    )


def _not_done(records: Records, files: DesiredFiles, environment: Environment) -> Iterator[Stands]:
    for other, place in places_before(records.loaded, files, environment):
        rests_s = place.rollout.soak_s if place.name in environment.earlier else 0
        stands = _stands(records, other, place, rests_s=rests_s)
        if not stands.is_done:
            yield stands
    for name in files.spec.after:
        if isinstance(records.loaded.get(name), ReconcilerError):
            yield Stands(environment=environment.name, keyspace=name, word=TurnWord.UNKNOWN)


def _stands(
    records: Records, files: DesiredFiles, environment: Environment, *, rests_s: int = 0
) -> Stands:
    """`rests_s` is the soak that others wait for."""
    keyspace = files.spec.keyspace

    def told(
        word: TurnWord, state: ApplyState | None = None, until_s: float | None = None
    ) -> Stands:
        return Stands(
            environment=environment.name,
            keyspace=keyspace,
            word=word,
            state=state,
            until_s=until_s,
        )

    try:
        plan = sound_plan_of_these_files(records.tree, files, environment)
    except Refused:
        return told(TurnWord.UNSOUND)
    try:
        ledger = records.ledger_of(files, environment)
        ended = dict(ends_of(ledger, environment, keyspace))
        latest = ledger.applies(
            environment.name, keyspace=keyspace, limit=1, region=environment.region or ""
        )
    except ReconcilerError:
        return told(TurnWord.UNKNOWN)
    until_s = max(ended.values(), default=float("-inf")) + rests_s
    is_done = plan is None or plan.plan_id in ended
    if is_done and rests_s and until_s > records.now_s:
        return told(TurnWord.RESTS, until_s=until_s)
    if plan is None:
        return told(TurnWord.NO_PLAN)
    if is_done:
        return told(TurnWord.DONE)
    if latest and latest[0].plan_id == plan.plan_id:
        return told(TurnWord.BEGUN, latest[0].state)
    return told(TurnWord.NOT_BEGUN)
