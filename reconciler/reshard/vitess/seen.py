"""What a tick of a Reshard has looked at: what Vitess says of the move's shards and workflows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.reshard.job import TableGround


class StreamState(StrEnum):
    """Of VReplication; its own words."""

    INIT = "Init"
    STOPPED = "Stopped"
    COPYING = "Copying"
    RUNNING = "Running"
    LAGGING = "Lagging"
    ERROR = "Error"


class ComparisonState(StrEnum):
    """Of a VDiff; its own words. `unknown` while its parts differ."""

    PENDING = "pending"
    STARTED = "started"
    STOPPED = "stopped"
    COMPLETED = "completed"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class StreamSeen:
    """From one shard to another. `is_copying` as long as a table's first rows go over; `is_frozen`
    once the traffic has gone the stream's way; `words` are Vitess' own, without addresses."""

    source: str
    target: str
    state: StreamState
    is_copying: bool = False
    is_frozen: bool = False
    rows_copied: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSeen:
    """`tables` are those that were compared on every target; `differing` of them have other rows
    there."""

    state: ComparisonState
    tables: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    rows_compared: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshardProgress:
    """What this tick has done itself, and the next one may do again. `has_started`: Vitess has
    started the streams in this stay in the phase. `is_refused`: Vitess has said no in this stay at
    the cutover; `switches_refused` counts those of the tick. `foreseen` are the lines of the dry
    run, None before it."""

    has_started: bool = False
    is_refused: bool = False
    switches_refused: int = 0
    foreseen: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshardSeen:
    """`serving` are those of the move's shards that the topology says serve; `gone` those that have
    no primary, `deleted` among them those that it does not know at all. `streams` and `reverse` are
    of the job's own workflows. `filled` names tables of the plan that are on a target; `ground` is
    of the sources' tables, and of targets' others `strange`, as shard and table. `foreign` are
    workflows of the keyspace that are not the job's. `lag_s` is the furthest that a stream is
    behind; None: nobody knows."""

    serving: frozenset[str]
    gone: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    streams: tuple[StreamSeen, ...] = ()
    reverse: tuple[StreamSeen, ...] = ()
    are_reads_switched: bool = False
    filled: tuple[tuple[str, str], ...] = ()
    strange: tuple[tuple[str, str], ...] = ()
    ground: tuple[TableGround, ...] = ()
    comparison: ComparisonSeen | None = None
    foreign: tuple[Problem, ...] = ()
    lag_s: float | None = None
    progress: ReshardProgress = field(default_factory=ReshardProgress)

    @property
    def is_copied(self) -> bool:
        return bool(self.streams) and all(
            one.state is StreamState.RUNNING and not one.is_copying for one in self.streams
        )

    @property
    def resting(self) -> tuple[StreamSeen, ...]:
        """Streams that do not go on by themselves."""
        at_rest = (StreamState.STOPPED, StreamState.ERROR)
        return tuple(one for one in self.streams if one.state in at_rest)
