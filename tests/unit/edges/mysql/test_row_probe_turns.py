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
from types import SimpleNamespace
from typing import NoReturn, cast

import pytest

from reconciler.edges.mysql import probe_sheet, probe_turns, probe_walk, row_probes
from reconciler.edges.mysql.probe_session import NotAnswered, ProbeSession, TookTooLong
from reconciler.edges.mysql.probe_sheet import Sheet, wait_for_room
from reconciler.edges.mysql.probe_walk import TableWalk, TurnOver
from reconciler.edges.mysql.problems import LinkLost
from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.guard.health import Vitals
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.model import (
    Holds,
    NotSettled,
    Probe,
    Walk,
)
from reconciler.spec.model import Connection, ShardSpec
from tests.sample_probes import AT_ONCE

_SERVER = SimpleNamespace(settings=SimpleNamespace(version=None), identity="one")
ASKED = cast(ProbeSession, SimpleNamespace(link=None, server=_SERVER))


def shard(name: str, host: str) -> ShardAsked:
    connection = Connection(host=host, port="3306", database="d", user="u", password="p")
    table = TableAsked(table="t", probes=(AT_ONCE,), is_as_seen=lambda _: True)
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
        sheet.tell(AT_ONCE, Holds(at_s=0.0))
        raise NotAnswered("the time was over", ends_all=True)

    monkeypatch.setattr(row_probes, "resolve", lambda connection, **_: connection.host)
    monkeypatch.setattr(row_probes, "probe_session", _session)
    monkeypatch.setattr(row_probes, "_ask_shard", ask_shard)
    probes = MysqlRowProbes(environ={}, root=Path("/"))
    [[found]] = probes.ask([shard("0", "one")], parallel=1, budget_s=60)
    assert isinstance(found, NotSettled)
    assert found.because == "the time was over"


SECOND = replace(
    AT_ONCE, raised=replace(AT_ONCE.raised, object="b"), walk=Walk(index="i", columns=())
)
LOST = LinkLost("the connection was lost", sent=True)
CHANGED = "CREATE TABLE t (a int)"
SAME = ""


@pytest.mark.invariant("PF-2")
@pytest.mark.parametrize(
    ("walks", "looks", "first"),
    [
        (True, [SAME, SAME, SAME, LOST], "holds"),
        (True, [SAME, CHANGED], "the table was changed since it was looked at"),
        (True, [SAME, LOST], "the connection was lost"),
        (False, [SAME, SAME], "holds"),
        (False, [SAME, CHANGED], "the table was changed since it was looked at"),
        (False, [SAME, LOST], "the time was over"),
    ],
)
def test_what_was_answered_before_the_end_counts_where_its_table_was_looked_at_again(
    monkeypatch: pytest.MonkeyPatch, walks: bool, looks: list[str | LinkLost], first: str
) -> None:
    """The end comes in the walk of another question, or where that was still asked at once."""
    left = iter(looks)

    def look(*_: object) -> str:
        found = next(left)
        if isinstance(found, LinkLost):
            raise found
        return found

    def end(*_: object, **__: object) -> NoReturn:
        raise NotAnswered("the time was over", ends_all=True)

    def at_once(_: object, probe: Probe) -> Holds | None:
        if probe is not AT_ONCE and not walks:
            end()
        return Holds(at_s=0.0) if probe is AT_ONCE else None

    monkeypatch.setattr(row_probes, "resolve", lambda connection, **_: ASKED)
    monkeypatch.setattr(row_probes, "probe_session", _session)
    monkeypatch.setattr(row_probes, "read_definition", look)
    monkeypatch.setattr(row_probes, "_at_once", at_once)
    monkeypatch.setattr(probe_turns, "walk_conditions", end)
    asked = shard("0", "one")
    table = TableAsked(table="t", probes=(AT_ONCE, SECOND), is_as_seen=lambda text: text == SAME)
    [found] = MysqlRowProbes(environ={}, root=Path("/")).ask(
        [replace(asked, tables=(table,))], parallel=1, budget_s=60
    )
    told = [one.because if isinstance(one, NotSettled) else "holds" for one in found]
    assert told[0] == first
    assert told[1] == ("the time was over" if first == "holds" else first)


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
        sheet.tell(AT_ONCE, Holds(at_s=0.0))
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


