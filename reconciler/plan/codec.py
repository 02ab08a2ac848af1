"""Plans to bytes and back, and the identity that a review binds to.

What every kind of plan file has in common is in `document`, and how values are written in
`encoding`; this is the file of a schema plan, whose hazards' reasons stand beside its core.
"""

from __future__ import annotations

import rfc8785

from reconciler.model.object_id import ObjectKind
from reconciler.plan.commitment import reasons_of, reasons_sha256, with_reasons
from reconciler.plan.document import (
    check_identity,
    check_no_other_keys,
    format_of,
    identity_of,
    plan_malformed,
    read_document,
    render_document,
)
from reconciler.plan.encoding import from_json, to_json
from reconciler.plan.model import (
    FORMAT_WITHOUT_EVENTS,
    FORMAT_WITHOUT_QUARANTINE,
    FORMAT_WITHOUT_ROUTINES,
    FORMAT_WITHOUT_TRIGGERS,
    FORMAT_WITHOUT_VIEWS,
    PLAN_FORMAT,
    Plan,
    PlanCore,
    PlanMeta,
)
from reconciler.strict_values import Mismatch

_KEYS = ("format", "core", "plan_id", "reasons", "meta")


def plan_id_of(core: PlanCore, plan_format: str = FORMAT_WITHOUT_VIEWS) -> str:
    return identity_of("plan", plan_format, core)


def plan_from_core(core: PlanCore, meta: PlanMeta, plan_format: str | None = None) -> Plan:
    """`plan_format` None: the first that can say it, which earlier versions may read, too."""
    plan_format = plan_format or _format_of(core)
    plan_id = plan_id_of(core, plan_format)
    return Plan(core=core, plan_id=plan_id, meta=meta, format=plan_format)


def _format_of(core: PlanCore) -> str:
    kinds = core.policy.program_kinds | {about.kind for about in core.managed_programs}
    if ObjectKind.EVENT in kinds:
        return PLAN_FORMAT
    if kinds & {ObjectKind.TRIGGER, ObjectKind.SEQUENCE}:
        return FORMAT_WITHOUT_EVENTS
    if kinds - {ObjectKind.VIEW}:
        return FORMAT_WITHOUT_TRIGGERS
    if core.quarantine:
        return FORMAT_WITHOUT_ROUTINES
    return FORMAT_WITHOUT_QUARANTINE if kinds else FORMAT_WITHOUT_VIEWS


def dump_plan(plan: Plan) -> bytes:
    """The plan file: pretty-printed, keys in the order of the fields, one final newline. What hides
    from a reader is spelled as JSON spells it."""
    return render_document(
        {
            "format": plan.format,
            "core": to_json(plan.core),
            "plan_id": plan.plan_id,
            "reasons": reasons_of(plan.core),
            "meta": to_json(plan.meta),
        }
    )


def load_plan(content: bytes, path: str) -> Plan:
    """Read a plan file of this format or an earlier minor of it. Raises Refused: empty, truncated,
    edited, of a newer format, plan_malformed."""
    document = read_document(content, path, _KEYS)
    plan_format = format_of(document["format"], path, PLAN_FORMAT)
    try:
        core = from_json(document["core"], PlanCore, "core")
        core = _with_reasons(core, from_json(document["reasons"], tuple[str, ...], "reasons"))
        meta = from_json(document["meta"], PlanMeta, "meta")
    except Mismatch as mismatch:
        raise plan_malformed(path, mismatch.place, mismatch.reason) from None
    check_no_other_keys(document, path, _KEYS)
    try:
        plan = plan_from_core(core, meta, plan_format)
    except rfc8785.CanonicalizationError:
        raise plan_malformed(path, "core", "holds what JSON does not keep exact") from None
    check_identity(document["plan_id"], plan.plan_id, path)
    return plan


def _with_reasons(core: PlanCore, reasons: tuple[str, ...]) -> PlanCore:
    if len(reasons) != len(reasons_of(core)):
        raise Mismatch("reasons", f"has {len(reasons)} items, not one for each hazard")
    core = with_reasons(core, reasons)
    if core.words.reasons != reasons_sha256(core):
        raise Mismatch("reasons", "are not those that the plan is bound to: they were edited")
    return core
