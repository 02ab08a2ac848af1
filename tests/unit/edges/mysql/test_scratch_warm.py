"""When a scratch server that stayed is not used again, whatever it answers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from reconciler.edges.mysql import scratch_warm
from reconciler.edges.mysql.scratch_image import image_target
from reconciler.edges.mysql.scratch_warm import is_as_it_began, warm_server
from reconciler.edges.server.lock import held_lock
from reconciler.edges.server.process import Login
from reconciler.edges.server.warm import WarmServer, take_place
from reconciler.spec.scratch_image import ScratchImage
from tests.offline_fleet import SETTINGS

STAYS = ScratchImage("mysql:8.4", 600)
LOGIN = "reconciler"


@contextmanager
def at_work(target: object, **_: object) -> Iterator[object]:
    """A session of the login's is at the server beside ours."""
    sessions = [{"User": LOGIN}, {"User": LOGIN}]
    yield SimpleNamespace(
        target=SimpleNamespace(user=LOGIN), rows_by_name=lambda *_, **__: sessions
    )


@pytest.mark.invariant("SV-7")
def test_a_server_that_others_were_at_when_it_began_is_not_used_while_others_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scratch_warm, "WARM_RESTS_S_MAX", 0.0)
    monkeypatch.setattr(scratch_warm, "connect", at_work)
    looked = SimpleNamespace(settings=SETTINGS, identity="one")
    monkeypatch.setattr(scratch_warm, "look_at_server", lambda _: looked)
    version, state = scratch_warm._asked_at_rest(image_target(1, Login(user=LOGIN, password="p")))
    found = WarmServer(
        version=version,
        program=STAYS.reference,
        state=state,
        port=1,
        socket=None,
        user=LOGIN,
        password="p",
        began_s=time.time() - 1,
        stays_s=STAYS.keep_s,
    )
    assert not is_as_it_began(found, STAYS, SETTINGS)


@pytest.mark.invariant("SV-6")
def test_a_command_goes_on_beside_a_server_that_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its keeper is in a container, or waits for a disk: nothing that this command could mend."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch_warm, "WARM_END_S_MAX", 0.1)
    server = tmp_path / "reconciler-server-1"
    server.mkdir(mode=0o700)
    name = scratch_warm._name(STAYS, SETTINGS)
    place = take_place(name)
    assert place is not None
    place.put(server)
    place.release()
    with held_lock(server):  # with nobody's number in it
        assert warm_server(STAYS, SETTINGS) is None
    [line] = caplog.messages
    assert "has not ended" in line
    assert "another one" in line
    place = take_place(name)
    assert place is not None, "the next command may try again"
    place.release()
