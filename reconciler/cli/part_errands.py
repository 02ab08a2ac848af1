"""A part as a worker carries it out: the flow that `apply --region --wave` goes through, with a
fetch and a proof of review of its own. Nothing that an order says is believed but its names.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Protocol

from reconciler.cli.part_proofs import ProofAt
from reconciler.cli.splits import standing
from reconciler.cli.streams import remark, show
from reconciler.cli.style import style_for
from reconciler.cli.wire import Worlds
from reconciler.drive.control import ask
from reconciler.drive.open import Releases
from reconciler.edges.clock import SystemClock
from reconciler.edges.files.fetch import GitRemote
from reconciler.edges.files.history import GitHistory
from reconciler.errors import InvalidInput, Problem, ReconcilerError, Refused
from reconciler.flows.apply import ApplyRequest, ApplyWorld, apply_keyspace
from reconciler.flows.keyspace_order import left_alone_before, order_gates
from reconciler.flows.part import are_failures_released
from reconciler.flows.predecessors import Predecessors
from reconciler.flows.split.reached import look_of
from reconciler.guard.review.asker import Asker
from reconciler.guard.review.git import Review
from reconciler.ledger.states import RequestKind, RequestState
from reconciler.model.git_id import is_git_id
from reconciler.outcomes.part_report import TryAgain, report_of, report_of_error
from reconciler.outcomes.progress import (
    ProgressEvent,
    RolloutStarted,
    StatementAdvanced,
    StatementEnded,
)
from reconciler.ports.world import World
from reconciler.report.compose.apply import apply_document
from reconciler.report.compose.opening import problems_document
from reconciler.report.progress import progress_line
from reconciler.report.write.text import write_text
from reconciler.rollout.behest import Behest
from reconciler.rollout.course import PartEnd, PartReport, RegionOrder
from reconciler.rollout.part_order import PartOrder
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment
from reconciler.spec.regions import in_region

Told = PartReport | TryAgain


class Watched(Protocol):
    """Who carries a part out is told to end by it, counts statements there, and says there that
    the part is in the region's ledger: it may have been so before, at the same order."""

    done: int
    of: int
    has_begun: bool

    def interrupts(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PartErrands:
    """`holder` is who drives, as locks and ledgers will say it: they stay in the region."""

    repo: Path
    branch: str
    holder: str
    proof_at: ProofAt
    _fetching: Lock = field(default_factory=Lock)

    def apply(self, order: RegionOrder, attempt: Watched) -> Told:
        def work(history: GitHistory) -> Told:
            try:
                commit = history.resolve(order.commit)
            except InvalidInput:  # a mirror may lag behind
                return TryAgain(code="commit-not-here")
            return self._applied(history, commit, order, attempt)

        return self._told(order, work)

    def end(self, order: RegionOrder) -> Told:
        """By the spec of the branch's tip: what it was when the part began may be gone."""

        def work(history: GitHistory) -> Told:
            tip = history.protected_tip() or ""
            files, environment = self._part(history, tip, order)
            self.proof_at(history, tip, environment.name).ledger_gate(files, environment)
            with Worlds(self.repo) as worlds:
                ledger = worlds.ledger_of(environment)
                found = ledger.unfinished(order.environment, order.keyspace, order.region)
                if found is None or found.plan_id != order.plan_id:
                    return PartReport(end=PartEnd.COMPLETED)
                answered = ask(
                    ledger,
                    SystemClock(),
                    environment=order.environment,
                    keyspace=order.keyspace,
                    kind=RequestKind.CANCEL,
                    asked_by=Asker(who=order.asked_by).line,
                    region=order.region,
                )
            if answered.state is RequestState.PENDING:
                return TryAgain(code="cancel-unanswered")
            return PartReport(end=PartEnd.COMPLETED)

        return self._told(order, work)

    def _told(self, order: RegionOrder, work: Callable[[GitHistory], Told]) -> Told:
        try:
            if not is_git_id(order.commit):
                raise Refused(_no_commit())
            with self._fetching:
                GitRemote(self.repo, self.branch).fetch()
            return work(GitHistory(self.repo, self.branch))
        except ReconcilerError as error:
            said = write_text(problems_document(error.problems), style_for(None))
            remark(f"{_stamp()} {order.environment}, {order.keyspace}: {said.rstrip()}")
            return report_of_error(error)

    def _applied(
        self, history: GitHistory, commit: str, order: RegionOrder, attempt: Watched
    ) -> Told:
        files, environment = self._part(history, commit, order)
        proven = self.proof_at(history, commit, environment.name)
        goes_on = order.releases and not attempt.has_begun
        with Worlds(self.repo) as worlds:

            def look_at(of: DesiredFiles, before: Environment) -> tuple[World, Environment]:
                first = standing(worlds, of, before, proven.ledger_gate)
                return look_of(worlds, first), first.environment

            before = Predecessors(
                loaded=load_repository(history.tree(commit)),
                tree=history.tree(commit),
                proof=proven.proof,
                look_of=look_at,
                ledger_of=worlds.lasting_ledger_of,
                checks=worlds.checks(),
            )
            outcome = apply_keyspace(
                ApplyWorld(
                    history=history,
                    gates=replace(
                        proven.gates(files, environment, order.wave),
                        fleet=order_gates(before, files, environment),
                    ),
                    left_alone_before=left_alone_before(before, files, environment),
                    connect=lambda: worlds.apply_connections_of(environment, attempt.interrupts),
                ),
                files,
                environment,
                replace(
                    part_request(commit, order, holder=self.holder, has_begun=attempt.has_begun),
                    review=proven.review,
                    reviewed=partial(proven.reviewed, order.environment, order.keyspace),
                ),
                on_progress=partial(_progressed, order, attempt),
            )
            ledger_here = partial(worlds.ledger_of, environment)
            released = are_failures_released(outcome, ledger_here, goes_on=goes_on)
        show(write_text(apply_document([outcome]), style_for(sys.stdout)))
        return report_of(outcome, order.wave, failures_released=released)

    def _part(
        self, history: GitHistory, commit: str, order: RegionOrder
    ) -> tuple[DesiredFiles, Environment]:
        files = load_repository(history.tree(commit)).get(order.keyspace)
        if isinstance(files, ReconcilerError):
            raise files
        environment = files.spec.environment(order.environment) if files else None
        if files is None or environment is None:
            raise Refused(_nothing_of_that_name(order))
        return files, in_region(environment, order.region)


def part_request(commit: str, order: RegionOrder, *, holder: str, has_begun: bool) -> ApplyRequest:
    """An order is somebody's word once: what is said in the region after it was taken there is a
    later one, whatever becomes of the worker that took it."""
    is_a_word = (order.releases or order.is_first) and not has_begun
    return ApplyRequest(
        commit=commit,
        review=Review.GIT,
        holder=holder,
        releases=Releases.WHAT_HOLDS if order.releases else Releases.NOTHING,
        part=PartOrder(wave=order.wave, plan_id=order.plan_id, protocol=order.part_protocol),
        asker=Asker(who=order.asked_by) if order.releases else None,
        behest=Behest.ROLLOUT if is_a_word else Behest.NEXT_WAVE,
        is_errand=True,
    )


def _progressed(order: RegionOrder, attempt: Watched, event: ProgressEvent) -> None:
    match event:
        case RolloutStarted(statements=statements):
            attempt.of, attempt.has_begun = statements, True
        case StatementEnded(problem=None):
            attempt.done += 1
        case _:
            pass
    if not isinstance(event, StatementAdvanced):
        with suppress(OSError, ValueError):
            remark(f"{_stamp()} {order.environment}: {progress_line(event, style_for(None))}")


def _stamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _no_commit() -> Problem:
    return Problem(
        code="part-order-unreadable",
        message="the order names no commit by its full hash",
        recovery="look into who gives orders here: `reconciler rollout start` gives none such",
    )


def _nothing_of_that_name(order: RegionOrder) -> Problem:
    return Problem(
        code="part-keyspace-unknown",
        message=f"the commit has no keyspace {order.keyspace} with an environment"
        f" {order.environment}",
        recovery="begin the rollout again, from the protected branch as it is",
    )
