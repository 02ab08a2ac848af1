"""No value that a report is made from has room for a secret."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from reconciler import outcomes
from reconciler.spec.model import Connection, Environment, ShardSpec, Tls


def dataclasses_within(kind: Any) -> set[type[Any]]:
    if isinstance(kind, UnionType) or get_origin(kind) is not None:
        return set[type[Any]]().union(*map(dataclasses_within, get_args(kind)))
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        return set()
    hints = get_type_hints(kind)
    return {kind}.union(*map(dataclasses_within, hints.values()))


def outcome_types() -> list[type[Any]]:
    rooms = [
        importlib.import_module(f"{outcomes.__name__}.{room.name}")
        for room in pkgutil.iter_modules(outcomes.__path__)
    ]
    return [
        kind
        for room in rooms
        for kind in vars(room).values()
        if isinstance(kind, type)
        and dataclasses.is_dataclass(kind)
        and kind.__module__ == room.__name__  # not imported
    ]


@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize("outcome", outcome_types(), ids=lambda kind: kind.__name__)
def test_no_outcome_can_hold_a_connection(outcome: type[Any]) -> None:
    assert not dataclasses_within(outcome) & {Connection, Environment, ShardSpec, Tls}
