"""Rollouts over regions that Temporal keeps, each figure against its bound:
`python bench/regions.py [WHAT...]`.

Two MySQL servers, one for each region, workers that know their own alone, and a Temporal server of
its own; tables are empty. WHAT is one or more of

  parts       what a part costs besides the work that its region does, with 4 shards and with 64
  killed      a region's worker is killed while its ALTER waits: until another one has the part
  stop        from the end of the statement that a stop waits for to the answer
  engine      Temporal is killed while a part runs, and comes back: until the next wave's statement
  controller  who decides is killed meanwhile, and comes back: until the next wave is ordered
  release     from a gate's release to the next wave's statement
  idle        the workers' processes: their memory (PSS), and share of a core over a minute

What `reconciler run` costs that has nothing to do is told by `bench/controller.py`. A figure that
is over its bound ends the command with 1.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.controller import cpu_s, memory_mb
from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor
from tests.connections import admin_connection
from tests.fleet import Fleet
from tests.integration.rollouts import ADD_COLUMN, ages, reading, waits
from tests.temporal.server import TemporalServer, temporal_server
from tests.temporal.stand import DECIDES, REGIONS, SILENT_S, Stand, Worker, stand
from tests.waiting import until

IDLE_S = 60.0
_NUMBERS = itertools.count()
_over: list[str] = []


def main() -> int:
    asked = sys.argv[1:] or list(FIGURES)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        binary = find_server(Flavor.MYSQL)
        servers = [opened.enter_context(start_server(binary)) for _ in REGIONS]
        temporal = opened.enter_context(temporal_server(folder / "temporal"))
        made = Maker(folder, servers, temporal)
        for name in asked:
            FIGURES[name](made)
    return 1 if _over else 0


class Maker:
    """Stands for the figures, each with a fleet, a namespace and a repository of its own."""

    def __init__(
        self, folder: Path, servers: list[RunningServer], temporal: TemporalServer
    ) -> None:
        self._folder, self._servers, self.temporal = folder, servers, temporal

    @contextmanager
    def rollout(self, shards: int = 4, **rollout: Any) -> Iterator[Stand]:
        """Begun, with all workers there and asking for work."""
        folder = self._folder / str(next(_NUMBERS))
        with pytest.MonkeyPatch.context() as patch:
            fleet = Fleet(folder / "shop", self._servers, _database, patch).found(shards)
            with stand(fleet, self.temporal, folder / "machines") as made:
                made.found(lock_wait="60s", **rollout)
                made.merge(_add_column)
                for who in (DECIDES, *REGIONS):
                    worker = made.worker(who)
                    until(partial(_is_ready, worker), "a worker")
                made.begin()
                yield made


def _add_column(fleet: Fleet) -> None:
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)


def _is_ready(worker: Worker) -> bool:
    return "ready" in worker.said


def parts(made: Maker) -> None:
    """All time in which no region works, over the parts: the engine's, and who decides."""
    found = {}
    for shards in (4, 64):
        with made.rollout(shards) as regions:
            regions.wait_for("completed")
            found[shards] = _beside_the_work(regions)
    for shards, (seconds, number, events) in found.items():
        name = f"a part's cost beside its work, {shards} shards ({number} parts, {events} events)"
        tell(name, seconds, "s", 0.3)
    tell("the same, 64 shards over 4", found[64][0] / found[4][0], "times", 1.5)


def killed(made: Maker) -> None:
    with made.rollout() as regions:
        with reading(regions.fleet, "-40"):
            until(lambda: waits(regions.fleet, "-40"), "the ALTER")
            another = regions.worker("eu")
            until(partial(_is_ready, another), "another worker")
            time.sleep(2)  # until it asks for work
            _first(regions, "eu").kill()
            since_s = time.monotonic()
            until(lambda: _attempt(regions) > 1, "the next attempt")
            took_s = time.monotonic() - since_s
        regions.wait_for("completed")
    tell(f"killed to taken up, silent for {SILENT_S} s", took_s, "s", SILENT_S + 5)


def stop(made: Maker) -> None:
    with made.rollout() as regions, ThreadPoolExecutor(1) as threads:
        with reading(regions.fleet, "-40"):
            until(lambda: waits(regions.fleet, "-40"), "the ALTER")
            answered = threads.submit(lambda: (regions.rollout("stop"), time.monotonic()))
            time.sleep(4)
        until(lambda: "-40" in ages(regions.fleet), "the statement", pause_s=0.01)
        since_s = time.monotonic()
        ended, at_s = answered.result()
        assert "nothing runs any more" in ended.said, ended.said
    tell("the statement's end to the stop's answer", max(0.0, at_s - since_s), "s", 2)


