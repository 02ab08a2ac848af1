"""What a controller says while it runs: a line for each thing that happened."""

from __future__ import annotations

from typing import assert_never

from reconciler.controller.model import Task, TaskKind
from reconciler.outcomes.apply import ApplyOutcome
from reconciler.outcomes.controller import (
    ControllerEvent,
    ErrandOutcome,
    Leads,
    Leaves,
    TaskBegun,
    TaskEnded,
    TipMoved,
    TurnFailed,
)
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan.visible import visible_line
from reconciler.report.drift_words import verdict

_VERBS = {TaskKind.APPLY: "apply", TaskKind.DRIFT: "look for drift"}
_LINE_CHARS_MAX = 1_000


def controller_line(event: ControllerEvent) -> str:
    return visible_line(_words(event), limit_chars=_LINE_CHARS_MAX)


def _words(event: ControllerEvent) -> str:
    match event:
        case Leads(places=0):
            return "another controller leads, or its ledger does not answer: nothing is begun"
        case Leads(places=places):
            return f"leads in {places} {'keyspace' if places == 1 else 'keyspaces'}"
        case TipMoved(commit=commit, broken=broken):
            unread = f"; cannot be read there: {', '.join(broken)}" if broken else ""
            return f"the protected branch is at {commit[:12]}{unread}"
        case TaskBegun(task=task):
            return f"{_named(task)}: begins"
        case TaskEnded(task=task, outcome=None, problem=problem):
            return f"{_named(task)}: {problem or 'ended without a result'}"
        case TaskEnded(task=task, outcome=outcome):
            assert outcome is not None
            return f"{_named(task)}: {_outcome(outcome)}"
        case TurnFailed(what=what, problem=problem):
            return f"warning: {what}: {problem}"
        case Leaves(running=0):
            return "told to end"
        case Leaves(running=running):
            what = "1 errand ends" if running == 1 else f"{running} errands end"
            return f"told to end: {what} first, after the statement that runs; nothing is begun"
        case _:
            assert_never(event)


def _named(task: Task) -> str:
    return f"{task.place.keyspace} in {task.place.environment}: {_VERBS[task.kind]}"


def _outcome(outcome: ErrandOutcome) -> str:
    match outcome:
        case ApplyOutcome():
            first = [*(refusal.code for refusal in outcome.refusals)]
            first += [outcome.problem.code] if outcome.problem else []
            return f"{outcome.verdict}" + (f" [{first[0]}]" if first else "")
        case KeyspaceFailed():
            return f"{outcome.problems[0]}"
        case DriftOutcome():
            return verdict(outcome)
        case _:
            assert_never(outcome)
