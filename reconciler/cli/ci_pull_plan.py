"""`reconciler plan pull --pr N`: the plan that CI made, for authors who cannot reach the fleet."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli.ci_doctor import github_of
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.edges.github.artifacts import fetch_plans
from reconciler.edges.github.forge import GithubForge
from reconciler.plan.codec import load_plan
from reconciler.plan.files import PLANS_DIRECTORY
from reconciler.plan.validate import check_plan


def pull_plan(repo: Path, number: int) -> None:
    """Every file is checked as `verify` would check it before any is written."""
    client, repository = github_of(repo, os.environ)
    commit = GithubForge(client, repository).pull_request(number).head_commit
    fetched = fetch_plans(client, repository, commit)
    for path, content in fetched.items():
        if path.endswith(".json"):
            environment, _, name = path.partition("/")
            check_plan(
                load_plan(content, f"{PLANS_DIRECTORY}/{path}"),
                environment=environment,
                keyspace=name.removesuffix(".plan.json"),
                readable_sql=_text_of(fetched[f"{path.removesuffix('.json')}.sql"]),
            )
    writer = WorkingTreeWriter(repo.resolve())
    for path, content in sorted(fetched.items()):
        writer.write(f"{PLANS_DIRECTORY}/{path}", content)
        click.echo(f"{PLANS_DIRECTORY}/{path}")
    click.echo("Next: read the .plan.sql files, commit them with the .plan.json files, and push.")


def _text_of(content: bytes) -> str:
    return content.decode(errors="replace")  # then it is not what any plan is bound to
