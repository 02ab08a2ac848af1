"""What the chaos suite kills and starts explains itself when it does not come back."""

from __future__ import annotations

import pytest

from reconciler.model.server import Flavor
from tests.integration.chaos.server import DoesNotStart, crashable_server


@pytest.mark.parametrize("flavor", list(Flavor))
def test_a_server_that_does_not_start_says_why(flavor: Flavor) -> None:
    with crashable_server(flavor) as server:
        server.kill()
        (server.folder / "data" / "ibdata1").write_bytes(b"no page of InnoDB")
        with pytest.raises(
            DoesNotStart, match=r"it ended with .*\n.* MiB are free .*(?s:.)*InnoDB"
        ):
            server.start()


def test_a_server_comes_back_on_its_port_with_what_it_had() -> None:
    with crashable_server(Flavor.MYSQL) as server:
        server.admin("CREATE DATABASE kept")
        for _ in range(2):
            server.kill()
            server.start()
        with server.connect("kept") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@port")
            assert cursor.fetchone() == (server.port,)
