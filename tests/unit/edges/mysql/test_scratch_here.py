"""Where a machine tries definitions, whatever a spec says."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.wire import Worlds
from reconciler.edges.mysql.check import MysqlConnections
from reconciler.edges.mysql.scratch_here import scratch_for, scratch_here
from reconciler.errors import InvalidInput, Refused
from reconciler.model.quarantine import Quarantine
from reconciler.spec.model import Connection, Environment, QuarantinedShard
from reconciler.spec.scratch import not_kept
from reconciler.spec.scratch_image import ScratchAtHand, ScratchImage

OF_THE_SPEC = Connection(host="127.0.0.1", user="root")
NAMED = '{host: 127.0.0.1, port: 3307, user: root, password: "${SCRATCH_PASSWORD}"}'


def settings(tmp_path: Path, text: str) -> dict[str, str]:
    (tmp_path / ".config" / "reconciler").mkdir(parents=True)
    (tmp_path / ".config" / "reconciler" / "settings.yaml").write_text(text)
    return {"HOME": str(tmp_path)}


def refused(environ: dict[str, str]) -> str:
    with pytest.raises(InvalidInput) as raised:
        scratch_here(environ)
    (problem,) = raised.value.problems
    return f"{problem.code}: {problem.message}"


def test_without_a_word_of_the_machine_the_specs_own_stands(tmp_path: Path) -> None:
    nothing = {"HOME": str(tmp_path)}
    for environ in ({}, {"RECONCILER_SCRATCH": " "}, nothing, settings(tmp_path, "\n")):
        assert scratch_for(OF_THE_SPEC, environ) == OF_THE_SPEC
        assert scratch_for(None, environ) is None


def test_a_machine_names_another_or_none() -> None:
    assert scratch_for(OF_THE_SPEC, {"RECONCILER_SCRATCH": "auto"}) is None
    named = scratch_for(None, {"RECONCILER_SCRATCH": NAMED})
    assert named == Connection(
        host="127.0.0.1", port="3307", user="root", password="${SCRATCH_PASSWORD}"
    )


def test_a_users_settings_are_for_every_command_and_the_variable_goes_before_them(
    tmp_path: Path,
) -> None:
    environ = settings(tmp_path, "scratch: {host: own.internal, user: me, password: secret}\n")
    found = scratch_for(OF_THE_SPEC, environ)
    assert isinstance(found, Connection)
    assert (found.host, found.user, found.password) == ("own.internal", "me", "secret")
    assert scratch_for(OF_THE_SPEC, {**environ, "RECONCILER_SCRATCH": "auto"}) is None
    elsewhere = {"HOME": "/nowhere", "XDG_CONFIG_HOME": str(tmp_path / ".config")}
    assert scratch_for(None, elsewhere) == found


def test_an_image_is_a_word_of_a_machine_too(tmp_path: Path) -> None:
    image = ScratchImage("mysql:8.4")
    environ = settings(tmp_path, "scratch: {image: mysql:8.4}\n")
    assert scratch_for(OF_THE_SPEC, environ) == image
    connections = MysqlConnections(environ=environ, root=tmp_path)
    assert connections.scratch_excess(OF_THE_SPEC) == ()  # its login is of our own making
    assert connections.scratch_settings(OF_THE_SPEC) is None


def test_settings_are_never_those_of_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative folder would be below whatever is being reviewed."""
    settings(tmp_path, "scratch: auto\n")
    monkeypatch.chdir(tmp_path)
    assert scratch_for(OF_THE_SPEC, {"XDG_CONFIG_HOME": ".config"}) == OF_THE_SPEC
    found = scratch_for(OF_THE_SPEC, {"XDG_CONFIG_HOME": ".config", "HOME": str(tmp_path)})
    assert found is None, "then that of the home stands"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{image: '-v /:/host'}", "is not an image"),
        ("{image: 'mysql:8.4', password: x}", "unknown key 'password'"),
        ("never", "scratch is not a known value"),
        ("{hots: a, user: b}", "unknown key"),
        ("[a]", "scratch"),
        ("{host: a, user: b, database: c}", "database"),
        ("{host: 'a-{shard}', user: b}", "scratch.host holds the placeholder {shard}"),
        ("{", "not valid YAML"),
    ],
)
def test_what_is_no_scratch_setting_is_told_as_in_a_spec(text: str, said: str) -> None:
    told = refused({"RECONCILER_SCRATCH": text})
    assert "environments" not in told
    assert said in told


@pytest.mark.parametrize("text", ["scratch: auto\nledger: x\n", "- scratch\n", "\xff"])
def test_settings_say_where_scratch_is_and_nothing_else(tmp_path: Path, text: str) -> None:
    environ = settings(tmp_path, text)
    if text == "\xff":
        (tmp_path / ".config/reconciler/settings.yaml").write_bytes(b"\xff")
    assert refused(environ).startswith("settings-un")


@pytest.mark.invariant("RG-60")
def test_a_machine_does_not_lead_scratch_to_a_server_in_quarantine(tmp_path: Path) -> None:
    quarantine = Quarantine(shard="-80", until="2030-01-01", reason="disk is being replaced")
    left = QuarantinedShard(quarantine=quarantine, connection=Connection(host="own", user="u"))
    environment = Environment(name="production", shards=(), quarantined=(left,))
    environ = {"RECONCILER_SCRATCH": "{host: own, user: me}"}
    with Worlds(tmp_path, environ) as worlds, pytest.raises(Refused) as raised:
        worlds.world_of(environment)
    assert [problem.code for problem in raised.value.problems] == ["scratch-in-quarantine"]


def test_a_login_that_was_made_for_scratch_has_nothing_too_much(tmp_path: Path) -> None:
    connections = MysqlConnections(environ={"RECONCILER_SCRATCH": "auto"}, root=tmp_path)
    assert connections.scratch_excess(OF_THE_SPEC) == ()
    assert connections.scratch_settings(OF_THE_SPEC) is None


@pytest.mark.parametrize(
    ("said", "kept", "in_a_job"),
    [
        ("{keep: 1h30m}", ScratchAtHand(5_400), None),
        (
            "{image: mariadb:11.8, keep: 15m}",
            ScratchImage("mariadb:11.8", 900),
            ScratchImage("mariadb:11.8"),
        ),
    ],
)
def test_a_server_is_kept_for_as_long_as_is_said_and_by_no_job(
    said: str, kept: object, in_a_job: object
) -> None:
    found = scratch_for(None, {"RECONCILER_SCRATCH": said})
    assert found == kept
    assert not_kept(found) == in_a_job


@pytest.mark.invariant("SV-6")
@pytest.mark.threat("TM-CHECKOUT-5")
def test_a_container_stays_where_the_machine_names_its_image_and_by_no_spec() -> None:
    theirs = ScratchImage("registry.invalid/theirs:1", keep_s=43_200)
    assert scratch_for(theirs, {}) == ScratchImage("registry.invalid/theirs:1")
    named = "{image: registry.invalid/theirs:1, keep: 12h}"
    assert scratch_for(theirs, {"RECONCILER_SCRATCH": named}) == theirs
    assert scratch_for(ScratchAtHand(900), {}) == ScratchAtHand(900)
