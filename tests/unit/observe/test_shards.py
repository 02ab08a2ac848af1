"""From texts to tables: what cannot be read refuses by name, and everything else is still read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import Problem, Refused
from reconciler.model.dependents import Dependents, Program
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import ObservedShard
from reconciler.model.policy import AutoIncrement, Policy
from reconciler.model.programs import ManagedKind
from reconciler.model.server import Flavor, ServerError, ServerSettings, ServerVersion
from reconciler.observe.shards import DefinitionReader, read_all, shadow_tables

VERSION = ServerVersion(Flavor.MYSQL, 9, 7, 4)
SETTINGS = ServerSettings(
    version=VERSION, database_charset="utf8mb4", database_collation="utf8mb4_bin", variables=()
)


def definition(table: str, *, more: str = "", counter: str = "") -> str:
    options = f"ENGINE=InnoDB{counter} DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
    return f"CREATE TABLE `{table}` (\n  `id` int NOT NULL{more}\n) {options}"


def shard(name: str, *texts: str, broken: tuple[str, ...] = ()) -> ObservedShard:
    tables = sorted((text.split("`")[1], text) for text in texts)
    error = ServerError(number=1168, message="cannot be opened")
    return ObservedShard(
        shard=name,
        settings=SETTINGS,
        definitions=tuple(tables),
        broken=tuple((table, error) for table in broken),
    )


def test_every_table_that_cannot_be_read_is_named_and_the_others_are_read() -> None:
    unknown = definition("odd", more=" FROM THE FUTURE")
    observed = [
        shard("-80", definition("a"), unknown, broken=("gone",)),
        shard("80-", definition("a"), definition("b")),
    ]
    seen, refusals = read_all(observed, DefinitionReader(Policy()))
    assert [(r.shard, str(r.object_id), r.code) for r in refusals] == [
        ("-80", "odd", "definition-not-understood"),
        ("-80", "gone", "table-broken"),
    ]
    assert [sorted(found.definitions) for found in seen] == [["a"], ["a", "b"]]


def test_tables_that_policy_ignores_need_not_be_understood() -> None:
    unknown = definition("_odd", more=" FROM THE FUTURE")
    reader = DefinitionReader(Policy(ignore_tables=("_*",)))
    _, refusals = read_all([shard("-80", unknown, broken=("_gone",))], reader)
    assert refusals == ()


@pytest.mark.invariant("EN-15")
@pytest.mark.parametrize(
    ("name", "is_managed"),
    [
        ("_users_gho", False),
        ("_users_ghc", False),
        ("_users_ghk", False),
        ("_users_del", False),
        ("_users_rev_del", False),
        ("_users_new", False),
        ("_users_chkpnt", False),
        ("_users_old", False),
        ("_users_old_20261121_101530_123", False),
        ("_spirit_sentinel", False),
        ("_spirit_checkpoint", False),
        ("_orders_gho", True),  # beside no table of git's
        ("_users_log_new", False),  # beside users_log
        ("_users_log_del", True),  # of git's own
        ("users_new", True),
        ("_users_backup", True),
    ],
)
def test_what_an_engine_may_have_made_is_not_managed(name: str, *, is_managed: bool) -> None:
    git = {"users", "users_log", "_users_log_del"}
    assert DefinitionReader(Policy(), {}, git).is_managed(name) is is_managed
    assert DefinitionReader(Policy(), {}).is_managed(name) is not name.startswith("_spirit_")


@pytest.mark.invariant("EN-15")
def test_an_engine_s_triggers_are_told_and_are_no_part_of_what_was_seen() -> None:
    """Else a plan would say that they use the column, and an apply could not be taken up."""

    def trigger(name: str, table: str) -> Program:
        return Program(kind=ObjectKind.TRIGGER, name=name, text="", table=table)

    ours = trigger("pt_osc_shop_users_upd", "users")
    others = (trigger("audit", "users"), trigger("pt_osc_shop_orders_upd", "orders"))
    observed = replace(
        shard("-80", definition("users")), dependents=Dependents(programs=(ours, *others))
    )
    reader = DefinitionReader(Policy(), {}, {"users"})
    (seen,), _ = read_all([observed], reader)
    assert seen.observation.dependents.programs == others
    assert shadow_tables([seen], reader) == {"pt_osc_shop_users_upd": ("-80",)}


def test_counters_are_read_as_far_as_they_matter() -> None:
    texts = {n: definition("t", counter=f" AUTO_INCREMENT={n}") for n in (999, 1000, 70000)}
    ignoring = DefinitionReader(Policy())
    assert {ignoring.read(text, VERSION).text for text in texts.values()} == {definition("t")}
    raising = DefinitionReader(Policy(auto_increment=AutoIncrement.RAISE), {"t": 1000})
    read = {n: raising.read(text, VERSION) for n, text in texts.items()}
    assert read[999].text == definition("t")
    assert read[1000] == read[70000]
    assert read[999].fingerprint != read[1000].fingerprint
    elsewhere = DefinitionReader(Policy(auto_increment=AutoIncrement.RAISE), {"u": 1000})
    assert elsewhere.read(texts[70000], VERSION).text == definition("t")


def test_a_table_that_is_refused_is_read_once_for_all_shards() -> None:
    reader = DefinitionReader(Policy())

    def refused(text: str, version: ServerVersion = VERSION) -> Problem:
        with pytest.raises(Refused) as told:
            reader.read(text, version)
        return told.value.problems[0]

    text = definition("odd", more=" FROM THE FUTURE")
    assert refused(text) is refused(text)
    assert refused(text) is not refused(text, replace(VERSION, patch=5))
    assert "'other'" in refused(text.replace("`odd`", "`other`")).message


def test_a_program_that_is_refused_is_read_once_for_all_shards() -> None:
    reader = DefinitionReader(Policy(manage=(ManagedKind.VIEWS,)))
    about = ObjectId(ObjectKind.VIEW, "v")

    def refused(about: ObjectId, text: str) -> Problem:
        with pytest.raises(Refused) as told:
            reader.read_program(about, text)
        return told.value.problems[0]

    assert refused(about, "no view") is refused(about, "no view")
    assert "view w" in refused(ObjectId(ObjectKind.VIEW, "w"), "").message, "hidden, by its name"
    assert "view v" in refused(about, "").message
