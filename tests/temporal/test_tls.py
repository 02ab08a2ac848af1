"""Temporal behind TLS that asks who comes, by certificates of an authority of theirs, or a key."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.temporal.client import TemporalRollouts
from reconciler.edges.temporal.connect import connected, renewed
from reconciler.edges.temporal.place import TemporalPlace
from reconciler.errors import Unavailable
from tests.attacks.certificates import make_certificate
from tests.temporal.door import Door, behind
from tests.temporal.server import TemporalServer
from tests.tidy.source import ROOT
from tests.untold import found_in
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.temporal

KEY, NEXT, OTHER = "access-to-it-0", "access-to-it-1", "access-to-it-2"


def test_certificates_are_shown_and_asked_for(temporal: TemporalServer, tmp_path: Path) -> None:
    server = make_certificate(tmp_path / "server", "127.0.0.1")
    client = make_certificate(tmp_path / "client", "who decides")
    own = {"certificate": client.cert.read_bytes(), "key": client.key.read_bytes()}
    ca, other = server.ca.read_bytes(), client.ca.read_bytes()
    ways = [{"ca": ca, **own}, {"ca": ca}, {"ca": other, **own}, {}]

    async def all_ways() -> list[bool]:
        async with behind(Door(clients=client.ca), temporal.port, server) as port:
            return [await _reaches(port, way) for way in ways]

    assert asyncio.run(all_ways()) == [True, False, False, False]


async def _reaches(port: int, tls: dict[str, bytes]) -> bool:
    try:
        place = TemporalPlace(
            address=f"127.0.0.1:{port}",
            namespace="default",
            ca=tls.get("ca"),
            certificate=tls.get("certificate"),
            key=tls.get("key"),
        )
        await connected(place, "a test")
    except Unavailable:
        return False
    return True


@pytest.mark.invariant("TM-15")
def test_a_key_lets_commands_and_workers_in_and_is_renewed(
    temporal: TemporalServer, tmp_path: Path
) -> None:
    """The door knows keys by what is sent; a server that judges them, and rights, is another's."""
    server, file = make_certificate(tmp_path / "server", "127.0.0.1"), tmp_path / "key"
    door = Door(keys={KEY, NEXT}, known=(KEY, NEXT, OTHER))

    def place(port: int, key: str | None) -> TemporalPlace:
        ca = server.ca.read_bytes()
        shown = (lambda: key) if key else None
        return TemporalPlace(address=f"127.0.0.1:{port}", namespace="default", ca=ca, api_key=shown)

    async def all_ways() -> None:
        async with behind(door, temporal.port, server) as port:
            for key, is_let_in in ((KEY, True), (OTHER, False), (None, False)):
                assert await _looks(place(port, key)) is is_let_in, key
            file.write_text(OTHER)
            log = tmp_path / "log"
            async with _worker(port, server.ca, file, log):
                await _until(lambda: "waits for Temporal (temporal-unreachable)" in log.read_text())
                file.write_text(KEY)
                await _until(lambda: "ready" in log.read_text())
            assert found_in([log.read_text()], [KEY, OTHER]) == []
            file.write_text(KEY)
            client = await connected(replace(place(port, None), api_key=file.read_text), "a test")
            renewing = asyncio.create_task(renewed(client, place(port, NEXT), every_s=0.05))
            assert NEXT not in door.shown
            await _until(lambda: NEXT in door.shown, client.service_client.check_health)
            renewing.cancel()
        assert door.shown == {KEY, NEXT, OTHER}

    asyncio.run(all_ways())


async def _looks(place: TemporalPlace) -> bool:
    try:
        rollouts = TemporalRollouts(place=place, name="a test")
        return await asyncio.to_thread(rollouts.look, "production", "shop") is None
    except Unavailable:
        return False


@asynccontextmanager
async def _worker(port: int, ca: Path, key: Path, log: Path) -> AsyncIterator[None]:
    environ = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "PYTHONPATH": str(ROOT),
        "RECONCILER_TEMPORAL": f"127.0.0.1:{port}",
        "RECONCILER_TEMPORAL_TLS_CA": str(ca),
        "RECONCILER_TEMPORAL_API_KEY_FILE": str(key),
    }
    command = (sys.executable, "-m", "reconciler", "worker")
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=said, stderr=said, env=environ
        )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def _until(
    holds: Callable[[], bool], meanwhile: Callable[[], Awaitable[object]] | None = None
) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            if meanwhile is not None:
                await meanwhile()
            await asyncio.sleep(0.1)
