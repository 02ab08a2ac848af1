"""How long a plan of one unchanged shard takes, its scratch server kept, and when it first speaks.

    python bench/one_shard.py [--tables 50] [--runs 9]

The first plan starts the scratch server (`scratch: {keep: 10m}`); those that are timed find it.
What counts are the medians, against bounds that hold on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.fleet import TABLE, databases_on, made_of, ours, run
from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import start_server
from reconciler.edges.server.warm import end_warm_servers
from reconciler.model.server import Flavor

PLAN_S_MAX = 0.6
FIRST_LINE_S_MAX = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=50)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    os.environ["RECONCILER_SCRATCH"] = "{keep: 10m}"
    os.environ.pop("CI", None)
    with (
        tempfile.TemporaryDirectory(prefix="bench-one-") as folder,
        start_server(find_server(Flavor.MYSQL)) as server,
    ):
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        tables = [TABLE.format(number=n, size=50 + n) for n in range(options.tables)]
        databases = databases_on([server], 1)
        run(server, [sql for name in databases for sql in made_of(name, tables)])
        plan = ours(Path(folder) / "repository", databases, tables)
        try:
            plan()
            ran = [plan() for _ in range(options.runs)]
        finally:
            end_warm_servers()
    wall_s = statistics.median(one.seconds for one in ran)
    first_line_s = statistics.median(one.first_line_s for one in ran)
    told(f"plan of one shard of {options.tables} tables, scratch kept", wall_s, PLAN_S_MAX)
    told("its first line", first_line_s, FIRST_LINE_S_MAX)
    return 0


def told(what: str, seconds: float, bound_s: float) -> None:
    verdict = "within" if seconds <= bound_s else "OVER"
    print(f"{what}: {seconds:.2f} s, {verdict} {bound_s} s")


if __name__ == "__main__":
    sys.exit(main())
