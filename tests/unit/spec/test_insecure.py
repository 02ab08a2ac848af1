"""What nobody verifies is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.spec.insecure import insecure_note
from reconciler.spec.model import Connection, Environment, ShardSpec, Tls

VERIFIED = Connection(database="d", user="u")
INSECURE = replace(VERIFIED, tls=Tls(insecure=True))


def environment(*connections: Connection, **others: object) -> Environment:
    shards = tuple(ShardSpec(name=f"s{n}", connection=c) for n, c in enumerate(connections))
    return replace(Environment(name="production", shards=shards), **others)  # type: ignore[arg-type]


def test_where_everything_is_verified_there_is_nothing_to_say() -> None:
    assert insecure_note(environment(VERIFIED, replace(VERIFIED, tls=Tls(ca="ca.pem")))) is None


@pytest.mark.invariant("CN-1")
def test_each_part_that_nobody_verifies_is_named() -> None:
    note = insecure_note(
        environment(
            VERIFIED, INSECURE, scratch=INSECURE, ledger="mysql://u@h/d?ssl_x=1&tls=insecure"
        )
    )
    assert note is not None
    for part in ("1 of 2 shards", "the scratch server", "the ledger", "`tls: insecure`"):
        assert part in note
