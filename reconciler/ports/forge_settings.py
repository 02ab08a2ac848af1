"""The settings of a forge that reviewed applies rely on, as an edge reads them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredCheck:
    """`source` is the id of the app that must have reported it; None: anybody may."""

    context: str
    source: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRules:
    """Of the default branch, all kinds of rules together. `verifies_what_is_merged`: a check must
    have been made on top of the branch as it is, or a merge queue makes it. `is_classic`: a classic
    branch protection is among them. `bypass` are those who may go past any of them; None: the
    token may not see who."""

    approvals: int = 0
    dismisses_stale: bool = False
    code_owners: bool = False
    last_push_approval: bool = False
    checks: tuple[RequiredCheck, ...] = ()
    verifies_what_is_merged: bool = False
    allows_force_push: bool = True
    allows_deletion: bool = True
    is_classic: bool = False
    bypass: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeEnvironment:
    """`limits_branches`: only chosen branches may use it, by the names in `branches`, tags being
    told apart; None: those that have a classic protection. `reviewers` must let a run in, unless an
    administrator goes past them: `admins_bypass`; each run waits for `wait_s` besides. `secrets`
    are names of secrets that it holds. Of both None: the token may not see it."""

    name: str
    limits_branches: bool
    reviewers: int
    wait_s: int = 0
    branches: tuple[str, ...] | None = None
    admins_bypass: bool | None = None
    secrets: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOwners:
    """`text` None: there is no such file, or, for the reason in `unreadable`, none that is read: a
    link in its place. `mistakes` are the kinds that the forge finds in it, and
    `idle` the owners in it whose approval nobody can give: who may not write, teams without members
    or that are hidden, addresses."""

    text: str | None
    unreadable: str = ""
    mistakes: tuple[str, ...] = ()
    idle: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobToken:
    """What the token of a job may do that asks for nothing."""

    may_write: bool
    may_approve: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkJobs:
    """What jobs of a fork's pull request get. `wait_for_approval`: those of people who have
    contributed nothing yet do not start by themselves."""

    get_write_tokens: bool
    get_secrets: bool
    wait_for_approval: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`last_run_s`: when the newest run that a schedule started was made; None: there is none."""

    last_run_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeSettings:
    """None stands for what the token may not see. `actions_app` is the id of the app that reports
    what jobs found, `protected_patterns` what classic protections are about, by name or with stars.
    `shared_secrets` are names of secrets that jobs of every branch may use, the organisation's
    among them; `write_keys` titles of deploy keys that may push. `dead_workflows` were switched off
    by GitHub for lack of activity, or by somebody."""

    default_branch: str
    rules: BranchRules | None
    actions_app: int | None
    protected_patterns: tuple[str, ...] | None
    shared_secrets: tuple[str, ...] | None
    write_keys: tuple[str, ...] | None
    forks: ForkJobs | None
    environments: tuple[ForgeEnvironment, ...] | None
    code_owners: CodeOwners | None
    job_token: JobToken | None
    dead_workflows: tuple[str, ...] | None
    schedule: Schedule | None
