"""What of a plan is agreed to, and what are only words about it.

Sentences are written by the version of the program that made the plan. They are bound to the plan
by their digests, so that nobody can exchange them under an approval; but they are never compared:
a version that words a hazard better still runs, and still believes, the plans of the one before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import rfc8785

from reconciler.model.policy import Hazard
from reconciler.plan.model import NO_WORDS, PlanCore, PlannedStatement, WordDigests

Hazards = tuple[Hazard, ...]


def without_words(core: PlanCore) -> PlanCore:
    """The commitment alone: what two plans must agree on to be the same."""
    return replace(_with_hazards(core, _told_once), words=NO_WORDS)


def statement_without_words(statement: PlannedStatement) -> PlannedStatement:
    return replace(statement, hazards=_told_once(statement.hazards))


def is_same_commitment(one: PlanCore, other: PlanCore) -> bool:
    return without_words(one) == without_words(other)


def reasons_of(core: PlanCore) -> tuple[str, ...]:
    """Why each hazard may hurt, in the order of the hazards: statements, then the VSchema."""
    of_statements = (s.hazards for found in core.change_sets for s in found.statements)
    of_vschema = (change.hazards for step in core.vschema for change in step.changes)
    return tuple(hazard.reason for found in (*of_statements, *of_vschema) for hazard in found)


def with_reasons(core: PlanCore, reasons: Sequence[str]) -> PlanCore:
    """The core with these beside its hazards; there must be one for each."""
    assert len(reasons) == len(reasons_of(core)), "one reason for each hazard"
    left = iter(reasons)
    return _with_hazards(
        core, lambda hazards: tuple(replace(hazard, reason=next(left)) for hazard in hazards)
    )


def with_words(core: PlanCore, readable_sql: str) -> PlanCore:
    """Bind the readable SQL and the hazards' reasons to the core (PL-11)."""
    digests = WordDigests(readable=sha256_of(readable_sql), reasons=reasons_sha256(core))
    return replace(core, words=digests)


def reasons_sha256(core: PlanCore) -> str:
    return _digest(rfc8785.dumps(list(reasons_of(core))))


def sha256_of(text: str) -> str:
    return _digest(text.encode())


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _told_once(hazards: Hazards) -> Hazards:
    """Two reasons for one danger are one danger."""
    return tuple(dict.fromkeys(replace(hazard, reason="") for hazard in hazards))


def _with_hazards(core: PlanCore, changed: Callable[[Hazards], Hazards]) -> PlanCore:
    def of(statement: PlannedStatement) -> PlannedStatement:
        return replace(statement, hazards=changed(statement.hazards))

    sets = (
        replace(found, statements=tuple(map(of, found.statements))) for found in core.change_sets
    )
    # A tuple, not a generator: what `changed` takes its words from is in the order of the hazards.
    change_sets = tuple(sets)
    steps = (
        replace(step, changes=tuple(replace(c, hazards=changed(c.hazards)) for c in step.changes))
        for step in core.vschema
    )
    return replace(core, change_sets=change_sets, vschema=tuple(steps))
