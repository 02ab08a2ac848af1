"""Rows that are in a plan's way, as reasons not to begin it on any shard.

Rule (PF-4): a shard whose rows make a statement fail keeps the first statement from every shard.
Rows that would lose values do so unless a reviewed permission says that they may; what could not be
settled, where the spec says so and nobody has permitted it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.guard.model import Refusal, RefusalKind
from reconciler.model.object_id import table_id
from reconciler.model.policy import Hazard, HazardKind, Policy
from reconciler.plan.permission import Finding, permission_of
from reconciler.plan.permission_lines import allow_lines
from reconciler.plan.words import count, named_shards
from reconciler.preflight.answered import Answered, Preflight
from reconciler.preflight.model import Effect
from reconciler.spec.preflight import RefuseOn

_LOOK = "`reconciler verify --explain` shows the query"


def preflight_refusals(
    preflight: Preflight, refuse: RefuseOn, policy: Policy
) -> tuple[Refusal, ...]:
    if refuse is RefuseOn.NOTHING:
        return ()
    return tuple(
        refusal for one in preflight.answered for refusal in _refusals(one, refuse, policy)
    )


def _refusals(one: Answered, refuse: RefuseOn, policy: Policy) -> Iterator[Refusal]:
    match one.probe.raised.effect:
        case Effect.FAILS if one.violated:
            yield _fails(one)
        case Effect.LOSES if one.violated:
            hazard = _hazard(one, HazardKind.LOSES_VALUES, "rows were found whose values change")
            if permission_of(table_id(one.probe.table), hazard, policy.allow) is None:
                yield _loses(one, hazard)
        case _:
            pass
    if one.open and refuse is RefuseOn.NOT_SETTLED:
        hazard = _hazard(one, HazardKind.UNSETTLED_ROWS, "whether rows allow it is not known")
        if permission_of(table_id(one.probe.table), hazard, policy.allow) is None:
            yield _open(one, hazard)


def _hazard(one: Answered, kind: HazardKind, reason: str) -> Hazard:
    return Hazard(kind=kind, object=one.probe.raised.object, reason=reason, needs_permission=True)


def _fails(one: Answered) -> Refusal:
    return _refusal(
        one,
        [shard for shard, _ in one.violated],
        code="rows-violate",
        message=f"{_found(one)} make the statement fail; nothing was sent to any shard",
        recovery=f"correct these rows ({_LOOK} that finds them), or take the change back; then run"
        " the same command again",
    )


def _loses(one: Answered, hazard: Hazard) -> Refusal:
    return _refusal(
        one,
        [shard for shard, _ in one.violated],
        code="rows-lose-values",
        message=f"{_found(one)} would not keep their values; nothing was sent to any shard",
        recovery=f"correct these rows ({_LOOK} that finds them); or, if that is meant, add"
        f" `{_line(one, hazard)}` to policy.allow, and plan again",
    )


def _open(one: Answered, hazard: Hazard) -> Refusal:
    """Where all of it passes by itself, nobody has to act (TM-17)."""
    first = min((answer for _, answer in one.open), key=lambda answer: answer.passes)
    refused = _refusal(
        one,
        [shard for shard, _ in one.open],
        code="rows-not-settled",
        message=f"whether there are {one.probe.raised.what} could not be settled: {first.because}",
        recovery="see to what it says and run the same command again; or, if it may stay open, add"
        f" `{_line(one, hazard)}` to policy.allow, and plan again",
    )
    return replace(refused, kind=RefusalKind.PASSES) if first.passes else refused


def _found(one: Answered) -> str:
    least = sum(answer.rows_min for _, answer in one.violated)
    return f"{one.probe.raised.what} (at least {count(least, 'row')})"


def _line(one: Answered, hazard: Hazard) -> str:
    finding = Finding(object_id=table_id(one.probe.table), hazard=hazard)
    return allow_lines([finding])[0]


def _refusal(
    one: Answered, shards: Sequence[str], *, code: str, message: str, recovery: str
) -> Refusal:
    probe = one.probe
    about = f"table {probe.table}, {probe.raised.object}"
    return Refusal(
        code=code,
        shard=shards[0],
        object_id=table_id(probe.table),
        object=probe.raised.object,
        message=f"{named_shards(shards)}, {about}: {message}",
        recovery=recovery,
    )
