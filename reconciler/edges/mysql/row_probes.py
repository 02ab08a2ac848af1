"""Asks shards about their rows: `RowProbes` over real servers.

Rule (PF-2): whatever keeps a question from an answer is a reason, and never "holds". A table must
be the one that was seen, before it is asked and afterwards.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.deadline import Patience, map_with_deadline
from reconciler.edges.mysql.limits import (
    PROBE_OVERTIME_S,
    PROBE_ROWS_AT_ONCE,
    PROBE_STATEMENT_S_MAX,
)
from reconciler.edges.mysql.probe_replica import replica_address, replica_session
from reconciler.edges.mysql.probe_session import (
    NotAnswered,
    ProbeSession,
    TookTooLong,
    check_same_server,
    now_s,
    probe_session,
)
from reconciler.edges.mysql.probe_sheet import FreeAnswers, Sheet, wait_for_room
from reconciler.edges.mysql.probe_turns import OpenWalk, take_turn
from reconciler.edges.mysql.probe_walk import (
    WARNED,
    TableWalk,
    holds_if_heard,
    minds_warnings,
)
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal, look_failed
from reconciler.edges.mysql.reading import number, read_definition
from reconciler.edges.mysql.target import resolve
from reconciler.errors import ReconcilerError, passes_by_itself
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.model import (
    Answer,
    EqualRows,
    Holds,
    NotSettled,
    Place,
    Probe,
    RowCondition,
    Versions,
    Violated,
)
from reconciler.preflight.sql import at_once_sql, walk_condition, walk_source

# How a server reads few rows for a question that it finds by an index; None: it reads none at all.
_BY_INDEX = frozenset(
    {"system", "const", "eq_ref", "ref", "ref_or_null", "range", "index_merge", "None"}
)


class MysqlRowProbes:
    """`root` is the repository, where relative TLS paths start."""

    def __init__(self, *, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root

    def ask(
        self,
        asked: Sequence[ShardAsked],
        *,
        parallel: int,
        budget_s: float,
        parallel_per_host: int | None = None,
    ) -> list[tuple[Answer, ...]]:
        give_up_s = time.monotonic() + budget_s
        free_answers = FreeAnswers()
        sheets = [Sheet(one, give_up_s, free_answers) for one in asked]
        open_sheets = _in_turns([sheet for sheet in sheets if sheet.asks_rows])
        room = _room_on_hosts([sheet.asked for sheet in open_sheets], parallel_per_host)
        for sheet in open_sheets:
            sheet.room = room.get(_host(sheet.asked))

        def limit_s(sheet: Sheet) -> float:
            overtime_s = sheet.asked.shard.connection.connect_timeout_s + PROBE_STATEMENT_S_MAX
            return max(0.0, give_up_s - time.monotonic()) + overtime_s + PROBE_OVERTIME_S

        map_with_deadline(self._fill, open_sheets, parallel=parallel, limit_s=limit_s)
        return [sheet.answers() for sheet in sheets]

    def _fill(self, sheet: Sheet, patience: Patience) -> None:
        shard = sheet.asked.shard
        try:
            with sheet.turn():
                sheet.check_time()
                target = resolve(
                    shard.connection, environ=self._environ, root=self._root, shard=shard.name
                )
                with self._session(sheet, target, patience) as session:
                    _ask_shard(session, sheet)
        except NotAnswered as error:
            sheet.give_up(error.reason, passes=error.passes)
        except ReconcilerError as error:
            because = error.problems[0].message.removeprefix(f"shard {shard.name}: ")
            sheet.give_up(because, passes=passes_by_itself(error))
        except ServerRefusal as refusal:
            sheet.give_up(f"the server refuses the session (error {refusal.error.number})")
        except LinkLost as lost:
            sheet.give_up(lost.reason, passes=True)
        except Exception as error:  # whatever a server made of it, it is this shard's alone
            sheet.give_up(look_failed(f"shard {shard.name}", error).message)

    @contextmanager
    def _session(self, sheet: Sheet, target: Target, patience: Patience) -> Iterator[ProbeSession]:
        """With the shard's primary, or in its place with a replica of it."""
        asked = sheet.asked
        if asked.replica_behind_s_max is None:
            with probe_session(target, patience) as session:
                yield session
            return
        address = replica_address(asked.shard.connection)
        named = None
        if address is not None:
            named = resolve(address, environ=self._environ, root=self._root, shard=asked.shard.name)
        with replica_session(
            target,
            named,
            server=asked.server,
            behind_s_max=asked.replica_behind_s_max,
            patience=patience,
        ) as (session, sheet.following):
            yield session


