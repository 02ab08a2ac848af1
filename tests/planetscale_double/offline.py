"""`DeployRequests` over the double, without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.edges.planetscale.problems import (
    branch_missing,
    branch_of_production,
    denied,
    not_taken,
    statement_failed,
)
from reconciler.model.deploy_request import Branch, DeployRequest, QueuedDeploy
from reconciler.spec.model import PlanetScaleDatabase
from tests.planetscale_double.hub import Hub, NotTaken, NotThere
from tests.planetscale_double.stores import NotRun


@dataclass
class OfflinePlanetScale:
    """`around` is entered with the name of each call, before it is made: a test ends or loses the
    process there."""

    hub: Hub
    around: Callable[[str], None] = lambda call: None
    after: Callable[[str], None] = lambda call: None

    def branch(self, database: PlanetScaleDatabase, name: str) -> Branch | None:
        with self._call("branch"):
            return self.hub.branch(name)

    def now_s(self) -> float:
        return self.hub.now_s

    def schema(self, database: PlanetScaleDatabase, branch: str) -> tuple[tuple[str, str], ...]:
        with self._call("schema"):
            return self.hub.schema(branch)

    def requests_from(
        self, database: PlanetScaleDatabase, branch: str
    ) -> tuple[DeployRequest, ...]:
        with self._call("requests_from"):
            return self.hub.requests_from(branch)

    def queue(self, database: PlanetScaleDatabase) -> tuple[QueuedDeploy, ...]:
        with self._call("queue"):
            return self.hub.queue()

    def create_branch(self, database: PlanetScaleDatabase, name: str) -> None:
        with self._call("create_branch"):
            self.hub.create_branch(name, database.branch)

    def delete_branch(self, database: PlanetScaleDatabase, name: str) -> None:
        with self._call("delete_branch"):
            self._refuse_production(database, name)
            self.hub.delete_branch(name)

    def run(self, database: PlanetScaleDatabase, branch: str, statements: Sequence[str]) -> None:
        with self._call("run"):
            self._refuse_production(database, branch)
            for sql in statements:
                self.around("statement")
                try:
                    self.hub.execute(branch, sql)
                except NotRun as refused:
                    raise statement_failed(branch, str(refused)) from None

    def open_request(self, database: PlanetScaleDatabase, branch: str, notes: str) -> int:
        with self._call("open_request"):
            return self.hub.open_request(branch, database.branch, notes, cuts_over=False)

    def deploy(self, database: PlanetScaleDatabase, number: int) -> None:
        with self._call("deploy"):
            self.hub.deploy(number)

    def cut_over(self, database: PlanetScaleDatabase, number: int) -> None:
        with self._call("cut_over"):
            self.hub.cut_over(number)

    def cancel(self, database: PlanetScaleDatabase, number: int) -> None:
        with self._call("cancel"):
            self.hub.cancel(number)

    def close(self, database: PlanetScaleDatabase, number: int) -> None:
        with self._call("close"):
            self.hub.close(number)

    def revert(self, database: PlanetScaleDatabase, number: int) -> None:
        with self._call("revert"):
            self.hub.revert(number)

    def skip_revert(self, database: PlanetScaleDatabase, number: int) -> None:
        with self._call("skip_revert"):
            self.hub.skip_revert(number)

    def _refuse_production(self, database: PlanetScaleDatabase, name: str) -> None:
        found = self.hub.branch(name)
        if found is None:
            raise branch_missing(name)
        if found.is_production or name == database.branch:
            raise branch_of_production(name)

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        self.around(name)
        try:
            yield
        except NotTaken as refused:
            raise not_taken(name, str(refused)) from None
        except NotThere:
            if name in ("schema",):
                raise denied(name, 404) from None
            raise not_taken(name, "Not Found") from None
        self.after(name)
