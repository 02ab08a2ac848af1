"""No value that a report is made from has room for a secret."""

from __future__ import annotations

import dataclasses
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from reconciler import outcomes
from reconciler.spec.model import Connection, Environment, ShardSpec, Tls


def dataclasses_within(kind: Any) -> set[type]:
    if isinstance(kind, UnionType) or get_origin(kind) is not None:
        return set().union(*(dataclasses_within(arm) for arm in get_args(kind)))
    if not dataclasses.is_dataclass(kind):
        return set()
    hints = get_type_hints(kind)
    return {kind}.union(*(dataclasses_within(hint) for hint in hints.values()))  # type: ignore[arg-type]


@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize(
    "outcome",
    [kind for kind in vars(outcomes).values() if dataclasses.is_dataclass(kind)],
    ids=lambda kind: kind.__name__,
)
def test_no_outcome_can_hold_a_connection(outcome: type) -> None:
    assert not dataclasses_within(outcome) & {Connection, Environment, ShardSpec, Tls}
