"""PlanetScale's state machine: branches, deploy requests, and the queue of their deployments.

Time is what the tests make of it: `step` takes every deployment one state on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconciler.model.deploy_request import (
    AT_WORK,
    Branch,
    DeploymentState,
    DeployOperation,
    DeployRequest,
    QueuedDeploy,
)
from tests.planetscale_double.stores import Store

S = DeploymentState

_NOT_DEPLOYED = frozenset({S.PENDING, S.READY, S.NO_CHANGES})
_DEPLOYED = frozenset({S.COMPLETE, S.COMPLETE_PENDING_REVERT})
_OPEN = AT_WORK | _NOT_DEPLOYED | {S.PENDING_CUTOVER, S.COMPLETE_PENDING_REVERT}

REVERT_WINDOW_S = 1_800.0
_NEXT = {
    S.QUEUED: S.SUBMITTING,
    S.SUBMITTING: S.IN_PROGRESS,
    S.IN_PROGRESS: S.PENDING_CUTOVER,
    S.IN_PROGRESS_CANCEL: S.COMPLETE_CANCEL,
    S.IN_PROGRESS_CUTOVER: S.COMPLETE_PENDING_REVERT,
    S.IN_PROGRESS_REVERT: S.COMPLETE_REVERT,
}
_OPERATION_STATES = {
    S.SUBMITTING: "queued",
    S.QUEUED: "queued",
    S.IN_PROGRESS: "in_progress",
    S.PENDING_CUTOVER: "in_progress",
    S.IN_PROGRESS_CUTOVER: "in_progress",
    S.COMPLETE_CANCEL: "cancelled",
    S.COMPLETE_ERROR: "error",
}


class NotTaken(Exception):
    """A write that PlanetScale refuses, in its words."""


class NotThere(Exception):
    pass


@dataclass
class _Request:
    seen: DeployRequest
    notes: str
    before: dict[str, str] = field(default_factory=dict)
    plan: tuple[DeployOperation, ...] = ()
    opened_s: float = 0.0


@dataclass
class Hub:
    """`rewritten` is how PlanetScale words what it would deploy; `now_s` its clock. `did` is every
    write that it took, in order; `lists_after_s`: a request is not in a list before."""

    store: Store
    keyspace: str = "shop"
    production: str = "main"
    safe_migrations: bool = True
    now_s: float = 1_000_000.0
    branches_are_ready: bool = True
    deploys_fail: bool = False
    lists_after_s: float = 0.0
    rewritten: Callable[[DeployOperation], DeployOperation] = lambda operation: operation
    branches: dict[str, Branch] = field(default_factory=dict)
    logs: dict[str, list[str]] = field(default_factory=dict)
    requests: dict[int, _Request] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.branches[self.production] = Branch(
            name=self.production,
            parent=None,
            is_ready=True,
            is_production=True,
            has_safe_migrations=self.safe_migrations,
        )

    def branch(self, name: str) -> Branch | None:
        return self.branches.get(name)

    def schema(self, branch: str) -> tuple[tuple[str, str], ...]:
        if branch not in self.branches:
            raise NotThere
        return tuple(sorted(self.store.tables(branch).items()))

    def requests_from(self, branch: str) -> tuple[DeployRequest, ...]:
        listed_s = self.now_s - self.lists_after_s
        found = (one.seen for one in self.requests.values() if one.opened_s <= listed_s)
        return tuple(self._with_preceding(one) for one in found if branch in ("", one.branch))

    def queue(self) -> tuple[QueuedDeploy, ...]:
        """A deployment leaves it with its way back."""
        at_work = AT_WORK | {S.PENDING_CUTOVER, S.COMPLETE_PENDING_REVERT}
        found = (one.seen for one in self.requests.values() if one.seen.state in at_work)
        return tuple(QueuedDeploy(one.number, one.into_branch) for one in found)

    def create_branch(self, name: str, parent: str) -> None:
        if name in self.branches:
            raise NotTaken("Name has already been taken")
        if parent not in self.branches:
            raise NotThere
        self.store.copy(name, parent)
        self.logs[name] = []
        self.branches[name] = Branch(
            name=name,
            parent=parent,
            is_ready=self.branches_are_ready,
            is_production=False,
            has_safe_migrations=False,
        )
        self.did.append(f"create {name}")

    def delete_branch(self, name: str) -> None:
        if name not in self.branches:
            raise NotThere
        if any(one.seen.branch == name and one.seen.is_open for one in self.requests.values()):
            raise NotTaken("Branch has an open deploy request")
        self.store.drop(name)
        del self.branches[name]
        self.did.append(f"delete {name}")

    def execute(self, branch: str, sql: str) -> None:
        """What a login to the branch sends."""
        self.store.execute(branch, sql)
        self.ran(branch, sql)

    def ran(self, branch: str, sql: str) -> None:
        self.logs[branch].append(sql)
        self.did.append(f"run {sql}")

    def open_request(self, branch: str, into: str, notes: str, *, cuts_over: bool) -> int:
        if branch not in self.branches or into not in self.branches:
            raise NotThere
        if not self.branches[into].has_safe_migrations:
            raise NotTaken("Safe migrations must be enabled on the branch")
        if any(one.seen.branch == branch and one.seen.is_open for one in self.requests.values()):
            raise NotTaken("A deploy request already exists for this branch")
        number = max(self.requests, default=0) + 1
        seen = DeployRequest(
            number=number,
            branch=branch,
            into_branch=into,
            is_open=True,
            state=S.PENDING,
            is_deployable=False,
            cuts_over_by_itself=cuts_over,
        )
        self.requests[number] = _Request(seen, notes, opened_s=self.now_s)
        self.did.append(f"open {number}")
        return number

    def deploy(self, number: int) -> None:
        request = self._in(number, {S.READY}, "deployed")
        if not request.seen.is_deployable:
            raise NotTaken("The deploy request cannot be deployed")
        request.before = dict(self.store.tables(self.production))
        self._move(number, S.QUEUED, "deploy")

    def cut_over(self, number: int) -> None:
        self._in(number, {S.PENDING_CUTOVER}, "applied")
        self._move(number, S.IN_PROGRESS_CUTOVER, "cut over")

    def cancel(self, number: int) -> None:
        waits = {S.QUEUED, S.SUBMITTING, S.IN_PROGRESS, S.PENDING_CUTOVER}
        self._in(number, waits, "cancelled")
        self._move(number, S.IN_PROGRESS_CANCEL, "cancel")

    def close(self, number: int) -> None:
        request = self._in(number, _NOT_DEPLOYED, "closed")
        request.seen = replace(request.seen, is_open=False)
        self.did.append(f"close {number}")

    def revert(self, number: int) -> None:
        self._in(number, {S.COMPLETE_PENDING_REVERT}, "reverted")
        self._move(number, S.IN_PROGRESS_REVERT, "revert")

    def skip_revert(self, number: int) -> None:
        self._in(number, {S.COMPLETE_PENDING_REVERT}, "left as it is")
        self._move(number, S.COMPLETE, "skip revert")

    def step(self, seconds: float = 1.0) -> None:
        """Every deployment one state on."""
        self.now_s += seconds
        for request in self.requests.values():
            self._advance(request)

    def _advance(self, request: _Request) -> None:
        seen = request.seen
        match seen.state:
            case S.PENDING if seen.is_open:
                self._compare(request)
            case S.QUEUED if self._with_preceding(seen).preceding:
                return
            case S.IN_PROGRESS if self.deploys_fail:
                self._set(request, S.COMPLETE_ERROR)
            case S.IN_PROGRESS if seen.cuts_over_by_itself:
                self._set(request, S.IN_PROGRESS_CUTOVER)
            case S.IN_PROGRESS_CUTOVER:
                for operation in request.plan:
                    self.store.execute(self.production, operation.sql)
                self._set(request, S.COMPLETE_PENDING_REVERT)
            case S.IN_PROGRESS_REVERT:
                self.store.restore(self.production, request.before)
                self._set(request, S.COMPLETE_REVERT)
            case S.PENDING_CUTOVER if seen.cuts_over_by_itself:
                self._set(request, S.IN_PROGRESS_CUTOVER)
            case S.COMPLETE_PENDING_REVERT if self.now_s - (seen.ended_s or 0) >= REVERT_WINDOW_S:
                self._set(request, S.COMPLETE)
            case state if state in _NEXT:
                self._set(request, _NEXT[state])

    def _compare(self, request: _Request) -> None:
        request.plan = tuple(self._operations(request.seen.branch))
        told = tuple(self.rewritten(operation) for operation in request.plan)
        request.seen = replace(
            request.seen,
            state=S.READY if told else S.NO_CHANGES,
            is_deployable=bool(told),
            operations=told,
        )

    def _operations(self, branch: str) -> list[DeployOperation]:
        """A statement for each table, as PlanetScale makes one of all the changes of a table."""
        merged: dict[str, str] = {}
        for sql in self.logs[branch]:
            table = sql.split("`")[1]
            is_more = sql.startswith("ALTER TABLE") and table in merged
            merged[table] = f"{merged[table]}, {sql.split('`', 2)[2].strip()}" if is_more else sql
        return [
            DeployOperation(keyspace=self.keyspace, table=table, sql=sql, state="pending")
            for table, sql in sorted(merged.items())
        ]

    def _with_preceding(self, seen: DeployRequest) -> DeployRequest:
        if seen.state is not S.QUEUED:
            return seen
        before = (one.number for one in self.queue() if one.number < seen.number)
        return replace(seen, preceding=tuple(sorted(before)))

    def _in(self, number: int, states: set[S] | frozenset[S], done: str) -> _Request:
        if number not in self.requests:
            raise NotThere
        request = self.requests[number]
        if request.seen.state not in states or not request.seen.is_open:
            raise NotTaken(f"A deploy request that is {request.seen.state} cannot be {done}")
        return request

    def _move(self, number: int, state: S, did: str) -> None:
        self._set(self.requests[number], state)
        self.did.append(f"{did} {number}")

    def _set(self, request: _Request, state: S) -> None:
        ended = state in _DEPLOYED and request.seen.ended_s is None
        word = _OPERATION_STATES.get(state, "complete")
        percent = {"queued": 0, "in_progress": 50}.get(word, 100)
        request.seen = replace(
            request.seen,
            state=state,
            is_open=state
            in AT_WORK | _NOT_DEPLOYED | {S.PENDING_CUTOVER, S.COMPLETE_PENDING_REVERT},
            ended_s=self.now_s if ended else request.seen.ended_s,
            operations=tuple(
                replace(one, state=word, progress_percent=percent)
                for one in request.seen.operations
            ),
        )
