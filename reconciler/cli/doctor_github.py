"""`reconciler doctor github`: the settings on GitHub that reviewed applies rely on."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from reconciler.cli.run import load
from reconciler.edges.clock import SystemClock
from reconciler.edges.files.history import GitHistory
from reconciler.edges.files.repository import open_repository
from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.forge import GithubForge
from reconciler.edges.github.settings import read_settings
from reconciler.errors import InvalidInput, Problem
from reconciler.flows.forge.doctor import examine_forge
from reconciler.limits import CODE_OWNERS_BYTES_MAX
from reconciler.outcomes.doctor import DoctorOutcome

_REMOTE = re.compile(r"[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def examine_github(repo: Path) -> DoctorOutcome:
    client, repository = github_of(repo, os.environ)
    loaded = load(repo, None)
    forge = GithubForge(client, repository)

    def file(branch: str, path: str) -> bytes | None:
        return forge.file(forge.branch_tip(branch), path, bytes_max=CODE_OWNERS_BYTES_MAX)

    return examine_forge(
        read_settings(client, repository, file),
        loaded,
        repository=repository,
        below=GitHistory(repo, None).below,
        now_s=SystemClock().now_s(),
    )


def github_of(repo: Path, environ: Mapping[str, str]) -> tuple[GithubClient, str]:
    """The forge of a clone, outside of any job. Raises InvalidInput without a token or a repository
    to ask about."""
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if not token:
        raise InvalidInput(_no_token())
    api_url = environ.get("GITHUB_API_URL", "https://api.github.com")
    repository = environ.get("GITHUB_REPOSITORY") or _repository_of_remote(repo)
    return GithubClient(api_url=api_url, token=token), repository


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
