"""The settings that the workflows rely on, each as the command of GitHub's `gh` that makes it.

What it leads to is what `doctor github` looks for: the last step of the list is to ask it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

from reconciler.guard.review.places import checks_place, control_place, reader_place
from reconciler.observe.file.key import KEY_VARIABLE, key_variable
from reconciler.report.setup.model import GLASS, READER, RegionChecks, Setup
from reconciler.report.setup.owners import owner_lines

_AT = "repos/{owner}/{repo}"  # filled in by `gh`, for the repository of the current folder


def checklist(about: Setup, *, adds_owners: bool) -> str:
    """`adds_owners`: there is a CODEOWNERS already, which lacks some of the lines."""
    parts = [
        _head(about),
        _files(about, adds_owners=adds_owners),
        _actions(),
        _environments(about),
        _logins(about),
        _rules(about),
        _on(about),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _head(about: Setup) -> Iterator[str]:
    yield "# Settings of this repository, once"
    yield ""
    yield "Written by `reconciler ci setup`. Run the commands in this folder, as somebody who"
    yield "administers the repository, with [gh](https://cli.github.com) 2.40 or newer."
    if about.host is not None:
        yield ""
        yield f"They are for the GitHub at {about.host}. Its Actions must know `concurrency.queue`,"
        yield "and have the actions that the workflows name."
        yield ""
        yield from _shell(
            f"export GH_HOST={shlex.quote(about.host)}",
            f"export GITHUB_API_URL={shlex.quote(f'https://{about.host}/api/v3')}",
        )


def _files(about: Setup, *, adds_owners: bool) -> Iterator[str]:
    yield "## 1. Files"
    yield ""
    if adds_owners:
        yield "CODEOWNERS was there already and is as it was. Add at its end:"
        yield ""
        yield "```"
        yield from owner_lines(about)
        yield "```"
        yield ""
    yield "Commit the files to a branch and have them reviewed. Nothing runs before step 6."


def _actions() -> Iterator[str]:
    workflow, forks = f"{_AT}/actions/permissions/workflow", f"{_AT}/actions/permissions/fork-pr"
    yield "## 2. What jobs may do by default"
    yield ""
    yield from _shell(
        f"gh api --method PUT {workflow} -f default_workflow_permissions=read"
        " -F can_approve_pull_request_reviews=false"
    )
    yield ""
    yield "Who starts jobs of forks, in a public repository:"
    yield ""
    yield from _shell(
        f"gh api --method PUT {forks}-contributor-approval"
        " -f approval_policy=first_time_contributors"
    )
    yield ""
    yield "and what they get, in a private one:"
    yield ""
    yield from _shell(
        f"gh api --method PUT {forks}-workflows-private-repos"
        " -F run_workflows_from_fork_pull_requests=false -F send_write_tokens_to_workflows=false"
        " -F send_secrets_and_variables=false -F require_approval_for_fork_pr_workflows=true"
    )


def _environments(about: Setup) -> Iterator[str]:
    yield "## 3. Environments"
    yield ""
    if about.has_whole:
        yield f"`{READER}` is for jobs of every branch. The others hold what changes shards: the"
        yield f"branch `{about.branch}` alone may use them, and no administrator goes past that."
        yield ""
        yield from _shell(*_made(READER, {"deployment_branch_policy": None}))
    for job in about.jobs:
        yield ""
        yield from _shell(*_kept(about, job.environment, ()))
    for job in about.asked:
        yield ""
        yield f"Who may ask an apply of `{job.environment}` to stop, go on or be tried again:"
        yield ""
        yield from _shell(*_kept(about, control_place(job.environment), about.on_call))
    if about.glass is not None:
        yield ""
        yield f"Who may let a run go past the approvals of `{about.glass}`:"
        yield ""
        yield from _shell(*_kept(about, GLASS, about.on_call))
    if about.regional:
        yield ""
        yield "Of those that are rolled out by regions each workflow has its places on top:"
        yield ", ".join(f"`.github/workflows/rollout-{name}.yml`" for name in about.regional) + "."
    for checks in about.checked:
        yield ""
        yield f"For the looks at `{checks.environment}` in its regions, and the job that judges by"
        yield "them; jobs of every branch use these:"
        yield ""
        yield from _shell(*_all_made(checks))


def _all_made(checks: RegionChecks) -> Iterator[str]:
    name = checks.environment
    for place in (*(reader_place(name, region) for region in checks.regions), checks_place(name)):
        yield from _made(place, {"deployment_branch_policy": None})


def _kept(about: Setup, place: str, reviewers: tuple[str, ...]) -> Iterator[str]:
    """For one branch, chosen by its name as a branch."""
    ids = []
    for number, reviewer in enumerate(reviewers, start=1):
        name = reviewer.removeprefix("@")
        organisation, _, team = name.partition("/")
        path = f"orgs/{organisation}/teams/{team}" if team else f"users/{name}"
        yield f"r{number}=$(gh api {shlex.quote(path)} --jq .id)"
        ids.append({"type": "Team" if team else "User", "id": f"$r{number}"})
    body: dict[str, Any] = {
        "can_admins_bypass": False,
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
    }
    yield from _made(place, {**body, **({"reviewers": ids} if ids else {})})
    branches = f"{_AT}/environments/{_in_path(place)}/deployment-branch-policies"
    yield (
        f"gh api --method POST {shlex.quote(branches)}"
        f" -f name={shlex.quote(about.branch)} -f type=branch"
    )


def _made(place: str, body: dict[str, Any]) -> Iterator[str]:
    path = f"{_AT}/environments/{_in_path(place)}"
    yield from _sent("PUT", path, body)


def _in_path(place: str) -> str:
    """No name of an environment holds anything else that a path could not."""
    return place.replace("/", "%2F")


def _sent(method: str, path: str, body: dict[str, Any]) -> Iterator[str]:
    """What begins with `$` is filled in by the shell, as a number."""
    text = json.dumps(body, indent=2)
    for word in _filled(body):
        text = text.replace(json.dumps(word), word)
    yield f"gh api --method {method} {shlex.quote(path)} --input - <<JSON"
    yield text
    yield "JSON"


def _filled(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("$"):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _filled(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _filled(inner)


def _logins(about: Setup) -> Iterator[str]:
    yield "## 4. Logins"
    yield ""
    reads = [f"`{READER}`"] if about.has_whole else []
    reads += ["each `…/reader/…`"] if about.checked else []
    yield f"{' and '.join(reads)} has a login that reads, each other environment the one that"
    yield "changes its shards; by the same names, for a job has one of them. `gh` asks for each"
    yield "value. None may be a secret of the repository or of the organisation: jobs of every"
    yield "branch get those."
    places = [(READER, about.reads)] if about.has_whole else []
    places += [(job.environment, job.variables) for job in about.jobs]
    for checks in about.checked:
        name = checks.environment
        places += [(reader_place(name, region), checks.variables) for region in checks.regions]
        places.append((checks_place(name), checks.tries))
    if about.glass is not None:
        places += [(GLASS, job.variables) for job in about.jobs if job.environment == about.glass]
    for place, names in places:
        if names:
            yield ""
            kinds = ((name, "variable" if _is_plain(name) else "secret") for name in names)
            yield from _shell(
                *(f"gh {kind} set {name} --env {shlex.quote(place)}" for name, kind in kinds)
            )
    for checks in about.checked:
        yield ""
        yield f"The keys by which files of `{checks.environment}` are known, each region its own:"
        yield ""
        yield from _shell(*_keys(checks))


def _keys(checks: RegionChecks) -> Iterator[str]:
    """On no command line: others could read it there."""
    name = checks.environment
    for region in checks.regions:
        yield "key=$(openssl rand -hex 32)"
        for place, secret in (
            (reader_place(name, region), KEY_VARIABLE),
            (checks_place(name), key_variable(region)),
        ):
            yield f'printf %s "$key" | gh secret set {secret} --env {shlex.quote(place)}'


def _is_plain(name: str) -> bool:
    return name.upper().endswith(("USER", "HOST", "PORT", "DATABASE"))


def _rules(about: Setup) -> Iterator[str]:
    yield f"## 5. Rules for {about.branch}"
    yield ""
    yield "Nobody is on the bypass list, administrators neither."
    yield ""
    yield from _shell(
        "actions=$(gh api apps/github-actions --jq .id)",
        *_sent("POST", f"{_AT}/rulesets", _ruleset(about)),
    )


def _ruleset(about: Setup) -> dict[str, Any]:
    review = {
        "required_approving_review_count": max(about.approvals, 1),
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": True,
        "require_last_push_approval": True,
        "required_review_thread_resolution": False,
    }
    names = ["verify"] if about.has_whole else []
    names += [f"verify {each.environment}" for each in about.checked]
    checks = {
        "strict_required_status_checks_policy": True,
        "required_status_checks": [
            {"context": name, "integration_id": "$actions"} for name in names
        ],
    }
    return {
        "name": "schema",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": [f"refs/heads/{about.branch}"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {"type": "pull_request", "parameters": review},
            {"type": "required_status_checks", "parameters": checks},
        ],
    }


def _on(about: Setup) -> Iterator[str]:
    yield "## 6. Switch it on, and have it proven"
    yield ""
    host = f" --hostname {shlex.quote(about.host)}" if about.host is not None else ""
    below = "" if about.directory == "." else f" -C {shlex.quote(about.directory)}"
    yield from _shell(
        "gh variable set RECONCILER --body on",
        f"GITHUB_TOKEN=$(gh auth token{host}) reconciler doctor github{below}",
    )
    yield ""
    yield "It says of each of these settings whether it holds, and how to fix it where it does not;"
    yield "that a schedule has run, an hour after the files were merged."


def _shell(*lines: str) -> Iterator[str]:
    yield "```sh"
    yield from lines
    yield "```"
