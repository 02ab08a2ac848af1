"""One of several processes that want the same thing of a ledger at once; it tells what it got.

`python -m tests.integration.split_racer URL WHAT NAME` begins once a line comes on its input.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path

from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.errors import Refused
from reconciler.ports.split_jobs import JobMoved
from reconciler.reshard.phases import Phase
from tests.contract.ledgers import begun
from tests.sample_splits import new_job

KEYSPACES = tuple(f"ks{number}" for number in range(12))
TURNS = 15


def main(url: str, what: str, name: str) -> None:
    ledger = open_ledger(url, default_file=Path("unused"))
    tell("ready")
    sys.stdin.readline()
    tell(json.dumps({"split": splits, "apply": applies, "turns": turns}[what](ledger, name)))
    ledger.close()


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def splits(ledger: SqlLedger, name: str) -> list[str]:
    """The keyspaces that it got, each for a split of its own."""
    got = []
    for keyspace in KEYSPACES:
        try:
            ledger.split_jobs.open(new_job(keyspace), holder=name, now_s=1.0)
            got.append(keyspace)
        except Refused:
            pass
    return got


def applies(ledger: SqlLedger, _name: str) -> list[str]:
    got = []
    for keyspace in KEYSPACES:
        try:
            begun(ledger, keyspace)
            got.append(keyspace)
        except Refused:
            pass
    return got


def turns(ledger: SqlLedger, _name: str) -> list[int]:
    """The revisions that it made of one job: there and back, as often as it was faster."""
    made: list[int] = []
    while len(made) < TURNS:
        job = ledger.split_jobs.live("production", "ks0")
        assert job is not None
        to = Phase.CATCHUP if job.phase is Phase.ARM else Phase.ARM
        with suppress(JobMoved):
            made.append(ledger.split_jobs.move(job, to, now_s=2.0).revision)
    return made


if __name__ == "__main__":
    main(*sys.argv[1:])
