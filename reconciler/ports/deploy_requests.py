"""What an apply asks of PlanetScale: branches of a database, and deploy requests between them.

Rule: PlanetScale changes production, and nobody else does. No method here sends a statement to a
branch that is of production (PS-2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from reconciler.errors import Problem
from reconciler.ledger.deploys import DeployIntent, DeployStep
from reconciler.model.deploy_request import Branch, DeployRequest, QueuedDeploy
from reconciler.spec.model import PlanetScaleDatabase


class DeployRequests(Protocol):
    """Of the databases that specs name. Every method raises Unavailable where PlanetScale cannot be
    reached or answers anything but what its reference says: then a write may have happened, and
    looking tells. Every write raises Refused, with PlanetScale's words, where it was not taken:
    then nothing happened. No token is in any error (PL-12)."""

    def branch(self, database: PlanetScaleDatabase, name: str) -> Branch | None:
        """None: there is none of this name."""

    def now_s(self) -> float:
        """PlanetScale's time of day, of its last answer; Unavailable before there is one."""

    def schema(self, database: PlanetScaleDatabase, branch: str) -> tuple[tuple[str, str], ...]:
        """(table, CREATE TABLE text) of the keyspace on this branch, sorted by table."""

    def requests_from(
        self, database: PlanetScaleDatabase, branch: str
    ) -> tuple[DeployRequest, ...]:
        """Every deploy request from this branch, open and closed, by number."""

    def queue(self, database: PlanetScaleDatabase) -> tuple[QueuedDeploy, ...]:
        """All that PlanetScale deploys or is yet to deploy in this database, into any branch."""

    def create_branch(self, database: PlanetScaleDatabase, name: str) -> None:
        """A development branch with production's schema and no rows. It is ready some time
        later."""

    def delete_branch(self, database: PlanetScaleDatabase, name: str) -> None:
        """Refused for a branch of production, also where PlanetScale would take it (PS-2)."""

    def run(self, database: PlanetScaleDatabase, branch: str, statements: Sequence[str]) -> None:
        """Send these statements to a development branch, one after another, and stop at the first
        that fails: Refused then, with the server's words. Refused, and nothing sent, for a branch
        of production (PS-2)."""

    def open_request(self, database: PlanetScaleDatabase, branch: str, notes: str) -> int:
        """Ask for a deploy of this branch into production, which awaits being told to cut over.
        Its number; nothing is deployed yet."""

    def deploy(self, database: PlanetScaleDatabase, number: int) -> None:
        """Put it into the queue. Refused where it is not READY."""

    def cut_over(self, database: PlanetScaleDatabase, number: int) -> None:
        """Refused where it is not PENDING_CUTOVER."""

    def cancel(self, database: PlanetScaleDatabase, number: int) -> None:
        """Stop a deploy that has not cut over."""

    def close(self, database: PlanetScaleDatabase, number: int) -> None:
        """Give up a request that was not deployed."""

    def revert(self, database: PlanetScaleDatabase, number: int) -> None:
        """Put back the schema as it was, with the rows that were written since. Refused where it is
        not COMPLETE_PENDING_REVERT."""

    def skip_revert(self, database: PlanetScaleDatabase, number: int) -> None:
        """Give up the way back, and free the queue. Refused as `revert`."""


class DeployIntents(Protocol):
    """What an apply has meant to send, of whichever process. Raises Unavailable, and Refused where
    another process drives the apply by now: nothing may be sent then."""

    def intend(
        self, step: DeployStep, *, at_s: float, number: int = 0, because: Problem | None = None
    ) -> None:
        """Durable when it returns (PS-7). `number` is the deploy request's, 0 where there is none
        yet; `because`: what is to be told of it."""

    def intents(self) -> Mapping[DeployStep, DeployIntent]: ...
