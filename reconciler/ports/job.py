"""The job that runs us, as values: what a forge's runner says of it.

The event decides nothing about safety by itself: whoever can edit a workflow can set these. Each
fact that a change to a shard rests on is asked of the forge and the clone again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestEvent:
    """`head_commit` is the author's; the job's commit is its merge into the base branch."""

    number: int
    head_commit: str
    head_branch: str
    base_branch: str
    base_commit: str
    is_fork: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeGroupEvent:
    base_commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchEvent:
    """A push, a schedule, or a person who started the workflow on `branch`."""

    name: str
    branch: str
    default_branch: str


Event = PullRequestEvent | MergeGroupEvent | BranchEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of a job."""

    event: Event

    commit: str
    """Full id; of a pull request, its merge into the base branch."""

    actor: str
    is_rerun: bool
    run_url: str

    may_ask: bool
    """Whether the job was given a token to ask the forge with."""
