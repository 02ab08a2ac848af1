"""Programs of other databases that use a shard's tables are found by the names in their texts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from reconciler.ddl.usage import names_in
from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.dependents import ProgramsElsewhere, by_name
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.model.dependents import Program
from reconciler.model.object_id import ObjectKind
from reconciler.model.server import Flavor, ServerSettings, ServerVersion

pytestmark = pytest.mark.invariant("GD-15")


def program(database: str, name: str, text: str | None, kind: str = "view") -> Program:
    return Program(kind=ObjectKind(kind), name=name, text=text, database=database)


EVERY = (
    program("shop-1", "own", "select 1 from `shop-1`.`t`"),
    program("Reports", "sums", "select 1 from `Shop-1`.`t`"),
    program("reports", "on_sums", "select 1 from `reports`.`SUMS`"),
    program("reports", "on_that", "select 1 from `reports`.`on_sums`"),
    program("reports", "calls", "call on_sums()", "procedure"),
    program("reports", "says", "select 'shop-1'"),
    program("reports", "longer", "select 1 from `shop-10`.`t`"),
    program("reports", "nightly", "DELETE FROM shop_2.t", "event"),
    program("shop_2", "own", "DELETE FROM shop_2.t", "event"),
    program("hidden", "h", None),
)


@pytest.mark.parametrize(
    ("database", "found"),
    [
        ("shop-1", ["sums", "on_sums", "on_that"]),
        ("shop-10", ["longer"]),
        ("shop_2", ["nightly"]),
        ("shop", []),
        ("reports", []),
    ],
)
def test_who_names_a_database_uses_it_and_so_do_views_on_that(
    database: str, found: list[str]
) -> None:
    assert [one.name for one in by_name(EVERY).using(database, str.lower)] == found


def test_a_shard_of_many_finds_what_a_look_through_all_texts_finds() -> None:
    databases = [f"shop_{number}" for number in range(30)]
    texts = [f"select 1 from `{one}`.t join `{databases[7]}`.u" for one in databases]
    every = [program(one, "v", text) for one, text in zip(databases, texts, strict=True)]
    known = by_name(every)
    for database in databases:
        others = [one for one in every if one.database != database]
        assert known.using(database, str.lower) == tuple(
            o for o in others if database in names_in(o.text or "")
        )


def test_a_server_that_folds_no_names_has_two_databases_of_one_name_in_two_cases() -> None:
    every = (
        program("shop", "own", "select 1 from `shop`.`t`"),
        program("SHOP", "on_itself", "select 1 from `SHOP`.`t`"),
        program("SHOP", "on_the_other", "select 1 from `shop`.`t`"),
        program("SHOP", "on_that", "select 1 from `SHOP`.`on_the_other`"),
        program("SHOP", "on_none", "select 1 from `SHOP`.`ON_THE_OTHER`"),
        program("SHOP", "hidden", None),
    )
    known = by_name(every)
    assert [one.name for one in known.using("shop", str)] == ["on_the_other", "on_that"]
    assert known.using("SHOP", str) == known.using("shop", str.lower) == ()
    assert known.is_open_but("SHOP", str)
    assert known.is_open_but("shop", str.lower)
    assert not known.is_open_but("shop", str)


def test_a_text_that_is_hidden_is_known_by_its_database() -> None:
    assert by_name(EVERY).hidden == {"hidden"}


class Answering:
    """As much of a `Link` as is asked for: programs that its login sees."""

    def __init__(self, user: str, *programs: Row) -> None:
        address = ("localhost", 3306, "")
        self.target = SimpleNamespace(user=user, address=address, read_timeout_s=1)
        self._programs = programs

    def query(self, sql: str, *, width: int) -> tuple[Row, ...]:
        return self._programs if width == 5 else ((None,),)


def test_what_one_login_sees_is_not_taken_for_all_that_another_sees() -> None:
    version = ServerVersion(Flavor.MYSQL, 9, 7, 0)
    settings = ServerSettings(
        version=version, variables=(), database_charset="utf8mb4", database_collation="utf8mb4_bin"
    )
    server = ServerLook(settings=settings, identity="one", partial_revokes=False)
    sums = ("view", "reports", "sums", None, "select 1 from `shop`.`t`")
    elsewhere = ProgramsElsewhere()
    for link, seen in ((Answering("a"), []), (Answering("b", sums), ["sums"])):
        found, hidden = elsewhere.of(cast(Link, link), server, "shop", None)
        assert ([one.name for one in found], hidden) == (seen, ())
