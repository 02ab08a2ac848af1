"""How far an engine is: what it told is shown, what it did not tell is not."""

from __future__ import annotations

import pytest

from reconciler.model.engine import NOTHING_TOLD, Progress
from reconciler.report.engine_words import progress_words


@pytest.mark.parametrize(
    ("progress", "shown"),
    [
        (NOTHING_TOLD, ""),
        (Progress(percent=0), "0 %"),
        (Progress(stage="altering table"), "altering table"),
        (Progress(rows_done=0), "0 rows"),
        (Progress(rows_done=53_000, rows_total=131_000), "53,000 of about 131,000 rows"),
        (Progress(bytes_done=1_000_000, bytes_total=2_000_000_000), "1 MB of about 2 GB"),
        (Progress(percent=40, stage="copy", left_s=241), "40 %, copy, about 5 min left"),
        (Progress(waits_for="table metadata lock"), "waits for table metadata lock"),
        (
            Progress(rows_done=1, stage="copy", throttled_by="lag of a replica"),
            "1 row (copy), slowed down by lag of a replica",
        ),
    ],
)
def test_what_was_told_is_shown(progress: Progress, shown: str) -> None:
    assert progress_words(progress) == shown
