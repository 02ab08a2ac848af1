"""What became of a request to a running apply, in a terminal: one line for each keyspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ledger.states import RequestState
from reconciler.outcomes.apply import ControlOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.style import PLAIN, Style, Tone
from reconciler.report.text.blocks import failed_lines, finished, heading

_TONES = {
    RequestState.PENDING: Tone.CAUTION,
    RequestState.APPLIED: Tone.GOOD,
    RequestState.SUPERSEDED: Tone.CAUTION,
    RequestState.REFUSED: Tone.BAD,
}


def control_text(outcomes: Sequence[ControlOutcome | KeyspaceFailed], style: Style = PLAIN) -> str:
    return finished(line for outcome in outcomes for line in _lines(outcome, style))


def _lines(outcome: ControlOutcome | KeyspaceFailed, style: Style) -> Iterator[str]:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_lines(outcome, style)
        return
    answer = f"{outcome.kind} {outcome.state}: {outcome.answer}"
    yield heading(outcome.keyspace, outcome.environment, answer, _TONES[outcome.state], style)
