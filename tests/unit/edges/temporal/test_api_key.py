"""How a key reaches Temporal, and where it does not."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.cli.temporal import place_of
from reconciler.edges.secrets import SECRETS
from reconciler.edges.temporal.connect import connected
from reconciler.edges.temporal.place import TemporalPlace
from reconciler.errors import Unavailable
from tests.temporal.bearer import Heard

KEY, NEXT = "access-to-it-0", "access-to-it-1"
VARIABLE = "RECONCILER_TEMPORAL_API_KEY"


def place(port: int = 1, file: Path | None = None) -> TemporalPlace:
    return place_of(f"127.0.0.1:{port}", "default", None, None, None, file)


@pytest.mark.invariant("TM-15")
@pytest.mark.parametrize("key", [KEY, None])
def test_a_key_is_shown_with_each_request_and_none_without_one(
    key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key:
        monkeypatch.setenv(VARIABLE, key)
    heard = asyncio.run(_heard())
    assert (heard.is_asking, set(heard.keys)) == (True, {key} if key else set())


@pytest.mark.invariant("TM-15")
def test_no_text_that_leaves_has_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    with pytest.raises(Unavailable) as away:
        asyncio.run(connected(place(), "a test"))
    assert KEY not in f"{away.value} {place()!r}"
    assert KEY not in SECRETS.redacted(f"Bearer {KEY}")


@pytest.mark.invariant("TM-15")
def test_a_file_is_read_each_time_and_what_is_no_key_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    key_now = place(file=file).api_key
    assert key_now is not None
    assert key_now() == KEY
    for text in ("", "two words", "ключ", "a\nb"):
        file.write_text(text)
        with pytest.raises(Unavailable) as none:
            asyncio.run(connected(place(file=file), "a test"))
        assert none.value.problems[0].code == "temporal-key-unreadable"
    file.write_text(NEXT)
    assert key_now() == NEXT


async def _heard() -> Heard:
    """Of a client that asks a server which says nothing."""
    heard, is_asked, opened = Heard([KEY]), asyncio.Event(), list[asyncio.StreamWriter]()

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        writer.write(bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))  # its settings, all as they are
        while some := await reader.read(65_536):
            heard.read(some)
            if heard.is_asking:
                is_asked.set()

    listening = await asyncio.start_server(read, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    asking = asyncio.create_task(connected(place(port), "a test"))
    await asyncio.wait_for(is_asked.wait(), 30)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    listening.close()
    for writer in opened:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
    return heard
