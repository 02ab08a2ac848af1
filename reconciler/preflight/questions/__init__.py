"""What a statement asks of rows, one function for each way in which rows may be in its way.

Each is pure and looks at one statement. A new question is a function in the file of its kind, a
line in QUESTIONS, and its cases in tests/cases/preflight/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.diff.model import Operation
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    EqualRows,
    Probe,
    QuestionKind,
    Raised,
    RowCondition,
    Versions,
)
from reconciler.preflight.questions.checks import (
    breaks_check,
    breaks_check_of_column,
    breaks_period,
    breaks_standing_check,
)
from reconciler.preflight.questions.computed import (
    cannot_be_computed,
    cannot_be_filled,
    cannot_be_indexed,
    has_no_default,
)
from reconciler.preflight.questions.duplicates import has_duplicates
from reconciler.preflight.questions.nulls import has_nulls, has_nulls_in_primary_key
from reconciler.preflight.questions.numbered import (
    is_known_by_no_number,
    is_numbered_anew,
    runs_out_of_numbers,
)
from reconciler.preflight.questions.parents import lacks_parents, lost_parents
from reconciler.preflight.questions.partitions import finds_no_partition, is_left_out
from reconciler.preflight.questions.rebuilds import meets_zero_dates
from reconciler.preflight.questions.shapes import has_other_srid
from reconciler.preflight.questions.values import has_unfit_values
from reconciler.preflight.walks import walk_by_key, walk_by_parts

QUESTIONS: tuple[Callable[[Change], Iterator[Raised]], ...] = (
    has_nulls,
    has_nulls_in_primary_key,
    has_duplicates,
    has_unfit_values,
    breaks_check,
    breaks_check_of_column,
    breaks_standing_check,
    breaks_period,
    lacks_parents,
    lost_parents,
    finds_no_partition,
    is_left_out,
    cannot_be_computed,
    cannot_be_indexed,
    cannot_be_filled,
    has_no_default,
    is_known_by_no_number,
    is_numbered_anew,
    runs_out_of_numbers,
    has_other_srid,
    meets_zero_dates,
)


def probes_of(change: Change, statement: int) -> tuple[Probe, ...]:
    """Each question once. A table that is made or goes away has no row that could be in the way."""
    step = change.context.step
    if step.operation is not Operation.ALTER_TABLE or step.before is None or step.after is None:
        return ()
    raised = dict.fromkeys(one for ask in QUESTIONS for one in ask(change))
    return tuple(_probe(change, one, statement) for one in raised)


def _probe(change: Change, raised: Raised, statement: int) -> Probe:
    match raised.question:
        case RowCondition(counts=counts):
            walk = None if counts else walk_by_key(change.before)
        case EqualRows(parts):
            walk = walk_by_parts(change.before, parts)
        case _:
            walk = None
    return Probe(
        table=change.before.name,
        statement=statement,
        raised=raised,
        walk=walk,
        versions=_versions(change, raised.kind),
    )


def _versions(change: Change, kind: QuestionKind) -> Versions:
    """No check and no key to a parent is put to what a row was before (MariaDB 10.11, 11.8)."""
    of_rows_that_are = (QuestionKind.CHECK, QuestionKind.PARENTS)
    has_history = change.before.system_versioned and kind not in of_rows_that_are
    return Versions.ALL if has_history else Versions.CURRENT
