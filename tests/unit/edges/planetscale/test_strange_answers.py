"""What PlanetScale, or whoever stands before it, answers instead of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest
import stamina

from reconciler.edges.planetscale.branch_sql import BranchLogin
from reconciler.edges.planetscale.client import PlanetScaleClient
from reconciler.edges.planetscale.deploy_requests import PlanetScale
from reconciler.errors import InvalidInput, ReconcilerError, Refused, Unavailable
from reconciler.model.deploy_request import DeploymentState
from tests.contract.test_deploy_requests import (
    ADD,
    BRANCH,
    DATABASE,
    ENVIRON,
    NOTES,
    adapter,
    memory_hub,
    memory_session,
)
from tests.planetscale_double.server import BRANCH_PASSWORD, TOKEN, Double, Fault, serving

Said = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


@contextmanager
def asked() -> Iterator[tuple[PlanetScale, Double]]:
    hub = memory_hub()
    with serving(hub) as double:
        yield adapter(double, lambda branch: memory_session(hub, branch)), double


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Unavailable) as unavailable:
        act()
    return unavailable.value.problems[0].code


def opened(planetscale: PlanetScale, double: Double) -> int:
    planetscale.create_branch(DATABASE, BRANCH)
    planetscale.run(DATABASE, BRANCH, [ADD])
    number = planetscale.open_request(DATABASE, BRANCH, "plan 0123")
    double.hub.step()
    return number


@pytest.mark.invariant("PS-1")
def test_a_read_that_failed_is_repeated_and_a_write_never(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with asked() as (planetscale, double):
        double.fail("GET", Fault.BROKEN)
        assert code_of(lambda: planetscale.branch(DATABASE, "main")) == "planetscale-failing"
        assert len(double.calls) == 3
        lines = [one.getMessage() for one in caplog.records]
        assert [line.partition("; ")[2] for line in lines] == [
            "asked again in 0.0 s (try 2)",
            "asked again in 0.0 s (try 3)",
        ], "what is asked again, and when, in our own words alone"
        assert all("PlanetScale" in line for line in lines)
        double.fail("POST", Fault.BROKEN)
        double.calls.clear()
        assert code_of(lambda: planetscale.create_branch(DATABASE, BRANCH)) == "planetscale-failing"
        assert len(double.calls) == 1


@pytest.mark.invariant("PS-1")
def test_a_write_whose_answer_is_lost_is_not_known_and_not_sent_again() -> None:
    with asked() as (planetscale, double):
        double.fail("POST", Fault.LOST)
        assert (
            code_of(lambda: planetscale.create_branch(DATABASE, BRANCH))
            == "planetscale-unreachable"
        )
        assert double.hub.did == [f"create {BRANCH}"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.HALF, "planetscale-unreachable"),
        (Fault.HANGS_UP, "planetscale-unreachable"),
        (Fault.DENIED, "planetscale-denied"),
        (Fault.LIMITED, "planetscale-rate-limited"),
    ],
)
def test_what_is_no_whole_answer_is_none(fault: Fault, code: str) -> None:
    with asked() as (planetscale, double):
        double.fail("GET", fault)
        assert code_of(lambda: planetscale.queue(DATABASE)) == code


def changed_at(answer: Any, way: tuple[str | int, ...], value: Any) -> Any:
    if not way:
        return value
    answer[way[0]] = changed_at(answer[way[0]], way[1:], value)
    return answer


REQUEST = ("data", 0)
DEPLOYMENT = (*REQUEST, "deployment")


@pytest.mark.invariant("PS-1")
@pytest.mark.parametrize(
    ("way", "value"),
    [
        ((), []),
        (("data",), None),
        (("data",), {}),
        (REQUEST, None),
        (("current_page",), 2),
        (("next_page",), 1),
        (("next_page",), 3),
        (("next_page",), "2"),
        ((*REQUEST, "number"), "1"),
        ((*REQUEST, "number"), True),
        ((*REQUEST, "state"), "merged"),
        ((*REQUEST, "deployment_state"), "deployed"),
        ((*REQUEST, "deployment_state"), "complete"),  # its deployment says otherwise
        ((*REQUEST, "branch"), None),
        (DEPLOYMENT, None),
        ((*DEPLOYMENT, "state"), "complete"),
        ((*DEPLOYMENT, "auto_cutover"), None),
        ((*DEPLOYMENT, "deployable"), "yes"),
        ((*DEPLOYMENT, "deploy_operations"), None),
        ((*DEPLOYMENT, "deploy_operations", 0), "ALTER"),
        ((*DEPLOYMENT, "deploy_operations", 0, "ddl_statement"), None),
        ((*DEPLOYMENT, "deploy_operations", 0, "state"), "ready"),
        ((*DEPLOYMENT, "deploy_operations", 0, "progress_percentage"), 101),
        ((*DEPLOYMENT, "finished_at"), "yesterday"),
        ((*DEPLOYMENT, "finished_at"), "2026-03-01T10:00:00"),  # in which zone?
        ((*DEPLOYMENT, "preceding_deployments"), None),
    ],
)
@pytest.mark.threat("TM-PLANETSCALE-1")
def test_a_deploy_request_that_is_not_as_the_reference_says_is_none(
    way: tuple[str | int, ...], value: Any
) -> None:
    with asked() as (planetscale, double):
        opened(planetscale, double)
        assert planetscale.requests_from(DATABASE, BRANCH)
        double.changed = lambda call, answer: changed_at(answer, way, value)
        assert (
            code_of(lambda: planetscale.requests_from(DATABASE, BRANCH))
            == "planetscale-answer-unclear"
        )


@pytest.mark.invariant("PS-1")
@pytest.mark.threat("TM-PLANETSCALE-1")
@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b'{"data": [], "data": [{"name": "orders"}]}', "key 'data' twice"),
        (b'{"data": [{"name": NaN}]}', "NaN"),
        (b'{"data": [', "not whole JSON"),
        (b'{"\\ud800": 1}', "half a character"),
    ],
)
def test_what_two_readers_would_read_otherwise_is_no_answer(said: bytes, told: str) -> None:
    with asked() as (planetscale, double):
        double.changed = lambda call, answer: said
        with pytest.raises(Unavailable, match=told) as unavailable:
            planetscale.schema(DATABASE, "main")
        assert unavailable.value.problems[0].code == "planetscale-answer-unclear"


@pytest.mark.invariant("PS-1")
def test_another_branch_than_was_asked_for_is_no_answer() -> None:
    with asked() as (planetscale, double):
        planetscale.create_branch(DATABASE, BRANCH)
        double.changed = lambda call, answer: answer | {"name": BRANCH}
        assert code_of(lambda: planetscale.branch(DATABASE, "main")) == "planetscale-answer-unclear"


@pytest.mark.invariant("PS-1")
def test_a_table_twice_is_no_schema() -> None:
    with asked() as (planetscale, double):
        double.changed = lambda call, answer: {"data": answer["data"] * 2}
        assert code_of(lambda: planetscale.schema(DATABASE, "main")) == "planetscale-answer-unclear"


@pytest.mark.invariant("PS-1")
def test_a_schema_that_cannot_be_had_is_not_an_empty_one() -> None:
    with asked() as (planetscale, _):
        assert code_of(lambda: planetscale.schema(DATABASE, "gone")) == "planetscale-denied"


def test_requests_of_other_branches_are_left_out_whatever_the_service_lists() -> None:
    with asked() as (planetscale, double):
        opened(planetscale, double)
        double.changed = lambda call, answer: changed_at(
            answer, (*REQUEST, "into_branch"), "staging"
        )
        assert planetscale.requests_from(DATABASE, BRANCH) == ()


def test_a_list_is_read_to_its_last_page() -> None:
    with asked() as (planetscale, double):
        double.page_max = 2
        planetscale.create_branch(DATABASE, BRANCH)
        planetscale.run(DATABASE, BRANCH, [ADD])
        for _ in range(5):
            planetscale.close(DATABASE, planetscale.open_request(DATABASE, BRANCH, ""))
        found = planetscale.requests_from(DATABASE, BRANCH)
        assert [one.number for one in found] == [1, 2, 3, 4, 5]
        assert {one.state for one in found} == {DeploymentState.PENDING}


@pytest.mark.invariant("PS-3")
def test_a_login_to_a_branch_is_gone_when_its_statements_are() -> None:
    with asked() as (planetscale, double):
        planetscale.create_branch(DATABASE, BRANCH)
        with pytest.raises(Refused):
            planetscale.run(DATABASE, BRANCH, ["RUBBISH"])
        assert double.logins == {}
        assert any("/passwords/" in call for call in double.calls)


@pytest.mark.invariant("PL-12")
@pytest.mark.threat("TM-PLANETSCALE-6")
def test_no_error_holds_a_token_or_a_password() -> None:
    with asked() as (planetscale, double):
        planetscale.create_branch(DATABASE, BRANCH)
        planetscale.run(DATABASE, BRANCH, [NOTES])  # from here on its password is known
        double.changed = lambda call, answer: {"code": "x", "message": f"{TOKEN} {BRANCH_PASSWORD}"}
        acts: tuple[Callable[[], object], ...] = (
            lambda: planetscale.create_branch(DATABASE, BRANCH),
            lambda: planetscale.branch(DATABASE, BRANCH),
        )
        for act in acts:
            with pytest.raises(ReconcilerError) as error:
                act()
            assert TOKEN not in str(error.value)
            assert BRANCH_PASSWORD not in str(error.value)
    assert TOKEN not in repr(DATABASE) + repr(ENVIRON.keys())


@pytest.mark.invariant("PS-3")
@pytest.mark.parametrize("url", ["http://api.planetscale.com/v1", "ftp://localhost", "localhost"])
def test_a_token_goes_over_tls_or_stays(url: str) -> None:
    with pytest.raises(InvalidInput) as insecure:
        PlanetScaleClient(api_url=url, token_id="id", token="token")
    assert insecure.value.problems[0].code == "planetscale-address-insecure"


@pytest.mark.invariant("PS-3")
@pytest.mark.threat("TM-PLANETSCALE-10")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_a_branch_of_the_service_is_never_on_this_machine(host: str) -> None:
    """There nothing is encrypted, and whoever listens would be told the password."""
    with asked() as (_, double):
        double.branch_host = host
        said: list[BranchLogin] = []

        def connected(login: BranchLogin, keyspace: str) -> NoReturn:
            said.append(login)
            raise AssertionError("it was spoken to")

        planetscale = PlanetScale(environ=ENVIRON, api_url=double.url, connected=connected)
        planetscale.create_branch(DATABASE, BRANCH)
        planetscale._is_on_this_machine = False  # as the service is not
        assert (
            code_of(lambda: planetscale.run(DATABASE, BRANCH, [ADD]))
            == "planetscale-answer-unclear"
        )
        assert said == []
        assert double.logins == {}
