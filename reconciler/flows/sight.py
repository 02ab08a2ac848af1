"""How the shards of an environment are seen: by asking them, or as regions saw them.

Where no machine reaches every shard, each region looks at its own and leaves a file, and one that
has no login of any shard judges by the files (RG-90).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.errors import Problem
from reconciler.ports.ledger import Ledger, NoLastingLedger
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True)
class Sight:
    """`observed` gives a world whose shards are what files say; it raises Refused for a file that
    is not what it should be. None: shards are asked."""

    observed: Callable[[World, DesiredFiles, Environment], World] | None = None

    @property
    def is_of_regions(self) -> bool:
        return self.observed is not None

    def of(self, world: World, files: DesiredFiles, environment: Environment) -> World:
        """With nothing left in it that would ask a shard. Raises as `observed`."""
        if self.observed is None:
            return world
        return replace(self.observed(world, files, environment), rows=None, counts=None)

    def ledger(
        self, open_ledger: Callable[[Environment], Ledger], environment: Environment
    ) -> Callable[[], Ledger]:
        """Who knows whose the tables are that look like an engine's: of regions each its own."""
        if self.observed is None:
            return lambda: open_ledger(environment)

        def nobody() -> Ledger:
            raise NoLastingLedger(_known_in_regions(environment))

        return nobody


BY_ASKING = Sight()


def _known_in_regions(environment: Environment) -> Problem:
    return Problem(
        code="ledgers-of-regions",
        message=f"environment {environment.name} was seen by its regions' files, and whose the"
        " tables are that engines may have made, only the ledger of each region knows",
        recovery="look with `reconciler drift --region NAME` in the regions that have such tables;"
        " or, if they are nobody's, leave them alone with `policy.ignore_tables`",
    )
