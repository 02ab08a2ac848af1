"""What jobs of a commit left as artifacts, over HTTP: each environment's plans by the job that made
them, whatever else lies beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.edges.github.artifacts import fetch_plans
from reconciler.edges.github.client import GithubClient
from reconciler.errors import Refused
from tests.github_double.hub import Hub
from tests.github_double.server import TOKEN, serving
from tests.property.fuzz.job_files import archive

HEAD, OTHER = "a" * 40, "b" * 40


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(tmp_path)
    yield made
    made.clone.close()
    made.bare.close()


def leave(hub: Hub, name: str, commit: str = HEAD, **plans: str) -> None:
    """`plans` by environment: what each says."""
    files = {
        f"{environment}/shop.plan.{kind}": said.encode()
        for environment, said in plans.items()
        for kind in ("json", "sql")
    }
    hub.artifacts[hub.next_id()] = (commit, name, archive(files))


def fetched(hub: Hub) -> dict[str, str]:
    with serving(hub) as double:
        found = fetch_plans(GithubClient(api_url=double.url, token=TOKEN), hub.name, HEAD)
    assert sorted(path for path in found if path.endswith(".sql")) == sorted(
        path.replace(".json", ".sql") for path in found if path.endswith(".json")
    )
    return {path.split("/")[0]: plan.decode() for path, plan in found.items()}


@pytest.mark.invariant("RG-99")
def test_each_environments_plans_are_those_of_its_own_job(hub: Hub) -> None:
    leave(hub, "reconciler-plans-production", production="new", test="as it was")
    leave(hub, "reconciler-plans-test", production="as it was", test="new")
    assert fetched(hub) == {"production": "new", "test": "new"}


@pytest.mark.invariant("RG-99")
def test_a_job_of_all_environments_gives_what_none_of_its_own_does(hub: Hub) -> None:
    leave(hub, "reconciler-plans-production", production="new", dr="not its own")
    leave(hub, "reconciler-plans", production="old", test="of all")
    assert fetched(hub) == {"production": "new", "test": "of all"}


@pytest.mark.invariant("RG-99")
def test_of_several_of_one_name_the_newest_counts(hub: Hub) -> None:
    for said in ("first", "second"):
        leave(hub, "reconciler-plans", test=said)
        leave(hub, "reconciler-plans-production", production=said)
    leave(hub, "reconciler-plans", OTHER, test="another commit")
    assert fetched(hub) == {"production": "second", "test": "second"}


def test_other_artifacts_are_no_plans(hub: Hub) -> None:
    for name in ("reconciler-plan-page", "reconciler-plansproduction", "reconciler-plans-../x"):
        leave(hub, name, production="x")
    with pytest.raises(Refused, match="no job has left a plan"):
        fetched(hub)
