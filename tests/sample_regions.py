"""A keyspace whose shards are cut into regions, on the fleet without servers."""

from __future__ import annotations

from reconciler.model.fleet import even_shards
from tests.offline_fleet import NOISE, STATES, Shards

COUNT = 6
NAMES = even_shards(COUNT)
# The same table, told in other words: the plan has one text of it, from whichever region was first.
IN_OTHER_WORDS = STATES[0].replace("KEY (`id`)", f"KEY (`id`){NOISE}")
LIVE = (STATES[0], IN_OTHER_WORDS, STATES[1])
REGIONS = {"eu": NAMES[:3], "us": NAMES[3:]}


def spec_of(regions: dict[str, tuple[str, ...]]) -> str:
    listed = "\n".join(
        f"      {name}: {{shards: {list(shards)}}}" for name, shards in regions.items()
    )
    return f"""\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  production:
    connection: {{host: "db-{{shard}}", database: d, user: u}}
    regions:
{listed}
    rollout: {{canary: ["{NAMES[0]}"], waves: [50%, 100%]}}
"""


def fleet_of(live: dict[str, str]) -> Shards:
    return Shards({f"db-{shard}": {"users": text} for shard, text in live.items()})
