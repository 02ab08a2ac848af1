"""Deployments of an environment are environments of their own, one behind the other."""

from __future__ import annotations

import json

import pytest

from reconciler.errors import InvalidInput
from reconciler.spec.addresses import shared_databases
from reconciler.spec.deployments import deployments_of
from reconciler.spec.limits import DEPLOYMENTS_MAX
from reconciler.spec.model import Environment
from reconciler.spec.read import read_spec
from tests.unit.spec.test_read_spec import read_case

SPEC = read_case("deployments")
PRIMARY, DR, TENANT = deployments_of(SPEC, "production")


def refused(*deployments: object, **environment: object) -> list[str]:
    whole = {
        "connection": {"database": "d", "user": "u"},
        "shards": ["-"],
        "deployments": deployments,
        **environment,
    }
    spec = {"version": 1, "keyspace": "k", "schema": "s", "environments": {"p": whole}}
    with pytest.raises(InvalidInput) as raised:
        read_spec(json.dumps(spec), "specs/k.yaml")
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.invariant("RG-75")
def test_each_is_an_environment_with_what_all_have_and_its_own_laid_over() -> None:
    assert [one.name for one in SPEC.environments] == [
        "archive",
        "production.dr",
        "production.primary",
        "production.tenant-b",
        "staging",
    ]
    assert {one.deployment_of for one in (PRIMARY, DR, TENANT)} == {"production"}
    first, second = PRIMARY.shards
    assert (first.connection.host, first.connection.socket) == ("primary-{shard}", None)
    assert first.connection.database == second.connection.database == "k_{shard}"
    assert [one.connection.database for one in DR.shards] == ["k", "k"]
    assert (PRIMARY.ledger, DR.ledger) == (None, "${LEDGER_DR}")
    assert [one.name for one in TENANT.shards] == ["-"]
    assert (PRIMARY.rollout.soak_s, DR.rollout.soak_s, TENANT.rollout.soak_s) == (3600, 3600, 0)


@pytest.mark.invariant("RG-75")
def test_each_comes_behind_all_that_stand_above_it_and_what_comes_before_all_of_them() -> None:
    def before(name: str) -> tuple[str, ...]:
        found = SPEC.environment(name)
        assert isinstance(found, Environment)
        return found.comes_after

    assert before("production.primary") == ("staging",)
    assert before("production.tenant-b") == (
        "staging",
        "production.primary",
        "production.dr",
    )
    assert before("archive") == ("production.primary", "production.dr", "production.tenant-b")


@pytest.mark.invariant("RG-75")
def test_two_of_them_on_one_fleet_are_two_plans_for_one_schema() -> None:
    text = SPEC_OF_ONE_FLEET
    (pair,) = shared_databases([read_spec(text, "specs/k.yaml")])
    assert {one.environment for one in pair} == {"p.a", "p.b"}


SPEC_OF_ONE_FLEET = """\
version: 1
keyspace: k
schema: s
environments:
  p:
    connection: {host: h, database: d, user: u}
    shards: ["-"]
    deployments: [{name: a}, {name: b}]
"""


def test_what_all_of_them_have_is_wrong_once() -> None:
    found = refused({"name": "a"}, {"name": "b"}, rollout={"parallel": 0})
    assert len(found) == 1
    assert "rollout.parallel is below 1" in found[0]


def test_there_is_a_bound_to_how_many_and_to_how_much_they_are_written_out() -> None:
    many = [{"name": f"t{i}"} for i in range(DEPLOYMENTS_MAX + 1)]
    assert f"more than {DEPLOYMENTS_MAX}" in refused(*many)[0]
    shards = [f"s{i}" for i in range(8_500)]
    assert "written out for each deployment" in refused(*many[:60], shards=shards)[0]


def test_a_name_must_make_one_of_an_environment() -> None:
    assert "makes no environment's name" in refused({"name": "x" * 63})[0]
    assert "makes no environment's name" in refused({"name": "a/b"})[0]


@pytest.mark.invariant("RG-75")
@pytest.mark.parametrize(
    ("shared", "own", "found"),
    [
        ("sqlite:////a", {"keep": "90d"}, ("sqlite:////a", 90)),
        ({"url": "sqlite:////a", "keep": "2y"}, {"keep": "90d"}, ("sqlite:////a", 90)),
        ({"url": "sqlite:////a", "keep": "90d"}, {"url": "sqlite:////b"}, ("sqlite:////b", 90)),
        ({"url": "sqlite:////a", "keep": "90d"}, "sqlite:////b", ("sqlite:////b", 90)),
        ({"keep": "90d"}, "sqlite:////b", ("sqlite:////b", 90)),
        ("sqlite:////a", "sqlite:////b", ("sqlite:////b", None)),
        ("sqlite:////a", None, ("sqlite:////a", None)),
        (None, {"keep": "90d"}, (None, 90)),
    ],
)
def test_a_ledger_is_laid_over_that_of_the_environment(
    shared: object, own: object, found: tuple[str | None, int | None]
) -> None:
    """Who says only for how long it keeps would else have begun a ledger in a file."""
    deployment = {"name": "a", **({"ledger": own} if own else {})}
    whole = {
        "connection": {"database": "d", "user": "u"},
        "shards": ["-"],
        "deployments": [deployment],
        **({"ledger": shared} if shared else {}),
    }
    spec = {"version": 1, "keyspace": "k", "schema": "s", "environments": {"p": whole}}
    (one,) = read_spec(json.dumps(spec), "specs/k.yaml").environments
    days = one.ledger_keep_s // 86_400 if one.ledger_keep_s else None
    assert (one.ledger, days) == found


def test_what_is_no_ledger_is_told_of_a_deployment_as_well() -> None:
    told = refused({"name": "a", "ledger": {}}, ledger="sqlite:////a")
    assert any("p.a.ledger" in one for one in told), told
    told = refused({"name": "a", "ledger": ["x"]}, ledger={"keep": "2y"})
    assert any("p.a.ledger" in one for one in told), told
