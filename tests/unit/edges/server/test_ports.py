"""A port that is held is nobody else's, also while the server that it is for is down."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.edges.server.limits import PORT_FIRST
from reconciler.edges.server.options import HOST
from reconciler.edges.server.ports import hold_port


def bound(number: int, *, reuses: bool) -> socket.socket:
    """As a server does it, or as one who asks whether it is free."""
    made = socket.socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuses))
        made.bind((HOST, number))
    except OSError:
        made.close()
        raise
    return made


def test_a_held_port_is_none_that_the_kernel_gives_away() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    with closing(hold_port()) as held:
        assert PORT_FIRST <= held.number < first


def test_a_held_port_is_free_for_its_server_alone() -> None:
    with closing(hold_port()) as held:
        for _ in range(2):  # started, ended, and started once more
            with bound(held.number, reuses=True) as server:
                server.listen()
                with socket.create_connection((HOST, held.number)):
                    pass
            with pytest.raises(OSError, match="in use"):
                bound(held.number, reuses=False)
            with (
                pytest.raises(ConnectionRefusedError),
                socket.create_connection((HOST, held.number)),
            ):
                pass


def test_ports_that_are_held_at_once_differ() -> None:
    held = [hold_port() for _ in range(200)]
    try:
        assert len({port.number for port in held}) == len(held)
    finally:
        for port in held:
            port.close()
