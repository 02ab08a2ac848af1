"""The ledger's server, or who stands in its place: the same client, and so the same rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.edges.ledger.address import mysql_target, parse_address
from reconciler.edges.ledger.sql import open_ledger
from reconciler.errors import InvalidInput, Unavailable
from tests.attacks import packets
from tests.attacks.lying_server import Conversation, Lies, Login, lying_server

PASSWORD = "s3cret-password"


def opened(port: int, query: str = "") -> None:
    address = f"mysql://app:{PASSWORD}@127.0.0.1:{port}/ledger{query}"
    open_ledger(address, default_file=Path("unused")).close()


@pytest.mark.threat("TM-LEDGER-1")
@pytest.mark.invariant("CN-5")
def test_a_ledger_that_asks_for_a_file_gets_the_end_of_the_connection(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("the-content-of-a-file")

    def answer(conversation: Conversation, sql: str) -> bool:
        if sql.startswith("SET NAMES"):
            return False
        conversation.send(packets.file_request(str(secret)))
        conversation.receive()
        return True

    with lying_server(lies=Lies(on_statement=answer)) as liar:
        with pytest.raises(Unavailable, match="the connection to its server was lost"):
            opened(liar.port)
        assert liar.statements[1:], "it was never asked anything"
    assert not any(b"the-content-of-a-file" in said for said in liar.heard)
    assert not any(login.capabilities & packets.LOCAL_FILES for login in liar.logins)


@pytest.mark.threat("TM-LEDGER-2")
@pytest.mark.invariant("CN-2")
def test_a_ledger_that_asks_for_the_password_itself_does_not_get_it() -> None:
    def on_login(conversation: Conversation, _login: Login) -> bool:
        conversation.send(packets.auth_switch("mysql_clear_password", b""))
        conversation.receive()
        conversation.send(packets.ok())
        return True

    with (
        lying_server(lies=Lies(on_login=on_login)) as liar,
        pytest.raises(Unavailable, match="asks for the password itself"),
    ):
        opened(liar.port)
    assert not any(PASSWORD.encode() in said for said in liar.heard)


@pytest.mark.threat("TM-LEDGER-1")
@pytest.mark.invariant("CN-1")
@pytest.mark.parametrize(
    "query",
    [
        "?local_infile=1",
        "?read_default_file=/etc/passwd",
        "?init_command=SELECT+1",
        "?ssl_verify_cert=false",
        "?ssl_check_hostname=false",
        "?ssl_disabled=true",
        "?tls=false",
        "?tls=insecure&ssl_ca=/etc/ssl/ca.pem",
        "?tls=insecure&tls=true",
        "?charset=gbk",
        "?auth_plugin_map=x",
        "?unix_socket=/a&local_infile=1",
    ],
)
def test_an_address_has_the_options_that_are_known_and_no_others(query: str) -> None:
    with lying_server() as liar:
        with pytest.raises(InvalidInput) as refused:
            opened(liar.port, query)
        assert liar.connections == 0
    assert refused.value.problems[0].code == "ledger-url"
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        f"mysql://app:{PASSWORD}@host:${{PORT}}/ledger",
        f"mysql://app:{PASSWORD}@host:99x/ledger",
        f"mysql://app:{PASSWORD}@host",
        f"{PASSWORD}",
        "",
    ],
)
def test_an_address_that_is_none_is_told_without_being_shown(address: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        mysql_target(parse_address(address))
    assert PASSWORD not in str(refused.value)


@pytest.mark.invariant("CN-1")
def test_a_ledger_on_another_machine_is_verified_like_a_shard() -> None:
    far = mysql_target(parse_address("mysql://app:x@db.example.test/ledger"))
    assert (far.tls, far.is_local) == (None, False)
