"""Programs' texts that are refused, each read once: what is refused on one shard is refused on the
next, and takes as long to read."""

from __future__ import annotations

from reconciler.ddl.programs.kinds import read_program
from reconciler.errors import Problem, Refused
from reconciler.model.object_id import ObjectId
from reconciler.model.programs import ManagedProgram


class ProgramTexts:
    """For one look; what is understood is for its reader to remember."""

    def __init__(self) -> None:
        self._refused: dict[tuple[ObjectId, str], tuple[Problem, ...]] = {}

    def read(self, about: ObjectId, text: str) -> ManagedProgram:
        """Raises what `read_program` raises."""
        if (refused := self._refused.get((about, text))) is not None:
            raise Refused(*refused)
        try:
            return read_program(about, text)
        except Refused as error:
            self._refused[about, text] = error.problems
            raise
