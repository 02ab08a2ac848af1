"""The client for applications on real catalogs: what a login needs, and an application under load
whose ranges move below it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from demo.routed_shop import key_id
from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.edges.server.process import RunningServer
from reconciler.errors import Refused
from reconciler.reshard.job import SplitJob
from reconciler.reshard.phases import Phase
from reconciler.routes import Router
from tests.conftest import FreshDatabase, run_as_admin
from tests.sample_splits import brought_to, new_job
from tests.waiting import until

SHOP = Path(__file__).parents[2] / "demo" / "routed_shop.py"
ORDERS = (
    "CREATE TABLE `{}`.orders (customer_id bigint NOT NULL, number int NOT NULL,"
    " PRIMARY KEY (customer_id, number))"
)
FENCE = (
    "CREATE TRIGGER `{}`.fence BEFORE INSERT ON orders FOR EACH ROW SIGNAL SQLSTATE '45000'"
    " SET MYSQL_ERRNO = 31017, MESSAGE_TEXT = 'fenced'"
)
PLACES = ("-80", "80-", "-40", "40-80")
LEASE_S = 2.0
# Of a login for applications, as docs/routes.md says.
GRANTS = (
    "GRANT SELECT ON `{0}`.reconciler_route_catalogs TO '{1}'@'%'",
    "GRANT SELECT ON `{0}`.reconciler_routes TO '{1}'@'%'",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON `{0}`.reconciler_route_leases TO '{1}'@'%'",
)


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def server(request: pytest.FixtureRequest) -> RunningServer:
    found: RunningServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def database(server: RunningServer, fresh_database: FreshDatabase) -> str:
    return fresh_database(server)


@pytest.fixture
def ledger(server: RunningServer, database: str) -> Iterator[SqlLedger]:
    login = f"{server.admin.user}:{server.admin.password}"
    url = f"mysql://{login}@{server.host}:{server.port}/{database}"
    opened = open_ledger(url, default_file=Path("unused"))
    opened.routes.adopt(
        "production", "shop", key_function="binary_md5", shards=("-80", "80-"), by="me", now_s=1.0
    )
    yield opened
    opened.close()


@pytest.fixture
def application(server: RunningServer, database: str, ledger: SqlLedger) -> Iterator[str]:
    """A login that may do what docs/routes.md asks for, and nothing else."""
    name = f"app_{abs(hash(database)) % 10**8}"
    run_as_admin(server, f"CREATE USER '{name}'@'%' IDENTIFIED BY 'an-App-passw0rd'")
    for grant in GRANTS:
        run_as_admin(server, grant.format(database, name))
    yield name
    run_as_admin(server, f"DROP USER '{name}'@'%'")


def reached(server: RunningServer, database: str, user: str | None = None) -> dict[str, Any]:
    return {
        "host": server.host,
        "port": server.port,
        "user": user or server.admin.user,
        "password": "an-App-passw0rd" if user else server.admin.password,
        "database": database,
    }


def router_of(server: RunningServer, database: str, user: str, **options: Any) -> Router:
    return Router(
        lambda: pymysql.connect(**reached(server, database, user)),
        environment="production",
        keyspace="shop",
        key_function="binary_md5",
        name="web-1",
        **options,
    )


def split_to(ledger: SqlLedger, phase: Phase) -> SplitJob:
    job = ledger.split_jobs.open(new_job("shop"), holder="me", now_s=1.0)
    return brought_to(ledger, job, phase)


@pytest.mark.invariant("SP-24")
def test_a_router_registers_what_it_saw_by_a_login_of_its_own(
    server: RunningServer, database: str, ledger: SqlLedger, application: str
) -> None:
    router = router_of(server, database, application)
    assert router.route(b"\x10").place == "-80"
    (lease,) = ledger.routes.leases("production", "shop")
    assert (lease.router, lease.seen_version) == ("web-1", 1)
    assert lease.capabilities == ("split-v1",)
    assert 0 < lease.left_s <= 20
    job = ledger.routes.cut_over(split_to(ledger, Phase.CUTOVER))
    with pytest.raises(Refused, match="1 applications may still route"):
        ledger.routes.open_targets(job)
    router.close()
    assert ledger.routes.leases("production", "shop") == ()
    assert ledger.routes.open_targets(job).opened_version == 3


@pytest.mark.invariant("SP-24")
def test_no_version_begins_between_a_look_and_its_lease(
    server: RunningServer, database: str, ledger: SqlLedger, application: str
) -> None:
    """Who has looked and not yet registered keeps the cutover waiting; so no lease of an earlier
    version comes after those were counted."""
    job = split_to(ledger, Phase.CUTOVER)
    with (
        pymysql.connect(**reached(server, database, application)) as connection,
        connection.cursor() as cursor,
    ):
        connection.begin()
        cursor.execute("SELECT version FROM reconciler_route_catalogs LOCK IN SHARE MODE")
        cutting = subprocess.Popen(
            [sys.executable, "-c", CUT_OVER, str(job.job_id)],
            env={"LEDGER": ledger_url(server, database), "PATH": ""},
            cwd=SHOP.parents[1],
        )
        until(lambda: waits_for_a_row(server), "the cutover to wait")
        assert cutting.poll() is None
        catalog = ledger.routes.read("production", "shop")
        assert catalog is not None
        assert catalog.version == 1
        connection.commit()
    assert cutting.wait() == 0
    found = ledger.split_jobs.job(job.job_id)
    assert found is not None
    assert found.phase is Phase.CLEANUP


CUT_OVER = """
import os, sys
from pathlib import Path
from reconciler.edges.ledger.sql import open_ledger
ledger = open_ledger(os.environ["LEDGER"], default_file=Path("unused"))
ledger.routes.cut_over(ledger.split_jobs.job(int(sys.argv[1])))
"""


def ledger_url(server: RunningServer, database: str) -> str:
    login = f"{server.admin.user}:{server.admin.password}"
    return f"mysql://{login}@{server.host}:{server.port}/{database}"


def waits_for_a_row(server: RunningServer) -> bool:
    asked = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
    return bool(rows_of(server, asked)[0][0])


def rows_of(server: RunningServer, asked: str) -> tuple[tuple[Any, ...], ...]:
    with (
        pymysql.connect(**reached(server, "mysql")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(asked)
        return tuple(cursor.fetchall())


@pytest.mark.invariant("SP-27")
def test_an_application_under_load_goes_on_while_its_range_is_split(
    server: RunningServer,
    database: str,
    ledger: SqlLedger,
    application: str,
    fresh_database: FreshDatabase,
    tmp_path: Path,
) -> None:
    """The fence is put up, the rows are copied, the routes change, the source is renamed away, and
    the targets are opened; meanwhile nothing is lost, and no count is an old one."""
    places = {place: fresh_database(server) for place in PLACES}
    for name in places.values():
        run_as_admin(server, ORDERS.format(name))
    settings = tmp_path / "settings.json"
    settings.write_text(
        json.dumps(
            {
                "catalog": reached(server, database, application),
                "places": {place: reached(server, name) for place, name in places.items()},
                "environment": "production",
                "keyspace": "shop",
                "name": "web-1",
                "lease_s": LEASE_S,
            }
        )
    )
    shop = subprocess.Popen(
        [sys.executable, str(SHOP), str(settings)],
        env={"PYTHONPATH": str(SHOP.parents[1]), "PATH": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert shop.stdout is not None
    assert shop.stdout.readline() == "open\n"
    source = places["-80"]
    until(lambda: count_in(server, source) > 50, "the shop to sell")
    job = split_to(ledger, Phase.CUTOVER)
    run_as_admin(server, FENCE.format(source))
    copy(server, source, {"-40": places["-40"], "40-80": places["40-80"]})
    job = ledger.routes.cut_over(job)
    run_as_admin(server, f"RENAME TABLE `{source}`.orders TO `{source}`.retired")
    until(opens(ledger, job), "the application to have seen the cutover")
    moved = count_in(server, places["-40"])
    until(lambda: count_in(server, places["-40"]) > moved + 20, "the shop to sell there")
    told, _ = shop.communicate()
    assert shop.returncode == 0
    ended = json.loads(told)
    assert ended["missed"] == 0
    sold = {(int(customer), count) for customer, count in ended["sold"].items()}
    targets = [places[place] for place in ("-40", "40-80", "80-")]
    found = [pair for name in targets for pair in counts_in(server, name)]
    assert sorted(found) == sorted(sold), "every purchase is once where its customer lives now"


def opens(ledger: SqlLedger, job: SplitJob) -> Callable[[], bool]:
    def is_open() -> bool:
        try:
            ledger.routes.open_targets(job)
        except Refused:
            return False
        return True

    return is_open


def copy(server: RunningServer, source: str, targets: dict[str, str]) -> None:
    for customer, count in counts_in(server, source):
        target = targets["-40" if key_id(customer) < b"\x40" else "40-80"]
        assert key_id(customer) < b"\x80"
        run_as_admin(
            server,
            f"INSERT INTO `{target}`.orders SELECT * FROM `{source}`.orders"
            f" WHERE customer_id = {customer} AND number <= {count}",
        )


def count_in(server: RunningServer, name: str) -> int:
    return int(rows_of(server, f"SELECT COUNT(*) FROM `{name}`.orders")[0][0])


def counts_in(server: RunningServer, name: str) -> tuple[tuple[int, int], ...]:
    asked = f"SELECT customer_id, COUNT(*) FROM `{name}`.orders GROUP BY customer_id"
    return tuple((int(customer), int(count)) for customer, count in rows_of(server, asked))
