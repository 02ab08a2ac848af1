"""The file of a move's plan: to bytes and back, strictly, and its identity.

It is another kind than the plan of a schema: neither can be read as the other, nor have its id.
"""

from __future__ import annotations

from dataclasses import replace

import rfc8785

from reconciler.plan.commitment import sha256_of
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
from reconciler.reshard.plan.model import SPLIT_PLAN_FORMAT, SplitCore, SplitMeta, SplitPlan
from reconciler.strict_values import Mismatch

KIND = "shard-split"
_KEYS = ("kind", "format", "core", "plan_id", "meta")


def split_plan_from_core(
    core: SplitCore, meta: SplitMeta, plan_format: str = SPLIT_PLAN_FORMAT
) -> SplitPlan:
    plan_id = identity_of(KIND, plan_format, core)
    return SplitPlan(core=core, plan_id=plan_id, meta=meta, format=plan_format)


def with_readable(core: SplitCore, readable_sql: str) -> SplitCore:
    """Bind the readable file to the core (PL-11)."""
    return replace(core, readable=sha256_of(readable_sql))


def dump_split_plan(plan: SplitPlan) -> bytes:
    return render_document(
        {
            "kind": KIND,
            "format": plan.format,
            "core": to_json(plan.core),
            "plan_id": plan.plan_id,
            "meta": to_json(plan.meta),
        }
    )


def load_split_plan(content: bytes, path: str) -> SplitPlan:
    """Read the file of this format or an earlier minor of it. Raises Refused: empty, truncated,
    edited, of a newer format, of another kind, malformed."""
    document = read_document(content, path, _KEYS)
    if document["kind"] != KIND:
        raise plan_malformed(path, "kind", f"is not {KIND}")
    plan_format = format_of(document["format"], path, SPLIT_PLAN_FORMAT)
    try:
        core = from_json(document["core"], SplitCore, "core")
        meta = from_json(document["meta"], SplitMeta, "meta")
    except Mismatch as mismatch:
        raise plan_malformed(path, mismatch.place, mismatch.reason) from None
    check_no_other_keys(document, path, _KEYS)
    try:
        plan = split_plan_from_core(core, meta, plan_format)
    except rfc8785.CanonicalizationError:
        raise plan_malformed(path, "core", "holds what JSON does not keep exact") from None
    check_identity(document["plan_id"], plan.plan_id, path)
    return plan
