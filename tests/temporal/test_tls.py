"""Temporal behind TLS that asks who comes: each side has an authority of its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from reconciler.edges.temporal.connect import connected
from reconciler.edges.temporal.place import TemporalPlace
from reconciler.errors import Unavailable
from tests.attacks.certificates import Certificate, make_certificate
from tests.temporal.server import TemporalServer

pytestmark = pytest.mark.temporal


def test_certificates_are_shown_and_asked_for(temporal: TemporalServer, tmp_path: Path) -> None:
    server = make_certificate(tmp_path / "server", "127.0.0.1")
    client = make_certificate(tmp_path / "client", "who decides")
    own = {"certificate": client.cert.read_bytes(), "key": client.key.read_bytes()}
    ca, other = server.ca.read_bytes(), client.ca.read_bytes()
    ways = [{"ca": ca, **own}, {"ca": ca}, {"ca": other, **own}, {}]

    async def all_ways() -> list[bool]:
        async with _behind_tls(temporal.port, server, client.ca) as port:
            return [await _reaches(port, way) for way in ways]

    assert asyncio.run(all_ways()) == [True, False, False, False]


async def _reaches(port: int, tls: dict[str, bytes]) -> bool:
    try:
        place = TemporalPlace(address=f"127.0.0.1:{port}", namespace="default", **tls)
        await connected(place, "a test")
    except Unavailable:
        return False
    return True


@asynccontextmanager
async def _behind_tls(port: int, server: Certificate, clients: Path) -> AsyncIterator[int]:
    """In front of a server that speaks none, as a proxy of its own would stand there."""
    context = server.server_context()
    context.load_verify_locations(clients)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    opened: list[asyncio.StreamWriter] = []
    working: list[asyncio.Task[None]] = []

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        opened.extend((writer, ours))
        for one in (_pipe(reader, ours), _pipe(theirs, writer)):
            working.append(asyncio.create_task(one))

    listening = await asyncio.start_server(hand_on, "127.0.0.1", 0, ssl=context)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for writer in opened:
            writer.transport.abort()
        await asyncio.gather(*working, return_exceptions=True)
        await asyncio.sleep(0.1)  # until what was let go of is closed


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
