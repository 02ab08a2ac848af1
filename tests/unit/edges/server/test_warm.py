"""Where servers stay, and which of what is written there is believed."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

import pytest

from reconciler.edges.server.lock import ELSEWHERE_LINK, held_lock
from reconciler.edges.server.warm import WarmPlace, WarmServer, keeps_its_names, take_place

SERVER = WarmServer(
    version="mysql 8.4.6",
    program="mysqld",
    state="as it began",
    port=1,
    socket=None,
    user="reconciler",
    password="p",
    began_s=0.0,
    stays_s=600,
)


def place_in(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> WarmPlace | None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    place = take_place("any")
    if place is not None:
        place.release()
    return place


@pytest.mark.invariant("SV-6")
@pytest.mark.parametrize(
    ("mode", "stays"),
    [(0o700, True), (0o755, True), (0o1777, True), (0o777, False), (0o770, False)],
)
def test_no_server_stays_where_others_could_put_another_in_its_place(
    mode: int, stays: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that is not sticky, they rename those of others, the ones above it too."""
    below = tmp_path / "above" / "temporary"
    below.mkdir(mode=0o700, parents=True)
    below.parent.chmod(mode)
    assert (place_in(below.parent, monkeypatch) is not None) == stays
    assert (place_in(below, monkeypatch) is not None) == stays


@pytest.mark.invariant("SV-6")
def test_whose_folder_it_is_may_rename_in_it_sticky_or_not() -> None:
    for mode in (0o700, 0o1777):
        for whose, keeps in ((0, True), (os.geteuid(), True), (os.geteuid() + 1, False)):
            found = os.stat_result((mode, 0, 0, 0, whose, 0, 0, 0, 0, 0))
            assert keeps_its_names(found) == keeps


@pytest.mark.invariant("SV-6")
def test_a_folder_of_the_servers_name_that_others_made_since_is_not_read_and_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keeper removed it when nobody had used it for so long, and its name was to be seen."""
    place = place_in(tmp_path, monkeypatch)
    assert place is not None
    server, home = tmp_path / "reconciler-server-1", tmp_path / "home"
    server.mkdir(mode=0o700)
    home.mkdir()
    (server / ELSEWHERE_LINK).symlink_to(home)
    place.put(server)
    place.describe(SERVER)
    with held_lock(server):
        assert place.found() == SERVER
        server.chmod(0o755)
        assert json.loads((server / "warm.json").read_text()) == asdict(SERVER)
        assert place.found() is None
    assert not place.end()
    assert home.is_dir()
    assert server.is_dir()
    server.chmod(0o700)
    place.put(server)
    assert not place.end()
    assert not server.exists()
