"""What copies wait for that are swapped in on purpose, in words."""

from __future__ import annotations

from typing import assert_never

from reconciler.ledger.copies import (
    CopiesNotReady,
    CopiesThrottled,
    CopySlowed,
    CutoverClosed,
    CutoverOverdue,
    CutoverReleased,
    CutoverShut,
    RowsCompared,
)
from reconciler.plan import words
from reconciler.report.times import duration


def cutover_words(
    reason: CopiesNotReady | CutoverClosed | CutoverShut | CutoverOverdue,
) -> str:
    """'3 copies of wave 2 are complete and kept up to date; `reconciler release` swaps them in'."""
    match reason:
        case CopiesNotReady(wave):
            return (
                f"the complete copies of wave {wave} are kept up to date until all of them are"
                " complete"
            )
        case CutoverClosed(wave, ready, windows):
            when = f", not before {_windows(windows)}" if windows else ""
            return f"{_complete(ready, wave)}; `reconciler release` has them swapped in{when}"
        case CutoverShut(wave, ready, windows):
            return f"{_complete(ready, wave)}, to be swapped in at {_windows(windows)}"
        case CutoverOverdue():
            return _overdue(reason)
        case _:
            assert_never(reason)


def released_words(answer: CutoverReleased) -> str:
    when = f"at {_windows(answer.windows)}" if answer.windows else "now"
    verb = "is" if answer.copies == 1 else "are"
    return f"{copies_counted(answer.copies)} of wave {answer.wave} {verb} swapped in {when}"


def compared_words(told: RowsCompared) -> str:
    """'its copy has the rows of the table: 9 rows compared; not compared: price (is rounded)'."""
    more = "" if told.is_whole else ", those first by its key"
    parts = [f"{words.count(told.rows, 'row')} compared{more}"]
    if told.unsettled:
        parts.append(f"{words.count(told.unsettled, 'row')} written too often to tell")
    if told.left_out:
        parts.append(f"not compared: {', '.join(told.left_out)}")
    return f"its copy has the rows of the table: {'; '.join(parts)}"


def slowed_words(told: CopySlowed) -> str:
    if not told.because:
        return "its copy goes on at full speed"
    if told.can_slow_down:
        return f"its copy is held up: {told.because}"
    return f"its engine cannot be held up, and goes on copying in spite of: {told.because}"


def throttled_words(answer: CopiesThrottled) -> str:
    if not answer.is_on:
        return "copies go on, as far as the spec's limits let them"
    return "copies are held up, as far as their engines can be, until `reconciler throttle --off`"


def copies_counted(number: int) -> str:
    return "1 copy" if number == 1 else f"{number:,} copies"


def _complete(ready: int, wave: int) -> str:
    verb = "is" if ready == 1 else "are"
    return f"{copies_counted(ready)} of wave {wave} {verb} complete and kept up to date"


def _overdue(reason: CutoverOverdue) -> str:
    of = f" of {reason.of:,}" if reason.of != reason.ready else ""
    verb = "was" if (reason.ready, of) == (1, "") else "were"
    return (
        f"{reason.ready:,}{of} {'copy' if reason.of == 1 else 'copies'} of wave {reason.wave}"
        f" {verb} kept ready for {duration(reason.limit_s)}, as long as the spec allows, and then"
        " stopped; nothing of them was swapped in"
    )


def _windows(windows: tuple[str, ...]) -> str:
    return " or ".join(windows)
