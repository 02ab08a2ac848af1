"""`python -m tests.integration.chaos FIRST LAST`: the runs of these seeds, one after the other.

A failure prints its seed and what was done; the same seed does the same again. Moments are measured
in real time, so that a failure that needs a very exact one may take a few tries to come back.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from reconciler.model.server import Flavor
from tests.integration.chaos.fleet import ChaosFleet
from tests.integration.chaos.run import ChaosRun
from tests.integration.chaos.server import crashable_server


def main(first: int, last: int) -> int:
    failed = 0
    with ExitStack() as opened:
        fleets = tuple(
            ChaosFleet(opened.enter_context(crashable_server(flavor))) for flavor in Flavor
        )
        ledger_server = opened.enter_context(crashable_server(Flavor.MYSQL))
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        for seed in range(first, last + 1):
            try:
                ChaosRun(fleets, ledger_server, Path(folder), seed).run()
            except AssertionError as failure:
                failed += 1
                sys.stdout.write(f"{failure}\n")
    sys.stdout.write(f"{last - first + 1} runs, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
