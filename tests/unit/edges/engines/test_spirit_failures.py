"""What becomes of Spirit's last words."""

from __future__ import annotations

import pytest

from reconciler.edges.engines.spirit.failures import failed, refused, stopped
from reconciler.edges.engines.spirit.log import SpiritSaid
from reconciler.ports.engine import Failed

TWICE = (
    "checksum failed after several attempts. This is likely related to your statement adding a"
    " UNIQUE index on non-unique data"
)


def of(error: str) -> Failed:
    return failed(SpiritSaid(error=error), database="app", readable=error)


@pytest.mark.parametrize(
    ("error", "number", "words", "transient"),
    [
        (TWICE, 1105, "two rows", False),
        (
            "failed to execute chunklet insert: unsafe warning: Data truncated for column 'n'",
            1105,
            "a row cannot be copied as it is: Data truncated for column 'n'",
            False,
        ),
        ("Error 1091 (42000): Can't DROP 'x'; check that it exists", 1091, "Can't DROP", False),
        ("cutover failed: attempt 1: Error 1205 (HY000): Lock wait", 1205, "gave up", True),
        ("cutover failed: attempt 1: x", 1105, "Spirit ended: cutover failed", True),
        ("timed out waiting for sentinel table to be dropped", 1105, "timed out", True),
        ("could not acquire metadata lock, lock is held by another connection", 1105, "", True),
        ("[MAIN-DATABASE-CONNECTION] ping failed: i/o timeout", 1105, "i/o timeout", True),
        ("[MAIN-DATABASE-CONNECTION] ping failed: tls: x509: unknown", 1105, "x509", False),
        ("tables with triggers associated are not supported", 1105, "triggers", False),
        ("something nobody has seen", 1105, "something nobody has seen", False),
    ],
)
def test_each_end_has_its_reason(error: str, number: int, words: str, *, transient: bool) -> None:
    found = of(error)
    assert found.error.number == number
    assert words in found.error.message
    assert found.transient is transient


def test_a_line_end_in_it_cannot_fake_a_line() -> None:
    assert "\n" not in of("x\n2026 all is well").error.message


def test_what_was_not_begun_and_what_was_ended_say_so() -> None:
    assert refused("why").error.message == "Spirit was not started: why"
    assert not stopped("why").transient
