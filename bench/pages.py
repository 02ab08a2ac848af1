"""How long a page takes to write, and how large it is: `python bench/pages.py [SHARDS]`.

The bounds are one second and 1.5 MB for 4,096 shards.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.report.render import Format, Presentation, drift_report, plan_report, status_report
from tests.sample_pages import NOW_S, wide_drift, wide_plan, wide_status

SECONDS_MAX = 1.0
BYTES_MAX = 1_500_000
REPEATS = 5
HTML = Presentation(format=Format.HTML, tool_version="1.0.0", now_s=NOW_S)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4096
    pages: dict[str, Callable[[], str]] = {
        "plan": partial(plan_report, [wide_plan(count)], HTML),
        "status": partial(status_report, wide_status(count), HTML),
        "drift": partial(drift_report, [wide_drift(count)], HTML),
    }
    for name, write in pages.items():
        times_s, text = [], ""
        for _ in range(REPEATS):
            started_s = time.perf_counter()
            text = write()
            times_s.append(time.perf_counter() - started_s)
        took_s, size = statistics.median(times_s), len(text.encode())
        bounds = f"at most {SECONDS_MAX} s and {BYTES_MAX:,} bytes"
        print(f"page of {name}, {count:,} shards: {took_s:.2f} s, {size:,} bytes ({bounds})")
        assert size <= BYTES_MAX, name
        assert took_s <= SECONDS_MAX, name


if __name__ == "__main__":
    main()
