"""MariaDB's sequences, which must be there before a table whose defaults use them can be made."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.ddl.foreign import ForeignDefinition, foreign_object
from reconciler.ddl.sequences import uses_sequence
from reconciler.diff.pairing import name_key
from reconciler.model.object_id import ObjectKind
from reconciler.model.schema import OtherObject


def sequences_for(
    others: Iterable[OtherObject], texts: Iterable[str]
) -> tuple[ForeignDefinition, ...]:
    """Those of the objects that some of the texts may use. One that is not understood is left out,
    and missed by the table that uses it."""
    found = [o for o in others if o.kind is ObjectKind.SEQUENCE and o.definition]
    if not found:
        return ()
    folded = [name_key(text) for text in texts if uses_sequence(text)]
    used = (o for o in found if any(name_key(o.name) in text for text in folded))
    return tuple(filter(None, map(foreign_object, used)))
