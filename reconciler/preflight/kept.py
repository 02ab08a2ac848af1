"""By what an answer is found again that is kept for a while.

Rule (PF-10): a question is known by all that its answer rests on: its very text, the table's
fingerprint, the server, the database there, their settings, and whether a replica was asked. Where
any of it is another one, it is another question.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from reconciler.model.observation import ObservedShard
from reconciler.preflight.model import EqualRows, Probe, RowCondition
from reconciler.preflight.sql import at_once_sql
from reconciler.spec.preflight import AskedOn


class AskedOf(NamedTuple):
    """`question` is a digest of all that its answer rests on."""

    shard: str
    question: str


def is_kept(probe: Probe) -> bool:
    """What definitions answer costs nothing."""
    return isinstance(probe.question, RowCondition | EqualRows)


def asked_of(seen: ObservedShard, probe: Probe, *, fingerprint: str, on: AskedOn) -> AskedOf | None:
    """Of the table as it is now. None: the answer is not kept, for a server that does not tell who
    it is may be another one the next time. Neither server nor database can be read from it."""
    if not is_kept(probe) or not seen.server:
        return None
    raised = probe.raised
    rests_on = (
        *(probe.table, probe.versions.value, at_once_sql(probe), repr(probe.question)),
        *(raised.kind.value, raised.object, raised.effect.value),
        *(fingerprint, repr(seen.settings), seen.place, on.value),
    )
    question = f"sha256:{hashlib.sha256(repr(rests_on).encode()).hexdigest()}"
    return AskedOf(seen.shard, question)
