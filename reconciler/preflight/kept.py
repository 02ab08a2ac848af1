"""By what an answer is found again that is kept for a while.

Rule (PF-10): a question is known by all that its answer rests on: its very text, the table's
fingerprint, the server and its settings, and whether a replica was asked. Where any of it is
another one, it is another question.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from reconciler.model.server import ServerSettings
from reconciler.preflight.model import EqualRows, Probe, RowCondition
from reconciler.preflight.sql import at_once_sql
from reconciler.spec.preflight import AskedOn


class AskedOf(NamedTuple):
    """`question` as `question_id` gives it."""

    shard: str
    question: str


def is_kept(probe: Probe) -> bool:
    """What definitions answer costs nothing."""
    return isinstance(probe.question, RowCondition | EqualRows)


def question_id(
    probe: Probe, *, fingerprint: str, settings: ServerSettings, server: str, on: AskedOn
) -> str:
    """Of the table as it is now; `server` is its identity, which cannot be read from this."""
    raised = probe.raised
    rests_on = (
        *(probe.table, probe.versions.value, at_once_sql(probe), repr(probe.question)),
        *(raised.kind.value, raised.object, raised.effect.value),
        *(fingerprint, repr(settings), server, on.value),
    )
    return f"sha256:{hashlib.sha256(repr(rests_on).encode()).hexdigest()}"
