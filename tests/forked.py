"""`--forked`: tests that are collected once: when they are, a process for each core is forked, or
more of them for tests that wait for servers, and takes the next few whenever it is done with some.

With pytest-xdist each process collects them all again, and to tell of a small test takes more than
to run it. Servers are each process's own: no fixture has begun when it is forked.

Rule: a run of which a process died, or left out a test that it had taken, has failed, and says at
which test that was.
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, NoReturn

import pytest

from tests.machine import cores

# The first ones take many: neighbours share what was read. The last ones few: nobody is waited for.
TESTS_AT_ONCE_MIN = 4
_TURNS = 3
_NUMBER_BYTES = 4


class Forked:
    """A plugin of pytest. Tests that are long stand first, and are taken one by one."""

    def __init__(
        self, processes: int | None = None, is_long: Callable[[pytest.Item], bool] = lambda _: False
    ) -> None:
        self._processes = processes or cores()
        self._is_long = is_long

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly:
            return None  # what follows says so
        long = sum(map(self._is_long, session.items))
        stays = [_stays(one, other) for one, other in pairwise(session.items)]
        taken = parts(len(session.items), long=long, processes=self._processes, stays=stays)
        _run(session, taken, self._processes)
        return True


def _stays(test: pytest.Item, following: pytest.Item) -> bool:
    """Whether both say that they share what is made once."""
    of, other = (one.get_closest_marker("together") for one in (test, following))
    return of is not None and other is not None and of.args == other.args


def parts(count: int, *, long: int = 0, processes: int, stays: Sequence[bool] = ()) -> list[range]:
    """In which parts so many tests are taken, of which so many are long. `stays`: of each whether
    the one behind it is not parted from it."""
    found = [range(place, place + 1) for place in range(long)]
    begin = long
    while begin < count:
        size = max(TESTS_AT_ONCE_MIN, (count - begin) // (_TURNS * processes))
        end = min(count, begin + size)
        while end < count and stays and stays[end - 1]:
            end += 1
        found.append(range(begin, end))
        begin = end
    return found


def _run(session: pytest.Session, taken: Sequence[range], processes: int) -> None:
    config: Any = session.config
    config.pluginmanager.getplugin("terminalreporter").showfspath = False
    config._tmp_path_factory.getbasetemp()  # one for all of them, which this process removes
    taking = _numbers(len(taken))
    started: dict[Connection, int] = {}
    for _ in range(processes):
        told, telling = Pipe(duplex=False)
        if (process_id := os.fork()) == 0:
            for listening in (told, *started):  # whoever tells shall see that nobody listens
                listening.close()
            _be_one(session, _items(session, taken, taking), telling)
        telling.close()
        started[told] = process_id
    os.close(taking)
    ended = _listen(session, started)
    if left_out := [item.nodeid for item in session.items if item.nodeid not in ended]:
        pytest.exit(
            f"of {len(session.items)} tests {len(left_out)} have not ended, the first of them:"
            f" {left_out[0]}",
            returncode=3,
        )


def _numbers(count: int) -> int:
    """A pipe that holds them, each for whoever reads it first."""
    taking, filling = os.pipe()
    with os.fdopen(filling, "wb") as file:
        for number in range(count):
            file.write(number.to_bytes(_NUMBER_BYTES, "big"))
    return taking


def _items(
    session: pytest.Session, taken: Sequence[range], taking: int
) -> Iterator[pytest.Item | None]:
    """None behind the last one."""
    while number := os.read(taking, _NUMBER_BYTES):
        for place in taken[int.from_bytes(number, "big")]:
            yield session.items[place]
    yield None


def _listen(session: pytest.Session, started: dict[Connection, int]) -> set[str]:
    """The tests that have ended; all processes have then."""
    config, ended = session.config, set[str]()
    while started:
        for connection in wait([*started]):
            assert isinstance(connection, Connection)
            try:
                told = json.loads(connection.recv_bytes())
            except EOFError:
                os.waitpid(started.pop(connection), 0)
                connection.close()
                continue
            ended.add(told["nodeid"])
            place = {"nodeid": told["nodeid"], "location": tuple(told["location"])}
            config.hook.pytest_runtest_logstart(**place)
            for data in told["reports"]:
                report = config.hook.pytest_report_from_serializable(config=config, data=data)
                config.hook.pytest_runtest_logreport(report=report)
            config.hook.pytest_runtest_logfinish(**place)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
    return ended


class _Reports:
    """A plugin of a process that runs tests."""

    def __init__(self, config: pytest.Config) -> None:
        self.made: list[pytest.TestReport] = []
        self._is_timed = config.getoption("durations") is not None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of what is around a test nobody hears when all went well, which is nearly always."""
        if self._is_timed or report.when == "call" or not report.passed:
            self.made.append(report)


def _be_one(
    session: pytest.Session, items: Iterator[pytest.Item | None], telling: Connection
) -> NoReturn:
    try:
        _run_each(session, items, telling)
    except (BrokenPipeError, KeyboardInterrupt):  # nobody listens any more
        os._exit(1)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _run_each(
    session: pytest.Session, items: Iterator[pytest.Item | None], telling: Connection
) -> None:
    config, reports = session.config, _Reports(session.config)
    capturing: Any = config.pluginmanager.getplugin("capturemanager")
    capturing.stop_global_capturing()  # what is captured goes to files that the others have, too
    capturing.start_global_capturing()
    capturing.suspend_global_capture()
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(reports)
    hook = config.hook
    for item, following in pairwise(items):
        assert item is not None
        hook.pytest_runtest_protocol(item=item, nextitem=following)
        made = [
            hook.pytest_report_to_serializable(config=config, report=one) for one in reports.made
        ]
        reports.made.clear()
        told = {"nodeid": item.nodeid, "location": item.location, "reports": made}
        telling.send_bytes(json.dumps(told).encode())
