"""A shard's server that lies: whatever it does makes that shard unreachable, and nothing else."""

from __future__ import annotations

from reconciler.model.observation import ObservedShard
from reconciler.spec.model import Connection
from tests.attacks.lying_server import Catalogue, LyingServer, lying_server
from tests.integration.mysql_edges import observe

TABLE = (
    "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
)
HONEST = Catalogue(tables={"t": TABLE})


def connection_to(server: LyingServer, *, password: str = "s3cret") -> Connection:
    return Connection(
        host="127.0.0.1",
        port=str(server.port),
        database="d",
        user="app",
        password=password,
        connect_timeout_s=2,
        read_timeout_s=2,
    )


def test_while_it_tells_the_truth_it_is_a_shard_like_any_other() -> None:
    """Otherwise the lies below would be refused for something else."""
    with lying_server(HONEST) as server:
        [seen] = observe(connection_to(server))
    assert isinstance(seen, ObservedShard), seen
    assert seen.definitions == (("t", TABLE),)
    assert [login.user for login in server.logins] == ["app"]
