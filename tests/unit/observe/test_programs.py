"""What a file says of a program, read back from a server that was told something else of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import pytest

from reconciler.ddl.definition.event_file import read_event_file
from reconciler.ddl.programs.event import as_observed
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.policy import Policy
from reconciler.model.programs import CreatedWith, Event, ManagedKind
from reconciler.model.schema import OtherObject
from reconciler.model.server import Flavor, ServerSettings, ServerVersion
from reconciler.observe.programs import read_programs_back
from reconciler.ports.scratch import ScratchDatabase

POLICY = Policy(manage=tuple(ManagedKind), definers=((ManagedKind.EVENTS, "app@%"),))
SETTINGS = ServerSettings(
    version=ServerVersion(Flavor.MYSQL, 8, 4, 6),
    variables=(),
    database_charset="utf8mb4",
    database_collation="utf8mb4_bin",
)
SCRATCH = CreatedWith(
    character_set_client="utf8mb4",
    collation_connection="utf8mb4_bin",
    sql_mode="",
    database_collation="utf8mb4_bin",
    time_zone="+00:00",
)


class InItsOwnZone:
    """A scratch database in whose zone the moment of the event is over."""

    def execute(self, sql: str, session: StatementSession = DEFAULT_SESSION) -> None:
        made = session.created_with
        assert made is None or made.time_zone is None, "it may not know the zone"

    def programs(self, kinds: Collection[ObjectKind]) -> dict[ObjectId, OtherObject]:
        shown = (
            "CREATE EVENT `e` ON SCHEDULE AT '2026-11-23 03:00:00' ON COMPLETION PRESERVE DISABLE"
            " DO SELECT 1"
        )
        event = OtherObject(
            kind=ObjectKind.EVENT,
            name="e",
            definition=as_observed(shown, is_stamped=False, is_over=True),
            created_with=SCRATCH,
        )
        return {event.object_id: event}


@pytest.mark.invariant("PG-28")
@pytest.mark.parametrize("status", ["", "DISABLE"])
def test_an_event_is_on_or_off_as_its_file_says_whatever_is_over_in_another_zone(
    status: str,
) -> None:
    """Eight hours later, where the shard is, it would run."""
    text = (
        "-- reconciler: created with character_set_client=utf8mb4"
        " collation_connection=utf8mb4_bin sql_mode='' time_zone=-08:00\n"
        "CREATE EVENT e ON SCHEDULE AT '2026-11-23 03:00:00' ON COMPLETION PRESERVE"
        f" {status} DO SELECT 1;"
    )
    database = cast(ScratchDatabase, InItsOwnZone())
    read = read_programs_back(database, [read_event_file(text, "e.sql")], SETTINGS, POLICY)
    assert not read.problems
    (event,) = (one.value for one in read.programs.values())
    assert isinstance(event, Event)
    assert (event.is_on, event.is_over) == (status == "", False)
    assert event.created_with.time_zone == "-08:00"
