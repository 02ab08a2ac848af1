"""What a session says of programs that come and go while it looks."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.edges import shard_session
from reconciler.edges.client.target import Target
from reconciler.edges.mysql.reading import Listing, TablesRead
from reconciler.edges.shard_session import MysqlShardSession
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import event_id
from reconciler.model.server import Flavor, ServerVersion


class Shard:
    """As much of a `ShardLink` as looking takes."""

    database = "d"
    server = SimpleNamespace(settings=SimpleNamespace(version=ServerVersion(Flavor.MYSQL, 8, 4, 6)))

    def __init__(self, *_: object) -> None:
        pass

    def looked(self, look: Callable[[object], object]) -> object:
        return look(self)

    def ask_soon(self, *_: object) -> None:
        pass


@pytest.mark.invariant("PG-28")
def test_an_event_that_goes_by_itself_is_not_taken_for_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is listed, and gone by the time its text is asked for; another one stays hidden."""
    gone, hidden = event_id("gone"), event_id("hidden")
    lists = iter([(gone, hidden), (hidden,), (hidden,)])

    def listed(*_: Any) -> tuple[ObjectId, ...]:
        return next(lists)

    read = TablesRead(definitions=(), broken=(), listing=Listing(types={}))
    monkeypatch.setattr(shard_session, "ShardLink", Shard)
    monkeypatch.setattr(shard_session, "DirectEngine", Shard)
    monkeypatch.setattr(shard_session, "read_expected", lambda *_: None)
    monkeypatch.setattr(shard_session, "read_tables", lambda *_: read)
    monkeypatch.setattr(shard_session, "list_programs", listed)
    monkeypatch.setattr(shard_session, "read_program", lambda *_: None)
    session = MysqlShardSession(cast(Target, None))
    assert session.definitions(programs=[ObjectKind.EVENT]) == {hidden: ""}