def _room_on_hosts(
    asked: Sequence[ShardAsked], per_host: int | None
) -> dict[str, threading.Semaphore]:
    if per_host is None:
        return {}
    return {host: threading.Semaphore(per_host) for host in sorted({_host(one) for one in asked})}


def _in_turns(sheets: Sequence[Sheet]) -> list[Sheet]:
    """One of each server after the other: who waits for a server keeps nobody from the next."""
    asked: Counter[str] = Counter()
    turns = []
    for place, sheet in enumerate(sheets):
        turns.append((asked[_host(sheet.asked)], place))
        asked[_host(sheet.asked)] += 1
    return [sheets[place] for _, place in sorted(turns)]


def _host(asked: ShardAsked) -> str:
    connection = asked.shard.connection
    if asked.replica_behind_s_max is not None:  # where it is, nobody knows before it is looked for
        connection = replica_address(connection) or connection
        return "\0".join((connection.host, connection.port, connection.socket or ""))
    return asked.server or "\0".join((connection.host, connection.port, connection.socket or ""))


def _ask_shard(session: ProbeSession, sheet: Sheet) -> None:
    if sheet.following is None:
        check_same_server(session.server, sheet.asked.server)
    known = dict(sheet.found)
    walks: list[OpenWalk] = []
    for table in sheet.asked.tables:
        with _about(session, sheet, table, known):
            walks += _ask_at_once(session, sheet, table)
    while walks:
        later: list[OpenWalk] = []
        for place, walk in enumerate(walks):
            with _about(session, sheet, walk.table, known):
                later += take_turn(
                    sheet,
                    walk,
                    turns_left=len(walks) - place,
                    check_table=partial(_check_definition, session, walk.table),
                )
        walks = later


@contextmanager
def _about(
    session: ProbeSession, sheet: Sheet, table: TableAsked, known: Mapping[Probe, Answer]
) -> Iterator[None]:
    """Where a table is asked: what it answered counts while it is the one that was seen. `known`
    are the answers that no table was asked for."""
    try:
        _check_definition(session, table)
        yield
        _settle(session, sheet, table)
    except NotAnswered as error:
        if error.ends_all:
            _settle_at_the_end(session, sheet, table, known)
            raise
        for probe in table.probes:
            sheet.tell(probe, error.answer)
        sheet.settle()
    except _OtherTable as error:
        _take_back(sheet, table, known, error)


class _OtherTable(Exception):
    """The table is not, or no longer, the one that was seen."""


def _settle(session: ProbeSession, sheet: Sheet, table: TableAsked) -> None:
    _check_definition(session, table)
    sheet.follow()
    sheet.settle()


def _settle_at_the_end(
    session: ProbeSession, sheet: Sheet, table: TableAsked, known: Mapping[Probe, Answer]
) -> None:
    """Nothing more is asked there. What has been answered counts where the table can still be
    looked at, and is the same."""
    if not sheet.pending:
        return
    try:
        _settle(session, sheet, table)
    except _OtherTable as error:
        _take_back(sheet, table, known, error)
    except (NotAnswered, ServerRefusal, LinkLost):
        pass


def _take_back(
    sheet: Sheet, table: TableAsked, known: Mapping[Probe, Answer], error: _OtherTable
) -> None:
    for probe in table.probes:
        if probe not in known:
            sheet.found[probe] = NotSettled(at_s=now_s(), because=str(error), passes=True)


def _check_definition(session: ProbeSession, table: TableAsked) -> None:
    text = read_definition(session.link, table.table)
    if text is None or not table.is_as_seen(text):
        raise _OtherTable("the table was changed since it was looked at")


