"""Specs of keyspaces at PlanetScale: what they say, and what nobody could keep there."""

from __future__ import annotations

import pytest

from reconciler.edges.planetscale.production import settings_of
from reconciler.errors import InvalidInput
from reconciler.model.engine import EngineName
from reconciler.observe.topology import topology_refusals, with_shards
from reconciler.spec.addresses import shared_databases
from reconciler.spec.model import Environment, KeyspaceKind, PlanetScaleDatabase
from reconciler.spec.read import read_spec
from tests.offline_fleet import fleet, world

HEAD = "version: 1\nkind: planetscale\nkeyspace: shop\nschema: schemas/shop\n"
BLOCK = (
    "organization: acme, database: store, mysql: '8.4', token_id: '${SCHEMA_ID}',"
    " token: '${SCHEMA_PS}'"
)


def spec_text(more: str = "", block: str = BLOCK) -> str:
    return f"{HEAD}environments:\n  p:\n    planetscale: {{{block}}}\n{more}"


def said_of(text: str) -> list[str]:
    try:
        read_spec(text, "specs/shop.yaml")
    except InvalidInput as invalid:
        return [f"{problem} -> {problem.recovery}" for problem in invalid.problems]
    return []


def environment_of(text: str) -> Environment:
    return read_spec(text, "specs/shop.yaml").environments[0]


def test_a_keyspace_at_planetscale_has_a_database_and_no_shards() -> None:
    environment = environment_of(spec_text())
    assert environment.kind is KeyspaceKind.PLANETSCALE
    assert environment.shards == ()
    assert environment.planetscale == PlanetScaleDatabase(
        organization="acme",
        database="store",
        keyspace="shop",
        mysql="8.4",
        branch="main",
        token_id="${SCHEMA_ID}",
        token="${SCHEMA_PS}",
        revert_window_s=1_800,
    )


@pytest.mark.invariant("PL-12")
def test_a_token_never_shows_itself() -> None:
    assert "SCHEMA_" not in repr(environment_of(spec_text()))
    secret = BLOCK.replace("database: store", "database: [pscale_tkn_secret]")
    assert "pscale_tkn_secret" not in " ".join(said_of(spec_text(block=secret)))


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("10m", 600), ("30m", 1_800)])
def test_a_way_back_is_as_long_as_it_is_written(text: str, seconds: int) -> None:
    found = environment_of(spec_text(block=f"{BLOCK}, revert_window: {text}")).planetscale
    assert found is not None
    assert found.revert_window_s == seconds


@pytest.mark.invariant("PS-12")
@pytest.mark.parametrize("text", ["31m", "1h", "30m1s", "9999h"])
def test_a_way_back_that_planetscale_does_not_keep_is_refused(text: str) -> None:
    [said] = said_of(spec_text(block=f"{BLOCK}, revert_window: {text}"))
    assert "is longer than the 30m of PlanetScale" in said


@pytest.mark.parametrize("text", ["-1s", "30", "half an hour", "''"])
def test_a_way_back_is_a_duration(text: str) -> None:
    assert len(said_of(spec_text(block=f"{BLOCK}, revert_window: {text}"))) == 1


@pytest.mark.invariant("PS-12")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("    connection: {database: d, user: u}", "connection has no meaning"),
        ('    shards: ["-"]', "shards has no meaning"),
        ("    engine: {default: direct}", "engine has no meaning"),
        ("engine: {default: gh-ost}", "engine has no meaning"),
        ("    rollout: {parallel: 2}", "parallel cannot be kept"),
        ('    rollout: {waves: ["100%"]}', "waves cannot be kept"),
        ("    rollout: {soak: 1h}", "soak cannot be kept"),
        ("    rollout: {gate: true}", "gate cannot be kept"),
        ("    rollout: {lock_wait: 5s}", "lock_wait cannot be kept"),
        ("    rollout: {kill_blockers: {after: 5s}}", "kill_blockers cannot be kept"),
        (
            "    vitess: {vtgate: {host: h, user: u}, vtctld: {address: 'h:1'}}",
            "vitess is for a keyspace of `kind: vitess`",
        ),
    ],
)
def test_what_nobody_could_keep_at_planetscale_is_refused(line: str, expected: str) -> None:
    assert said_of(spec_text()) == []
    [said] = said_of(spec_text(line + "\n"))
    assert "[spec-not-of-kind]" in said
    assert expected in said


def test_windows_and_a_gate_of_the_cutover_are_kept() -> None:
    rollout = "    rollout: {windows: ['02:00-05:00 UTC'], cutover: {gate: true}}\n"
    assert said_of(spec_text(rollout)) == []


@pytest.mark.invariant("PS-12")
def test_a_database_at_planetscale_is_for_its_own_kind() -> None:
    [said] = said_of(
        "version: 1\nkeyspace: k\nschema: s\nenvironments:\n  p:\n    shards: ['-']\n"
        f"    connection: {{database: d, user: u}}\n    planetscale: {{{BLOCK}}}\n"
    )
    assert "planetscale is for a keyspace of `kind: planetscale`" in said
    assert "name `connection` and `shards` instead" in said


def test_variables_are_for_the_token_alone() -> None:
    said = said_of(spec_text(block=BLOCK.replace("acme", "'${SCHEMA_ORG}'")))
    assert any("organization uses a variable" in each for each in said)
    [one] = said_of(spec_text(block=BLOCK.replace("SCHEMA_PS", "GITHUB_TOKEN")))
    assert "[spec-variable-of-job]" in one


def test_two_specs_of_one_keyspace_at_planetscale_are_seen() -> None:
    text = spec_text()
    first = read_spec(text, "specs/shop.yaml")
    second = read_spec(text.replace("keyspace: shop", "keyspace: shoq"), "specs/b.yaml")
    assert not list(shared_databases([first, second]))
    named = text.replace("keyspace: shop", "keyspace: shoq", 1).replace(
        "organization", "keyspace: shop, organization"
    )
    third = read_spec(named, "specs/c.yaml")
    assert len(list(shared_databases([first, third]))) == 1


@pytest.mark.invariant("PS-12")
def test_a_keyspace_at_planetscale_is_one_shard_and_never_none() -> None:
    environment = with_shards(world(fleet()), environment_of(spec_text()))
    assert [shard.name for shard in environment.shards] == ["shop"]
    assert topology_refusals(world(fleet()), environment) == ()


@pytest.mark.parametrize("version", ["8.4", "8.0", "'8.0'", "5.7", "'10.11'", "'8.4.x'"])
def test_the_version_behind_it_is_one_of_mysql_that_scratch_can_stand_for(version: str) -> None:
    [said] = said_of(spec_text(block=BLOCK.replace("'8.4'", version)))
    assert "mysql" in said


@pytest.mark.parametrize("version", ["8.4", "8.0.43", "9.7", "9.7.4"])
def test_the_version_behind_it_is_what_the_spec_says(version: str) -> None:
    found = environment_of(spec_text(block=BLOCK.replace("8.4", version))).planetscale
    assert found is not None
    assert str(settings_of(found).version).startswith(f"mysql {version}")


def test_what_planetscale_carries_out_is_planned_as_what_it_runs_with() -> None:
    assert environment_of(spec_text()).engine.default == (EngineName.VITESS, EngineName.DIRECT)
