"""What became of a request to a running apply: one line for each keyspace."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.ledger.states import RequestState
from reconciler.outcomes.apply import ControlOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitControlOutcome
from reconciler.report.blocks import Mark
from reconciler.report.compose.opening import CHANGE, failed_report, title, where
from reconciler.report.compose.split import split_asked_words
from reconciler.report.document import Document, Report
from reconciler.report.reason_words import answer_words

_MARKS = {
    RequestState.PENDING: Mark.CAUTION,
    RequestState.APPLIED: Mark.GOOD,
    RequestState.SUPERSEDED: Mark.CAUTION,
    RequestState.REFUSED: Mark.BAD,
}


def control_document(
    outcomes: Sequence[ControlOutcome | SplitControlOutcome | KeyspaceFailed],
) -> Document:
    return Document(reports=tuple(map(_report, outcomes)))


def _report(outcome: ControlOutcome | SplitControlOutcome | KeyspaceFailed) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report(CHANGE, outcome)
    if isinstance(outcome, SplitControlOutcome):
        said = split_asked_words(outcome)
        return Report(title=title(Mark.GOOD, outcome.keyspace, outcome.environment, said))
    answer = f"{outcome.kind} {outcome.state}: {answer_words(outcome.answer)}"
    mark = _MARKS[outcome.state]
    return Report(title=title(mark, outcome.keyspace, where(outcome), answer))
