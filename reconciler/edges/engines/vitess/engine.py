"""`Engine` over Vitess' Online DDL: one migration on one shard, by an id of our own.

Rules: nothing is sent without the session's claim, and nothing twice (EN-70, EN-71). A migration
that is not recorded as ours is named and never touched (EN-72). Who runs a migration is a tablet:
it goes on without whoever began it, and is found again by its id.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace

from reconciler.ddl.statement.by_copy import NotByCopy, by_copy
from reconciler.edges.engines.claim import ClaimedShard, not_claimed
from reconciler.edges.engines.definitions import definition_digest
from reconciler.edges.engines.vitess import commands
from reconciler.edges.engines.vitess.answers import answer_of, said_by_vitess
from reconciler.edges.engines.vitess.control import Control, under_claim_of
from reconciler.edges.engines.vitess.limits import (
    MESSAGE_POLL_S,
    MESSAGE_S,
    MIGRATION_BEGINS_S,
    MIGRATION_POLL_S,
    MIGRATION_STILL_S,
    SWAP_UNTOLD_S,
    THROTTLE_TOLD_EVERY_S,
    TRIES_MAX,
)
from reconciler.edges.engines.vitess.migration import (
    Migration,
    Status,
    open_migrations,
    read_migration,
    read_stream_message,
)
from reconciler.edges.engines.vitess.record import MigrationRecord, new_record, record_of
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.engine_direct import not_sent
from reconciler.edges.mysql.limits import ENGINE_LOOK_S
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.errors import ReconcilerError, Unavailable
from reconciler.model.engine import EngineName, Handle, Progress
from reconciler.model.server import ServerError
from reconciler.ports.engine import (
    Answer,
    Applied,
    EngineWork,
    Failed,
    Gone,
    ReadyToCutOver,
    Running,
    Unknown,
)

#: Those whose Online DDL of one shard, states and ends have been tried.
KNOWN_SERIES = ("24.0",)

_OWN_ID_TAKEN = "another migration has the id that was chosen for it"


class VitessEngine:
    """`Engine`. Not for two threads at once."""

    def __init__(self, shard: ClaimedShard) -> None:
        self._shard = shard
        self._control = Control(shard.target)
        self._prepared: MigrationRecord | None = None
        self._still: tuple[tuple[str, ...], float] = ((), 0.0)
        self._cut_overs_before: dict[str, int] = {}
        self._throttled: dict[str, tuple[str, float]] = {}

    @property
    def name(self) -> EngineName:
        return EngineName.VITESS

    def close(self) -> None:
        """What was begun goes on in Vitess."""
        self._control.close()

    def prepare(self, work: EngineWork, earlier: Handle | None) -> Handle | Failed:
        found = under_claim_of(
            self._shard, self._control, lambda link: self._record(link, work, earlier)
        )
        if isinstance(found, Failed):
            return found
        self._prepared = found
        return found.handle()

    def start(self, handle: Handle, work: EngineWork) -> Answer:
        record = self._prepared
        assert record is not None, "it is prepared before it is started"
        assert record.handle() == handle, "what is started is what was prepared last"
        self._prepared = None
        sql, strategy = work.statement.sql, commands.online(work)
        try:
            if self._shard.claimed() is None:
                return not_claimed()
            self._control.once(lambda link: commands.submit(link, record, sql, strategy))
        except Unavailable as unavailable:
            return not_sent(unavailable.problems[0].message)
        except ServerRefusal as refusal:
            return self._refused(record, refusal)
        except LinkLost as lost:
            return not_sent(lost.reason) if not lost.sent else Unknown(reason=lost.reason)
        return self._asked(record, work)

    def look(self, handle: Handle, work: EngineWork) -> Answer:
        record = record_of(handle)
        if record is None:
            return Unknown(reason="it was begun by another version, whose handle is not understood")
        until_s = time.monotonic() + ENGINE_LOOK_S
        answer = first = self._asked(record, work)
        while answer == first and isinstance(answer, Running) and time.monotonic() < until_s:
            time.sleep(MIGRATION_POLL_S)
            answer = self._asked(record, work)
        return answer

    def cut_over(self, handle: Handle, work: EngineWork) -> Answer:
        record = record_of(handle)
        if record is None:
            return self.look(handle, work)
        told = under_claim_of(self._shard, self._control, lambda link: self._complete(link, record))
        if isinstance(told, Failed):
            return ReadyToCutOver(progress=Progress(waits_for=told.error.message))
        return self.look(handle, work)

    def throttle(self, handle: Handle, work: EngineWork, because: str) -> bool:
        record = record_of(handle)
        if record is None:
            return False
        told, told_s = self._throttled.get(record.uuid, ("", 0.0))
        is_fresh = time.monotonic() - told_s < THROTTLE_TOLD_EVERY_S
        if bool(because) == bool(told) and (is_fresh or not because):
            self._throttled[record.uuid] = (because, told_s)
            return True
        say = commands.throttle if because else commands.unthrottle
        try:
            self._control.looked(lambda link: say(link, record.uuid))
        except ReconcilerError:
            return False
        self._throttled[record.uuid] = (because, time.monotonic())
        return True

    def discard(self, handle: Handle, work: EngineWork) -> Failed | None:
        record = record_of(handle)
        if record is None:
            return _refused("its handle is not understood, so nothing was removed")
        return under_claim_of(
            self._shard, self._control, lambda link: _discarded(link, record, work)
        )

    def stop(self, handle: Handle, work: EngineWork) -> None:
        record = record_of(handle)
        if record is None:
            return

        def cancel(link: Link) -> None:
            found = read_migration(link, record.uuid)
            if found is not None and _is_ours(found, record) and not found.has_ended:
                commands.cancel(link, record.uuid)

        with suppress(Unavailable):
            self._control.looked(cancel)

    def _record(
        self, link: Link, work: EngineWork, earlier: Handle | None
    ) -> MigrationRecord | Failed:
        """Raises ServerRefusal or LinkLost."""
        if (failed := _not_taken(link, work)) is not None:
            return failed
        table = work.statement.object_id.name
        for one in open_migrations(link):
            if one.table.casefold() == table.casefold():
                return _open_already(one, earlier)
        before_sha256 = definition_digest(link, table, called=table)
        if before_sha256 is None:
            return _refused(f"there is no table {table}")
        last = record_of(earlier) if earlier is not None else None
        for tries in range(last.tries + 1 if last else 1, TRIES_MAX + 1):
            record = new_record(work, before_sha256=before_sha256, tries=tries)
            if read_migration(link, record.uuid) is None:
                return record
        return _refused(f"it was tried {TRIES_MAX} times, which is as often as it may be")

    def _refused(self, record: MigrationRecord, refusal: ServerRefusal) -> Answer:
        """What Vitess refused to queue is not there; else an answer was a lie."""
        try:
            found = self._control.looked(lambda link: read_migration(link, record.uuid))
        except Unavailable as unavailable:
            return Unknown(reason=unavailable.problems[0].message)
        if found is not None:
            return Unknown(reason="Vitess refused the statement, and has queued it all the same")
        return Failed(error=refusal.error, transient=False)

    def _asked(self, record: MigrationRecord, work: EngineWork) -> Answer:
        try:
            found = self._control.looked(lambda link: _read_with_its_message(link, record.uuid))
            if found is None:
                return Gone()
            if not _is_ours(found, record):
                return Unknown(reason=_OWN_ID_TAKEN)
            told, _ = self._throttled.get(record.uuid, ("", 0.0))
            answer = answer_of(found, throttled_by=told)
            if isinstance(answer, Running) and found.status is Status.RUNNING:
                return self._settled(record, found, answer)
            return answer
        except Unavailable as unavailable:
            return _unseen(unavailable)

    def _settled(self, record: MigrationRecord, found: Migration, answer: Running) -> Answer:
        """A try to swap that has failed is not tried again before it is let go again; one that
        Vitess lost track of is told by the table. Raises Unavailable."""
        still_s = self._still_for_s(found)
        if found.is_postponed:
            lost = not found.has_begun and still_s >= MIGRATION_BEGINS_S
            return self._begun_in_vain(record) if lost else answer
        # Of a migration that somebody else let go, who died since, every try may be the last one.
        before = self._cut_overs_before.get(record.uuid, 0)
        if found.cut_overs > before and found.message and not self._is_swapped(record, found):
            return self._held_back(record)
        if found.cut_overs > 0 and still_s >= SWAP_UNTOLD_S and self._is_swapped(record, found):
            return Applied()
        if still_s >= MIGRATION_STILL_S:
            waits_for = "Vitess, which has not moved the migration for minutes"
            return Running(progress=replace(answer.progress, waits_for=waits_for))
        return answer

    def _begun_in_vain(self, record: MigrationRecord) -> Answer:
        """A server that dies as its tablet begins leaves a migration that Vitess takes for running,
        and copies nothing of, for three hours (VT-35)."""

        def end(link: Link) -> Failed:
            said = ""
            with suppress(ServerRefusal):  # who may not read why can end it all the same
                said = read_stream_message(link, record.uuid)
            commands.cancel(link, record.uuid)
            commands.clean_up(link, record.uuid)
            why = f": {said_by_vitess(said).message}" if said else ""
            message = f"migration {record.uuid} was begun, and never copied{why}"
            return _refused(message, transient=True)

        return under_claim_of(self._shard, self._control, end)

    def _held_back(self, record: MigrationRecord) -> Answer:
        """Until everything was looked at again. Raises Unavailable."""
        is_claimed = self._shard.claimed() is not None

        def again(link: Link) -> Migration | None:
            if is_claimed:
                commands.postpone(link, record.uuid)
            return read_migration(link, record.uuid)

        found = self._control.looked(again)
        if found is None:
            return Gone()
        answer = answer_of(found)
        self._cut_overs_before.pop(record.uuid, None)
        if isinstance(answer, ReadyToCutOver):
            waits_for = said_by_vitess(found.message).message
            return replace(answer, progress=replace(answer.progress, waits_for=waits_for))
        return answer

    def _still_for_s(self, found: Migration) -> float:
        moved, now_s = (found.uuid, *found.moved), time.monotonic()
        if self._still[0] != moved:
            self._still = (moved, now_s)
        return now_s - self._still[1]

    def _is_swapped(self, record: MigrationRecord, found: Migration) -> bool:
        """The table is another one now, and what it was goes by the copy's name. Raises
        Unavailable."""

        def look(link: Link) -> bool:
            now = definition_digest(link, record.table, called=record.table)
            aside = definition_digest(link, found.copy, called=record.table) if found.copy else None
            return now != record.before_sha256 and aside == record.before_sha256

        return self._control.looked(look)

    def _complete(self, link: Link, record: MigrationRecord) -> bool:
        """Whether it was told to swap. Raises ServerRefusal or LinkLost."""
        found = read_migration(link, record.uuid)
        if found is None or not _is_ours(found, record) or not found.is_ready:
            return False
        self._cut_overs_before[record.uuid] = found.cut_overs
        with suppress(LinkLost):  # it may have been told: who looks will see
            commands.complete(link, record.uuid)
        return True


def _read_with_its_message(link: Link, uuid: str) -> Migration | None:
    """Vitess says why one has failed a moment after it says that it has. Raises ServerRefusal or
    LinkLost."""
    until_s = time.monotonic() + MESSAGE_S
    found = read_migration(link, uuid)
    while found is not None and found.is_without_message and time.monotonic() < until_s:
        time.sleep(MESSAGE_POLL_S)
        found = read_migration(link, uuid)
    return found


def _not_taken(link: Link, work: EngineWork) -> Failed | None:
    """Raises ServerRefusal or LinkLost."""
    version = commands.vitess_version(link)
    if ".".join(version.split(".")[:2]) not in KNOWN_SERIES:
        seen = f"Vitess {version}" if version else "something that does not say to be Vitess"
        known = ", ".join(KNOWN_SERIES)
        return _refused(f"{seen} answers, and Online DDL of one shard was tried with {known}")
    sql = work.statement.sql
    told = by_copy(sql)
    if isinstance(told, NotByCopy):
        return _refused(f"Online DDL {told.reason}")
    if not commands.is_submittable(sql):
        return _refused("the statement does not begin as the plan's statements do")
    return None


def _open_already(one: Migration, earlier: Handle | None) -> Failed:
    """Of the same table. Whose it is its context says; who waits for it is told its id."""
    last = record_of(earlier) if earlier is not None else None
    if last is not None and _is_ours(one, last):
        return not_sent(f"migration {one.uuid}, the try before this one, is still {one.status}")
    message = (
        f"migration {one.uuid} (context {one.context or 'none'}) is {one.status} on the table, and"
        " nothing shows that this apply has begun it: it was not touched, and nothing was begun;"
        " see whose it is, and let it end or cancel it"
    )
    return Failed(error=ServerError(number=_CONFLICT, message=message), transient=False)


_CONFLICT = 1105


def _is_ours(found: Migration, record: MigrationRecord) -> bool:
    return (found.uuid, found.context, found.table) == (record.uuid, record.context, record.table)


def _discarded(link: Link, record: MigrationRecord, work: EngineWork) -> Failed | None:
    """Raises ServerRefusal or LinkLost."""
    found = read_migration(link, record.uuid)
    if found is None or not _is_ours(found, record):
        return None
    if not found.has_ended:
        commands.cancel(link, record.uuid)
        found = read_migration(link, record.uuid)
        if found is not None and not found.has_ended:
            return _refused(f"migration {record.uuid} does not end", transient=True)
    elif found.status is Status.COMPLETE and work.keeps_old:
        return None
    commands.clean_up(link, record.uuid)
    return None


def _refused(message: str, *, transient: bool = False) -> Failed:
    return Failed(error=ServerError(number=_CONFLICT, message=message), transient=transient)


def _unseen(unavailable: Unavailable) -> Running | Unknown:
    """A tablet that restarts, or a vtgate: the migration is there when they are back."""
    return Unknown(reason=unavailable.problems[0].message)
