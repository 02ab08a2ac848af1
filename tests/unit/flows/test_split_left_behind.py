"""What of the sources is on no target is named, as far as it was seen."""

from __future__ import annotations

from reconciler.flows.split.ground import left_behind_of
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import ObservedShard
from reconciler.model.schema import OtherObject
from tests.offline_fleet import SETTINGS


def test_events_and_routines_that_were_seen_are_named_and_triggers_move() -> None:
    kinds = (
        ObjectKind.VIEW,
        ObjectKind.EVENT,
        ObjectKind.FUNCTION,
        ObjectKind.PROCEDURE,
        ObjectKind.TRIGGER,
    )
    seen = ObservedShard(
        shard="-80",
        settings=SETTINGS,
        definitions=(),
        others=tuple(OtherObject(kind=kind, name="x", definition="") for kind in kinds),
    )
    assert [*left_behind_of(seen)] == ["view x", "event x", "function x", "procedure x"]
