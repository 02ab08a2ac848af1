"""How many shards have their rows asked at once, over all and on one server, and what is made of
one whose time is over."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.mysql import row_probes
from reconciler.edges.mysql.probe_session import NotAnswered
from reconciler.edges.mysql.probe_sheet import Sheet
from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.model import (
    Effect,
    Holds,
    NotSettled,
    Probe,
    QuestionKind,
    Raised,
    RowCondition,
)
from reconciler.spec.model import Connection, ShardSpec

PROBE = Probe(
    table="t",
    statement=0,
    raised=Raised(
        kind=QuestionKind.NULLS,
        object="a",
        effect=Effect.FAILS,
        what="rows with NULL",
        question=RowCondition("`a` IS NULL"),
    ),
)


def shard(name: str, host: str) -> ShardAsked:
    connection = Connection(host=host, port="3306", database="d", user="u", password="p")
    table = TableAsked(table="t", probes=(PROBE,), is_as_seen=lambda _: True)
    return ShardAsked(shard=ShardSpec(name=name, connection=connection), tables=(table,))


@contextmanager
def _session(target: object, patience: object) -> Iterator[object]:
    yield target


@pytest.mark.invariant("PF-1")
def test_a_table_that_was_not_looked_at_again_holds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time is over between an answer and the look whether the table is still the same."""

    def ask_shard(_: object, sheet: Sheet) -> None:
        sheet.tell(PROBE, Holds(at_s=0.0))
        raise NotAnswered("the time was over", ends_all=True)

    monkeypatch.setattr(row_probes, "resolve", lambda connection, **_: connection.host)
    monkeypatch.setattr(row_probes, "probe_session", _session)
    monkeypatch.setattr(row_probes, "_ask_shard", ask_shard)
    probes = MysqlRowProbes(environ={}, root=Path("/"))
    [[found]] = probes.ask([shard("0", "one")], parallel=1, budget_s=60)
    assert isinstance(found, NotSettled)
    assert found.because == "the time was over"


@pytest.mark.invariant("PF-8")
def test_no_more_shards_of_a_server_are_asked_at_once_than_the_spec_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard, now, most = threading.Lock(), Counter[str](), Counter[str]()

    @contextmanager
    def session(target: object, patience: object) -> Iterator[str]:
        host = str(target)
        with guard:
            now[host] += 1
            most[host] = max(most[host], now[host])
        try:
            yield host
        finally:
            with guard:
                now[host] -= 1

    def answer(_: object, sheet: Sheet) -> None:
        time.sleep(0.01)  # room for another one to come in between
        sheet.tell(PROBE, Holds(at_s=0.0))
        sheet.settle()

    monkeypatch.setattr(row_probes, "resolve", lambda connection, **_: connection.host)
    monkeypatch.setattr(row_probes, "probe_session", session)
    monkeypatch.setattr(row_probes, "_ask_shard", answer)
    asked = [shard(str(n), "one" if n < 6 else "other") for n in range(12)]
    probes = MysqlRowProbes(environ={}, root=Path("/"))
    found = probes.ask(asked, parallel=8, budget_s=60, parallel_per_host=2)
    assert all(isinstance(answers[0], Holds) for answers in found)
    assert max(most.values()) <= 2
    assert set(most) == {"one", "other"}


@pytest.mark.invariant("PF-11")
def test_a_primary_is_left_alone_for_longer_than_a_replica() -> None:
    primary = shard("-80", "db")
    replica = replace(primary, replica_behind_s_max=30)
    shares = [Sheet(one, give_up_s=0.0).rest_share for one in (primary, replica)]
    assert shares == [9.0, 1.0]
