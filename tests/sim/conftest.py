"""What every simulated rollout leaves behind, and who takes it away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sim.run import close_ledgers


@pytest.fixture(autouse=True)
def no_ledger_stays_open() -> Iterator[None]:
    """Python 3.13 and newer warn of a database that nobody closed, and a warning is an error."""
    yield
    close_ledgers()
