"""`scratch: {image: …}`: a container of a runtime, for as long as a run needs it.

The runtime is a stand-in (`tests/container_runtime.py`); the server in its images is a real one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.edges.containers import container
from reconciler.edges.mysql.scratch import MysqlScratch
from reconciler.edges.mysql.scratch_image import start_image_server
from reconciler.edges.server.find import find_server
from reconciler.edges.server.lock import LOCK_NAME
from reconciler.edges.server.process import RunningServer
from reconciler.edges.server.template import copy_initialised
from reconciler.edges.server.warm import end_warm_servers
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.model.server import Flavor, ServerSettings
from reconciler.spec.scratch_image import ScratchImage
from tests import container_runtime
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.integration.mysql_edges import ROOT, connection_to, observed
from tests.integration.test_scratch_warm import waited_for_long
from tests.offline_fleet import SETTINGS
from tests.waiting import until

IMAGE = "registry.invalid:5000/mysql:9.7@sha256:" + "0" * 64
CREATE = "CREATE TABLE t (id INT PRIMARY KEY)"


@dataclass
class Runtimes:
    """The stand-ins on the PATH."""

    folder: Path

    def put(self, *names: str, **config: Any) -> None:
        for name in names:
            program = self.folder / name
            source = container_runtime.__file__
            program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {source} "$0" "$@"\n')
            program.chmod(0o755)
        self.put_config(**{"images": [IMAGE], "more": [], **config})

    def put_config(self, **config: Any) -> None:
        (self.folder / "config.json").write_text(json.dumps(config))

    def put_server(self, name: str, flavor: Flavor, **config: Any) -> None:
        binary = find_server(flavor)
        copy_initialised(binary, {}, self.folder / "data")
        more = ["--mysqlx=OFF", "--secure-file-priv=NULL"] if flavor is Flavor.MYSQL else []
        data = str(self.folder / "data")
        self.put(name, server=str(binary.path), data=data, **{"more": more, **config})

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    def asked(self) -> list[str]:
        return [call[1] for call in self.calls]

    @property
    def config(self) -> dict[str, Any]:
        return container_runtime.Stand(self.folder).config

    @property
    def containers(self) -> list[str]:
        return container_runtime.Stand(self.folder).names()


@pytest.fixture
def runtimes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtimes]:
    folder = Path(tempfile.mkdtemp(prefix="rt-"))  # short enough for a socket in it
    (folder / "containers").mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    yield Runtimes(folder)
    for name in Runtimes(folder).containers:
        container_runtime.remove(container_runtime.Stand(folder), name)
    shutil.rmtree(folder)


def problem_of(settings: ServerSettings = SETTINGS) -> Problem:
    with pytest.raises((Refused, Unavailable)) as raised:
        start_image_server(ScratchImage(IMAGE), settings)
    [problem] = raised.value.problems
    assert "registry.invalid" not in problem.message  # nor any other machine's name
    return problem


@pytest.mark.invariant("SV-5", "SV-2")
@pytest.mark.parametrize("name", ["docker", "podman"])
def test_definitions_are_tried_in_a_container_that_goes_with_the_run(
    runtimes: Runtimes,
    name: str,
    mysql_server: RunningServer,
    mariadb_server: RunningServer,
    fresh_database: FreshDatabase,
) -> None:
    live = mysql_server if name == "docker" else mariadb_server
    settings = observed(connection_to(live, fresh_database(live))).settings
    runtimes.put_server(name, settings.version.flavor, images=[], registry=[IMAGE])
    with MysqlScratch(ScratchImage(IMAGE), environ={}, root=ROOT) as scratch:
        for _ in range(2):
            with scratch.database(settings) as database:
                assert database.execute(CREATE) is None
                assert list(database.definitions()) == ["t"]
                refused = database.execute("CREATE DATABASE elsewhere")
                assert refused is not None  # its login reaches databases of our own names alone
        [there] = runtimes.containers
        assert (Path(tempfile.gettempdir()) / there / LOCK_NAME).is_file()
    assert runtimes.containers == []
    assert not (Path(tempfile.gettempdir()) / there).exists()
    assert {*runtimes.asked()} == {"ps", "image", "pull", "run", "port", "rm"}
    [asked] = [call for call in runtimes.calls if call[1] == "run"]
    before = asked[: asked.index(IMAGE)]
    assert [word for word in before if "publish" in word] == ["--publish=127.0.0.1::3306"]
    assert {"--tmpfs=/var/lib/mysql", "--security-opt=no-new-privileges"} <= {*before}
    assert "--env=MYSQL_ROOT_PASSWORD" in before  # by its name: the value is in no argument
    assert not [word for word in before if "volume" in word or word == "-v"]


@pytest.mark.invariant("SV-6", "SV-7")
def test_a_container_stays_for_the_next_command_while_its_image_is_the_one_of_that_name(
    runtimes: Runtimes,
    mariadb_server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = observed(connection_to(mariadb_server, fresh_database(mariadb_server))).settings
    runtimes.put_server("podman", settings.version.flavor)
    monkeypatch.setattr(tempfile, "tempdir", str(runtimes.folder))
    waited_for_long(monkeypatch)
    for image_id, runs in (("one", 1), ("one", 1), ("another", 2)):
        runtimes.put_config(**{**runtimes.config, "ids": {IMAGE: image_id}})
        image = ScratchImage(IMAGE, keep_s=600)
        scratch = MysqlScratch(image, environ={}, root=ROOT)
        with scratch, scratch.database(settings) as database:
            assert database.execute(CREATE) is None
        [there] = runtimes.containers
        assert runtimes.asked().count("run") == runs
    assert end_warm_servers() == 1
    assert runtimes.containers == []
    assert not (runtimes.folder / there).exists()


def test_a_plan_is_proven_in_the_image_that_the_spec_names(
    fleet: Fleet, runtimes: Runtimes
) -> None:
    runtimes.put_server("docker", Flavor.MYSQL)
    fleet.spec["environments"]["production"]["scratch"] = {"image": IMAGE}
    fleet.write_spec()
    fleet.edit("schemas/shop/users.sql", "  PRIMARY", "  age int DEFAULT NULL,\n  PRIMARY")
    fleet.commit("age")
    ended = fleet.run("plan")
    assert ended.code == 0, ended.said
    assert "ADD COLUMN `age`" in ended.out
    assert runtimes.asked().count("run") == 1
    assert runtimes.containers == []


def test_another_release_in_the_image_is_refused(
    runtimes: Runtimes, mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    seen = observed(connection_to(mysql_server, fresh_database(mysql_server))).settings
    runtimes.put_server("docker", Flavor.MYSQL)
    old = replace(seen, version=replace(seen.version, major=8, minor=0))
    scratch = MysqlScratch(ScratchImage(IMAGE), environ={}, root=ROOT)
    with scratch, pytest.raises(Refused) as raised, scratch.database(old):
        pass
    [problem] = raised.value.problems
    assert problem.code == "scratch-mismatch"
    assert f"it runs {seen.version}, the shards run {old.version}" in problem.message
    assert runtimes.containers == []


def test_without_a_runtime_there_is_none_to_ask(runtimes: Runtimes) -> None:
    assert problem_of().code == "container-runtime-missing"


def test_a_runtime_that_does_not_work_is_told_in_its_words_and_another_is_asked(
    runtimes: Runtimes,
) -> None:
    runtimes.put("docker", "podman", down="Cannot connect to the Docker daemon. Is it running?")
    found = problem_of()
    assert found.code == "container-runtime-unusable"
    assert "docker said: Cannot connect to the Docker daemon" in found.message
    assert [call[0] for call in runtimes.calls] == ["docker", "podman"]


def test_an_image_that_cannot_be_pulled_is_told(runtimes: Runtimes) -> None:
    runtimes.put("docker", images=[])
    found = problem_of()
    assert found.code == "scratch-image-not-had"
    assert "pull access denied for <image>" in found.message
    assert "run" not in runtimes.asked()


def test_a_container_that_dies_is_told_with_its_last_words(runtimes: Runtimes) -> None:
    runtimes.put("docker", instead="echo no space left on device >&2; exit 3")
    found = problem_of()
    assert found.code == "scratch-image-died"
    assert "no space left on device" in found.message
    assert runtimes.containers == []


def test_a_server_that_is_never_ready_is_ended(
    runtimes: Runtimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "CONTAINER_START_S_MAX", 1.0)
    runtimes.put("docker", instead="echo initializing; exec sleep 600")
    found = problem_of()
    assert found.code == "scratch-image-too-slow"
    assert "initializing" in found.message
    assert runtimes.containers == []


def test_a_port_that_others_could_reach_is_refused(runtimes: Runtimes) -> None:
    runtimes.put("docker", instead="exec sleep 600", published_at="0.0.0.0")
    assert problem_of().code == "scratch-image-exposed"
    assert runtimes.containers == []


ONE = """
import sys
from reconciler.edges.containers.container import start_container
started = start_container(
    sys.argv[1], (), port=3306, folder="/var/lib/mysql", secrets={"MYSQL_ROOT_PASSWORD": "x"}
)
started.port(3306)
print(started.folder, flush=True)
sys.stdin.read()
"""


@pytest.mark.invariant("SV-5")
@pytest.mark.parametrize("also", ["", "keeper"])
def test_who_is_killed_leaves_no_container_or_the_next_one_ends_it(
    runtimes: Runtimes, also: str
) -> None:
    runtimes.put("docker", instead="exec sleep 600")
    with subprocess.Popen(
        [sys.executable, "-c", ONE, IMAGE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ},
    ) as owner:
        assert owner.stdout is not None
        folder = Path(owner.stdout.readline().strip())
        assert runtimes.containers == [folder.name]
        if also:
            os.kill(int((folder / LOCK_NAME).read_text()), signal.SIGKILL)
        owner.kill()
    if not also:
        until(lambda: runtimes.containers == [], "the keeper to remove the container")
        until(lambda: not folder.exists(), "the keeper to remove its folder")
        return
    assert runtimes.containers == [folder.name]
    started = container.start_container(IMAGE, (), port=3306, folder="/data", secrets={})
    try:
        started.port(3306)
        assert runtimes.containers == [started.folder.name]
        assert not folder.exists()
    finally:
        started.stop()
    assert runtimes.containers == []


def test_a_container_of_somebody_elses_stays(runtimes: Runtimes) -> None:
    """Another machine may share the runtime: whether its keeper lives, nobody knows here."""
    runtimes.put("docker", instead="exec sleep 600")
    stand = container_runtime.Stand(runtimes.folder)
    stand.place("reconciler-scratch-elsewhere").mkdir()
    stand.keep("reconciler-scratch-elsewhere", {"label": "another place", "monitor": 0})
    container.start_container(IMAGE, (), port=3306, folder="/data", secrets={}).stop()
    assert runtimes.containers == ["reconciler-scratch-elsewhere"]
