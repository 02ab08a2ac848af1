"""A question that is put to rows, at once and in a walk."""

from __future__ import annotations

from dataclasses import replace

from reconciler.preflight.model import Effect, Probe, QuestionKind, Raised, RowCondition, Walk

NULLS = Raised(
    kind=QuestionKind.NULLS,
    object="a",
    effect=Effect.FAILS,
    what="rows with NULL",
    question=RowCondition("`a` IS NULL"),
)
BY_ID = Walk(index="PRIMARY", columns=("id",))
AT_ONCE = Probe(table="t", statement=0, raised=NULLS)
WALKED = replace(AT_ONCE, walk=BY_ID)
