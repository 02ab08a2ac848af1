"""A fleet as its regions saw it: what a plan over all shards is made from where no machine reaches
them all.

It looks at files instead of servers, and nothing behind it can tell: planning from observations is
planning. Each file must be of this very spec, of all shards of its region, and of now (RG-12).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.errors import InvalidInput, Location, Problem, Refused
from reconciler.limits import CLOCKS_APART_S_MAX
from reconciler.model.observation import Observation, Unreachable
from reconciler.observe.file.codec import load_observation
from reconciler.observe.file.limits import (
    OBSERVATION_AGE_S_MAX,
    OBSERVATION_BYTES_MAX,
)
from reconciler.observe.file.model import (
    About,
    RegionObservation,
    about_region,
    observation_path,
)
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, ShardSpec
from reconciler.spec.regions import in_region
from reconciler.spec.tree import FileTree, read_if_there

_IN_CI = "in CI, run all jobs again"
_OTHERS = {
    "environment": "of another environment",
    "keyspace": "of another keyspace",
    "region": "of another region",
    "spec_sha256": "of shards that another version of the spec gave the region",
}


class ObservedFleet:
    """`LiveShards` over what was observed; a shard of a region without a file is unreachable."""

    def __init__(self, seen: Mapping[str, Observation]) -> None:
        self._seen = seen

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        return [self._seen[shard.name] for shard in shards]


def read_fleet(
    folder: FileTree,
    files: DesiredFiles,
    environment: Environment,
    *,
    keys: Mapping[str, bytes | None],
    now_s: float,
) -> ObservedFleet:
    """`keys` by region. Raises Refused for a file that is not what it should be, and InvalidInput
    where there are no regions, or a file that cannot be read."""
    if not environment.regions:
        raise InvalidInput(_no_regions(environment.name))
    seen: dict[str, Observation] = {}
    for region in environment.regions:
        about = about_region(files, in_region(environment, region.name))
        path = observation_path(about)
        content = read_if_there(folder, path, bytes_max=OBSERVATION_BYTES_MAX)
        if content is None:
            seen |= {name: _not_looked_at(name, region.name) for name in region.shards}
            continue
        found = load_observation(content, path, keys[region.name])
        check_observation(found, about, path, now_s=now_s)
        seen |= {shard.shard: shard for shard in found.shards}
    return ObservedFleet(seen)


def check_observation(found: RegionObservation, about: About, path: str, *, now_s: float) -> None:
    """Raises Refused unless it is of all of these shards, by this spec, and of now."""
    theirs = found.about
    for field, words in _OTHERS.items():
        if getattr(theirs, field) != getattr(about, field):
            raise _refused("observation-of-another", f"the file is {words}", about, path)
    shards = tuple(shard.shard for shard in found.shards)
    if theirs.shards != about.shards or sorted(shards) != sorted(about.shards):
        raise _refused("observation-shards", "the file is not of the region's shards", about, path)
    age_s = now_s - found.observed_s
    if age_s > OBSERVATION_AGE_S_MAX:
        old = f"the file was made {age_s:,.0f} s ago, and {OBSERVATION_AGE_S_MAX:,} s is the limit"
        raise _refused("observation-stale", old, about, path)
    if age_s < -CLOCKS_APART_S_MAX:
        ahead = f"the file was made {-age_s:,.0f} s from now: one of two clocks is wrong"
        raise _refused("observation-stale", ahead, about, path)


def _not_looked_at(shard: str, region: str) -> Unreachable:
    return Unreachable(
        shard=shard,
        code="region-not-observed",
        reason=f"there is no observation of region {region}",
        recovery=f"look with `reconciler observe --region {region}` in that region, and plan again;"
        f" {_IN_CI}, and where none looks at that region, write the workflow again",
    )


def _refused(code: str, message: str, about: About, path: str) -> Refused:
    return Refused(
        Problem(
            code=code,
            message=message,
            recovery=f"look again with `reconciler observe --region {about.region}` in that region,"
            f" and plan again; {_IN_CI}",
            where=Location(path=path),
        )
    )


def _no_regions(environment: str) -> Problem:
    return Problem(
        code="regions-none",
        message=f"environment {environment} has no `regions`, and so no observations of them",
        recovery="plan from a machine that reaches every shard, without --observations",
    )
