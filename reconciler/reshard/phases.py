"""The phases of a split job: every legal move is a row of one table.

A job is live until it is done or abandoned: a failed one as well, and one that is being abandoned.
A failed job knows the phase to which a retry leads from the moment at which it failed, so that a
retry guesses nothing. What is not a row raises and changes nothing. The words are stored, and never
change.
"""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    PLANNED = "planned"
    BACKFILL = "backfill"  # changes are tracked, rows are copied
    CATCHUP = "catchup"
    ARM = "arm"  # the fence is put up, open
    FENCE = "fence"  # the fence is closed, until it expires
    DELTA_COPY = "delta_copy"
    CUTOVER = "cutover"  # the fence is sealed; the catalog is about to say who owns the range
    CLEANUP = "cleanup"  # the targets own the range
    DONE = "done"
    FAILED = "failed"
    ABANDONING = "abandoning"
    ABANDONED = "abandoned"


class Move(StrEnum):
    """Why a job goes from one phase to another."""

    ADVANCE = "advance"
    FALL_BACK = "fall back"  # the fence expired or was taken down; the source serves on
    CUT_OVER = "cut over"  # with the catalog, in one transaction: the point of no return
    FAIL = "fail"
    RETRY = "retry"
    ABANDON = "abandon"
    FINISH_ABANDONING = "finish abandoning"
    STAY = "stay"  # something about the job is written down


class IllegalMove(Exception):
    """A bug of ours: no input can cause it."""


#: Before the point of no return, outside of the moment at which it is passed.
BEFORE_CUTOVER = (
    Phase.PLANNED,
    Phase.BACKFILL,
    Phase.CATCHUP,
    Phase.ARM,
    Phase.FENCE,
    Phase.DELTA_COPY,
)

#: No driver takes a job out of these, and the keyspace is free for another one.
ENDED = frozenset({Phase.DONE, Phase.ABANDONED})

_FROM_THE_COPY = (Phase.PLANNED, Phase.BACKFILL, Phase.CATCHUP)

#: To which phases a job that failed in a phase may be taken back. What a fence had protected is
#: caught up with again, and once the targets own the range there is no other way than forward.
RETRY_PHASES: dict[Phase, tuple[Phase, ...]] = {
    Phase.PLANNED: (Phase.PLANNED,),
    Phase.BACKFILL: (Phase.PLANNED, Phase.BACKFILL),
    Phase.CATCHUP: _FROM_THE_COPY,
    Phase.ARM: (*_FROM_THE_COPY, Phase.ARM),
    Phase.FENCE: _FROM_THE_COPY,
    Phase.DELTA_COPY: _FROM_THE_COPY,
    Phase.CUTOVER: _FROM_THE_COPY,
    Phase.CLEANUP: (Phase.CLEANUP,),
}

TRANSITIONS: dict[tuple[Phase, Phase], Move] = {
    (Phase.PLANNED, Phase.BACKFILL): Move.ADVANCE,
    (Phase.BACKFILL, Phase.CATCHUP): Move.ADVANCE,
    (Phase.CATCHUP, Phase.ARM): Move.ADVANCE,
    (Phase.CATCHUP, Phase.CUTOVER): Move.ADVANCE,  # where Vitess fences, and moves the traffic
    (Phase.ARM, Phase.FENCE): Move.ADVANCE,
    (Phase.FENCE, Phase.DELTA_COPY): Move.ADVANCE,
    (Phase.DELTA_COPY, Phase.CUTOVER): Move.ADVANCE,
    (Phase.CUTOVER, Phase.CLEANUP): Move.CUT_OVER,
    (Phase.CLEANUP, Phase.DONE): Move.ADVANCE,
    (Phase.ARM, Phase.CATCHUP): Move.FALL_BACK,
    (Phase.FENCE, Phase.CATCHUP): Move.FALL_BACK,
    (Phase.DELTA_COPY, Phase.CATCHUP): Move.FALL_BACK,
    (Phase.CUTOVER, Phase.CATCHUP): Move.FALL_BACK,
    **{(failing, Phase.FAILED): Move.FAIL for failing in RETRY_PHASES},
    **{
        (Phase.FAILED, retry): Move.RETRY
        for retry in dict.fromkeys(phase for known in RETRY_PHASES.values() for phase in known)
    },
    **{(phase, Phase.ABANDONING): Move.ABANDON for phase in (*BEFORE_CUTOVER, Phase.FAILED)},
    (Phase.CLEANUP, Phase.ABANDONING): Move.ABANDON,  # as long as Vitess can take traffic back
    (Phase.ABANDONING, Phase.ABANDONED): Move.FINISH_ABANDONING,
    **{(phase, phase): Move.STAY for phase in Phase if phase not in ENDED},
}


def move_of(before: Phase, after: Phase) -> Move:
    """Raises IllegalMove where the table has no such row."""
    try:
        return TRANSITIONS[before, after]
    except KeyError:
        raise IllegalMove(f"a job in {before} cannot go to {after}") from None


def render_diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {Phase.PLANNED}"]
    lines += [
        f"    {before} --> {after}: {move}"
        for (before, after), move in TRANSITIONS.items()
        if move is not Move.STAY
    ]
    lines += [f"    {phase} --> [*]" for phase in Phase if phase in ENDED]
    return "\n".join(lines) + "\n"
