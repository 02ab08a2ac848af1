"""`reconciler doctor github`, as its user types it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import git
import pytest
import stamina
from click.testing import CliRunner, Result

from reconciler.cli.doctor import doctor
from tests.github_double.hub import ADA, Hub
from tests.github_double.server import TOKEN, Double, Fault, serving

IN_ORDER: dict[str, Any] = {
    "repository": {"default_branch": "main"},
    "protection": {
        "required_pull_request_reviews": {
            "required_approving_review_count": 1,
            "dismiss_stale_reviews": True,
            "require_last_push_approval": True,
        },
        "required_status_checks": {"checks": [{"context": "verify", "app_id": 15368}]},
        "allow_force_pushes": {"enabled": False},
    },
    "rules": [],
    "environments": {
        "environments": [
            {
                "name": "production",
                "deployment_branch_policy": {"protected_branches": True},
                "protection_rules": [],
            },
            {
                "name": "break-glass",
                "deployment_branch_policy": None,
                "protection_rules": [{"type": "required_reviewers", "reviewers": [{}]}],
            },
        ]
    },
    "token": {"default_workflow_permissions": "read"},
    "workflows": {"workflows": [{"path": ".github/workflows/schema.yml", "state": "active"}]},
}
SPEC = """version: 1
keyspace: shop
schema: schemas/shop
environments:
  production: {connection: {database: d, user: u}, shards: ["-"]}
"""


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    hub = Hub(tmp_path)
    hub.settings = dict(IN_ORDER)
    ada = hub.workplace("ada")
    ada.git.checkout("-B", "main")
    files = {
        "specs/shop.yaml": SPEC,
        "schemas/shop/t.sql": "CREATE TABLE t (id int PRIMARY KEY);\n",
        ".github/CODEOWNERS": "* @ada\n",
    }
    for path, text in files.items():
        (tmp_path / "ada" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ada" / path).write_text(text)
    ada.git.add("--all")
    ada.git.commit("-m", "all")
    hub.pushed(ADA, ada, "main")
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    git.Repo(tmp_path / "ada").remote("origin").set_url("git@github.com:acme/shop.git")
    stamina.set_testing(True, attempts=2)
    with serving(hub) as made:
        monkeypatch.setenv("GITHUB_API_URL", made.url)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield made
    stamina.set_testing(False)


def asked(tmp_path: Path) -> Result:
    return CliRunner().invoke(doctor, ["github", "-C", str(tmp_path / "ada")])


def test_settings_that_are_in_order(double: Double, tmp_path: Path) -> None:
    result = asked(tmp_path)
    assert result.exit_code == 0, result.output
    assert "acme/shop" in result.output


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("protection", {}, "require a pull request"),
        ("protection", {}, "block force pushes"),
        ("protection", {}, "require the job that runs"),
        ("environments", {"environments": []}, "make it in the repository's settings"),
        ("workflows", {"workflows": [{"path": "s.yml", "state": "disabled_inactivity"}]}, "s.yml"),
        (
            "protection",
            {"required_status_checks": {"checks": [{"context": "verify", "app_id": -1}]}},
            "choose GitHub Actions as the source",
        ),
    ],
)
def test_what_is_not_in_order_is_said_with_its_cure(
    double: Double, tmp_path: Path, setting: str, value: Any, said: str
) -> None:
    double.hub.settings[setting] = value
    result = asked(tmp_path)
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())


def test_rule_sets_count_as_well_as_classic_protection(double: Double, tmp_path: Path) -> None:
    del double.hub.settings["protection"]
    checks = {"required_status_checks": [{"context": "verify", "integration_id": 15368}]}
    double.hub.settings["rules"] = [
        {"type": "pull_request", "parameters": {"required_approving_review_count": 2}},
        {"type": "required_status_checks", "parameters": checks},
        {"type": "non_fast_forward"},
    ]
    result = asked(tmp_path)
    assert result.exit_code == 0, result.output
    assert "2 approvals" in result.output


def test_what_the_token_may_not_see_is_neither_good_nor_bad(double: Double, tmp_path: Path) -> None:
    double.fail("(protection|rules|environments|permissions|workflows)", Fault.FORBIDDEN)
    result = asked(tmp_path)
    assert result.exit_code == 0, result.output
    assert "may not see" in result.output


def test_a_repository_that_cannot_be_seen_is_an_error(double: Double, tmp_path: Path) -> None:
    double.fail(".", Fault.NOT_FOUND)
    result = asked(tmp_path)
    assert result.exit_code == 1
    assert TOKEN not in str(result.exception)
