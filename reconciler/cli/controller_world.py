"""What a controller's loop reaches, wired: its clone, the ledgers of all specs, the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.cli.wire import Worlds
from reconciler.errors import Problem, Unavailable
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


def token_from(file: Path | None, variable: str) -> str:
    """Read each time: whoever renews it writes the file again. Raises Unavailable while there is no
    token in it."""
    if file is None:
        return variable
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise Unavailable(_no_token()) from None
    if not token.isprintable() or not token or " " in token:
        raise Unavailable(_no_token())
    return token


def _no_token() -> Problem:
    return Problem(
        code="controller-token-unreadable",
        message="the file of --github-token-file holds no token that can be read",
        recovery="have whoever renews the token write it there, alone and under another name first:"
        " `mv` puts it in place at once; it is read again before each request",
    )