def engine(made: Maker) -> None:
    with made.rollout() as regions:
        with reading(regions.fleet, "-40"):
            until(lambda: waits(regions.fleet, "-40"), "the ALTER")
            made.temporal.kill()
        until(lambda: "-40" in ages(regions.fleet), "the statement")
        time.sleep(3)
        made.temporal.start()
        took_s = _until_wave_2(regions)
        regions.wait_for("completed")
    tell("Temporal back to the next wave's first statement", took_s, "s", 10)


def controller(made: Maker) -> None:
    with made.rollout() as regions:
        with reading(regions.fleet, "-40"):
            until(lambda: waits(regions.fleet, "-40"), "the ALTER")
            _first(regions, DECIDES).kill()
        until(lambda: "-40" in ages(regions.fleet), "the statement")
        time.sleep(3)
        back = regions.worker(DECIDES)
        until(partial(_is_ready, back), "who decides", pause_s=0.01)
        ready_s = time.time()
        regions.wait_for("completed")
        took_s = _ordered(_events(regions))["2/eu"] - ready_s
    tell("who decides is back to the next wave's order", max(0.0, took_s), "s", 5)


def release(made: Maker) -> None:
    with made.rollout(gate=True) as regions:
        regions.wait_for("paused")
        assert regions.rollout("release").code == 0
        took_s = _until_wave_2(regions)
    tell("released to the next wave's first statement", took_s, "s", 5)


def idle(made: Maker) -> None:
    with made.rollout() as regions:
        regions.wait_for("completed")
        time.sleep(5)
        of = {who: _first(regions, who).process.pid for who in (DECIDES, *REGIONS)}
        before_s = {who: cpu_s(pid) for who, pid in of.items()}
        time.sleep(IDLE_S)
        for who, pid in of.items():
            name = f"worker of {who or 'rollouts'}, idle"
            tell(f"{name}: memory", memory_mb(pid), "MB", 90)
            tell(f"{name}: of a core", (cpu_s(pid) - before_s[who]) / IDLE_S * 100, "%", 0.5)


FIGURES: dict[str, Callable[[Maker], None]] = {
    one.__name__: one for one in (parts, killed, stop, engine, controller, release, idle)
}


def tell(what: str, found: float, unit: str, bound: float) -> None:
    is_over = found > bound
    if is_over:
        _over.append(what)
    print(
        f"{'OVER' if is_over else 'ok':4} {what}: {found:.2f} {unit} (at most {bound})", flush=True
    )


def _beside_the_work(regions: Stand) -> tuple[float, int, int]:
    """Seconds a part, how many parts, and how many events the history has."""
    events = _events(regions)
    at_s = {int(event["eventId"]): _moment_s(event) for event in events}
    work = [
        (at_s[int(told["startedEventId"])], at_s[int(event["eventId"])])
        for event in events
        if (told := event.get("activityTaskCompletedEventAttributes"))
    ]
    busy_s, until_s = 0.0, 0.0
    for began_s, ended_s in sorted(work):
        busy_s += max(0.0, ended_s - max(began_s, until_s))
        until_s = max(until_s, ended_s)
    whole_s = max(at_s.values()) - min(at_s.values())
    return (whole_s - busy_s) / len(work), len(work), len(events)


def _ordered(events: list[dict[str, Any]]) -> dict[str, float]:
    """When each part was ordered."""
    name = "activityTaskScheduledEventAttributes"
    return {event[name]["activityId"]: _moment_s(event) for event in events if name in event}


def _events(regions: Stand) -> list[dict[str, Any]]:
    told = regions.ask("workflow", "show", "-w", "production/shop", "-o", "json")
    found: list[dict[str, Any]] = json.loads(told or "{}")["events"]
    return found


def _moment_s(event: dict[str, Any]) -> float:
    """Of a time that may have nine digits behind the point."""
    text = re.sub(r"(\.\d{6})\d*", r"\1", event["eventTime"])
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _attempt(regions: Stand) -> int:
    return max((one["attempt"] for one in regions.look()["ordered"] if one["begun_s"]), default=0)


def _until_wave_2(regions: Stand) -> float:
    since_s = time.monotonic()
    until(lambda: len(ages(regions.fleet)) > 1, "the next wave", pause_s=0.01)
    return time.monotonic() - since_s


def _first(regions: Stand, who: str) -> Worker:
    return next(one for one in regions.started if f"log-{who or 'decides'}-" in one.log.name)


def _database(server: RunningServer) -> str:
    name = f"bench_{next(_NUMBERS)}"
    with admin_connection(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    return name


if __name__ == "__main__":
    sys.exit(main())
