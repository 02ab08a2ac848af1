"""Whether what the spec measures lets a wave begin (`promote_if`): answers in, what is next out.

Rule (RG-70): a wave begins only where every check was within its bounds, asked since the soak was
over. Nothing is remembered from run to run but what a failure ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.errors import Problem
from reconciler.ledger.promotions import (
    PromotionAwaited,
    PromotionFailed,
    PromotionReason,
    PromotionUnmeasured,
)
from reconciler.rollout.limits import UNMEASURED_S_MAX
from reconciler.spec.promotion import PromotionCheck


@dataclass(frozen=True, slots=True)
class Measured:
    """`shard` None: of none, but of all that the check looks at."""

    value: float = field(repr=False)  # may be of rows (PL-12)
    shard: str | None = None


@dataclass(frozen=True, slots=True)
class Unmeasured:
    because: str
    shard: str | None = None


CheckAnswer = Measured | Unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStanding:
    """Of one check before one wave: when it was last asked, and what came of it. `failed` counts
    the times it was outside of its bounds, `bad` are the shards of the last answer at which it was
    that, or was not measured."""

    asked_s: float
    holds: bool = False
    failed: int = 0
    bad: tuple[str, ...] = ()
    because: str | None = None  # it was not measured
    unmeasured_since_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionSnapshot:
    """What this run has found out about its checks before the wave of this number."""

    wave: int = 0
    standings: Mapping[str, CheckStanding] = field(default_factory=dict)

    def before(self, wave: int) -> Mapping[str, CheckStanding]:
        return self.standings if self.wave == wave else {}


def stands(
    check: PromotionCheck,
    before: CheckStanding | None,
    answers: Sequence[CheckAnswer],
    asked_s: float,
) -> CheckStanding:
    """After one more round. What was measured and is outside says more than what was not
    measured; no answer at all is none that holds."""
    failed = before.failed if before else 0
    outside = [
        one.shard or ""
        for one in answers
        if isinstance(one, Measured) and not check.expected.takes(one.value)
    ]
    unknown = [one for one in answers if isinstance(one, Unmeasured)]
    if outside:
        return CheckStanding(asked_s=asked_s, failed=failed + 1, bad=_named(outside))
    if unknown or not answers:
        since_s = before.unmeasured_since_s if before else None
        return CheckStanding(
            asked_s=asked_s,
            failed=failed,
            bad=_named(one.shard or "" for one in unknown),
            because=unknown[0].because if unknown else "no shard before the wave could be asked",
            unmeasured_since_s=asked_s if since_s is None else since_s,
        )
    return CheckStanding(asked_s=asked_s, failed=failed, holds=True)


def _named(shards: Iterable[str]) -> tuple[str, ...]:
    return tuple(shard for shard in shards if shard)


def checks_due(
    checks: Iterable[PromotionCheck],
    standings: Mapping[str, CheckStanding],
    *,
    until_s: float,
    now_s: float,
) -> tuple[PromotionCheck, ...]:
    """Those to ask now; `until_s` is the end of the soak, behind which each is asked once more."""
    return tuple(check for check in checks if _is_due(check, standings, until_s, now_s))


def _is_due(
    check: PromotionCheck, standings: Mapping[str, CheckStanding], until_s: float, now_s: float
) -> bool:
    standing = standings.get(check.name)
    if standing is None or now_s >= standing.asked_s + check.every_s:
        return True
    return standing.asked_s < until_s <= now_s


def broken(
    checks: Iterable[PromotionCheck], standings: Mapping[str, CheckStanding], wave: int
) -> PromotionFailed | None:
    """The first check that failed more often than the spec allows."""
    for check in checks:
        standing = standings.get(check.name)
        if standing is not None and standing.failed > check.failures:
            shard, more = _first(standing.bad)
            return PromotionFailed(wave, check.name, shard, more)
    return None


def held(
    checks: Iterable[PromotionCheck],
    standings: Mapping[str, CheckStanding],
    wave: int,
    *,
    until_s: float,
) -> PromotionReason | None:
    """What keeps the wave waiting once the soak is over; None: nothing does. What could not be
    measured is told first: somebody may have to do something about it."""
    open_checks = [
        (check, standing)
        for check in checks
        for standing in [standings.get(check.name)]
        if standing is None or not standing.holds or standing.asked_s < until_s
    ]
    for check, standing in open_checks:
        if standing is not None and standing.because is not None:
            shard, more = _first(standing.bad)
            return PromotionUnmeasured(wave, check.name, standing.because, shard, more)
    return PromotionAwaited(wave, open_checks[0][0].name) if open_checks else None


def is_unmeasured_for_long(
    standings: Mapping[str, CheckStanding], *, until_s: float, now_s: float
) -> bool:
    """Nobody waits for ever: from the soak's end on, or from when it was last known."""
    return any(
        now_s - max(until_s, since_s) >= UNMEASURED_S_MAX
        for standing in standings.values()
        for since_s in [standing.unmeasured_since_s]
        if since_s is not None
    )


def _first(shards: tuple[str, ...]) -> tuple[str, int]:
    return (shards[0], len(shards) - 1) if shards else ("", 0)


def failed_problem(reason: PromotionFailed, *, has_begun: bool) -> Problem:
    """What is on record of the shard whose turn it would have been. `has_begun`: the run
    that began the wave has ended in the midst of it."""
    where = f" on shard {reason.shard}" if reason.shard else ""
    more = f" and {reason.more} more" if reason.more else ""
    kept = "does not go on" if has_begun else "was not begun"
    sent = "what has run of it stays" if has_begun else "nothing was sent to this shard"
    return Problem(
        code="promotion-failed",
        message=f"wave {reason.wave} {kept}: {reason.check!r} of promote_if is not within"
        f" what the spec expects{where}{more}; {sent}",
        recovery="find out what the waves before have done; then apply again, which asks the check"
        " anew, or have a change reviewed that takes the waves back or alters the check",
    )


def with_answers(
    before: PromotionSnapshot,
    wave: int,
    answered: Iterable[tuple[PromotionCheck, Sequence[CheckAnswer]]],
    asked_s: float,
) -> PromotionSnapshot:
    standings = dict(before.before(wave))
    for check, answers in answered:
        standings[check.name] = stands(check, standings.get(check.name), answers, asked_s)
    return replace(before, wave=wave, standings=standings)
