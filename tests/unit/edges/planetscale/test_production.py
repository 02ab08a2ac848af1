"""Production's branch as the one shard that it is to a plan: whole, or not seen at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina

from reconciler.edges.planetscale.production import PlanetScaleProduction
from reconciler.model.observation import Observation, ObservedShard, Unreachable
from reconciler.spec.model import Connection, ShardSpec
from tests.contract.test_deploy_requests import (
    ADD,
    BRANCH,
    CREATED,
    DATABASE,
    NOTES,
    adapter,
    memory_hub,
    memory_session,
)
from tests.planetscale_double.hub import Hub
from tests.planetscale_double.server import Double, Fault, serving

VIEW = "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `all_notes` AS select 1 AS `1`"
Said = Callable[[str, Any], Any]


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


def looked_at(double: Double, hub: Hub) -> Observation:
    planetscale = adapter(double, lambda branch: memory_session(hub, branch))
    shards = [ShardSpec(name="shop", connection=Connection())]
    (seen,) = PlanetScaleProduction(planetscale, DATABASE).observe(shards, parallel=1)
    return seen


def seen_with(
    changed: Said = lambda call, answer: answer, fault: tuple[str, Fault] | None = None
) -> Observation:
    hub = memory_hub()
    with serving(hub) as double:
        double.changed = changed
        if fault is not None:
            double.fail(*fault)
        return looked_at(double, hub)


def of_schema(change: Callable[[list[Any]], Any]) -> Said:
    def changed(call: str, answer: Any) -> Any:
        return answer | {"data": change(answer["data"])} if call.endswith("/schema") else answer

    return changed


def of_branch(**fields: object) -> Said:
    return lambda call, answer: answer | fields if call.endswith("/branches/main") else answer


def test_production_is_one_shard_with_the_version_that_the_spec_says() -> None:
    seen = seen_with()
    assert isinstance(seen, ObservedShard)
    assert seen.definitions == (("orders", CREATED),)
    assert seen.settings.version.series == "mysql 9.7"


def test_a_view_is_no_table() -> None:
    view = {"name": "all_notes", "raw": VIEW, "html": ""}
    seen = seen_with(of_schema(lambda rows: [*rows, view]))
    assert isinstance(seen, ObservedShard)
    assert [table for table, _ in seen.definitions] == ["orders"]
    assert [(one.name, one.definition) for one in seen.others] == [("all_notes", VIEW)]


@pytest.mark.invariant("PS-15")
@pytest.mark.threat("TM-PLANETSCALE-8")
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (of_branch(production=False), "planetscale-not-production"),
        (of_branch(name="other"), "planetscale-answer-unclear"),
        (of_schema(lambda rows: [{**rows[0], "raw": NOTES}]), "planetscale-answer-unclear"),
        (of_schema(lambda rows: [*rows, *rows]), "planetscale-answer-unclear"),
        (of_schema(lambda rows: [{"name": "orders"}]), "planetscale-answer-unclear"),
        (of_schema(lambda rows: None), "planetscale-answer-unclear"),
    ],
)
def test_what_is_not_productions_schema_is_no_schema(changed: Said, code: str) -> None:
    seen = seen_with(changed)
    assert isinstance(seen, Unreachable)
    assert seen.code == code


@pytest.mark.invariant("PS-15")
@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.BROKEN, Fault.HALF, Fault.HANGS_UP])
@pytest.mark.parametrize("call", ["branches/main$", "schema$"])
def test_what_cannot_be_read_is_never_empty(call: str, fault: Fault) -> None:
    assert isinstance(seen_with(fault=(call, fault)), Unreachable)


@pytest.mark.invariant("PS-9")
@pytest.mark.threat("TM-PLANETSCALE-9")
@pytest.mark.parametrize("field", ["branch", "into_branch"])
def test_a_deploy_request_of_another_branch_is_not_this_applys(field: str) -> None:
    hub = memory_hub()
    with serving(hub) as double:
        planetscale = adapter(double, lambda branch: memory_session(hub, branch))
        planetscale.create_branch(DATABASE, BRANCH)
        planetscale.run(DATABASE, BRANCH, [ADD])
        planetscale.open_request(DATABASE, BRANCH, "plan 0123")
        hub.step()
        assert len(planetscale.requests_from(DATABASE, BRANCH)) == 1

        def lies(call: str, answer: Any) -> Any:
            rows = [row | {field: "somebody"} for row in answer["data"]]
            return answer | {"data": rows}

        double.changed = lies
        assert planetscale.requests_from(DATABASE, BRANCH) == ()
