"""By what an answer is found again that is kept for a while.

Rule (PF-10): a question is known by all that its answer rests on: its very text, the fingerprints
of the tables that it reads, the server, the database there, their settings, and whether a replica
was asked. Where any of it is another one, it is another question.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
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


def asked_of(
    seen: ObservedShard,
    probe: Probe,
    *,
    fingerprint_of: Callable[[str], str | None],
    on: AskedOn,
) -> AskedOf | None:
    """Of the tables as they are now. None: the answer is not kept, for a table that is not seen may
    be another one the next time, and so may a server that does not tell who it is. Neither server
    nor database can be read from it."""
    if not is_kept(probe) or not seen.server:
        return None
    fingerprints = [fingerprint_of(probe.table)]
    if isinstance(probe.question, RowCondition) and probe.question.other is not None:
        other = probe.question.other
        fingerprints.append(fingerprint_of(other.name) if other.database is None else None)
    if None in fingerprints:
        return None
    raised = probe.raised
    rests_on = (
        *(probe.table, probe.versions.value, at_once_sql(probe), repr(probe.question)),
        *(raised.kind.value, raised.object, raised.effect.value),
        *(*fingerprints, repr(seen.settings), seen.place, on.value),
    )
    question = f"sha256:{hashlib.sha256(repr(rests_on).encode()).hexdigest()}"
    return AskedOf(seen.shard, question)
