"""Reasons, waits, answers and events as the text that the ledger keeps: JSON with a `kind`.

What cannot be read as one of them, because an earlier or a later version or anybody else wrote it,
is somebody's own words: they are for people to read, and nothing is decided on them.
"""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from reconciler.ledger import (
    copies,
    deploys,
    finalizers,
    neighbours,
    promotions,
    reasons,
    resumes,
    reviewed,
    swaps,
)
from reconciler.ledger.reasons import Answer, Happened, InWords, Reason, Told, Wait
from reconciler.limits import LEDGER_MESSAGE_CHARS_MAX
from reconciler.plan.visible import visible_line

# Words that are stored; a stored word never changes.
_NAMES: dict[str, type[Told]] = {
    "in-words": reasons.InWords,
    "gate-closed": reasons.GateClosed,
    "wave-not-asked": reasons.WaveNotAsked,
    "wave-refused": reasons.WaveRefused,
    "soaks": reasons.Soaks,
    "shard-failed": reasons.ShardFailed,
    "halted": reasons.Halted,
    "stopped": reasons.Stopped,
    "left-at-once": reasons.LeftAtOnce,
    "outcome-unseen": reasons.OutcomeUnseen,
    "copies-not-ready": copies.CopiesNotReady,
    "cutover-closed": copies.CutoverClosed,
    "cutover-shut": copies.CutoverShut,
    "cutover-overdue": copies.CutoverOverdue,
    "undriven": reasons.Undriven,
    "earlier-session": neighbours.EarlierSession,
    "next-try": reasons.NextTry,
    "limit-exceeded": reasons.LimitExceeded,
    "its-wave": reasons.ItsWave,
    "end-of-soak": reasons.EndOfSoak,
    "to-be-released": reasons.ToBeReleased,
    "its-cutover": copies.ItsCutover,
    "its-turn": reasons.ItsTurn,
    "nothing-to-release": reasons.NothingToRelease,
    "nothing-unfinished": reasons.NothingUnfinished,
    "unanswered": reasons.Unanswered,
    "ended-meanwhile": reasons.EndedMeanwhile,
    "taken-up-again": resumes.TakenUpAgain,
    "goes-on": resumes.GoesOn,
    "nothing-to-retry": resumes.NothingToRetry,
    "nothing-to-ask-of": resumes.NothingToAskOf,
    "not-known-here": resumes.NotKnownHere,
    "waits-for-release": resumes.WaitsForRelease,
    "goes-on-once-released": resumes.GoesOnOnceReleased,
    "retry-taken-back": resumes.RetryTakenBack,
    "cancelled-already": reasons.CancelledAlready,
    "nothing-new-starts": reasons.NothingNewStarts,
    "rest-never-starts": reasons.RestNeverStarts,
    "stays-stopped": reasons.StaysStopped,
    "ended-as": reasons.EndedAs,
    "released": reasons.Released,
    "gate-kept": reasons.GateKept,
    "cutover-released": copies.CutoverReleased,
    "copies-throttled": copies.CopiesThrottled,
    "copies-released": copies.CopiesReleased,
    "begun": reasons.Begun,
    "taken-up": reasons.TakenUp,
    "reviewed": reviewed.Reviewed,
    "state-changed": reasons.StateChanged,
    "completed": reasons.Completed,
    "failed": reasons.Failed,
    "outcome-lost": reasons.OutcomeLost,
    "statement-found": reasons.StatementFound,
    "found-running": reasons.FoundRunning,
    "cut-over-begun": reasons.CutOverBegun,
    "copy-slowed": copies.CopySlowed,
    "copy-stopped": copies.CopyStopped,
    "rows-compared": copies.RowsCompared,
    "left-behind": copies.LeftBehind,
    "earlier-run-came-through": reasons.EarlierRunCameThrough,
    "blocker-ended": neighbours.BlockerEnded,
    "trigger-swapped": swaps.TriggerSwapped,
    "routine-remade": swaps.RoutineRemade,
    "requested": reasons.Requested,
    "vschema-gate-closed": finalizers.VSchemaGateClosed,
    "vschema-not-asked": finalizers.VSchemaNotAsked,
    "vschema-refused": finalizers.VSchemaRefused,
    "vschema-soaks": finalizers.VSchemaSoaks,
    "vschema-failed-for-now": finalizers.VSchemaFailedForNow,
    "vschema-halted": finalizers.VSchemaHalted,
    "vschema-unseen": finalizers.VSchemaUnseen,
    "promotion-awaited": promotions.PromotionAwaited,
    "promotion-unmeasured": promotions.PromotionUnmeasured,
    "promotion-failed": promotions.PromotionFailed,
    "its-shards": finalizers.ItsShards,
    "first-step": finalizers.FirstStep,
    "at-planetscale": deploys.AtPlanetScale,
    "way-back-open": deploys.WayBackOpen,
    "deploy-intended": deploys.DeployIntended,
    "vschema-applied": finalizers.VSchemaApplied,
    "vschema-failed": finalizers.VSchemaFailed,
    "vschema-lost": finalizers.VSchemaLost,
    "vschema-never-ran": finalizers.VSchemaNeverRan,
}
_KINDS = {kind: name for name, kind in _NAMES.items()}


