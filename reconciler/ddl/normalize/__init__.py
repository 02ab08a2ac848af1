"""The canonical form in which two tables are compared: equal means the same to the server.

Each rule takes out one kind of noise and lives in a file of its own. A rule may only remove what
has no effect on the server it is for; names and everything else that can be seen stay.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.ddl.normalize.auto_increment import without_auto_increment
from reconciler.ddl.normalize.binary_literals import without_needless_binary
from reconciler.ddl.normalize.collations import with_effective_collations
from reconciler.ddl.normalize.constraint_order import with_sorted_constraints
from reconciler.ddl.normalize.foreign_key_actions import without_default_actions
from reconciler.ddl.normalize.index_algorithm import without_default_algorithms
from reconciler.ddl.normalize.index_block_size import without_ignored_block_sizes
from reconciler.ddl.normalize.index_order import with_sorted_indexes
from reconciler.ddl.normalize.introducers import without_ascii_introducers
from reconciler.ddl.normalize.negative_numbers import without_brackets_of_negatives
from reconciler.ddl.normalize.option_values import with_canonical_options
from reconciler.ddl.normalize.partition_counts import with_counts_for_default_names
from reconciler.ddl.normalize.partition_text import without_partition_noise
from reconciler.ddl.normalize.versioning_marks import without_stale_marks
from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion

__all__ = ["NORMALIZER_VERSION", "RULES", "normalize_table"]

# Goes into every plan: raise it when any table's canonical form changes, so that a plan made with
# other rules is stale instead of different.
NORMALIZER_VERSION = 1

Rule = Callable[[Table, ServerVersion], Table]

RULES: tuple[Rule, ...] = (
    with_effective_collations,
    without_auto_increment,
    with_canonical_options,
    without_ascii_introducers,
    without_needless_binary,
    without_brackets_of_negatives,
    without_default_algorithms,
    without_ignored_block_sizes,
    with_sorted_indexes,
    without_default_actions,
    with_sorted_constraints,
    without_partition_noise,
    without_stale_marks,
    with_counts_for_default_names,  # after the noise that would hide a default name
)


def normalize_table(table: Table, version: ServerVersion) -> Table:
    """The canonical form; normalising it again changes nothing."""
    for rule in RULES:
        table = rule(table, version)
    return table
