"""The look at all shards when an apply has done its last: is every one where git wants it?

A shard that matched before, or that an earlier wave finished, was last looked at then; hours may
have passed (GD-16). It is one more look as `drift` has it, with as many shards at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.drive.open import LastLook
from reconciler.errors import ReconcilerError
from reconciler.flows.reconcile_pass import Pass
from reconciler.guard.model import Refusal, refusals_from
from reconciler.guard.vschema import vschema_changed_meanwhile
from reconciler.model.object_id import ObjectId
from reconciler.observe.quarantine import with_what_has_ended
from reconciler.observe.shards import SeenShard, look_at
from reconciler.observe.topology import with_shards
from reconciler.observe.vschema import look_at_vschema
from reconciler.ports.world import World


def last_look(world: World, begun: Pass) -> LastLook:
    """Each shard that is not where git wants it, by the object, and each that could not be seen;
    nothing only if every shard was seen whole and is there."""
    try:
        environment = with_shards(world, begun.environment)
        look = look_at(world, environment, begun.reader)
        vschema = look_at_vschema(world, begun.files, environment)
    except ReconcilerError as error:
        return LastLook(unseen=refusals_from(error))
    look = with_what_has_ended(look, environment, world.clock.now_s())
    drifted = [found for seen in look.seen for found in _differences(begun, seen)]
    if vschema is not None and not vschema.is_as_git_says:
        drifted.append(vschema_changed_meanwhile(vschema.live, vschema.desired))
    return LastLook(drifted=tuple(drifted), unseen=look.obstacles)


def _differences(begun: Pass, seen: SeenShard) -> Iterator[Refusal]:
    live, wanted = seen.fingerprints, begun.desired_fingerprints
    for object_id in sorted(live.keys() | wanted.keys()):
        if live.get(object_id) != wanted.get(object_id):
            yield _drifted(begun, seen, object_id)


def _drifted(begun: Pass, seen: SeenShard, object_id: ObjectId) -> Refusal:
    wanted = begun.desired[seen.shard].objects.get(object_id)
    found = seen.objects.get(object_id)
    return Refusal(
        code="drift",
        shard=seen.shard,
        object_id=object_id,
        message=f"shard {seen.shard}, {object_id.titled}: somebody changed it while this apply ran;"
        " the shard is not where the plan ends",
        recovery="undo the change on the shard, or adopt it with `reconciler pull`; `reconciler"
        " drift` shows what is left to do",
        expected=wanted.text if wanted else f"no such {object_id.kind}",
        observed=found.text if found else f"no such {object_id.kind}",
    )
