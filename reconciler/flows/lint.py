"""`lint`: everything that is wrong in the files, without a look at any server."""

from __future__ import annotations

from reconciler.errors import ReconcilerError
from reconciler.flows.keyspaces import no_specs
from reconciler.outcomes.files import LintOutcome
from reconciler.spec.load import LoadedKeyspace, load_keyspaces
from reconciler.spec.tree import FileTree


def lint_files(tree: FileTree) -> tuple[LintOutcome, ...]:
    """One for each keyspace. Raises InvalidInput where there is none."""
    outcomes = tuple(map(_outcome, load_keyspaces(tree)))
    if not outcomes:
        raise no_specs()
    return outcomes


def _outcome(keyspace: LoadedKeyspace) -> LintOutcome:
    result = keyspace.result
    problems = result.problems if isinstance(result, ReconcilerError) else ()
    return LintOutcome(keyspace=keyspace.name, tables=keyspace.tables, problems=problems)
