"""`python -m tests.integration.chaos FIRST LAST [ENGINE]`: the runs of these seeds, one after the
other, by the server's own DDL or by an engine, on every server that it works with; `programs` in
place of an engine: of plans that change programs as well.

A failure prints its seed and what was done; the same seed does the same again. Moments are measured
in real time, so that a failure that needs a very exact one may take a few tries to come back.
"""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from reconciler.edges.ledger.sql import open_ledger
from reconciler.model.engine import EngineName
from reconciler.model.server import Flavor
from tests.integration.chaos.engines import EngineChaosRun, scene_of
from tests.integration.chaos.fleet import BY_THE_SERVER, ChaosFleet
from tests.integration.chaos.programs import ProgramFleet
from tests.integration.chaos.run import ChaosRun
from tests.integration.chaos.server import LEDGER_DATABASE, CrashableServer, crashable_server

SERVERS: Mapping[EngineName, tuple[Flavor, ...]] = {
    EngineName.DIRECT: tuple(Flavor),
    EngineName.GH_OST: tuple(Flavor),
    EngineName.SPIRIT: (Flavor.MYSQL,),
    EngineName.PT_OSC: tuple(Flavor),
}


PROGRAMS = "programs"


def main(first: int, last: int, engine: EngineName, *, programs: bool) -> int:
    failed = 0
    is_direct = engine is EngineName.DIRECT
    scene, kind = (BY_THE_SERVER, ChaosRun) if is_direct else (scene_of(engine), EngineChaosRun)
    with ExitStack() as opened:
        servers = [opened.enter_context(crashable_server(flavor)) for flavor in SERVERS[engine]]
        fleets = tuple(
            ProgramFleet(server) if programs else ChaosFleet(server, scene) for server in servers
        )
        ledger_server = opened.enter_context(crashable_server(Flavor.MYSQL))
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        _prepare(ledger_server, Path(folder))
        for seed in range(first, last + 1):
            try:
                kind(fleets, ledger_server, Path(folder), seed).run()
            except AssertionError as failure:
                failed += 1
                sys.stdout.write(f"{failure}\n")
    sys.stdout.write(f"{last - first + 1} runs, {failed} failed\n")
    return 1 if failed else 0


def _prepare(ledger_server: CrashableServer, folder: Path) -> None:
    """What each process that is forked would do first, done once: SQLAlchemy learns what it needs
    for a ledger of either kind, and what is there is no garbage."""
    ledger_server.admin(f"CREATE DATABASE {LEDGER_DATABASE}")
    for url in (None, ledger_server.ledger_url):
        open_ledger(url, default_file=folder / "first.sqlite").close()
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    named = sys.argv[3] if len(sys.argv) > 3 else EngineName.DIRECT.value
    by = EngineName.DIRECT if named == PROGRAMS else EngineName(named)
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), by, programs=named == PROGRAMS))
