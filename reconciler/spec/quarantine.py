"""An environment without its shards in quarantine, and what an entry of `quarantine` must be.

As a region's part is a narrower environment, so is one with shards in quarantine: whatever works on
`shards` can reach none of them, for it knows no address of theirs (RG-60).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.errors import Problem, nearest
from reconciler.model.fleet import in_key_order
from reconciler.model.policy import says_nothing
from reconciler.model.quarantine import Quarantine, is_day
from reconciler.spec.model import (
    Environment,
    QuarantinedShard,
    Region,
    RolloutSpec,
    ShardSpec,
    WaveShare,
)
from reconciler.spec.secrets import Path, dotted
from reconciler.spec.yaml_text import Document


def without_quarantined(
    environment: Environment, entries: Sequence[Mapping[str, Any]]
) -> Environment:
    """A region that has no other shard is none of the environment's for as long."""
    if not entries:
        return environment
    told = {entry["shard"]: Quarantine(**entry) for entry in entries}
    region_of = {name: region.name for region in environment.regions for name in region.shards}
    listed = {shard.name: shard for shard in environment.shards}
    regions = (
        Region(name=region.name, shards=_left(region.shards, told))
        for region in environment.regions
    )
    return replace(
        environment,
        shards=tuple(shard for shard in environment.shards if shard.name not in told),
        regions=tuple(region for region in regions if region.shards),
        quarantined=tuple(
            _quarantined(listed[name], told[name], region_of.get(name))
            for name in in_key_order(tuple(told))
        ),
        rollout=_rollout(environment.rollout, told),
    )


def check_quarantine(
    document: Document, at: Path, environment: Mapping[str, Any], shards: tuple[str, ...]
) -> Iterator[Problem]:
    """`shards` are sound, and all of the environment's."""
    entries, here = environment.get("quarantine", ()), (*at, "quarantine")
    names: set[str] = set()
    for i, entry in enumerate(entries):
        yield from _entry(document, (*here, i), entry, shards)
        if entry["shard"] in names:
            what = f"shard {entry['shard']!r} is in quarantine twice"
            yield _problem(document, (*here, i, "shard"), what, "remove one of the two entries")
        names.add(entry["shard"])
    if not entries:
        return
    if "retiring" in environment:
        what = f"{dotted(at)} has both shards in quarantine and shards that retire"
        recovery = "finish the move first, or take every shard out of `quarantine`: rows are not"
        yield _problem(document, here, what, f"{recovery} moved past a shard that nobody looks at")
    if names.issuperset(shards):
        what = f"every shard of {dotted(at)} is in quarantine: nothing would be left to look at"
        yield _problem(document, here, what, "leave out of `quarantine` what can be reached")


def check_first_wave(
    document: Document, at: Path, environment: Mapping[str, Any], first: Sequence[str]
) -> Iterator[Problem]:
    """`first` are the shards that the first wave names, () where it is a share of all. Without any
    of them the next wave, which may be everything, would go first and unwatched."""
    names = {entry["shard"] for entry in environment.get("quarantine", ())}
    if first and names.issuperset(first):
        what = f"every shard of the first wave of {dotted(at)} is in quarantine: {first[0]}"
        recovery = "name another canary, or another first wave, for as long as that lasts"
        yield _problem(document, (*at, "quarantine"), what, recovery)


def _left(names: tuple[str, ...], gone: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in gone)


def _quarantined(shard: ShardSpec, found: Quarantine, region: str | None) -> QuarantinedShard:
    return QuarantinedShard(quarantine=found, connection=shard.connection, region=region)


def _rollout(rollout: RolloutSpec, gone: Collection[str]) -> RolloutSpec:
    waves = (
        WaveShare(percent=wave.percent, shards=_left(wave.shards, gone)) for wave in rollout.waves
    )
    return replace(rollout, canary=_left(rollout.canary, gone), waves=tuple(waves))


def _entry(
    document: Document, at: Path, entry: Mapping[str, Any], shards: tuple[str, ...]
) -> Iterator[Problem]:
    shard, until, reason = entry["shard"], entry["until"], entry["reason"]
    if shard not in shards:
        likely = nearest(shard, shards)
        recovery = f"did you mean {likely!r}?" if likely else "name a shard of this environment"
        what = f"{dotted(at[:2])} has no shard {shard[:80]!r}"
        where = document.where((*at, "shard"))
        yield Problem(code="spec-unknown-shard", message=what, recovery=recovery, where=where)
    if not is_day(until):
        what = f"{dotted((*at, 'until'))} is no day of the calendar ({until})"
        recovery = "write the last day of the quarantine as YYYY-MM-DD"
        yield _problem(document, (*at, "until"), what, recovery)
    if says_nothing(reason):
        what = f"{dotted((*at, 'reason'))} gives no reason ({reason.strip()[:80]})"
        recovery = "write why the shard is left alone: every report says it until it is back"
        yield _problem(document, (*at, "reason"), what, recovery)


def _problem(document: Document, at: Path, message: str, recovery: str) -> Problem:
    return Problem(
        code="spec-quarantine", message=message, recovery=recovery, where=document.where(at)
    )
