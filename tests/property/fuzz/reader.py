"""What is asked of every reader, and the judgement of one input."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.errors import ReconcilerError

# A linear reader takes far less for what the suite gives it; a quadratic one far more.
SECONDS_MAX = 1.5
SECONDS_PER_MB_MAX = 15.0
PROBLEMS_MAX = 120
SAID_CHARS_MAX = 200_000


def nothing_more(_found: Any) -> None:
    """For a reader of which every value is as good as another."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reader:
    """`read` may raise ReconcilerError and nothing else."""

    name: str
    #: Takes the bytes as they come from outside.
    read: Callable[[bytes], Any]
    #: Sound inputs, from which hostile ones are made.
    seeds: tuple[bytes, ...]
    #: What the format is made of, and what it is afraid of: put in at any place.
    words: tuple[bytes, ...] = ()
    #: Asserts what must hold of a value that was read, so that nothing is taken that is not sound.
    check: Callable[[Any], None] = nothing_more
    #: By name, inputs of about so many bytes that are hard on readers of this format.
    grown: tuple[tuple[str, Callable[[int], bytes]], ...] = ()

    def __repr__(self) -> str:
        return f"Reader({self.name})"


def judge(reader: Reader, content: bytes) -> ReconcilerError | None:
    """The refusal, or None if the input was taken. Whatever else happens is the reader's fault."""
    begun = time.process_time()
    refusal: ReconcilerError | None = None
    try:
        reader.check(reader.read(content))
    except ReconcilerError as error:
        refusal = error
    took_s = time.process_time() - begun
    allowed_s = SECONDS_MAX + SECONDS_PER_MB_MAX * len(content) / 1_000_000
    assert took_s < allowed_s, f"{reader.name}: {took_s:.1f} s for {len(content)} bytes"
    if refusal is not None:
        check_words(reader, refusal)
    return refusal


def check_words(reader: Reader, refusal: ReconcilerError) -> None:
    """A refusal can be read by a person, and says what to do."""
    said = [f"{problem} {problem.recovery}" for problem in refusal.problems]
    assert len(said) <= PROBLEMS_MAX, f"{reader.name}: {len(said)} problems"
    assert sum(map(len, said)) <= SAID_CHARS_MAX, f"{reader.name}: {sum(map(len, said))} characters"
    assert all(problem.recovery for problem in refusal.problems)
