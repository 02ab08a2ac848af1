"""PlanetScale's objects as values: a word that its reference does not have is an unclear answer."""

from __future__ import annotations

from typing import TypeVar

from reconciler.edges.planetscale.client import Fields
from reconciler.edges.planetscale.problems import unclear
from reconciler.model.deploy_request import (
    Branch,
    DeploymentState,
    DeployOperation,
    DeployRequest,
    QueuedDeploy,
)

_OPERATION_STATES = ("pending", "queued", "in_progress", "complete", "cancelled", "error")
_OPEN_STATES = ("open", "closed")

Word = TypeVar("Word", bound=str)


def read_branch(fields: Fields) -> Branch:
    return Branch(
        name=fields.text("name"),
        parent=fields.text_or_none("parent_branch"),
        is_ready=fields.flag("ready"),
        is_production=fields.flag("production"),
        has_safe_migrations=fields.flag("safe_migrations"),
    )


def read_table(fields: Fields) -> tuple[str, str]:
    return fields.text("name"), fields.text("raw")


def read_request(fields: Fields, call: str) -> DeployRequest:
    deployment = fields.inner("deployment")
    state = _state(fields.text("deployment_state"), call)
    if deployment.text("state") != state:
        raise unclear(call, "the request and its deployment are in two states")
    preceding = (Fields(row, call) for row in deployment.items("preceding_deployments"))
    return DeployRequest(
        number=fields.number("number"),
        branch=fields.text("branch"),
        into_branch=fields.text("into_branch"),
        is_open=_one_of(_OPEN_STATES, fields.text("state"), call) == "open",
        state=state,
        is_deployable=deployment.flag("deployable"),
        cuts_over_by_itself=deployment.flag("auto_cutover"),
        operations=tuple(
            _operation(Fields(row, call), call) for row in deployment.items("deploy_operations")
        ),
        preceding=tuple(sorted(one.number("deploy_request_number") for one in preceding)),
        errors=_errors(deployment, call),
        ended_s=None if deployment.has_none("finished_at") else deployment.time_s("finished_at"),
        cutover_expires_soon=deployment.flag("cutover_expiring"),
    )


def read_queued(fields: Fields, call: str) -> QueuedDeploy:
    _state(fields.text("state"), call)
    return QueuedDeploy(fields.number("deploy_request_number"), fields.text("into_branch"))


def _operation(fields: Fields, call: str) -> DeployOperation:
    percent = fields.number("progress_percentage")
    if not 0 <= percent <= 100:
        raise unclear(call, "progress_percentage is no percentage")
    return DeployOperation(
        keyspace=fields.text("keyspace_name"),
        table=fields.text("table_name"),
        sql=fields.text("ddl_statement"),
        state=_one_of(_OPERATION_STATES, fields.text("state"), call),
        progress_percent=percent,
        eta_s=None if fields.has_none("eta_seconds") else fields.number("eta_seconds"),
    )


def _errors(deployment: Fields, call: str) -> tuple[str, ...]:
    """What keeps it from being deployed, in PlanetScale's words."""
    words = deployment.text_or_none("deploy_check_errors")
    lints = (Fields(row, call) for row in deployment.items("lint_errors"))
    said = [lint.text("error_description") for lint in lints]
    return tuple(filter(None, [words, *said]))


def _state(word: str, call: str) -> DeploymentState:
    return DeploymentState(_one_of(tuple(DeploymentState), word, call))


def _one_of(known: tuple[Word, ...], word: str, call: str) -> Word:
    for each in known:
        if each == word:
            return each
    raise unclear(call, f"{word[:40]!r} is no state that its reference has")
