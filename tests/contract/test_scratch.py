"""What scratch databases promise, asked of the replayed ones and of a real server: that what was
recorded is what MySQL says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from reconciler.edges.mysql.scratch import MysqlScratch
from reconciler.edges.server.process import RunningServer
from reconciler.model.server import ServerSettings
from reconciler.ports.scratch import Scratch
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import ROOT, connection_to, observed
from tests.offline_fleet import SETTINGS, STATES, ReplayedScratch

ADD = "ALTER TABLE `users` ADD COLUMN `{}` int DEFAULT NULL"
DROP = "ALTER TABLE `users` DROP COLUMN `{}`"


@dataclass(frozen=True)
class Stand:
    scratch: Scratch
    settings: ServerSettings


@pytest.fixture(params=["replayed", "mysql_server"])
def stand(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Iterator[Stand]:
    if request.param == "replayed":
        yield Stand(ReplayedScratch(), SETTINGS)
        return
    server: RunningServer = request.getfixturevalue(request.param)
    settings = observed(connection_to(server, fresh_database(server))).settings
    with MysqlScratch(connection_to(server, None), environ={}, root=ROOT) as made:
        yield Stand(made, settings)


@pytest.mark.parametrize("state", STATES)
def test_a_table_is_read_back_as_it_was_printed(stand: Stand, state: str) -> None:
    with stand.scratch.database(stand.settings) as database:
        assert database.execute(state) is None
        assert database.definition("users") == state
        assert database.definitions() == {"users": state}


def test_a_change_leads_to_the_next_state_and_back(stand: Stand) -> None:
    with stand.scratch.database(stand.settings) as database:
        database.execute(STATES[0])
        for column, state in (("age", STATES[1]), ("score", STATES[2])):
            assert database.execute(ADD.format(column)) is None
            assert database.definition("users") == state
        assert database.execute(DROP.format("score")) is None
        assert database.definition("users") == STATES[1]


def test_a_dropped_table_is_none(stand: Stand) -> None:
    with stand.scratch.database(stand.settings) as database:
        database.execute(STATES[0])
        assert database.execute("DROP TABLE `users`") is None
        assert (database.definition("users"), database.definitions()) == (None, {})


def test_a_statement_that_is_none_is_an_answer_and_no_exception(stand: Stand) -> None:
    with stand.scratch.database(stand.settings) as database:
        error = database.execute("CRATE TABLE users")
        assert error is not None
        assert error.number == 1064


def test_every_database_is_empty_and_of_its_own(stand: Stand) -> None:
    with stand.scratch.database(stand.settings) as one:
        one.execute(STATES[0])
        with stand.scratch.database(stand.settings) as other:
            assert other.definitions() == {}
            other.execute(STATES[1])
        assert one.definition("users") == STATES[0]
    with stand.scratch.database(stand.settings) as later:
        assert later.definitions() == {}
