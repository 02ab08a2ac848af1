"""What the end of a run means: each answer once, in words for people."""

from __future__ import annotations

from reconciler.edges.engines.gh_ost.status import end_from
from reconciler.edges.engines.limits import ENGINE_LET_GO_S_MAX
from reconciler.model.engine import Progress
from reconciler.model.server import ServerError
from reconciler.ports.engine import Failed, Running, Unknown

_INTERRUPTED = 1317
_DUPLICATES = 1062


def not_let_go(ended_since_s: float) -> Running | Unknown:
    """The program has ended, and a session of it is still seen on the server."""
    if ended_since_s < ENGINE_LET_GO_S_MAX:
        return Running(progress=Progress(stage="ending"))
    return Unknown(reason="gh-ost has ended, and the server still shows sessions of it")


def lost_in_the_swap() -> Unknown:
    return Unknown(reason="gh-ost ended while it swapped the tables")


def stopped(*, over_limit_s: int | None) -> Failed:
    message = "gh-ost was stopped before it swapped the tables"
    if over_limit_s is not None:
        message = f"stopped because it ran longer than its limit of {over_limit_s} s"
    return Failed(error=ServerError(number=_INTERRUPTED, message=message), transient=False)


def ended_by_itself(words: str) -> Failed:
    end = end_from(words)
    message = f"gh-ost ended and has not swapped the tables: {end.reason}"
    return Failed(error=ServerError(number=end.number, message=message), transient=end.is_passing)


def has_duplicates(key: str) -> Failed:
    message = (
        f"rows are equal in the new unique key {key}, and gh-ost would lose all but one of each:"
        " the tables were not swapped"
    )
    return Failed(error=ServerError(number=_DUPLICATES, message=message), transient=False)


def would_lose(reason: str) -> Failed:
    """As the copy's definition shows, which is not what the plan said."""
    message = f"the copy is not swapped in: as its definition is, {reason}"
    return Failed(error=ServerError(number=_INTERRUPTED, message=message), transient=False)


def away(*, is_it: bool) -> Running | Unknown:
    """At work on the table, in another process."""
    if is_it:
        return Running(progress=Progress(stage="copying rows, in another process"))
    return Unknown(reason="gh-ost is at work on the table, and may be another run than this one")
