"""Who asks is asked of each environment's own place, whichever name the run has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from reconciler.errors import Refused
from reconciler.flows.forge.asker import asked_in_run
from reconciler.flows.forge.merged import Merged
from reconciler.guard.review.account import Account
from reconciler.guard.review.asker import Reviewer
from reconciler.guard.review.protection import ProtectedPlace
from reconciler.ports.job import BranchEvent
from reconciler.spec.model import Environment
from tests.offline_forge import ADA, Record

BEN = replace(ADA, id=2, login="Ben")
EVENT = BranchEvent(name="workflow_dispatch", branch="main", default_branch="main")


@dataclass(frozen=True)
class Places(Record):
    """Of a forge: by environment, who may ask there."""

    askers: dict[str, Account] = field(default_factory=dict)

    def place(self, name: str) -> ProtectedPlace | None:
        found = self.askers.get(name.removesuffix("/control"))
        return None if found is None else ProtectedPlace(name=name, people=(found,))

    def may_write(self, _account: Account) -> bool:
        return True


@dataclass
class Run:
    """As much of a merged commit's job as says who started it."""

    forge: Places
    event: BranchEvent = EVENT
    environment: str = "production"

    @property
    def job(self) -> Run:
        return self

    def ask(self) -> Places:
        return self.forge


@pytest.mark.invariant("RG-37")
@pytest.mark.invariant("RG-75")
def test_who_may_ask_of_one_deployment_asks_nothing_of_another() -> None:
    forge = Places(askers={"production": ADA, "production.primary": ADA, "production.dr": BEN})
    person = asked_in_run(cast(Merged, Run(forge)))
    asker = person.asker(Environment(name="production.primary"), releases=True)
    assert asker.right == Reviewer("production.primary/control")
    with pytest.raises(Refused, match="ask-not-allowed"):
        person.asker(Environment(name="production.dr"), releases=True)
    with pytest.raises(Refused, match="ask-nobody-may"):
        person.asker(Environment(name="production.tenant"), releases=False)