def told_text(told: Told | None) -> str:
    """'' for nothing; on one line, in which nothing hides."""
    return json.dumps(_to_json(told), ensure_ascii=False) if told is not None else ""


def reason_of(text: str) -> Reason | None:
    found: Reason | None = _read(text, Reason)
    return found


def wait_of(text: str) -> Wait | None:
    found: Wait | None = _read(text, Wait)
    return found


def answer_of(text: str) -> Answer | None:
    found: Answer | None = _read(text, Answer)
    return found


def happened_of(text: str) -> Happened:
    found: Happened | None = _read(text, Happened)
    return found if found is not None else InWords("")


class _NotOurs(Exception):
    """The text is none of these kinds."""


def _to_json(value: Any) -> Any:
    if is_dataclass(value):
        items = {field.name: _to_json(getattr(value, field.name)) for field in fields(value)}
        return {"kind": _KINDS[type(value)], **items}  # type: ignore[index]
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, str):
        return visible_line(value, limit_chars=LEDGER_MESSAGE_CHARS_MAX)
    return value


def _read(text: str, kinds: Any) -> Any:
    if not text:
        return None
    try:
        return _from_json(json.loads(text), kinds)
    except (ValueError, OverflowError, RecursionError, _NotOurs):
        return InWords(visible_line(text, limit_chars=LEDGER_MESSAGE_CHARS_MAX))


def _from_json(value: Any, hint: Any) -> Any:
    if isinstance(hint, UnionType):
        return _one_of(value, get_args(hint))
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise _NotOurs
        return tuple(_from_json(item, get_args(hint)[0]) for item in value)
    if issubclass(hint, StrEnum):
        return hint(value)  # raises ValueError
    if hint is float and type(value) in (int, float):
        value = float(value)  # an OverflowError is no number of ours either
    if type(value) is not hint or (hint is float and not math.isfinite(value)):
        raise _NotOurs
    if hint is str:  # whoever else can write here cannot hide anything from those who read it
        return visible_line(value, limit_chars=LEDGER_MESSAGE_CHARS_MAX)
    return value


def _one_of(value: Any, kinds: tuple[Any, ...]) -> Any:
    if value is None and NoneType in kinds:
        return None
    name = value.get("kind") if isinstance(value, dict) else None
    kind = _NAMES.get(name) if isinstance(name, str) else None
    if kind is None or kind not in kinds:
        raise _NotOurs
    hints = get_type_hints(kind)
    if value.keys() - {"kind"} != hints.keys():
        raise _NotOurs
    return kind(**{name: _from_json(value[name], hint) for name, hint in hints.items()})
