"""Which shard should be split, and where: a proposal for people, from what was measured, or none.

It proposes what stayed true for several looks in a row, and one split at a time. What was not
measured is not low, a look that lacks something makes the row begin again, and where no bound
would halve a shard's rows, nothing is proposed: never the middle of a range for want of better
(SP-9). Nothing here runs anything, and nothing runs what is proposed but a reviewed change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.model.fleet import KeyRange, compared, parse_key_range
from reconciler.reshard.limits import (
    ADVICE_LOOKS,
    ADVICE_PAUSE_S,
    ADVICE_SAMPLES_MIN,
    ADVICE_SHARE_MIN,
    LOOK_AGE_S_MAX,
)
from reconciler.reshard.ranges import cut

_ANOTHER_FIRST = "one split at a time; another shard needs it more"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardLoad:
    """What was measured of a shard; None: it could not be. `sampled` are keys of rows that were
    chosen by chance, as often as they were met."""

    shard: str
    size_bytes: int | None
    rows: int | None
    statements_per_s: float | None
    sampled: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One measurement of all shards, at a time of the adviser's own clock."""

    at_s: float
    shards: tuple[ShardLoad, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """From where on a shard is too large, or too busy; None: it may be as much as it is."""

    size_bytes: int | None = None
    rows: int | None = None
    statements_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`targets` in place of `shard`: names for `shards`, and one for `retiring`. `share` is the
    part of the sampled rows that the first of them would have."""

    shard: str
    targets: tuple[str, ...]
    share: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """`declined` says of each shard that is beyond a ceiling, and not in the proposal, why."""

    proposal: Proposal | None = None
    declined: tuple[tuple[str, str], ...] = ()


def advise(
    looks: Sequence[Look],
    ceilings: Ceilings,
    *,
    now_s: float,
    moved_at_s: float | None,
    is_moving: bool,
) -> Advice:
    """`looks` from the oldest on. `moved_at_s` is when the last move of the keyspace ended, None if
    there never was one; `is_moving`: one is under way, or shards retire."""
    if not looks:
        return Advice()
    beyond = sorted(_beyond(looks[-1], ceilings), key=lambda found: (-found.excess, found.shard))
    reason = _reason_for_none(looks, now_s=now_s, moved_at_s=moved_at_s, is_moving=is_moving)
    declined: list[tuple[str, str]] = []
    proposal: Proposal | None = None
    for found in beyond:
        judged = reason or _judged(looks, ceilings, found)
        if isinstance(judged, Proposal) and proposal is None:
            proposal = judged
        else:
            why = judged if isinstance(judged, str) else _ANOTHER_FIRST
            declined.append((found.shard, why))
    return Advice(proposal=proposal, declined=tuple(declined))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beyond:
    shard: str
    excess: float  # the largest of what is measured, by its ceiling
    reasons: tuple[str, ...]


def _beyond(look: Look, ceilings: Ceilings) -> Iterator[_Beyond]:
    for load in look.shards:
        found = tuple(_exceeded(load, ceilings))
        if found:
            yield _Beyond(
                shard=load.shard,
                excess=max(excess for excess, _ in found),
                reasons=tuple(words for _, words in found),
            )


def _exceeded(load: ShardLoad, ceilings: Ceilings) -> Iterator[tuple[float, str]]:
    measures = (
        ("bytes", load.size_bytes, ceilings.size_bytes),
        ("rows", load.rows, ceilings.rows),
        ("statements a second", load.statements_per_s, ceilings.statements_per_s),
    )
    for words, measured, ceiling in measures:
        if measured is not None and ceiling is not None and measured > ceiling:
            yield measured / ceiling, f"{measured:,.0f} {words}, of at most {ceiling:,.0f}"


def _reason_for_none(
    looks: Sequence[Look], *, now_s: float, moved_at_s: float | None, is_moving: bool
) -> str | None:
    """Of the keyspace as a whole."""
    if is_moving:
        return "shards of the keyspace are being replaced"
    if moved_at_s is not None and now_s - moved_at_s < ADVICE_PAUSE_S:
        return f"the last move ended less than {ADVICE_PAUSE_S // 3_600} hours ago"
    if now_s - looks[-1].at_s > LOOK_AGE_S_MAX:
        return "the last look is too long ago"
    return None


def _judged(looks: Sequence[Look], ceilings: Ceilings, found: _Beyond) -> Proposal | str:
    """The proposal, or why there is none."""
    if (reason := _reason_to_wait(looks, ceilings, found.shard)) is not None:
        return reason
    key_range = parse_key_range(found.shard)
    if key_range is None:
        return "it is not named by a key range"
    sampled = tuple(key for load in _loads(looks, found.shard) for key in load.sampled)
    bound = split_bound(key_range, sampled)
    if isinstance(bound, str):
        return bound
    below = sum(compared(key) < bound for key in sampled)
    return Proposal(
        shard=found.shard,
        targets=tuple(str(part) for part in cut(key_range, [bound])),
        share=below / len(sampled),
        reasons=found.reasons,
    )


def _reason_to_wait(looks: Sequence[Look], ceilings: Ceilings, shard: str) -> str | None:
    """A shard that was not measured in full, or was below its ceilings, begins a new row."""
    loads = _loads(looks, shard)
    in_a_row = 0
    for load in reversed(loads):
        if not _is_measured(load, ceilings) or not any(_exceeded(load, ceilings)):
            break
        in_a_row += 1
    if in_a_row < ADVICE_LOOKS:
        return f"beyond its ceiling in {in_a_row} looks in a row, of {ADVICE_LOOKS}"
    return None


def _loads(looks: Sequence[Look], shard: str) -> list[ShardLoad]:
    """Of the last looks, back to one that lacks the shard or is too long before the next."""
    found: list[ShardLoad] = []
    next_at_s = looks[-1].at_s
    for look in reversed(looks[-ADVICE_LOOKS:]):
        own = [load for load in look.shards if load.shard == shard]
        if not own or next_at_s - look.at_s > LOOK_AGE_S_MAX:
            break
        found += own
        next_at_s = look.at_s
    return found[::-1]


def _is_measured(load: ShardLoad, ceilings: Ceilings) -> bool:
    pairs = (
        (load.size_bytes, ceilings.size_bytes),
        (load.rows, ceilings.rows),
        (load.statements_per_s, ceilings.statements_per_s),
    )
    return all(measured is not None for measured, ceiling in pairs if ceiling is not None)


def split_bound(key_range: KeyRange, sampled: Sequence[bytes]) -> bytes | str:
    """The shortest bound that leaves enough of the sampled rows on either side, and of those the
    one nearest to their middle; or, in words, why there is none."""
    strange = sum(not key_range.holds(key) for key in sampled)
    if strange:
        return f"{strange} of {len(sampled)} sampled keys are not of its range"
    if len(sampled) < ADVICE_SAMPLES_MIN:
        return f"{len(sampled)} keys were sampled, and {ADVICE_SAMPLES_MIN} are needed"
    keys = sorted(compared(key) for key in sampled)
    needed = int(len(keys) * ADVICE_SHARE_MIN)
    middle = len(keys) // 2
    for length in range(1, max(map(len, keys)) + 1):
        bounds = {compared(key[:length]) for key in keys}
        below = {bound: bisect_left(keys, bound) for bound in bounds}
        fitting = [bound for bound in bounds if needed <= below[bound] <= len(keys) - needed]
        if fitting:
            return min(fitting, key=lambda bound: (abs(below[bound] - middle), bound))
    [(_, times)] = Counter(keys).most_common(1)
    return f"{times} of {len(keys)} sampled rows have one key, which no bound divides"
