"""What `advise` ends in."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Problem
from reconciler.model.quarantine import Quarantine
from reconciler.reshard.adviser import Proposal
from reconciler.reshard.loads import ShardLoad
from reconciler.spec.model import Ceilings


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviseOutcome:
    """`loads` are of all shards; `declined` says of each that is beyond a ceiling, and not in the
    proposal, why. `unseen` are the shards, by the reason, of which something that has a ceiling
    could not be measured. `edit` is the proposal as a change of the spec, line by line; None where
    the spec is written in a way that only a person can edit. `lists` are the files that list the
    environment's shards in place of the spec. `problems` kept rows from being
    sampled."""

    environment: str
    keyspace: str
    ceilings: Ceilings
    loads: tuple[ShardLoad, ...]
    declined: tuple[tuple[str, str], ...] = ()
    unseen: tuple[tuple[str, tuple[str, ...]], ...] = ()
    proposal: Proposal | None = None
    edit: tuple[str, ...] | None = None
    lists: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    quarantine: tuple[Quarantine, ...] = ()
