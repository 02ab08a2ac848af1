"""Events that come and go by themselves while a shard is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.events import read_heads
from reconciler.edges.mysql.others import KnownListings, listed_of, read_others
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.reading import Listing
from reconciler.edges.mysql.shown_ahead import KnownPrograms, ask_for
from reconciler.model.object_id import ObjectKind
from reconciler.model.server import ServerError

LISTED = [
    ("event", name, None, None, None, None, "SELECT 1")
    for name in ("gone", "going", "shut", "stays")
]
SHOWN = "CREATE DEFINER=`a`@`%` EVENT `stays` ON SCHEDULE EVERY 1 DAY ON COMPLETION NOT PRESERVE"
ROW = (
    "stays",
    "",
    "+00:00",
    f"{SHOWN} ENABLE DO SELECT 1",
    "utf8mb4",
    "utf8mb4_bin",
    "utf8mb4_bin",
)
REFUSALS = {"going": 1539, "shut": 1044}


class Answering:
    """As much of a `Link` as is asked for. `gone` has ended before events are asked for, `going`
    before its text is, and the text of `shut` is not for this login."""

    database = "d"
    folds_names = False

    def query(self, sql: str, parameters: Sequence[object] = (), *, width: int) -> tuple[Row, ...]:
        assert "EXECUTE_AT" in sql
        return tuple((name, 0, 0) for name in ("going", "shut", "stays"))

    def row(self, sql: str, parameters: Sequence[object] = (), *, width: int) -> Row:
        name = sql.rpartition(".")[2].strip("`")
        if name in REFUSALS:
            raise ServerRefusal(ServerError(number=REFUSALS[name], message="no"))
        return ROW


@pytest.mark.invariant("PG-28")
def test_an_event_that_has_gone_by_itself_is_not_taken_for_hidden() -> None:
    link = cast(Link, Answering())
    listed = replace(listed_of(LISTED, KnownListings()), events=read_heads(link, "d"))
    shows = ask_for(link, "d", [], KnownPrograms())
    read = read_others(shows, Listing(types={}), listed, {ObjectKind.EVENT})
    assert [(one.name, one.created_with is None) for one in read.objects] == [
        ("shut", True),
        ("stays", False),
    ]
    assert [one.name for one in read.programs] == ["shut", "stays"]
