"""Which engine is behind a name: the one place where the programs' adapters are built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from reconciler.edges.engines.find import EngineProgram, engine_program
from reconciler.edges.engines.gh_ost.engine import GhOstEngine
from reconciler.edges.engines.problems import engine_missing
from reconciler.edges.engines.pt_osc.engine import PtOscEngine
from reconciler.edges.engines.spirit.engine import SpiritEngine
from reconciler.edges.engines.vitess.engine import VitessEngine
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.model.engine import EngineName
from reconciler.ports.engine import Engine


class ProgramEngine(Engine, Protocol):
    """An engine that is a program of its own, or the cluster's."""

    def close(self) -> None:
        """The session ends, and with it the claim: no program of it goes on. What it copied can be
        taken up by the next one. Raises nothing of the network's."""


_ADAPTERS: Mapping[EngineName, Callable[[ShardLink, EngineProgram], ProgramEngine]] = {
    EngineName.GH_OST: GhOstEngine,
    EngineName.PT_OSC: PtOscEngine,
    EngineName.SPIRIT: SpiritEngine,
}


def open_engine(name: EngineName, shard: ShardLink) -> ProgramEngine:
    """Raises Unavailable where its program is not at hand, or of a version nobody has tried."""
    if name is EngineName.VITESS:
        return VitessEngine(shard)
    if name not in _ADAPTERS:
        raise engine_missing(name)
    return _ADAPTERS[name](shard, engine_program(name))
