"""A branch of a PlanetScale database, and a request to deploy one branch's schema into another, as
PlanetScale tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DeploymentState(StrEnum):
    """The words of PlanetScale's API reference, every one of them."""

    PENDING = "pending"  # the difference is being computed
    READY = "ready"
    NO_CHANGES = "no_changes"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    IN_PROGRESS = "in_progress"
    PENDING_CUTOVER = "pending_cutover"
    IN_PROGRESS_VSCHEMA = "in_progress_vschema"
    IN_PROGRESS_CANCEL = "in_progress_cancel"
    IN_PROGRESS_CUTOVER = "in_progress_cutover"
    COMPLETE = "complete"
    COMPLETE_CANCEL = "complete_cancel"
    COMPLETE_ERROR = "complete_error"
    COMPLETE_PENDING_REVERT = "complete_pending_revert"
    IN_PROGRESS_REVERT = "in_progress_revert"
    IN_PROGRESS_REVERT_VSCHEMA = "in_progress_revert_vschema"
    COMPLETE_REVERT = "complete_revert"
    COMPLETE_REVERT_ERROR = "complete_revert_error"
    CANCELLED = "cancelled"
    ERROR = "error"


#: PlanetScale works on it; whoever waits looks again.
AT_WORK = frozenset(
    {
        DeploymentState.QUEUED,
        DeploymentState.SUBMITTING,
        DeploymentState.IN_PROGRESS,
        DeploymentState.IN_PROGRESS_VSCHEMA,
        DeploymentState.IN_PROGRESS_CANCEL,
        DeploymentState.IN_PROGRESS_CUTOVER,
        DeploymentState.IN_PROGRESS_REVERT,
        DeploymentState.IN_PROGRESS_REVERT_VSCHEMA,
    }
)


#: Among these, what no word of ours ends any more.
CANNOT_STOP = AT_WORK - {
    DeploymentState.QUEUED,
    DeploymentState.SUBMITTING,
    DeploymentState.IN_PROGRESS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """`is_ready`: it can be connected to, and has its parent's schema."""

    name: str
    parent: str | None
    is_ready: bool
    is_production: bool
    has_safe_migrations: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployOperation:
    """What a deployment does to one table, and how far it is; `state` is PlanetScale's word."""

    keyspace: str
    table: str
    sql: str
    state: str
    progress_percent: int = 0
    eta_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRequest:
    """`operations` are empty while the state is PENDING. `preceding` are the numbers of the deploy
    requests that PlanetScale deploys before this one; `ended_s` is when its deployment was over,
    in seconds since 1970."""

    number: int
    branch: str
    into_branch: str
    is_open: bool
    state: DeploymentState
    is_deployable: bool
    cuts_over_by_itself: bool
    operations: tuple[DeployOperation, ...] = ()
    preceding: tuple[int, ...] = ()
    errors: tuple[str, ...] = ()
    ended_s: float | None = None
    cutover_expires_soon: bool = False


@dataclass(frozen=True, slots=True, order=True)
class QueuedDeploy:
    """A deploy request that PlanetScale has in its queue for one branch, at work or waiting."""

    number: int
    into_branch: str
