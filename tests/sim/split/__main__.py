"""`python -m tests.sim.split SEEDS`: the splits of these seeds, simulated, one after the other.

A failure prints its seed and what was wrong; the same seed does the same again.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from tests.seeds import seeds_from
from tests.sim.run import close_ledgers
from tests.sim.split.chaos import split_of


def main(seeds: Sequence[int]) -> int:
    ends: Counter[str] = Counter()
    for seed in seeds:
        try:
            ends[split_of(seed)] += 1
        except AssertionError as failure:
            ends["failed"] += 1
            sys.stdout.write(f"seed {seed}: {failure}\n")
        except Exception as fault:
            fault.add_note(f"seed {seed}")
            raise
        close_ledgers()
    told = ", ".join(f"{number} {end}" for end, number in sorted(ends.items()))
    sys.stdout.write(f"{len(seeds)} runs: {told}\n")
    return 1 if ends["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(seeds_from(sys.argv[1])))
