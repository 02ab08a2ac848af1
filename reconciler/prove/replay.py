"""The statements of a proof once more, exactly as they will run, on a copy in another state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model.server import ServerError
from reconciler.prove.chain import Ran
from reconciler.prove.copies import Copy, CopyMaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A statement that fails (`error`), or leaves another table behind than it was proven to."""

    ran: Ran
    table: str
    error: ServerError | None = None
    read_back: str | None = None


def replay(maker: CopyMaker, copy: Copy, statements: Sequence[Ran]) -> Disagreement | None:
    """Tables without an expected fingerprint are only held to succeed, and only until they are
    rebuilt: that gives them the state that a new table has."""
    unchecked = set(maker.original.texts) - set(maker.original.expected)
    for ran in statements:
        if ran.step.table in unchecked and ran.execution.rebuilds:
            return None
        error = copy.run(ran.sent)
        if error is not None:
            return Disagreement(ran=ran, table=ran.step.table, error=error)
        wanted = {effect.object_id.name: effect.after for effect in ran.effects}
        found = maker.read(copy, wanted.keys() - unchecked)
        for table, after in wanted.items():
            read = found.get(table)
            if table not in unchecked and after != (read.fingerprint if read else None):
                text = read.text if read else None
                return Disagreement(ran=ran, table=table, read_back=text)
    return None
