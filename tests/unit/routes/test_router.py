"""The client for applications: what it relies on, for how long, and what it tries again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pymysql
import pytest

from reconciler.reshard.catalog import SPLIT_CAPABILITY, RouteState
from reconciler.reshard.triggers import CLOSED_ERROR, FENCED_ERROR
from reconciler.routes import (
    NoLease,
    NoRoutes,
    NotServed,
    OtherKeyFunction,
    Route,
    Router,
    catalog,
    router,
)
from tests.unit.routes.offline_catalog import OfflineCatalog, row

KEY = b"\x50"
LEASE_S = 20.0
MOVED = (row("-40"), row("40-80"), row("80-"))
CLOSED = (row("-40", state="closed"), row("40-80", state="closed"), row("80-"))


@dataclass
class Bench:
    """A router, and the clock it goes by; whoever sleeps lets time pass and may change things."""

    catalog: OfflineCatalog = field(default_factory=OfflineCatalog)
    now_s: float = 1_000.0
    slept: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.router = Router(
            self.catalog.connect,
            environment="production",
            keyspace="commerce",
            key_function="xxhash",
            name="web-1",
            lease_s=LEASE_S,
            patience_s=30.0,
            clock=lambda: self.now_s,
            sleep=self.sleep,
            chance=lambda: 0.5,
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds
        self.meanwhile()

    def moves_on(self, rows: tuple[tuple[str, str, str, str, str], ...]) -> None:
        self.catalog.version += 1
        self.catalog.rows = rows


@pytest.fixture
def bench() -> Bench:
    return Bench()


def refusal(number: int) -> pymysql.err.MySQLError:
    return pymysql.err.OperationalError(number, "refused")


def test_a_key_is_led_to_its_owner(bench: Bench) -> None:
    for key_id, place in (
        (b"", "-80"),
        (b"\x7f\xff", "-80"),
        (b"\x80", "80-"),
        (b"\xff" * 9, "80-"),
    ):
        assert bench.router.route(key_id).place == place
    assert bench.catalog.looks == 1
    assert bench.catalog.leases == {"web-1": 1}


@pytest.mark.invariant("SP-26")
def test_the_catalog_is_asked_again_from_the_half_of_the_lease_on(bench: Bench) -> None:
    bench.router.route(KEY)
    for later_s, looks in ((LEASE_S / 2 - 0.1, 1), (0.2, 2), (LEASE_S / 2 - 0.1, 2)):
        bench.now_s += later_s
        bench.router.route(KEY)
        assert bench.catalog.looks == looks


@pytest.mark.invariant("SP-26")
def test_without_an_answer_the_lease_is_used_up_and_not_a_moment_longer(bench: Bench) -> None:
    bench.router.route(KEY)
    bench.catalog.is_down = True
    bench.now_s += LEASE_S - 0.01
    assert bench.router.route(KEY).place == "-80"
    bench.now_s += 0.02
    for ask in (
        lambda: bench.router.route(KEY),
        lambda: bench.router.read(KEY, place_of),
        lambda: bench.router.write(KEY, place_of),
        lambda: bench.router.read_everywhere(len),
    ):
        with pytest.raises(NoLease, match="does not answer"):
            ask()
    bench.catalog.is_down = False
    assert bench.router.route(KEY).place == "-80"


@pytest.mark.invariant("SP-26")
def test_nothing_is_routed_before_the_first_answer(bench: Bench) -> None:
    bench.catalog.is_down = True
    with pytest.raises(NoLease):
        bench.router.route(KEY)


@pytest.mark.invariant("SP-26")
def test_a_lease_is_counted_from_before_the_question(bench: Bench) -> None:
    """The answer took long: the catalog may have begun to count at its beginning."""

    def slow() -> None:
        bench.now_s += LEASE_S - 1

    bench.catalog.at_commit = slow
    bench.router.route(KEY)
    bench.catalog.is_down = True
    bench.now_s += 1.5
    with pytest.raises(NoLease):
        bench.router.route(KEY)


@pytest.mark.invariant("SP-27")
def test_who_said_that_a_version_was_seen_routes_by_no_earlier_one(bench: Bench) -> None:
    """The answer to the lease is lost: the catalog waits for nobody any more."""
    bench.router.route(KEY)
    bench.moves_on(MOVED)

    def lost() -> None:
        bench.catalog.is_down = True
        raise refusal(2013)

    bench.catalog.at_commit = lost
    bench.now_s += LEASE_S / 2
    with pytest.raises(NoLease):
        bench.router.route(KEY)
    assert bench.catalog.leases == {"web-1": 2}


@pytest.mark.invariant("SP-27")
def test_a_lost_answer_about_the_same_version_takes_nothing_away(bench: Bench) -> None:
    bench.router.route(KEY)

    def lost() -> None:
        bench.catalog.is_down = True
        raise refusal(2013)

    bench.catalog.at_commit = lost
    bench.now_s += LEASE_S / 2
    assert bench.router.route(KEY).version == 1


def test_a_connection_that_the_server_has_ended_is_opened_again(bench: Bench) -> None:
    bench.router.route(KEY)
    bench.now_s += LEASE_S / 2
    ends = iter([True, False])

    def ended() -> None:
        if next(ends):
            raise refusal(2006)

    bench.catalog.at_commit = ended
    assert bench.router.route(KEY).place == "-80"
    assert bench.catalog.connections == 2


@pytest.mark.invariant("SP-26")
@pytest.mark.parametrize("number", [31017, 31018, 1020])
def test_what_a_moving_range_refuses_is_tried_again_with_longer_pauses(
    bench: Bench, number: int
) -> None:
    tried: list[str] = []

    def work(route: Route) -> str:
        tried.append(route.place)
        if len(tried) < 4:
            raise refusal(number)
        return "written"

    assert bench.router.write(KEY, work) == "written"
    assert len(tried) == 4
    assert bench.slept == [pytest.approx(0.0375 * 2**n) for n in range(3)]
    assert bench.catalog.looks == 4


@pytest.mark.invariant("SP-26")
def test_work_follows_the_range_and_waits_until_its_owner_serves(bench: Bench) -> None:
    steps = iter([CLOSED, MOVED])
    bench.meanwhile = lambda: bench.moves_on(next(steps))
    tried: list[str] = []

    def work(route: Route) -> str:
        tried.append(route.place)
        if route.place == "-80":
            raise refusal(31017)
        return route.place

    assert bench.router.write(KEY, work) == "40-80"
    assert tried == ["-80", "40-80"], "nobody knocks at an owner that serves nothing yet"


@pytest.mark.invariant("SP-26")
def test_a_table_that_was_renamed_away_is_looked_for_at_the_next_owner(bench: Bench) -> None:
    bench.router.route(KEY)
    bench.moves_on(MOVED)

    def work(route: Route) -> str:
        if route.place == "-80":
            raise pymysql.err.ProgrammingError(1146, "no such table")
        return route.place

    assert bench.router.read(KEY, work) == "40-80"


def test_a_table_that_never_was_is_told_at_once(bench: Bench) -> None:
    def work(_route: Route) -> str:
        raise pymysql.err.ProgrammingError(1146, "no such table")

    with pytest.raises(pymysql.err.ProgrammingError):
        bench.router.write(KEY, work)
    assert bench.slept == []


@pytest.mark.parametrize("number", [2013, 1062, 1213])
def test_what_is_not_about_a_move_is_the_applications(bench: Bench, number: int) -> None:
    """After a lost connection nobody knows whether the transaction took effect."""
    tried: list[str] = []

    def work(route: Route) -> str:
        tried.append(route.place)
        raise refusal(number)

    with pytest.raises(pymysql.err.OperationalError):
        bench.router.write(KEY, work)
    assert tried == ["-80"]


def test_patience_ends_and_says_why(bench: Bench) -> None:
    def work(_route: Route) -> str:
        raise refusal(31017)

    with pytest.raises(NotServed, match="no owner of -80 took the work for 30 s") as ended:
        bench.router.write(KEY, work)
    assert isinstance(ended.value.__cause__, pymysql.err.OperationalError)
    assert max(bench.slept) <= 1.0
    assert sum(bench.slept) < 32


@pytest.mark.invariant("SP-27")
def test_what_was_read_while_its_version_ended_is_thrown_away(bench: Bench) -> None:
    """Another thread has told the catalog meanwhile that the next version was seen."""
    found = iter(["old", "new"])

    def work(route: Route) -> str:
        if route.version == 1:
            bench.moves_on(MOVED)
            bench.now_s += LEASE_S / 2
            bench.router.route(KEY)
        return f"{next(found)} from {route.place}"

    assert bench.router.read(KEY, work) == "new from 40-80"


@pytest.mark.invariant("SP-27")
def test_what_was_read_for_longer_than_the_lease_is_thrown_away(bench: Bench) -> None:
    lasts_s = iter([LEASE_S + 1, 0.0])
    tried: list[str] = []

    def work(route: Route) -> str:
        tried.append(route.place)
        bench.now_s += next(lasts_s)
        return route.place

    assert bench.router.read(KEY, work) == "-80"
    assert tried == ["-80", "-80"]


def test_a_write_that_took_longer_than_the_lease_has_taken_effect(bench: Bench) -> None:
    def work(_route: Route) -> str:
        bench.now_s += LEASE_S + 1
        return "written"

    assert bench.router.write(KEY, work) == "written"


def test_what_is_asked_of_all_is_of_one_version(bench: Bench) -> None:
    bench.moves_on(CLOSED)
    bench.meanwhile = lambda: bench.moves_on(MOVED)
    assert bench.router.read_everywhere(lambda routes: [r.place for r in routes]) == [
        "-40",
        "40-80",
        "80-",
    ]


@pytest.mark.invariant("SP-26")
@pytest.mark.parametrize(
    "rows",
    [
        (),
        (row("-80"),),
        (row("80-"),),
        (row("-40"), row("80-")),
        (row("-80"), row("40-")),
        (row("-80"), row("-80"), row("80-")),
    ],
)
def test_routes_with_a_gap_or_an_overlap_are_not_used(
    bench: Bench, rows: tuple[tuple[str, str, str, str, str], ...]
) -> None:
    bench.catalog.rows = rows
    with pytest.raises(NoRoutes, match="exactly once"):
        bench.router.route(KEY)
    assert bench.catalog.leases == {}


def test_ranges_of_another_key_function_are_not_used(bench: Bench) -> None:
    bench.catalog.key_function = "hash"
    with pytest.raises(OtherKeyFunction, match="'hash', not of 'xxhash'"):
        bench.router.route(KEY)
    bench.catalog.version = 0
    with pytest.raises(NoRoutes, match="are recorded"):
        bench.router.route(KEY)


@pytest.mark.invariant("SP-28")
def test_client_and_splits_mean_the_same_by_their_words() -> None:
    """The client imports nothing of the rest, so that each has them for itself."""
    assert catalog.CAPABILITY == SPLIT_CAPABILITY
    assert (router._FENCED, router._CLOSED) == (FENCED_ERROR, CLOSED_ERROR)
    assert RouteState.ACTIVE.value == catalog._ACTIVE


def test_who_closes_keeps_nobody_waiting(bench: Bench) -> None:
    bench.router.route(KEY)
    bench.router.close()
    assert bench.catalog.leases == {}
    bench.router.close()


@pytest.mark.parametrize(
    ("name", "lease_s"), [("", 5.0), ("x" * 65, 5.0), ("web", 0.0), ("web", 20.1)]
)
def test_what_the_catalog_cannot_keep_is_refused(name: str, lease_s: float) -> None:
    with pytest.raises(ValueError, match=r"characters|lease"):
        Router(
            OfflineCatalog().connect,
            environment="production",
            keyspace="commerce",
            key_function="xxhash",
            name=name,
            lease_s=lease_s,
        )


def place_of(route: Route) -> str:
    return route.place
