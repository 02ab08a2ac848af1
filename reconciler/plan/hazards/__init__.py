"""Hazards: why a statement may hurt, one function for each way of hurting.

Each is pure and looks at one statement. A new hazard is a function in the file of its family and a
line in HAZARDS; its name is a HazardKind, which never changes once it is out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan.hazards.availability import (
    disables,
    drops_constraint,
    drops_index,
    drops_uniqueness,
    stops_encryption,
)
from reconciler.plan.hazards.cost import blocks_writes, rebuilds
from reconciler.plan.hazards.data_loss import (
    changes_engine,
    changes_history,
    drops_column,
    drops_history,
    drops_partition,
    drops_table,
    gives_up_values,
    remakes_column,
)
from reconciler.plan.hazards.existing_rows import (
    computes_for_rows,
    fills_computed_default,
    fills_rows,
    fixes_srid,
    loses_unique_column,
    merges_texts,
    numbers_rows,
    requires_condition,
    requires_parents,
    requires_period,
    requires_place,
    requires_unique,
    requires_values,
)
from reconciler.plan.hazards.narrowing import (
    changes_collation,
    changes_computation,
    changes_type,
)
from reconciler.plan.hazards.running_code import (
    changes_default,
    hides_column,
    refuses_inserts_of_added,
    refuses_inserts_of_changed,
    refuses_values_of_remade,
    renames_column,
    renames_index,
    renames_table,
)
from reconciler.plan.hazards.statement_context import StatementContext

# Raised when the same statement on the same table may get other hazards, or the same of another
# object: plans that were judged by other rules are then stale. Never for another wording.
HAZARDS_VERSION = 1

HAZARDS: tuple[Callable[[StatementContext], Iterator[Hazard]], ...] = (
    drops_table,
    drops_column,
    drops_partition,
    gives_up_values,
    drops_history,
    changes_history,
    remakes_column,
    changes_engine,
    changes_type,
    changes_computation,
    changes_collation,
    renames_table,
    renames_column,
    renames_index,
    refuses_inserts_of_added,
    refuses_inserts_of_changed,
    refuses_values_of_remade,
    changes_default,
    hides_column,
    drops_uniqueness,
    drops_constraint,
    drops_index,
    disables,
    stops_encryption,
    requires_values,
    numbers_rows,
    requires_unique,
    computes_for_rows,
    loses_unique_column,
    requires_condition,
    requires_parents,
    requires_period,
    requires_place,
    merges_texts,
    fixes_srid,
    fills_rows,
    fills_computed_default,
    blocks_writes,
    rebuilds,
)

_ORDER = {kind: position for position, kind in enumerate(HazardKind)}


def hazards_of(context: StatementContext) -> tuple[Hazard, ...]:
    """Every finding once, the gravest kinds first, then by object."""
    found = dict.fromkeys(hazard for check in HAZARDS for hazard in check(context))
    return tuple(sorted(found, key=lambda h: (_ORDER[h.kind], h.object, h.reason)))
