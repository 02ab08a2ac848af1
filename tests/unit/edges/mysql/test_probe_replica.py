"""What is asked of a primary before a replica is asked in its place."""

from __future__ import annotations

import pytest

from reconciler.edges.mysql import probe_replica
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.probe_replica import _check_log
from reconciler.edges.mysql.probe_session import NotAnswered

LINK = object.__new__(Link)


@pytest.mark.invariant("PF-9")
@pytest.mark.parametrize(
    ("is_whole", "because"),
    [(False, "leaves databases out of its binary log"), (None, "the login may not ask")],
)
def test_a_log_that_may_leave_rows_out_fills_no_replica_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, is_whole: bool | None, because: str
) -> None:
    monkeypatch.setattr(probe_replica, "is_log_whole", lambda _: is_whole)
    with pytest.raises(NotAnswered, match=because):
        _check_log(LINK)
