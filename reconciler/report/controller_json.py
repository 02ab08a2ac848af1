"""What a controller answers to other programs: numbers, names, words of closed lists, and codes.

RG-48: no statement, definition, message or holder is in it. Those quote servers, hosts, accounts;
whoever needs them has the verbs, which ask with a login of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, assert_never

from reconciler.controller.model import Standing, TaskKind
from reconciler.outcomes.apply import ApplyStatus, ShardRow, WaveRow
from reconciler.outcomes.controller import PlaceView, Snapshot
from reconciler.outcomes.drift import DriftGroup, DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.json_values import Json

FORMAT = 1


def plans_json(seen: Snapshot, views: Iterable[PlaceView]) -> bytes:
    return _document(
        "plans",
        commit=seen.commit,
        broken=list(seen.broken),
        keyspaces=[_plan(seen, view) for view in views],
    )


def drift_json(seen: Snapshot, views: Iterable[PlaceView]) -> bytes:
    """As the last look of this process found it: one that does not lead has looked at nothing."""
    return _document("drift", keyspaces=[_drift(seen, view) for view in views])


def applies_json(what: str, applies: Iterable[ApplyStatus]) -> bytes:
    return _document(what, applies=[_apply(apply) for apply in applies])


def _document(what: str, **values: Any) -> bytes:
    return (json.dumps({"format": FORMAT, "what": what, **values}) + "\n").encode()


def _place(view: PlaceView) -> Json:
    place = view.wanted.place
    return {"environment": place.environment, "keyspace": place.keyspace}


def _plan(seen: Snapshot, view: PlaceView) -> Json:
    running = {task.kind for task in seen.running if task.place == view.wanted.place}
    return {
        **_place(view),
        "plan_id": view.wanted.plan_id,
        "leads": view.wanted.place in seen.led,
        "applies": TaskKind.APPLY in running,
        **_standing(seen, view.apply),
    }


def _standing(seen: Snapshot, standing: Standing) -> Json:
    in_s = None if standing.until_s is None else max(0.0, standing.until_s - seen.turned_s)
    return {"waits_for": standing.waits_for.value, "due_in_s": in_s}


def _drift(seen: Snapshot, view: PlaceView) -> Json:
    found: Json = {
        **_place(view),
        "leads": view.wanted.place in seen.led,
        "looked_at_s": view.looked_at_s,
        "every_s": view.wanted.drift_every_s,
        **_standing(seen, view.drift_due),
    }
    match view.drift:
        case None:
            return {**found, "outcome": "not looked at"}
        case KeyspaceFailed(problems=problems):
            return {**found, "outcome": "failed", "codes": sorted({p.code for p in problems})}
        case DriftOutcome() as drift:
            return {
                **found,
                "outcome": "looked at",
                "groups": [_group(group) for group in drift.groups],
                "vschema": drift.vschema.mark.value if drift.vschema else None,
                "codes": sorted({refusal.code for refusal in drift.refusals}),
            }
        case _:
            assert_never(view.drift)


def _group(group: DriftGroup) -> Json:
    return {
        "state": group.mark.value,
        "shards": list(group.shards),
        "tables": sorted({str(one.object_id) for one in group.differences}),
        "code": group.code or None,
    }


def _apply(apply: ApplyStatus) -> Json:
    return {
        "environment": apply.environment,
        "keyspace": apply.keyspace,
        "region": apply.region,
        "apply_id": apply.apply_id,
        "plan_id": apply.plan_id,
        "commit": apply.commit,
        "state": apply.state.value,
        "is_driven": apply.holder is not None,
        "started_s": apply.started_s,
        "completed_s": apply.completed_s,
        "waits_since_s": apply.waits_since_s,
        "code": apply.problem.code if apply.problem else None,
        "waves": [_wave(wave) for wave in apply.waves],
        "shards": [_shard(shard) for shard in apply.shards],
    }


def _wave(wave: WaveRow) -> Json:
    return {
        "number": wave.number,
        "shards": len(wave.shards),
        "completed": wave.completed,
        "failed": wave.failed,
        "running": wave.running,
        "unknown": wave.unknown,
        "stopped": wave.stopped,
        "cancelled": wave.cancelled,
        "soak_until_s": wave.soak_until_s,
    }


def _shard(shard: ShardRow) -> Json:
    return {
        "shard": shard.shard,
        "wave": shard.wave,
        "state": shard.state.value,
        "code": shard.problem.code if shard.problem else None,
    }
