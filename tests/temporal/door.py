"""In front of a Temporal server that speaks no TLS and knows nobody, as a proxy of its own would
stand there: who comes is told by a certificate, by a key, or not at all.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.attacks.certificates import Certificate
from tests.temporal.bearer import Heard


@dataclass(kw_only=True)
class Door:
    """`clients` is whose certificates are asked for; `keys` are those that are let in, of all that
    are `known`. None: it does not ask. `heard` is what each who came has said."""

    clients: Path | None = None
    keys: set[str] | None = None
    known: tuple[str, ...] = ()
    heard: list[Heard] = field(default_factory=list)

    @property
    def shown(self) -> set[str]:
        return {key for one in self.heard for key in one.keys}

    def context(self, server: Certificate) -> ssl.SSLContext:
        context = server.server_context()
        if self.clients is not None:
            context.load_verify_locations(self.clients)
            context.verify_mode = ssl.CERT_REQUIRED
        context.set_alpn_protocols(["h2"])
        return context

    async def lets_in(self, reader: asyncio.StreamReader, heard: Heard) -> bytes | None:
        """What was read until it was known who comes; None: nobody who may."""
        read = b""
        while self.keys is not None and not heard.is_asking:
            some = await reader.read(65_536)
            if not some:
                return None
            read += some
            heard.read(some)
        if self.keys is not None and not self.keys.intersection(heard.keys):
            return None
        return read


@asynccontextmanager
async def behind(door: Door, port: int, server: Certificate) -> AsyncIterator[int]:
    opened: list[asyncio.StreamWriter] = []
    working: list[asyncio.Task[None]] = []

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        heard = Heard(door.known)
        door.heard.append(heard)
        read = await door.lets_in(reader, heard)
        if read is None:
            writer.close()
            return
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        opened.append(ours)
        ours.write(read)
        for one in (_pipe(reader, ours, heard), _pipe(theirs, writer, None)):
            working.append(asyncio.create_task(one))

    listening = await asyncio.start_server(hand_on, "127.0.0.1", 0, ssl=door.context(server))
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for writer in opened:
            writer.transport.abort()
        await asyncio.gather(*working, return_exceptions=True)
        await asyncio.sleep(0.1)  # until what was let go of is closed


async def _pipe(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard | None
) -> None:
    with suppress(OSError):
        while some := await reader.read(65_536):
            if heard is not None:
                heard.read(some)
            writer.write(some)
            await writer.drain()
