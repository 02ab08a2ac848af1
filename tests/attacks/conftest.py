"""What several attackers start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from tests.github_work import Work, working


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    """A repository on the forge, and the people who work in it; reads are tried twice."""
    stamina.set_testing(True, attempts=2)
    with working(tmp_path) as made:
        yield made
    stamina.set_testing(False)
