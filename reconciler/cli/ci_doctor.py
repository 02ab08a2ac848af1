"""`reconciler doctor github`: the settings on GitHub that reviewed applies rely on."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from reconciler.cli.run import Loaded, load
from reconciler.edges.clock import SystemClock
from reconciler.edges.files.history import GitHistory
from reconciler.edges.files.repository import open_repository
from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.forge import GithubForge
from reconciler.edges.github.settings import read_settings
from reconciler.errors import InvalidInput, Problem
from reconciler.guard.forge_settings import SettingFinding, judge_settings
from reconciler.guard.review.code_owners import CODE_OWNERS_PATHS
from reconciler.limits import CODE_OWNERS_BYTES_MAX
from reconciler.outcomes.doctor import CheckMark, DoctorFinding, DoctorOutcome
from reconciler.plan.files import plan_paths
from reconciler.spec.tree import from_the_top

_REMOTE = re.compile(r"[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def examine_github(repo: Path) -> DoctorOutcome:
    client, repository = github_of(repo, os.environ)
    loaded = load(repo, None)
    environments, asks_code_owners = _asked(loaded)
    forge = GithubForge(client, repository)

    def file(branch: str, path: str) -> bytes | None:
        return forge.file(forge.branch_tip(branch), path, bytes_max=CODE_OWNERS_BYTES_MAX)

    findings = judge_settings(
        read_settings(client, repository, file),
        environments=environments,
        asks_code_owners=asks_code_owners,
        owned_paths=_paths_to_own(loaded, GitHistory(repo, None).below),
        now_s=SystemClock().now_s(),
    )
    return DoctorOutcome(
        environment="GitHub",
        keyspace=repository,
        findings=tuple(_finding(finding) for finding in findings),
    )


def _paths_to_own(loaded: Loaded, below: str) -> tuple[str, ...]:
    """One file of each kind and keyspace, the workflows, and the list of owners that wins over any
    other: who changes them changes what runs, or who is asked."""
    paths = []
    for files in loaded.sound.values():
        spec = files.spec
        paths += [spec.path, *(file.path for file in files.files[:1])]
        paths += [plan_paths(each.name, spec.keyspace).json for each in spec.environments]
    inside = [from_the_top(path, below) for path in paths]
    return (*sorted(inside), ".github/workflows/schema.yml", *CODE_OWNERS_PATHS[:1])


def github_of(repo: Path, environ: Mapping[str, str]) -> tuple[GithubClient, str]:
    """The forge of a clone, outside of any job. Raises InvalidInput without a token or a repository
    to ask about."""
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if not token:
        raise InvalidInput(_no_token())
    api_url = environ.get("GITHUB_API_URL", "https://api.github.com")
    repository = environ.get("GITHUB_REPOSITORY") or _repository_of_remote(repo)
    return GithubClient(api_url=api_url, token=token), repository


def _asked(loaded: Loaded) -> tuple[tuple[str, ...], bool]:
    found = [each for files in loaded.sound.values() for each in files.spec.environments]
    names = tuple(sorted({environment.name for environment in found}))
    return names, any(environment.review.code_owners for environment in found)


def _finding(finding: SettingFinding) -> DoctorFinding:
    if finding.holds is None:
        mark = CheckMark.SKIPPED
    elif finding.holds:
        mark = CheckMark.OK
    else:
        mark = CheckMark.WARNING if finding.is_advice else CheckMark.FAILED
    return DoctorFinding(
        subject=finding.subject,
        mark=mark,
        message=finding.message,
        recovery="" if finding.holds else finding.recovery,
    )


def _repository_of_remote(repo: Path) -> str:
    match = _REMOTE.search(open_repository(repo).remote_address("origin") or "")
    if match is None:
        raise InvalidInput(
            Problem(
                code="forge-repository-unknown",
                message="the remote origin does not tell which repository on GitHub this is",
                recovery="set GITHUB_REPOSITORY to owner/name",
            )
        )
    return match[1]


def _no_token() -> Problem:
    return Problem(
        code="token-missing",
        message="GITHUB_TOKEN is not set: the forge cannot be asked",
        recovery="set it to a token that may read the repository",
    )
