"""How far an engine is with a statement, in words: only what it told, and that it is estimated."""

from __future__ import annotations

from reconciler.model.engine import Progress
from reconciler.plan import words
from reconciler.report.estimate_words import rough_time, size_words


def progress_words(progress: Progress) -> str:
    """'40 %, 53,000 of about 131,000 rows (copy to tmp table), about 4 min left'; '' for nothing
    told."""
    parts = [
        f"{progress.percent} %" if progress.percent is not None else "",
        _amount(progress),
        f"about {rough_time(progress.left_s)} left" if progress.left_s is not None else "",
        f"waits for {progress.waits_for}" if progress.waits_for else "",
        f"slowed down by {progress.throttled_by}" if progress.throttled_by else "",
    ]
    return ", ".join(part for part in parts if part)


def _amount(progress: Progress) -> str:
    rows = _rows(progress.rows_done, progress.rows_total)
    size = _bytes(progress.bytes_done, progress.bytes_total)
    amount = ", ".join(part for part in (rows, size) if part)
    if not progress.stage:
        return amount
    return f"{amount} ({progress.stage})" if amount else progress.stage


def _rows(done: int | None, total: int | None) -> str:
    if done is None:
        return ""
    if total is None:
        return words.count(done, "row")
    return f"{done:,} of about {words.count(total, 'row')}"


def _bytes(done: int | None, total: int | None) -> str:
    if done is None:
        return ""
    written = size_words(done)
    return written if total is None else f"{written} of about {size_words(total)}"
