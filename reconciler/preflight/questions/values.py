"""Values that a column's new type does not take, or takes for another: by the pair of families.

What each pair asks stands in a file of its own; a pair that is not listed there is none that a
query is known for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import ClauseKind
from reconciler.model.policy import HazardKind
from reconciler.plan.hazards.column_type import ColumnType, Family
from reconciler.plan.hazards.narrowing import column_type
from reconciler.plan.hazards.type_change import type_change_losses
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    NotAskable,
    QuestionKind,
    Raised,
    RowCondition,
)
from reconciler.preflight.questions.into_others import OTHER_RULES
from reconciler.preflight.questions.members import MEMBER_RULES
from reconciler.preflight.questions.numbers import NUMBER_RULES
from reconciler.preflight.questions.of_values import Unfit
from reconciler.preflight.questions.printed import PRINTED_RULES, printed_as_text
from reconciler.preflight.questions.shapes import SHAPE_RULES
from reconciler.preflight.questions.texts import TEXT_RULES
from reconciler.preflight.questions.times import TIME_RULES

_Rule = Callable[[str, ColumnType, ColumnType, Change], Iterator[Unfit]]
_RULES: dict[tuple[Family, Family], _Rule] = {
    **NUMBER_RULES,
    **TEXT_RULES,
    **PRINTED_RULES,
    **TIME_RULES,
    **MEMBER_RULES,
    **SHAPE_RULES,
    **OTHER_RULES,
}


def has_unfit_values(change: Change) -> Iterator[Raised]:
    for clause, old, new in change.context.changed_columns():
        if clause.kind is ClauseKind.SET_DEFAULT or new.generated is not None:
            continue
        before, after = column_type(old), column_type(new)
        narrows = [
            loss
            for loss in type_change_losses(before, after)
            if loss.kind is HazardKind.NARROW_TYPE
        ]
        found = tuple(_unfit(quote_identifier(old.name), before, after, change))
        for one in found:
            yield Raised(
                kind=one.kind,
                object=new.name,
                effect=one.effect or change.of_unfit_values,
                what=one.what,
                question=RowCondition(one.sql, one.on_warning),
            )
        if narrows and not found:
            yield Raised(
                kind=QuestionKind.CONVERSION,
                object=new.name,
                effect=change.of_unfit_values,
                what="values that the new type does not take",
                question=NotAskable(f"{narrows[0].reason}: no query is known that tells such rows"),
            )


def _unfit(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    rule = _RULES.get((old.family, new.family))
    if rule is not None:
        yield from rule(value, old, new, change)
    elif old.text != new.text and new.family is Family.TEXT:
        yield from printed_as_text(value, old, new, change)
