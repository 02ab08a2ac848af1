"""What a controller's loop reaches, wired: its clone, the ledgers of all specs, the log."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.cli.wire import Worlds
from reconciler.ports.controller import ControllerLease
from reconciler.ports.ledger import Ledger
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

SpecGate = Callable[[DesiredFiles, Environment, str], None]


class SpecLedgers:
    """Implements Ledgers: opened once for as long as the process runs. Each errand opens its own
    besides, and closes it again. `gate` raises Refused for a spec that was not reviewed."""

    def __init__(self, worlds: Worlds, gate: SpecGate) -> None:
        self._worlds, self._gate = worlds, gate

    def key(self, environment: Environment) -> str:
        return environment.ledger or ""

    def open(
        self, files: DesiredFiles, environment: Environment, commit: str
    ) -> tuple[Ledger, ControllerLease]:
        if environment.ledger is not None:
            self._gate(files, environment, commit)
        return self._worlds.ledger_of(environment), self._worlds.controller_lease_of(environment)
