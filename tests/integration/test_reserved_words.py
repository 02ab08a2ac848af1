"""Which words no server takes as the bare name of a column: every one of its own keywords asked."""

from __future__ import annotations

import pymysql
import pytest

from reconciler.ddl.words import RESERVED, RESERVED_BY_MARIADB, RESERVED_BY_MYSQL
from reconciler.edges.server.process import RunningServer
from tests.connections import admin_connection

_SYNTAX_ERROR = 1064


def keywords(server: RunningServer) -> frozenset[str]:
    with admin_connection(server) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT WORD FROM information_schema.KEYWORDS")
        return frozenset(word.upper() for (word,) in cursor.fetchall() if word[0].isalpha())


def refused(server: RunningServer, words: frozenset[str]) -> frozenset[str]:
    """Prepared, and never run: only the parser is asked."""
    found = set()
    with admin_connection(server) as connection, connection.cursor() as cursor:
        for word in words:
            try:
                cursor.execute(f"PREPARE one FROM 'CREATE TABLE mysql.t (`a` int, {word} int)'")
            except pymysql.err.ProgrammingError as error:
                found |= {word} if error.args[0] == _SYNTAX_ERROR else set()
    return frozenset(found)


@pytest.mark.any_server
def test_the_lists_are_what_the_servers_say(
    mysql_server: RunningServer, mariadb_server: RunningServer
) -> None:
    every = keywords(mysql_server) | keywords(mariadb_server)
    by_mysql, by_mariadb = refused(mysql_server, every), refused(mariadb_server, every)
    assert by_mysql & by_mariadb == RESERVED
    assert by_mysql - by_mariadb == RESERVED_BY_MYSQL
    assert by_mariadb - by_mysql == RESERVED_BY_MARIADB