@pytest.mark.invariant("PF-3")
@pytest.mark.parametrize(
    ("vitals", "because"),
    [
        (Vitals(threads_running=9), "beyond its limit of load (threads_running_max)"),
        (Vitals(threads_running=None), "beyond its limit of load (threads_running_max)"),
        (Vitals(threads_running=1, replica_lag_s=31.0), "behind by more than their limit"),
        (Vitals(threads_running=1, replica_lag_s=None), "behind by more than their limit"),
    ],
)
def test_a_shard_beyond_the_limits_of_the_spec_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, vitals: Vitals, because: str
) -> None:
    monkeypatch.setattr(probe_sheet, "measure", lambda *_: vitals)
    limited = replace(shard("-80", "db"), threads_running_max=8, replica_lag_max_s=30)
    sheet = Sheet(limited, give_up_s=time.monotonic() + 0.1)
    with pytest.raises(NotAnswered) as raised:
        wait_for_room(ASKED, sheet)
    assert because in raised.value.reason
    assert raised.value.ends_all


@pytest.mark.invariant("PF-3")
def test_a_shard_is_asked_again_once_it_is_within_its_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = iter([9, 9, 8])
    monkeypatch.setattr(probe_sheet, "_LOAD_WAIT_S", 0.0)
    monkeypatch.setattr(
        probe_sheet, "measure_alone", lambda *_: Vitals(threads_running=next(running))
    )
    limited = replace(shard("-80", "db"), threads_running_max=8)
    sheet = Sheet(limited, give_up_s=time.monotonic() + 60)
    wait_for_room(ASKED, sheet)
    wait_for_room(ASKED, sheet)  # a second has not gone by: nothing is measured
    assert next(running, None) is None


@pytest.mark.invariant("PF-11")
def test_a_stretch_is_sized_to_a_fifth_of_a_second_and_rested_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By how long it took; one that the server ended is asked for again, with a quarter of rows."""
    now_s, rested_s = [0.0], list[float]()
    monkeypatch.setattr(probe_walk, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    monkeypatch.setattr(TableWalk, "_find_end", lambda _: False)
    walked = TableWalk(
        session=ASKED,
        table="t",
        walk=Walk(index="PRIMARY", columns=("id",)),
        may_go_on=lambda: None,
        sleep=rested_s.append,
    )
    sizes = []

    def ask(is_first: bool, is_last: bool) -> list[int | None]:
        """A hundred thousand rows a second."""
        sizes.append(walked.rows)
        if len(sizes) == 6:
            raise TookTooLong
        now_s[0] += walked.rows / 100_000
        return []

    for _ in range(7):
        walked.stretch(ask)
    wanted = [500, 2_000, 8_000, 20_000, 20_000, 20_000, 5_000, 20_000]
    assert sizes == pytest.approx(wanted, abs=9)
    answered = sizes[:5] + sizes[6:]
    assert rested_s == pytest.approx([9 * rows / 100_000 for rows in answered])


class Answering:
    """A server behind something that takes statements apart: `is_there` answers whether the session
    is at the place of its walk."""

    connection = 7

    def __init__(self, is_there: tuple[int, int]) -> None:
        self._is_there = is_there

    def execute(self, sql: str) -> None:
        pass

    def row(self, sql: str, *, width: int) -> tuple[int, int]:
        assert sql.startswith("SELECT CONNECTION_ID(), @reconciler_from_0 <=> "), sql
        return self._is_there


@pytest.mark.invariant("PF-13")
@pytest.mark.parametrize(
    ("is_there", "goes_on"), [((7, 1), True), ((7, 0), False), ((8, 1), False)]
)
def test_a_walk_is_taken_up_at_its_own_place_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, is_there: tuple[int, int], goes_on: bool
) -> None:
    """Another walk was at its turn meanwhile, and its place is still there."""
    monkeypatch.setattr(TableWalk, "_find_end", lambda _: False)
    walked = TableWalk(
        session=cast(ProbeSession, Answering(is_there)),
        table="t",
        walk=Walk(index="PRIMARY", columns=("id",)),
        may_go_on=lambda: None,
        sleep=lambda _: None,
    )
    walked.take_up(until_s=0.0)
    walked.stretch(lambda *_: [])
    with pytest.raises(TurnOver):
        walked.stretch(lambda *_: [])
    if goes_on:
        walked.take_up(until_s=0.0)
        walked.stretch(lambda *_: [])
        return
    with pytest.raises(NotAnswered):
        walked.take_up(until_s=0.0)
