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
    LOOKS_APART_S,
)
from reconciler.reshard.loads import Look, ShardLoad
from reconciler.reshard.ranges import cut
from reconciler.spec.model import Ceilings

#: What is said of a shard that would be next.
ANOTHER_FIRST = "one split at a time; another shard needs it more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`targets` in place of `shard`: names for `shards`, and one for `retiring`. `share` is the
    part of the `sampled` rows that the first of them would have."""

    shard: str
    targets: tuple[str, ...]
    share: float
    sampled: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfull:
    """A shard that has been beyond a ceiling for long enough, with its keys; `excess` is the
    largest of what is measured, by its ceiling."""

    shard: str
    key_range: KeyRange
    excess: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`overfull`: the one that needs a split most comes first. `declined` says of each other shard
    that is beyond a ceiling why it is none of them."""

    overfull: tuple[Overfull, ...] = ()
    declined: tuple[tuple[str, str], ...] = ()


def judge(
    looks: Sequence[Look],
    ceilings: Ceilings,
    *,
    now_s: float,
    moved_at_s: float | None,
    is_moving: bool,
) -> Judged:
    """`looks` from the oldest on. `moved_at_s` is when the last move of the keyspace ended, None if
    there never was one; `is_moving`: one is under way, or shards retire."""
    seen = [look for look in looks if look.at_s <= now_s]
    if not seen:
        return Judged()
    beyond = sorted(_beyond(seen[-1], ceilings), key=lambda found: (-found.excess, found.shard))
    reason = _reason_for_none(seen, now_s=now_s, moved_at_s=moved_at_s, is_moving=is_moving)
    overfull: list[Overfull] = []
    declined: list[tuple[str, str]] = []
    for found in beyond:
        why = reason or _reason_to_wait(seen, ceilings, found.shard)
        key_range = parse_key_range(found.shard)
        if why is None and key_range is not None:
            overfull.append(
                Overfull(
                    shard=found.shard,
                    key_range=key_range,
                    excess=found.excess,
                    reasons=found.reasons,
                )
            )
        else:
            declined.append((found.shard, why or "it is not named by a key range"))
    return Judged(overfull=tuple(overfull), declined=tuple(declined))


def propose(overfull: Overfull, sampled: Sequence[bytes]) -> Proposal | str:
    """Where to cut the shard; or, in words, why nowhere. `sampled` are keys of rows chosen by
    chance, as often as they were met."""
    bound = split_bound(overfull.key_range, sampled)
    if isinstance(bound, str):
        return bound
    below = sum(compared(key) < bound for key in sampled)
    return Proposal(
        shard=overfull.shard,
        targets=tuple(str(part) for part in cut(overfull.key_range, [bound])),
        share=below / len(sampled),
        sampled=len(sampled),
        reasons=overfull.reasons,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beyond:
    shard: str
    excess: float
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


def _reason_to_wait(looks: Sequence[Look], ceilings: Ceilings, shard: str) -> str | None:
    """A shard that was not looked at for too long, not measured in full, or below its ceilings,
    begins a new row; to look more often makes no row longer."""
    in_a_row = 0
    next_at_s = counted_at_s = looks[-1].at_s
    for look in reversed(looks):
        load = next((one for one in look.shards if one.shard == shard), None)
        if load is None or next_at_s - look.at_s > LOOK_AGE_S_MAX:
            break
        if not _is_measured(load, ceilings) or not any(_exceeded(load, ceilings)):
            break
        next_at_s = look.at_s
        if in_a_row == 0 or counted_at_s - look.at_s >= LOOKS_APART_S:
            in_a_row, counted_at_s = in_a_row + 1, look.at_s
    if in_a_row < ADVICE_LOOKS:
        return f"beyond its ceiling in {in_a_row} looks in a row, of {ADVICE_LOOKS}"
    return None


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
