"""Somebody on the network between a job and a server: reads nothing, and is no server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.edges.client.login import PasswordUse
from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import connect
from reconciler.edges.mysql.target import resolve
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.errors import Unavailable
from reconciler.model.observation import ObservedShard, Unreachable
from reconciler.spec.model import Connection, Tls
from tests.attacks import packets
from tests.attacks.certificates import Certificate, make_certificate
from tests.attacks.lying_server import (
    Catalogue,
    Conversation,
    Lies,
    Login,
    LyingServer,
    lying_server,
)
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.integration.mysql_edges import ROOT, connection_to, observe, observed, unreachable
from tests.waiting import PATIENCE_S

NAME = "db.example.test"
PASSWORD = "s3cret-password"
INSECURE = Tls(insecure=True)


@pytest.fixture(autouse=True)
def name_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """`NAME` is a host that is not this machine, as far as names go."""
    real = socket.getaddrinfo

    def resolved(host: Any, *arguments: Any, **options: Any) -> Any:
        return real("127.0.0.1" if host == NAME else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"), NAME)


@pytest.fixture(scope="module")
def certified_server(certificate: Certificate) -> Iterator[RunningServer]:
    """A real MySQL with a certificate that names it."""
    files = {
        "ssl_ca": str(certificate.ca),
        "ssl_cert": str(certificate.cert),
        "ssl_key": str(certificate.key),
    }
    with start_server(options=files) as server:
        yield server


def far(connection: Connection, tls: Tls | None = None) -> Connection:
    return replace(connection, host=NAME, tls=tls)


def to(server: LyingServer, tls: Tls | None = None, host: str = NAME) -> Connection:
    return Connection(
        host=host,
        port=str(server.port),
        database="d",
        user="app",
        password=PASSWORD,
        tls=tls,
        connect_timeout_s=2,
        read_timeout_s=2,
    )


def heard_the_password(server: LyingServer) -> bool:
    return any(PASSWORD.encode() in said for said in server.heard)


# Which server it is


@pytest.mark.threat("TM-NETWORK-1")
@pytest.mark.invariant("CN-1")
def test_a_host_that_is_not_this_machine_is_verified_without_being_told(
    certified_server: RunningServer, certificate: Certificate, fresh_database: FreshDatabase
) -> None:
    """The system's authorities do not know it; the spec's do."""
    connection = connection_to(certified_server, fresh_database(certified_server))
    for unknown in (None, Tls()):
        seen = unreachable(far(connection, unknown))
        assert seen.code == "tls-refused"
        assert "not to be trusted" in seen.reason
        assert NAME not in seen.reason
    assert observed(far(connection, Tls(ca=str(certificate.ca))))


@pytest.mark.threat("TM-NETWORK-1")
def test_a_certificate_of_another_name_is_another_server(
    mysql_server: RunningServer, tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    other = make_certificate(tmp_path, "other.example.test")
    with lying_server(tls=other.server_context()) as liar:
        [seen] = observe(to(liar, Tls(ca=str(other.ca))))
        assert isinstance(seen, Unreachable)
        assert seen.code == "tls-refused"
        assert liar.logins == []
    # MySQL's own certificates carry no name at all.
    own = Tls(ca=str(mysql_server.folder / "data" / "ca.pem"))
    connection = connection_to(mysql_server, fresh_database(mysql_server))
    assert unreachable(far(connection, own)).code == "tls-refused"


@pytest.mark.threat("TM-NETWORK-2")
@pytest.mark.parametrize("tls", [None, Tls()], ids=["nothing said", "tls: true"])
def test_without_encryption_no_login_leaves(tls: Tls | None) -> None:
    """Somebody between takes the offer of TLS out of the greeting, or the server has none."""
    with lying_server() as liar:
        [seen] = observe(to(liar, tls))
    assert isinstance(seen, Unreachable)
    assert seen.code == "tls-refused"
    assert liar.logins == []
    assert liar.heard == []


@pytest.mark.threat("TM-NETWORK-2")
def test_what_is_slipped_in_before_the_encryption_counts_for_nothing(
    certificate: Certificate,
) -> None:
    def talk(conversation: Conversation) -> None:
        greeting = packets.greeting(capabilities=packets.CAPABILITIES | packets.SSL)
        accepted = packets.packet(packets.ok(), 3)
        conversation.send_raw(packets.packet(greeting, 0) + accepted)
        conversation.receive()

    tls = Tls(ca=str(certificate.ca))
    with lying_server(lies=Lies(on_connect=talk), tls=certificate.server_context()) as liar:
        [seen] = observe(to(liar, tls))
    assert isinstance(seen, Unreachable)
    assert "more than a greeting" in seen.reason


@pytest.mark.threat("TM-NETWORK-3")
def test_insecure_is_said_in_so_many_words_and_then_it_is(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    connection = connection_to(mysql_server, fresh_database(mysql_server))
    assert observed(far(connection, INSECURE))
    with lying_server(Catalogue()) as clear:
        assert isinstance(observe(to(clear, INSECURE))[0], ObservedShard)


def test_this_machine_needs_no_certificate(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    connection = connection_to(mysql_server, fresh_database(mysql_server))
    for host in ("127.0.0.1", "localhost"):
        assert observed(replace(connection, host=host))


# The password itself


def asking_for_the_password(plugin: str) -> Lies:
    def on_login(conversation: Conversation, _login: Login) -> bool:
        prompt = b"\x05Password: " if plugin == "dialog" else b""
        conversation.send(packets.auth_switch(plugin, prompt))
        conversation.receive()
        conversation.send(packets.ok())
        return True

    return Lies(on_login=on_login)


PLUGINS = ("mysql_clear_password", "dialog")


@pytest.mark.threat("TM-NETWORK-3")
@pytest.mark.invariant("CN-2")
@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("host", [NAME, "127.0.0.1"])
@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_password_itself_is_given_to_no_server_that_nobody_verified(
    plugin: str, host: str, encrypted: bool, certificate: Certificate
) -> None:
    tls = certificate.server_context() if encrypted else None
    with lying_server(lies=asking_for_the_password(plugin), tls=tls) as liar:
        [seen] = observe(to(liar, INSECURE, host))
        assert isinstance(seen, Unreachable)
        assert seen.code == "password-asked-for"
        assert liar.ended.wait(PATIENCE_S)
    assert len(liar.logins) == 1
    assert not heard_the_password(liar)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_verified_server_that_uses_pam_gets_it(plugin: str, certificate: Certificate) -> None:
    context = certificate.server_context()
    with lying_server(lies=asking_for_the_password(plugin), tls=context) as server:
        [seen] = observe(to(server, Tls(ca=str(certificate.ca))))
    assert isinstance(seen, ObservedShard), seen
    assert [login.encrypted for login in server.logins] == [True]
    assert PASSWORD.encode() + b"\0" in server.heard


@pytest.mark.threat("TM-SERVER-4")
@pytest.mark.parametrize(
    ("plugin", "question"),
    [
        ("mysql_clear_password", b""),
        ("sha256_password", packets.SALT),
        ("caching_sha2_password", b"\x01\x04"),
    ],
)
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_server_that_another_server_named_is_not_given_the_password(
    plugin: str, question: bytes, encrypted: bool, certificate: Certificate
) -> None:
    """A shard says where its replicas are; it could name any host at all."""

    def on_login(conversation: Conversation, _login: Login) -> bool:
        conversation.send(packets.auth_switch(plugin))
        conversation.receive()
        conversation.send(question)
        while conversation.receive():
            conversation.send(question)
        return True

    tls = certificate.server_context() if encrypted else None
    with lying_server(lies=Lies(on_login=on_login), tls=tls) as liar:
        target = replace(target_of(to(liar, INSECURE)), named_by_a_server=True)
        with pytest.raises(Unavailable):
            connect(target)
        assert liar.ended.wait(PATIENCE_S)
    assert not heard_the_password(liar)
    # Nor a request for a key to encrypt it with: that key would be the liar's own.
    asked_for_a_key = [said for said in liar.heard if said in (b"\x01", b"\x02")]
    assert asked_for_a_key == []


def target_of(connection: Connection) -> Target:
    return resolve(connection, environ={}, root=ROOT, shard="-")


def test_from_the_least_to_the_most_that_a_server_may_ask_for() -> None:
    """Each use takes all that the one before it takes."""
    plugins = (
        "mysql_native_password",
        "caching_sha2_password",
        "client_ed25519",
        "sha256_password",
        *PLUGINS,
        "mysql_old_password",
        "anything_else",
    )
    taken = [{plugin for plugin in plugins if use.takes(plugin)} for use in PasswordUse]
    assert taken[0] < taken[1] < taken[2]
    assert not any(names & {"mysql_old_password", "anything_else"} for names in taken)


@pytest.mark.invariant("CN-1")
def test_every_command_says_that_nobody_verifies_the_servers(fleet: Fleet) -> None:
    fleet.environment["connection"]["tls"] = "insecure"
    fleet.write_spec()
    for verb in ("plan", "drift", "doctor"):
        assert "`tls: insecure` for 4 of 4 shards" in fleet.run(verb).err
    assert "`tls: insecure` for 4 of 4 shards" in fleet.run("doctor").out
    fleet.edit("schemas/shop/users.sql", "  PRIMARY KEY", "  age int,\n  PRIMARY KEY")
    assert "for 4 of 4 shards: nobody verifies" in fleet.run("plan", "--output", "markdown").out
