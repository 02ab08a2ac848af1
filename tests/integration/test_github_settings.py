"""`reconciler doctor github`, as its user types it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import git
import pytest
import stamina
from click.testing import CliRunner, Result

from reconciler.cli.doctor import doctor
from reconciler.edges.clock import SystemClock
from reconciler.guard.limits import CODE_OWNERS_LINES_MAX
from tests.github_double.hub import ADA, Hub
from tests.github_double.server import TOKEN, Double, Fault, serving

REVIEWS = {
    "required_approving_review_count": 1,
    "dismiss_stale_reviews": True,
    "require_last_push_approval": True,
    "require_code_owner_reviews": True,
}
CHECKS = {"strict": True, "checks": [{"context": "verify", "app_id": 15368}]}
PROTECTION = {
    "required_pull_request_reviews": REVIEWS,
    "required_status_checks": CHECKS,
    "allow_force_pushes": {"enabled": False},
    "allow_deletions": {"enabled": False},
    "enforce_admins": {"enabled": True},
}
PROTECTED = {"protected_branches": True, "custom_branch_policies": False}
CHOSEN = {"protected_branches": False, "custom_branch_policies": True}
REVIEWERS = [{"type": "required_reviewers", "reviewers": [{}]}]


def environments(
    production: dict[str, bool] | None = PROTECTED,
    glass: dict[str, bool] | None = PROTECTED,
    reviewers: list[dict[str, Any]] = REVIEWERS,
    *,
    admins_bypass: bool = False,
) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"name": "production", "deployment_branch_policy": production, "protection_rules": []},
        {"name": "break-glass", "deployment_branch_policy": glass, "protection_rules": reviewers},
    ]
    for row in rows:
        row["can_admins_bypass"] = admins_bypass
    return {"total_count": 2, "environments": rows}


def secrets(*names: str) -> dict[str, Any]:
    return {"total_count": len(names), "secrets": [{"name": name} for name in names]}


def workflows(state: str) -> dict[str, Any]:
    row = {"path": ".github/workflows/schema.yml", "state": state}
    return {"total_count": 1, "workflows": [row]}


def runs(*hours_ago: float) -> dict[str, Any]:
    now_s = SystemClock().now_s()
    made = [datetime.fromtimestamp(now_s - hours * 3_600, UTC) for hours in hours_ago]
    times = [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in made]
    return {"total_count": len(times), "workflow_runs": [{"created_at": time} for time in times]}


IN_ORDER: dict[str, Any] = {
    "repository": {"default_branch": "main", "private": False, "owner": {"type": "Organization"}},
    "patterns": ["main"],
    "actions_app": {"id": 15368, "slug": "github-actions"},
    "production_secrets": secrets("SCHEMA_WRITER_PASSWORD"),
    "glass_secrets": secrets("SCHEMA_WRITER_PASSWORD"),
    "secrets": secrets("CODECOV_TOKEN"),
    "organisation_secrets": secrets(),
    "keys": [{"id": 1, "title": "reads", "read_only": True}],
    "fork_approval": {"approval_policy": "first_time_contributors"},
    "protection": PROTECTION,
    "rules": [],
    "environments": environments(),
    "branch_policies": {"total_count": 1, "branch_policies": [{"name": "main", "type": "branch"}]},
    "owner_mistakes": {"errors": []},
    "token": {
        "default_workflow_permissions": "read",
        "can_approve_pull_request_reviews": False,
    },
    "workflows": workflows("active"),
    "runs": runs(1, 25),
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


WRONG: tuple[tuple[str, Any, str, str], ...] = (
    ("protection", {}, "reviews on main", "require a pull request"),
    ("protection", {}, "force pushes to main", "block force pushes"),
    ("protection", {}, "required check", "require the job that runs"),
    (
        "protection",
        {**PROTECTION, "required_status_checks": {"checks": [{"context": "verify", "app_id": -1}]}},
        "source of the required check",
        "choose GitHub Actions as the source",
    ),
    ("environments", {"total_count": 0, "environments": []}, "production", "make it in the repo"),
    ("environments", environments(production=None), "environment production", "let only main use"),
    ("environments", environments(glass=None), "environment break-glass", "let only main use it"),
    ("workflows", workflows("disabled_inactivity"), "workflows", "switch them on under Actions"),
    ("runs", runs(), "schedule", "run `reconciler ci drift` by"),
    ("runs", runs(49), "schedule", "run `reconciler ci drift` by"),
)
ALONE = {**REVIEWS, "bypass_pull_request_allowances": {"users": [{"login": "ben"}]}}
WRONG += (
    (
        "protection",
        {**PROTECTION, "enforce_admins": {"enabled": False}},
        "administrators",
        "include administrators",
    ),
    (
        "protection",
        {**PROTECTION, "required_pull_request_reviews": ALONE},
        "ben",
        "empty the bypass lists",
    ),
    (
        "protection",
        {**PROTECTION, "allow_deletions": {"enabled": True}},
        "deletion of main",
        "restrict deletions",
    ),
)
WRONG += (
    (
        "protection",
        {**PROTECTION, "required_status_checks": {"checks": [{"context": "verify", "app_id": 7}]}},
        "another app than GitHub Actions may report verify (app 7)",
        "choose GitHub Actions as the source",
    ),
    ("patterns", ["main", "release/*"], "every branch that matches release/*", "let only main use"),
    (
        "secrets",
        secrets("SCHEMA_WRITER_PASSWORD"),
        "jobs of every branch may use a secret of the same name: SCHEMA_WRITER_PASSWORD",
        "then change its password",
    ),
    (
        "organisation_secrets",
        secrets("SCHEMA_WRITER_PASSWORD"),
        "jobs of every branch may use a secret of the same name: SCHEMA_WRITER_PASSWORD",
        "then change its password",
    ),
    ("production_secrets", secrets(), "it holds none, so that its login", "then change its pass"),
)
WORTH_KNOWING: tuple[tuple[str, Any, str, str], ...] = (
    (
        "environments",
        environments(admins_bypass=True),
        "who may go past the rules of production",
        "take away that administrators",
    ),
    ("secrets", secrets("LEDGER_PASSWORD"), "may use LEDGER_PASSWORD", "to none but apply's"),
    (
        "keys",
        [{"id": 1, "title": "old robot", "read_only": False}],
        "these may push, and nobody knows who did: old robot",
        "delete them in the",
    ),
    (
        "fork_approval",
        {"approval_policy": "first_time_contributors_new_to_github"},
        "who starts jobs of forks",
        "require approval for first-time",
    ),
    (
        "protection",
        {
            **PROTECTION,
            "required_pull_request_reviews": {**REVIEWS, "dismiss_stale_reviews": False},
        },
        "stale approvals on main",
        "dismiss stale approvals",
    ),
    (
        "protection",
        {
            **PROTECTION,
            "required_pull_request_reviews": {**REVIEWS, "require_last_push_approval": False},
        },
        "last push on main",
        "require approval of the most recent push",
    ),
    (
        "protection",
        {
            **PROTECTION,
            "required_pull_request_reviews": {**REVIEWS, "require_code_owner_reviews": False},
        },
        "code owners on main",
        "require review from code owners",
    ),
    (
        "protection",
        {**PROTECTION, "required_status_checks": {**CHECKS, "strict": False}},
        "what the check is about",
        "require branches to be up to date",
    ),
    (
        "environments",
        environments(reviewers=[]),
        "who lets in a run that breaks the glass",
        "with required reviewers",
    ),
    (
        "token",
        {"default_workflow_permissions": "write", "can_approve_pull_request_reviews": False},
        "default token",
        "choose read permissions",
    ),
    (
        "token",
        {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": True},
        "approvals by jobs",
        "forbid it",
    ),
    (
        "owner_mistakes",
        {"errors": [{"kind": "Unknown owner", "line": 1}]},
        "mistakes in CODEOWNERS",
        "open the file on GitHub",
    ),
)


@pytest.mark.threat("TM-SETTINGS-4", "TM-SETTINGS-5", "TM-SETTINGS-6")
@pytest.mark.invariant("RV-11")
@pytest.mark.parametrize(("setting", "value", "subject", "cure"), [*WRONG, *WORTH_KNOWING])
def test_what_is_not_in_order_is_said_with_its_cure(
    double: Double, tmp_path: Path, setting: str, value: Any, subject: str, cure: str
) -> None:
    before = " ".join(asked(tmp_path).output.split())
    assert cure not in before
    double.hub.settings[setting] = value
    result = asked(tmp_path)
    is_wrong = (setting, value, subject, cure) in WRONG
    assert result.exit_code == int(is_wrong), result.output
    output = " ".join(result.output.split())
    assert subject in output
    assert cure in output


def test_branches_that_may_use_an_environment_are_named(double: Double, tmp_path: Path) -> None:
    double.hub.settings["environments"] = environments(production=CHOSEN)
    assert asked(tmp_path).exit_code == 0
    rows = [{"name": name, "type": "branch"} for name in ("main", "release/*")]
    policies = {"total_count": 2, "branch_policies": rows}
    double.hub.settings["branch_policies"] = policies
    result = asked(tmp_path)
    assert result.exit_code == 1
    assert "these may use it: main, release/*" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("owners", "said"),
    [
        (None, "there is none"),
        ("/specs/ @ada\n/schemas/ @ada\n/plans/ @ada\n", "nobody owns .github/workflows/"),
        ("* @ada\n/plans/\n", "nobody owns plans/production/shop.plan.json"),
    ],
)
def test_what_nobody_owns_is_named(
    double: Double, tmp_path: Path, owners: str | None, said: str
) -> None:
    ada = git.Repo(tmp_path / "ada")
    file = tmp_path / "ada" / ".github" / "CODEOWNERS"
    file.unlink() if owners is None else file.write_text(owners)
    ada.git.add("--all")
    ada.git.commit("-m", "owners")
    ada.git.push(str(double.hub.bare.git_dir), "HEAD:main")
    result = asked(tmp_path)
    assert said in " ".join(result.output.split())
    assert result.exit_code == 0


@pytest.mark.invariant("RV-11")
@pytest.mark.parametrize(("is_link", "said"), [(True, "is a link"), (False, "more than")])
def test_owners_that_cannot_be_read_are_owners_that_nobody_asks(
    double: Double, tmp_path: Path, is_link: bool, said: str
) -> None:
    ada = git.Repo(tmp_path / "ada")
    file = tmp_path / "ada" / ".github" / "CODEOWNERS"
    if is_link:
        file.rename(tmp_path / "ada" / "owners")
        file.symlink_to("../owners")
    else:
        file.write_text("/a @ada\n" * (CODE_OWNERS_LINES_MAX + 1))
    ada.git.add("--all")
    ada.git.commit("-m", "owners")
    ada.git.push(str(double.hub.bare.git_dir), "HEAD:main")
    output = " ".join(asked(tmp_path).output.split())
    assert said in output
    assert "everything that matters here is owned" not in output


def test_rule_sets_count_as_well_as_classic_protection(double: Double, tmp_path: Path) -> None:
    """All that hold for the branch, the strictest of each; several may be of one type."""
    del double.hub.settings["protection"]
    checks = {
        "required_status_checks": [{"context": "verify", "integration_id": 15368}],
        "strict_required_status_checks_policy": True,
    }
    other = {"required_status_checks": [{"context": "lint", "integration_id": None}]}
    double.hub.settings["rules"] = [
        {"type": "pull_request", "parameters": {"required_approving_review_count": 2}},
        {"type": "pull_request", "parameters": {"required_approving_review_count": 1}},
        {"type": "required_status_checks", "parameters": checks},
        {"type": "required_status_checks", "parameters": other},
        {"type": "non_fast_forward"},
        {"type": "deletion"},
    ]
    for rule in double.hub.settings["rules"]:
        rule["ruleset_id"] = 7
    double.hub.settings["rule_set"] = {"bypass_actors": []}
    result = asked(tmp_path)
    # "Protected branches only" is then every branch.
    assert "rule sets make no branch a protected one" in " ".join(result.output.split())
    assert result.exit_code == 1
    double.hub.settings["environments"] = environments(production=CHOSEN, glass=CHOSEN)
    result = asked(tmp_path)
    assert result.exit_code == 0, result.output
    assert "2 approvals" in result.output
    assert "required to merge: verify, lint" in result.output


def test_protection_that_the_token_may_not_see_is_not_taken_for_none(
    double: Double, tmp_path: Path
) -> None:
    """GitHub answers 404 in both cases; the branch itself says whether it is protected."""
    double.fail("protection$", Fault.NOT_FOUND)
    result = asked(tmp_path)
    assert result.exit_code == 0, result.output
    assert "rules of main" in result.output
    double.hub.settings["protected"] = False
    assert asked(tmp_path).exit_code == 1


def test_what_the_token_may_not_see_is_neither_good_nor_bad(double: Double, tmp_path: Path) -> None:
    hidden = "(protection|rules|environments|permissions|workflows|runs|codeowners|secrets|keys)"
    double.fail(hidden, Fault.FORBIDDEN)
    result = asked(tmp_path)
    assert result.exit_code == 0, result.output
    assert "may not see" in result.output


HIDDEN = (
    ("graphql", "environment production", "which these are cannot be seen"),
    ("apps/github-actions", "source of the required check", "GitHub Actions cannot be seen"),
    ("environments/production/secrets", "secrets of production", "may not see it"),
    ("actions/secrets", "secrets of the repository", "may not see it"),
    ("organization-secrets", "secrets of production", "may not see it"),
    ("/keys", "deploy keys", "may not see it"),
    ("fork-pr-contributor-approval", "jobs of forks", "may not see it"),
)


@pytest.mark.invariant("RV-11")
@pytest.mark.parametrize(("path", "subject", "said"), HIDDEN)
def test_of_each_setting_it_is_said_that_it_could_not_be_seen(
    double: Double, tmp_path: Path, path: str, subject: str, said: str
) -> None:
    assert said not in " ".join(asked(tmp_path).output.split())
    double.fail(path, Fault.NOT_FOUND)
    result = asked(tmp_path)
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert subject in output
    assert said in output


@pytest.mark.invariant("RV-11")
def test_environments_that_do_not_say_who_may_go_past_them(double: Double, tmp_path: Path) -> None:
    """As older servers answer."""
    rows = environments()
    for row in rows["environments"]:
        del row["can_admins_bypass"]
    double.hub.settings["environments"] = rows
    result = asked(tmp_path)
    assert "who may go past the rules of production" in " ".join(result.output.split())
    assert "see it in the repository's settings" in " ".join(result.output.split())


@pytest.mark.threat("TM-SETTINGS-6")
@pytest.mark.invariant("RV-11")
@pytest.mark.parametrize("runs", [True, False])
def test_what_jobs_of_forks_get_in_a_private_repository(
    double: Double, tmp_path: Path, runs: bool
) -> None:
    double.hub.settings["repository"] = {**IN_ORDER["repository"], "private": True}
    double.hub.settings["fork_jobs"] = {
        "run_workflows_from_fork_pull_requests": runs,
        "send_write_tokens_to_workflows": True,
        "send_secrets_and_variables": True,
        "require_approval_for_fork_pr_workflows": False,
    }
    result = asked(tmp_path)
    output = " ".join(result.output.split())
    assert result.exit_code == int(runs), result.output
    assert ("a token that writes and secrets" in output) == runs
    assert ("send neither write tokens nor secrets" in output) == runs
    assert ("start them without an approval" in output) == runs


def test_a_check_that_one_of_two_rules_binds_to_the_app_is_bound(
    double: Double, tmp_path: Path
) -> None:
    loose = {"context": "verify", "integration_id": None}
    parameters = {"required_status_checks": [loose]}
    double.hub.settings["rules"] = [
        {"type": "required_status_checks", "ruleset_id": 7, "parameters": parameters}
    ]
    double.hub.settings["rule_set"] = {"bypass_actors": []}
    assert "only GitHub Actions may report it" in " ".join(asked(tmp_path).output.split())
    parameters["required_status_checks"] = [{**loose, "context": "verify staging"}]
    assert "anybody may report verify staging" in " ".join(asked(tmp_path).output.split())


def test_a_repository_that_cannot_be_seen_is_an_error(double: Double, tmp_path: Path) -> None:
    double.fail(".", Fault.NOT_FOUND)
    result = asked(tmp_path)
    assert result.exit_code == 1
    assert TOKEN not in str(result.exception)


@pytest.mark.threat("TM-SETTINGS-1")
@pytest.mark.invariant("RV-11")
def test_a_tag_named_like_the_branch_is_not_the_branch(double: Double, tmp_path: Path) -> None:
    double.hub.settings["environments"] = environments(production=CHOSEN)
    rows = [{"name": "main", "type": "branch"}, {"name": "main", "type": "tag"}]
    double.hub.settings["branch_policies"] = {"total_count": 2, "branch_policies": rows}
    result = asked(tmp_path)
    assert result.exit_code == 1
    assert "these may use it: main, tag main" in " ".join(result.output.split())


@pytest.mark.threat("TM-SETTINGS-2")
@pytest.mark.invariant("RV-11")
@pytest.mark.parametrize("hidden", [False, True])
def test_who_may_go_past_a_rule_set_is_named(double: Double, tmp_path: Path, hidden: bool) -> None:
    rule = {"type": "pull_request", "ruleset_id": 7}
    parameters = {"required_approving_review_count": 1}
    double.hub.settings["rules"] = [{**rule, "parameters": parameters}]
    actors = [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "pull_request"}]
    double.hub.settings["rule_set"] = {} if hidden else {"bypass_actors": actors}
    result = asked(tmp_path)
    said = "may not see it" if hidden else "RepositoryRole of rule set 7"
    assert said in " ".join(result.output.split())
    assert result.exit_code == int(not hidden)


@pytest.mark.threat("TM-SETTINGS-3")
@pytest.mark.invariant("RV-11")
@pytest.mark.parametrize(
    ("owner", "team", "members"),
    [
        ("@eve", {}, []),
        ("@nobody", {}, []),
        ("ops@acme.example", {}, []),
        ("@acme/dba", {"permission": "push", "privacy": "closed"}, []),
        ("@acme/dba", {"permission": "push", "privacy": "secret"}, [{}]),
        ("@acme/dba", {"permission": "pull", "privacy": "closed"}, [{}]),
        ("@acme/other", {"permission": "push", "privacy": "closed"}, [{}]),
    ],
)
def test_an_owner_who_cannot_approve_owns_nothing(
    double: Double, tmp_path: Path, owner: str, team: dict[str, str], members: list[Any]
) -> None:
    double.hub.settings["teams"] = [{"slug": "dba", **team}] if team else []
    double.hub.settings["team_members"] = members
    ada = git.Repo(tmp_path / "ada")
    (tmp_path / "ada" / ".github" / "CODEOWNERS").write_text(f"* {owner}\n")
    ada.git.commit("-am", "owners")
    ada.git.push(str(double.hub.bare.git_dir), "HEAD:main")
    assert f"(cannot approve: {owner})" in " ".join(asked(tmp_path).output.split())
    (tmp_path / "ada" / ".github" / "CODEOWNERS").write_text(f"* {owner} @ada\n")
    ada.git.commit("-am", "owners")
    ada.git.push(str(double.hub.bare.git_dir), "HEAD:main")
    assert "everything that matters here is owned" in " ".join(asked(tmp_path).output.split())
