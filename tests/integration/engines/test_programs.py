"""The engines that were built start, and are what they say."""

from __future__ import annotations

import pytest

from reconciler.edges.engines.find import PROGRAMS, engine_program
from reconciler.model.engine import EngineName


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.engine(name)) for name in PROGRAMS]
)
def test_it_is_there_in_a_version_that_is_known(name: EngineName) -> None:
    assert engine_program(name).is_known
