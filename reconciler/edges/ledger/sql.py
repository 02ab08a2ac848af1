"""The ledger on SQLAlchemy Core: an SQLite file by default, a MySQL database for several runners.

Rule: what a method has recorded is on disk when it returns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Engine,
    Integer,
    bindparam,
    insert,
    select,
    update,
)

from reconciler.edges.ledger import rows
from reconciler.edges.ledger.engine import GroupCommit, alone, engine_for, reading, writing
from reconciler.edges.ledger.leader import SqlControllerLease
from reconciler.edges.ledger.looks import SqlLooks
from reconciler.edges.ledger.orders import check_not_stopped, note_resume
from reconciler.edges.ledger.row_answers import SqlRowAnswers
from reconciler.edges.ledger.splits.jobs import SqlSplitJobs
from reconciler.edges.ledger.splits.routes import SqlRoutes
from reconciler.edges.ledger.statement_queries import (
    COUNTED,
    STATEMENTS,
    STATEMENTS_IN,
    of_engines,
    past,
)
from reconciler.edges.ledger.sweep import forget_applies, read_forgotten
from reconciler.edges.ledger.tables import (
    applies,
    deploys,
    events,
    finalizers,
    operations,
    requests,
)
from reconciler.edges.ledger.unfinished import find_unfinished
from reconciler.edges.ledger.versions import is_current, make_current
from reconciler.edges.ledger.writes import (
    Place,
    beat,
    begin_apply,
    check_fence,
    check_lease,
    find_lease,
    lease_lost,
    record,
    take_lease,
    write_apply,
    write_events,
)
from reconciler.ledger.codec import told_text
from reconciler.ledger.deploys import DeployIntent, DeployStep
from reconciler.ledger.model import (
    EVERY_APPLY,
    Entry,
    EventEntry,
    Forgotten,
    Lease,
    NewApply,
    Request,
    StatementOfApply,
    StoredApply,
    StoredFinalizer,
    StoredLease,
    StoredOperation,
    StoredStatement,
    TakenOn,
    Wanted,
)
from reconciler.ledger.reasons import Answer
from reconciler.ledger.states import ApplyState, RequestKind, RequestState, StatementState
from reconciler.plan.model import Moment

# Asked for again and again by whoever drives an apply, and built once (see `writes`).
_APPLY_ID: BindParameter[int] = bindparam("of_apply")
_STATE: BindParameter[str] = bindparam("of_state")
_APPLY = select(applies).where(applies.c.apply_id == _APPLY_ID)
_NO_END = 1 << 62  # beyond the number of any apply
_APPLIES = (
    select(applies)
    .where(
        applies.c.environment == bindparam("of_environment"),
        applies.c.region == bindparam("of_region"),
        applies.c.apply_id < bindparam("of_end"),
    )
    .order_by(applies.c.apply_id.desc())
    .limit(bindparam("of_limit", type_=Integer))
)
_APPLIES_OF = _APPLIES.where(applies.c.keyspace == bindparam("of_keyspace"))
_REQUESTS = select(requests).where(requests.c.apply_id == _APPLY_ID).order_by(requests.c.request_id)
_OPERATIONS = (
    select(operations).where(operations.c.apply_id == _APPLY_ID).order_by(operations.c.position)
)
_FINALIZERS = select(finalizers).where(finalizers.c.apply_id == _APPLY_ID)
_DEPLOYS = select(deploys).where(deploys.c.apply_id == _APPLY_ID)
_REQUESTS_IN = _REQUESTS.where(requests.c.state == _STATE)


def open_ledger(url: str | None, *, default_file: Path) -> SqlLedger:
    """`url` is complete (variables filled in); None means `default_file`, made if missing.
    Raises InvalidInput, Refused (`ledger-too-new`) or Unavailable."""
    engine = engine_for(url, default_file=default_file)
    try:
        return SqlLedger(engine)
    except BaseException:
        engine.dispose()  # what was refused leaves no connection behind
        raise


class SqlLedger:
    """Implements the Ledger port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._group = GroupCommit(lambda: writing(engine))
        with reading(engine) as connection:
            current = is_current(connection)
        if not current:
            with writing(engine) as connection, alone(connection):
                make_current(connection)

    @property
    def is_on_a_server(self) -> bool:
        return self._engine.dialect.name != "sqlite"

    @property
    def split_jobs(self) -> SqlSplitJobs:
        """Of the same database, over the same connections."""
        return SqlSplitJobs(self._engine)

    @property
    def routes(self) -> SqlRoutes:
        return SqlRoutes(self._engine)

    @property
    def looks(self) -> SqlLooks:
        return SqlLooks(self._engine)

    @property
    def row_answers(self) -> SqlRowAnswers:
        return SqlRowAnswers(self._engine)

    @property
    def controller_lease(self) -> SqlControllerLease:
        return SqlControllerLease(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def begin(
        self,
        new: NewApply,
        *,
        holder: str,
        now_s: float,
        stays_ended: frozenset[ApplyState] = frozenset(),
    ) -> Lease:
        with writing(self._engine) as connection:
            return begin_apply(connection, new, holder, now_s, stays_ended)

    def go_on(
        self,
        apply_id: int,
        *,
        holder: str,
        now_s: float,
        asked_by: str | None,
        heard: int | None = None,
    ) -> TakenOn:
        with writing(self._engine) as connection:
            of = {"of_apply": apply_id}
            found = rows.stored_apply(connection.execute(_APPLY, of).mappings().one())
            place = Place(found.environment, found.keyspace, found.region)
            lease = take_lease(connection, place, apply_id, holder, now_s)
            if asked_by is None:
                return TakenOn(lease, check_not_stopped(connection, found))
            if heard is not None:
                check_not_stopped(connection, found, after=heard)
            return TakenOn(lease, note_resume(connection, apply_id, asked_by, lease.holder, now_s))

    def take_over(
        self, apply_id: int, *, holder: str, now_s: float, seen: StoredLease | None = None
    ) -> Lease:
        with writing(self._engine) as connection:
            of = {"of_apply": apply_id}
            found = rows.stored_apply(connection.execute(_APPLY, of).mappings().one())
            if seen is not None:
                check_fence(connection, found, seen.fence)
            place = Place(found.environment, found.keyspace, found.region)
            return take_lease(connection, place, apply_id, holder, now_s)

    def heartbeat(self, lease: Lease, *, now_s: float) -> None:
        with writing(self._engine) as connection:
            if not beat(connection, lease, lease.holder, now_s):
                raise lease_lost(lease.apply_id, lease.keyspace)

    def give_up(self, lease: Lease, *, now_s: float) -> None:
        with writing(self._engine) as connection:
            beat(connection, lease, None, now_s)

    def record(self, lease: Lease, entries: Sequence[Entry]) -> None:
        self._group.submit(lambda connection: record(connection, lease, entries))

    def settle(self, lease: Lease, row: StoredApply, events: Sequence[EventEntry] = ()) -> None:
        with writing(self._engine) as connection:
            check_lease(connection, lease)
            write_apply(connection, row)
            write_events(connection, row.apply_id, events)

    def ask(self, apply_id: int, kind: RequestKind, *, asked_by: str, now_s: float) -> Request:
        asker = rows.known_as(asked_by)
        with writing(self._engine) as connection:
            made = connection.execute(
                insert(requests).values(
                    apply_id=apply_id,
                    kind=kind.value,
                    asked_by=asker,
                    asked_s=now_s,
                    state=RequestState.PENDING.value,
                    answer="",
                )
            )
            key = made.inserted_primary_key
        assert key is not None, "a single-row insert returns its key"
        return Request(
            request_id=int(key[0]),
            apply_id=apply_id,
            kind=kind,
            asked_by=asker,
            asked_s=now_s,
            state=RequestState.PENDING,
        )

    def answer(self, request_id: int, state: RequestState, answer: Answer) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                update(requests)
                .where(
                    requests.c.request_id == request_id,
                    requests.c.state == RequestState.PENDING.value,
                )
                .values(state=state.value, answer=told_text(answer))
            )

    def requests(self, apply_id: int, state: RequestState | None = None) -> list[Request]:
        if state is None:
            found = self._rows(_REQUESTS, of_apply=apply_id)
        else:
            found = self._rows(_REQUESTS_IN, of_apply=apply_id, of_state=state.value)
        return [rows.stored_request(row) for row in found]

    def unfinished(self, environment: str, keyspace: str, region: str = "") -> StoredApply | None:
        with reading(self._engine) as connection:
            return find_unfinished(connection, environment, keyspace, (region,))

    def apply(self, apply_id: int) -> StoredApply | None:
        found = self._rows(_APPLY, of_apply=apply_id)
        return rows.stored_apply(found[0]) if found else None

    def applies(
        self,
        environment: str,
        *,
        keyspace: str | None,
        limit: int,
        region: str = "",
        before: int | None = None,
        wanted: Wanted = EVERY_APPLY,
    ) -> list[StoredApply]:
        of = {
            "of_environment": environment,
            "of_region": region,
            "of_limit": limit,
            "of_end": before if before is not None else _NO_END,
        }
        if keyspace is None:
            found = self._rows(_APPLIES.where(*_conditions(wanted)), **of)
        else:
            found = self._rows(_APPLIES_OF.where(*_conditions(wanted)), **of, of_keyspace=keyspace)
        return [rows.stored_apply(row) for row in found]

    def operations(self, apply_id: int) -> tuple[StoredOperation, ...]:
        found = self._rows(_OPERATIONS, of_apply=apply_id)
        return tuple(rows.stored_operation(row) for row in found)

    def finalizers(self, apply_id: int) -> tuple[StoredFinalizer, ...]:
        read = self._rows(_FINALIZERS, of_apply=apply_id)
        found = (rows.stored_finalizer(row) for row in read)
        return tuple(sorted(found, key=lambda row: list(Moment).index(row.moment)))

    def deploys(self, apply_id: int) -> Mapping[DeployStep, DeployIntent]:
        found = self._rows(_DEPLOYS, of_apply=apply_id)
        return dict(rows.deploy_intent(row) for row in found)

    def statements(
        self, apply_id: int, *, state: StatementState | None = None
    ) -> tuple[StoredStatement, ...]:
        if state is None:
            found = self._rows(STATEMENTS, of_apply=apply_id)
        else:
            found = self._rows(STATEMENTS_IN, of_apply=apply_id, of_state=state.value)
        return tuple(rows.stored_statement(row) for row in found)

    def sent(self, apply_id: int) -> Mapping[str, Mapping[StatementState, int]]:
        found: dict[str, dict[StatementState, int]] = {}
        for row in self._rows(COUNTED, of_apply=apply_id):
            shard, state, number = rows.statements_counted(row)
            found.setdefault(shard, {})[state] = number
        return found

    def engine_statements(
        self, environment: str, keyspace: str, *, names: Collection[str]
    ) -> tuple[StatementOfApply, ...]:
        wanted = of_engines(environment, keyspace, names)
        return tuple(rows.statement_of_apply(row) for row in self._rows(wanted))

    def past_statements(
        self, environment: str, keyspace: str, *, tables: Sequence[str], limit: int
    ) -> tuple[StatementOfApply, ...]:
        each = past(environment, keyspace, tables, limit)
        return tuple(rows.statement_of_apply(row) for one in each for row in self._rows(one))

    def events(self, apply_id: int, *, limit: int) -> list[EventEntry]:
        wanted = select(events).where(events.c.apply_id == apply_id)
        latest = self._rows(wanted.order_by(events.c.event_id.desc()).limit(limit))
        return [rows.event_entry(row) for row in reversed(latest)]

    def first_events(self, apply_id: int, *, limit: int) -> list[EventEntry]:
        wanted = select(events).where(events.c.apply_id == apply_id)
        found = self._rows(wanted.order_by(events.c.event_id).limit(limit))
        return [rows.event_entry(row) for row in found]

    def forget(
        self, environment: str, keyspace: str, *, now_s: float, keep_s: float, rows_max: int
    ) -> int:
        old = {"now_s": now_s, "keep_s": keep_s}
        return forget_applies(self._engine, environment, keyspace, **old, rows_max=rows_max)

    def forgotten(self, environment: str, keyspace: str) -> Forgotten | None:
        return read_forgotten(self._engine, environment, keyspace)

    def lease(self, environment: str, keyspace: str, region: str = "") -> StoredLease | None:
        with reading(self._engine) as connection:
            return find_lease(connection, Place(environment, keyspace, region))

    def _rows(self, wanted: Any, **of: object) -> list[rows.Row]:
        with reading(self._engine) as connection:
            return list(connection.execute(wanted, of).mappings())


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.since_s is not None:
        yield applies.c.started_s >= wanted.since_s
    if wanted.until_s is not None:
        yield applies.c.started_s < wanted.until_s
    if wanted.states:
        yield applies.c.state.in_([state.value for state in wanted.states])
    if wanted.plan:
        yield applies.c.plan_id.startswith(wanted.plan, autoescape=True)
