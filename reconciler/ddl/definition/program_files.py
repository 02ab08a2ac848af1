"""Which reader a program's file has, by the folder that it stands in."""

from __future__ import annotations

from reconciler.ddl.definition.event_file import read_event_file
from reconciler.ddl.definition.program_file import ProgramFile
from reconciler.ddl.definition.routine_file import read_routine_file
from reconciler.ddl.definition.sequence_file import read_sequence_file
from reconciler.ddl.definition.view_file import read_view_file
from reconciler.model.programs import ManagedKind

_READERS = {
    ManagedKind.VIEWS: read_view_file,
    ManagedKind.ROUTINES: read_routine_file,
    ManagedKind.SEQUENCES: read_sequence_file,
    ManagedKind.EVENTS: read_event_file,
}


def read_program_file(kind: ManagedKind, text: str, path: str) -> ProgramFile:
    """`text` has LF line endings. Raises InvalidInput with all problems found."""
    return _READERS[kind](text, path)