def _ask_at_once(session: ProbeSession, sheet: Sheet, table: TableAsked) -> list[OpenWalk]:
    """What one statement answers; and the walks that the rest takes. All questions that begin at
    one place walk along one key."""
    equal: list[Probe] = []
    together: dict[tuple[Versions, Place | None], list[Probe]] = {}
    for probe in table.probes:
        if sheet.is_answered(probe):
            continue
        wait_for_room(session, sheet)
        answer = _at_once(session, probe)
        if answer is not None:
            sheet.tell(probe, answer)
            continue
        match probe.question:
            case EqualRows() if probe.walk is not None:
                equal.append(probe)
            case RowCondition() if probe.walk is not None:
                place = probe.versions, sheet.places.get(probe)
                together.setdefault(place, []).append(probe)
            case _:
                sheet.tell(probe, NotSettled(at_s=now_s(), because=_without_walk(probe)))
    walks = [*([probe] for probe in equal), *together.values()]
    return [
        OpenWalk(table, tuple(probes), partial(_walk_for, session, sheet, probes[0]))
        for probes in walks
    ]


def _walk_for(session: ProbeSession, sheet: Sheet, probe: Probe) -> TableWalk:
    assert probe.walk is not None, "only what can be walked is an open walk"
    is_equal = isinstance(probe.question, EqualRows)
    return TableWalk(
        session=session,
        table=probe.table,
        walk=probe.walk,
        may_go_on=lambda: wait_for_room(session, sheet),
        # Rows with NULL in what is walked along are equal to none.
        condition=walk_condition(probe.walk) if is_equal else None,
        versions=probe.versions,
        rest_share=sheet.rest_share,
        number=next(sheet.walk_numbers),
    )


def _at_once(session: ProbeSession, probe: Probe) -> Answer | None:
    """By one statement over the whole table; None: that is too dear. A question that the server
    refuses is not settled, and the others of its table are asked all the same."""
    sql = at_once_sql(probe)
    assert sql is not None, "only what rows must tell is asked"
    try:
        hows, rows = session.estimated(sql)
        by_index = hows <= _BY_INDEX and isinstance(probe.question, RowCondition)
        is_tried = by_index or _counts(probe)
        if not is_tried and max(rows, _rows(session, probe)) > PROBE_ROWS_AT_ONCE:
            return None
        found = session.rows(sql, width=1)
    except TookTooLong:
        return None
    except NotAnswered as error:
        if error.ends_all:
            raise
        return error.answer
    if not found:
        return _clean(session, probe)
    rows_min = number(found[0][0])
    if len(found) > 1 or rows_min is None or rows_min < 1:
        raise NotAnswered("it answered something else than was asked")
    return Violated(at_s=now_s(), rows_min=rows_min)


def _clean(session: ProbeSession, probe: Probe) -> Answer:
    """No row refutes it."""
    if minds_warnings(probe) and session.has_warned:
        return NotSettled(at_s=now_s(), because=WARNED)
    return holds_if_heard(session, probe, Holds(at_s=now_s()))


def _counts(probe: Probe) -> bool:
    return isinstance(probe.question, RowCondition) and probe.question.counts


def _rows(session: ProbeSession, probe: Probe) -> int:
    """Of the whole table, as the server estimates: what a condition may have it read."""
    return session.estimated(f"SELECT 1 FROM {walk_source(probe.table, None, probe.versions)}")[1]


def _without_walk(probe: Probe) -> str:
    if _counts(probe):
        return "to count all of its rows takes longer than a second"
    if isinstance(probe.question, EqualRows):
        return (
            "no index begins with one of its columns, whole and as the new key compares it"
            f" ({_NOT_SORTED}), and the table is too large to be sorted"
        )
    return (
        "the table has no key of columns that are never NULL by which it could be walked"
        f" ({_NOT_SORTED})"
    )


_NOT_SORTED = "ENUM, SET, BIT, YEAR, TIME, FLOAT, DOUBLE, and MariaDB's UUID and INET, do not serve"
