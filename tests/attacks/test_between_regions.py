"""Somebody between the regions: observations that are well sealed and of nobody's servers, a region
whose runner was taken over, and what a file must not tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import InvalidInput, Refused
from reconciler.flows.verify import verify_keyspace
from reconciler.model.observation import ObservedShard
from reconciler.observe.file.codec import dump_observation, load_observation
from reconciler.observe.file.key import key_variable
from reconciler.outcomes.plan import VerifyState
from reconciler.spec.regions import in_region
from tests.offline_fleet import STATES, Files, Shards, environment, repository, with_plan, world
from tests.sample_regions import NAMES, REGIONS, fleet_of, spec_of
from tests.unit.observe.test_observation_file import (
    ABOUT,
    KEY,
    OTHER_KEY,
    SEEN,
    both,
    observed,
    planned_from,
    sealed,
)

EU = "production/shop/eu.observation.json"
US = "production/shop/us.observation.json"
Body = dict[str, Any]


def fleet() -> tuple[Files, Shards]:
    return repository(spec=spec_of(REGIONS)), fleet_of(dict.fromkeys(NAMES, STATES[0]))


def settings(body: Body) -> Body:
    found = body["observation"]["shards"][0]["settings"]
    assert isinstance(found, dict)
    return found


def one_shards_facts(body: Body, **facts: int) -> None:
    body["observation"]["shards"][0]["facts"] = [["users", facts]]


NOBODYS: dict[str, Callable[[Body], object]] = {
    "a time that no clock tells": lambda b: b["observation"].update(observed_s=10**400),
    "a time before all times": lambda b: b["observation"].update(observed_s=-(10**400)),
    "rows that nobody can count": lambda b: one_shards_facts(b, rows=10**400),
    "bytes that nobody can divide": lambda b: one_shards_facts(b, size_bytes=1 << 72),
    "a table under another's name": lambda b: b.update(
        texts=[text.replace("`users`", "`orders`") for text in b["texts"]]
    ),
    "a character set with a clause": lambda b: settings(b).update(
        database_charset="utf8mb4 COLLATE utf8mb4_bin ENCRYPTION"
    ),
    "a collation with a statement": lambda b: settings(b).update(
        database_collation="utf8mb4_bin; DROP DATABASE mysql"
    ),
    "a variable that is a statement": lambda b: settings(b).update(
        variables=[["sql_mode = '', GLOBAL init_connect", "x"]]
    ),
    "one variable twice": lambda b: settings(b).update(
        variables=[["sql_mode", ""], ["sql_mode", "ANSI"]]
    ),
    "a value of two lines": lambda b: settings(b).update(
        variables=[["innodb_page_size", "16384\nplugin-load=x.so"]]
    ),
    "a version below all": lambda b: settings(b)["version"].update(major=-9),
}


@pytest.mark.invariant("RG-25")
@pytest.mark.threat("TM-REGION-4")
@pytest.mark.parametrize("change", NOBODYS.values(), ids=NOBODYS)
def test_what_no_server_tells_is_refused_before_anything_is_made_of_it(
    change: Callable[[Body], object],
) -> None:
    """The seal fits: without a key, anybody can make one."""
    files, shards = fleet()
    folder = both(files, shards)
    body = json.loads(folder.content[EU].partition(b"\n")[2])
    change(body)
    folder.content[EU] = sealed(body)
    with pytest.raises(Refused) as refused:
        planned_from(files, folder)
    (problem,) = refused.value.problems
    assert problem.code == "observation-malformed"
    assert problem.where is not None
    assert problem.where.path == EU


def child(body: Body) -> Body:
    """What is told of a table of another database, which is made on the scratch server."""
    found = body["observation"]["shards"][0]["cross_database_children"][0]["table"]
    assert isinstance(found, dict)
    return found


def column(body: Body) -> Body:
    found = child(body)["columns"][0]
    assert isinstance(found, dict)
    return found


def foreign_key(body: Body) -> Body:
    found = child(body)["foreign_keys"][0]
    assert isinstance(found, dict)
    return found


ON_SCRATCH: dict[str, Callable[[Body], object]] = {
    "a query behind a type": lambda b: column(b).update(
        sql_type="int) SELECT LOAD_FILE('/etc/passwd') AS `id` -- "
    ),
    "a table elsewhere behind a type": lambda b: column(b).update(
        sql_type="int) ENGINE=FEDERATED CONNECTION='mysql://u@10.0.0.1/d/t' COMMENT='"
    ),
    "an expression as a default": lambda b: column(b).update(default_sql="(SLEEP(1000))"),
    "a column of no foreign key": lambda b: child(b).update(
        columns=[column(b), {**column(b), "name": "x"}]
    ),
    "a generated column": lambda b: column(b).update(
        generated={"expression": "SLEEP(1000)", "kind": "STORED"}
    ),
    "a check": lambda b: child(b).update(checks=[{"name": "c", "expression": "SLEEP(1000)"}]),
    "an engine": lambda b: child(b).update(options=[["ENGINE", "FEDERATED"]]),
    "a folder": lambda b: child(b).update(
        options=[["ENGINE", "InnoDB"], ["DATA DIRECTORY", "'/tmp'"]]
    ),
    "an option with a statement": lambda b: child(b).update(
        options=[["ENGINE", "InnoDB AS SELECT 1 AS id"]]
    ),
    "a character set with a clause": lambda b: column(b).update(
        sql_type="varchar(9)", charset="utf8mb4 DEFAULT (SLEEP(9))"
    ),
    "an action with a clause": lambda b: foreign_key(b).update(
        on_delete="CASCADE, ADD COLUMN x int"
    ),
    "another table's name": lambda b: child(b).update(name="users"),
    "an executable comment": lambda b: column(b).update(sql_type="int /*!80000 , x int */"),
}


@pytest.mark.invariant("RG-25")
@pytest.mark.threat("TM-REGION-4")
@pytest.mark.parametrize("change", ON_SCRATCH.values(), ids=ON_SCRATCH)
def test_a_file_puts_no_sql_of_its_own_on_the_scratch_server(
    change: Callable[[Body], object],
) -> None:
    """Tables of other databases come as values, not as texts, and are said again as statements."""
    body = json.loads(dump_observation(SEEN, None).partition(b"\n")[2])
    assert load_observation(sealed(body), EU, None)
    change(body)
    with pytest.raises(Refused) as refused:
        load_observation(sealed(body), EU, None)
    assert refused.value.problems[0].code == "observation-malformed"


LOGINS = (
    "ENGINE=FEDERATED CONNECTION='mysql://app_user:hush@db9.internal:3306/d/t'",
    "ENGINE=CONNECT `OPTION_LIST`='Host=db9.internal,User=app_user,Password=hush'",
    'ENGINE=SPIDER COMMENT=\'host "db9.internal", user "app_user", password "hush"\'',
    "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 CONNECTION='mysql://app_user:hush@db9.internal/d/t'",
)


@pytest.mark.invariant("RG-10")
@pytest.mark.threat("TM-REGION-7")
@pytest.mark.parametrize("options", LOGINS)
def test_a_file_does_not_publish_the_login_in_a_definition(options: str) -> None:
    """Of a table that nobody manages, too: policy leaves it alone, and the look has seen it."""
    there = f"CREATE TABLE `there` (\n  `id` int DEFAULT NULL\n) {options}"
    shard = replace(shard_of(), definitions=(("there", there), ("users", STATES[0])))
    content = dump_observation(replace(SEEN, shards=(shard,)), KEY)
    for secret in (b"hush", b"db9.internal", b"app_user"):
        assert secret not in content
    (found,) = load_observation(content, EU, KEY).shards
    assert dict(found.definitions)["users"] == STATES[0]
    assert "there" in dict(found.definitions)


@pytest.mark.invariant("RG-12")
def test_a_managed_table_with_a_login_refuses_from_a_file_as_from_its_server() -> None:
    files, shards = fleet()
    there = f"CREATE TABLE `there` (\n  `id` int DEFAULT NULL\n) {LOGINS[0]}"
    shards.shown[f"db-{NAMES[0]}"] = {"there": there, "users": STATES[0]}
    outcome = planned_from(files, both(files, shards))
    assert outcome.plan is None
    assert {found.code for found in outcome.refusals} == {"definition-elsewhere"}


def shard_of() -> ObservedShard:
    (found,) = SEEN.shards
    assert found.shard == ABOUT.shards[0]
    return found


EU_KEY, US_KEY = KEY.decode(), OTHER_KEY.decode()
OWN_KEYS = {key_variable("eu"): EU_KEY, key_variable("us"): US_KEY}


@pytest.mark.invariant("RG-26")
@pytest.mark.threat("TM-REGION-6")
def test_who_has_the_key_of_one_region_makes_no_file_of_another() -> None:
    files, shards = fleet()
    eu, us = observed(files, shards, "eu", KEY), observed(files, shards, "us", OTHER_KEY)
    genuine = Files({**eu.content, **us.content})
    assert planned_from(files, genuine, environ=OWN_KEYS).refusals == ()
    forged = Files({**eu.content, **observed(files, shards, "us", KEY).content})
    with pytest.raises(Refused) as refused:
        planned_from(files, forged, environ=OWN_KEYS)
    (problem,) = refused.value.problems
    assert (problem.code, problem.where and problem.where.path) == ("observation-forged", US)
    unsigned = Files({**eu.content, **observed(files, shards, "us").content})
    with pytest.raises(Refused) as refused:
        planned_from(files, unsigned, environ=OWN_KEYS)
    assert refused.value.problems[0].code == "observation-forged"


@pytest.mark.invariant("RG-26")
@pytest.mark.threat("TM-REGION-6")
def test_a_region_without_a_key_beside_one_with_a_key_is_a_mistake() -> None:
    files, shards = fleet()
    folder = both(files, shards)
    with pytest.raises(InvalidInput) as refused:
        planned_from(files, folder, environ={key_variable("eu"): EU_KEY})
    (problem,) = refused.value.problems
    assert problem.code == "observation-key-missing"
    assert key_variable("us") in problem.message
    assert EU_KEY not in str(problem)


@pytest.mark.invariant("RG-26")
def test_a_regions_own_key_goes_before_the_one_for_all() -> None:
    files, shards = fleet()
    eu, us = observed(files, shards, "eu", KEY), observed(files, shards, "us", OTHER_KEY)
    folder = Files({**eu.content, **us.content})
    common = {"RECONCILER_OBSERVATION_KEY": EU_KEY, key_variable("us"): US_KEY}
    assert planned_from(files, folder, environ=common).refusals == ()


@pytest.mark.invariant("RG-4")
@pytest.mark.threat("TM-REGION-6")
def test_a_plan_from_a_file_of_shards_that_are_not_so_is_refused_where_they_are() -> None:
    """Who holds the one key of all regions can make such a file; the region itself looks."""
    files, shards = fleet()
    invented = fleet_of({name: STATES[0] if name in REGIONS["eu"] else STATES[1] for name in NAMES})
    plan_files = with_plan(files, invented)
    keyspace = plan_files.keyspace()
    states = {
        region: verify_keyspace(
            world(shards),
            keyspace,
            in_region(environment(keyspace), region),
            tree=plan_files,
        ).state
        for region in REGIONS
    }
    assert states == {"eu": VerifyState.VERIFIED, "us": VerifyState.REFUSED}


@pytest.mark.invariant("RG-24")
@pytest.mark.threat("TM-REGION-8")
@pytest.mark.parametrize(("one", "other"), [("eu", "EU"), ("eu-1", "eu_1"), ("eu.1", "EU-1")])
def test_regions_that_are_one_to_a_file_system_or_by_their_keys_are_refused(
    one: str, other: str
) -> None:
    files = repository(spec=spec_of({one: REGIONS["eu"], other: REGIONS["us"]}))
    with pytest.raises(InvalidInput) as refused:
        files.keyspace()
    (problem,) = refused.value.problems
    assert problem.code == "spec-regions"
    assert f"{one} and {other}" in problem.message
