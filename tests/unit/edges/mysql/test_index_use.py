"""From what a server answers of its counts to what `drift` says of an index, without a server that
has to be up for a month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.edges.mysql import index_use
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.model.server import Flavor, ServerError, ServerSettings, ServerVersion
from tests.offline_fleet import SETTINGS
from tests.unit.flows.test_lint_live import indexed

MONTHS_S = 90 * 86_400
MARIADB = ServerSettings(
    version=ServerVersion(Flavor.MARIADB, 11, 8, 2),
    variables=(("lower_case_table_names", "0"),),
    database_charset="utf8mb4",
    database_collation="utf8mb4_general_ci",
)
NOTHING_LOST = [("a", "0"), ("b", "0"), ("c", "0")]
READS = [("users", "PRIMARY", "9"), ("users", "by_name", "0"), ("users", None, "4")]


@dataclass
class Answering:
    """A server's answers by what they are asked of: the first word that the question holds."""

    settings: ServerSettings = SETTINGS
    up_s: int = MONTHS_S
    answers: dict[str, Any] = field(default_factory=dict)
    database: str = "d"

    def row(self, sql: str, *, width: int) -> tuple[Any, ...]:
        [row] = self.query(sql, width=width)
        return row

    def query(
        self, sql: str, params: Sequence[object] = (), *, width: int
    ) -> list[tuple[Any, ...]]:
        known = {
            "Uptime": [("Uptime", str(self.up_s))],
            "@@performance_schema": [("1",)],
            "setup_instruments": [("1",)],
            "stat_lost": NOTHING_LOST,
            "table_io_waits": READS,
            **self.answers,
        }
        answer = next(rows for word, rows in known.items() if word in sql)
        if answer is None:
            raise ServerRefusal(ServerError(number=1142, message="no"))
        assert all(len(row) == width for row in answer)
        return list(answer)


def told(monkeypatch: pytest.MonkeyPatch, server: Answering) -> str:
    @contextmanager
    def session(*_: object) -> Iterator[tuple[Answering, ServerLook]]:
        yield server, ServerLook(settings=server.settings, identity="", partial_revokes=False)

    monkeypatch.setattr(index_use, "measuring_session", session)
    return indexed(index_use.MysqlIndexCounts(environ={}, root=Path()))


def user_statistics(read: list[tuple[str, str, str]], *, on: str = "1") -> Answering:
    """MariaDB, without performance_schema: an index is listed once it is read."""
    return Answering(
        settings=MARIADB,
        answers={
            "@@performance_schema": [("0",)],
            "@@GLOBAL.userstat": [(on,)],
            "information_schema.STATISTICS": [
                ("users", "PRIMARY", "0"),
                ("users", "by_name", "0"),
            ],
            "INDEX_STATISTICS": read,
            "TABLE_STATISTICS": [("users", None, "13")],
        },
    )


@pytest.mark.invariant("LN-6")
@pytest.mark.parametrize(
    "server", [Answering(), user_statistics([("users", "PRIMARY", "9")])], ids=["waits", "userstat"]
)
def test_an_index_that_servers_have_not_read_for_months_is_told(
    monkeypatch: pytest.MonkeyPatch, server: Answering
) -> None:
    assert "users.by_name was read by nobody on any of 2 shards in the 90 days" in told(
        monkeypatch, server
    )


@pytest.mark.invariant("LN-6")
@pytest.mark.parametrize(
    "server",
    [
        Answering(up_s=86_400),
        Answering(answers={"table_io_waits": [*READS[:1], ("users", "by_name", "1")]}),
        Answering(answers={"table_io_waits": READS[:1]}),
        Answering(answers={"table_io_waits": []}),
        Answering(answers={"table_io_waits": None}),
        Answering(answers={"@@performance_schema": [("0",)]}),
        Answering(answers={"setup_instruments": [("0",)]}),
        Answering(answers={"stat_lost": [*NOTHING_LOST[:2], ("c", "1")]}),
        Answering(answers={"stat_lost": NOTHING_LOST[:2]}),
        Answering(answers={"Uptime": [("Uptime", None)]}),
        user_statistics([("users", "by_name", "1")]),
        user_statistics([], on="0"),
    ],
    ids=[
        *("up for a day", "read", "not listed", "lists nothing", "refused", "counts nothing"),
        *("not instrumented", "had no room", "tells less of that", "tells no time"),
        *("read by users", "counts no users"),
    ],
)
def test_of_what_may_be_incomplete_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, server: Answering
) -> None:
    assert "by_name" not in told(monkeypatch, server)
