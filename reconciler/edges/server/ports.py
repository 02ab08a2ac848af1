"""A TCP port of our own, on the loopback address, for as long as it is held.

Rule: the port is below those that the kernel gives to anybody who does not name one, and it is
bound from the moment it was chosen: no connection of another process gets it as its own end, and
nobody else who chooses in this way is given it, also while the server that it is for is down.
"""

from __future__ import annotations

import random
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.edges.server.limits import PORT_FIRST, PORT_LAST
from reconciler.edges.server.options import HOST
from reconciler.edges.server.problems import no_port

_KERNELS_OWN = Path("/proc/sys/net/ipv4/ip_local_port_range")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPort:
    """Bound without listening: a server that reuses addresses, as they all do, binds it beside."""

    number: int
    _socket: socket.socket = field(repr=False)

    def close(self) -> None:
        self._socket.close()


def hold_port() -> HeldPort:
    """Raises Unavailable if none is free."""
    last = _last_port()
    for number in random.sample(range(PORT_FIRST, last + 1), last + 1 - PORT_FIRST):
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            held.bind((HOST, number))
        except OSError:
            held.close()
            continue
        # Only now, so that the bind above fails beside anybody else's.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return HeldPort(number=number, _socket=held)
    raise no_port(PORT_FIRST, last)


def _last_port() -> int:
    """The last one below the kernel's own, where it says which they are."""
    try:
        told = re.match(r"(\d+)\s", _KERNELS_OWN.read_text(encoding="ascii"))
    except OSError:
        return PORT_LAST
    last = int(told[1]) - 1 if told else PORT_LAST
    return last if last > PORT_FIRST else PORT_LAST
