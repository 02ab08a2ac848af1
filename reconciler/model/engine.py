"""What is known of an engine's work on one statement: who does it, how to find it again, how far it
has come. These are what the ledger keeps; what an engine answers is in `ports/engine.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EngineName(StrEnum):
    """Words that are stored; a stored word never changes."""

    DIRECT = "direct"  # the server's own DDL


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """By what an engine finds its work again, also from another process, another day.

    Only the engine that made it reads it: to everybody else `content` is opaque. It holds no
    host, login or password (PL-12).
    """

    engine: EngineName
    #: Raised when the engine writes other content; an engine answers `Gone` to one it cannot read.
    version: int
    #: JSON of the engine's own.
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a statement has come, as far as the engine can tell: what it cannot is None or ''.
    Never a guess that looks like a measurement."""

    #: What the engine calls what it does, such as "copy to tmp table".
    stage: str = ""
    #: How much is done, as the engine counts it, from 0 to 99: only the end itself is all of it.
    percent: int | None = None
    rows_done: int | None = None
    #: Estimated, and may grow.
    rows_total: int | None = None
    bytes_done: int | None = None
    bytes_total: int | None = None
    #: Estimated from the pace so far, in seconds.
    left_s: int | None = None
    #: Such as "the table's lock"; '' while it works.
    waits_for: str = ""
    #: What made the engine slow down, in its words: "lag of a replica"; '' while nothing does.
    throttled_by: str = ""


NOTHING_TOLD = Progress()
