"""The vtctld that a spec names, with everything filled in, asked for JSON that is strictly read.

Rules: a password is in a file that only this user can read, and in no argument; no transport is
weaker than our own connections have (CN-1). What Vitess answers is shown without its addresses.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, assert_never

from reconciler.edges.client.tls import Insecure, TlsFiles, TlsSetting, is_local
from reconciler.edges.mysql.target import expand, tls_setting
from reconciler.edges.secrets import SECRETS
from reconciler.edges.vitess.find import VitessProgram, vitess_program
from reconciler.edges.vitess.limits import VTCTLD_ANSWER_VALUES_MAX, VTCTLD_CONNECT_S_MAX
from reconciler.edges.vitess.problems import (
    vtctld_login,
    vtctld_misread,
    vtctld_refused,
    vtctld_silent,
)
from reconciler.edges.vitess.vtctldclient import VtctldAnswer, VtctldClient
from reconciler.errors import InvalidInput, Problem, Unavailable
from reconciler.spec.model import Vtctld
from reconciler.strict_json import JsonUnreadable, read_json

Read = TypeVar("Read")

_LABEL = "vtctld"


@contextmanager
def vtctld_of(vtctld: Vtctld, *, environ: Mapping[str, str], root: Path) -> Iterator[VtctldClient]:
    """Safe to ask from several threads, until the block is left. Raises InvalidInput for variables
    and files, Unavailable where there is no vtctldclient of a known version."""

    def filled(setting: str, text: str) -> str:
        return expand(text, environ, setting=setting, label=_LABEL)

    program = vitess_program(VitessProgram.VTCTLDCLIENT).path
    address = filled("address", vtctld.address)
    host, _, port = address.rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port):
        raise InvalidInput(_no_address())
    host = host.strip("[]")
    user, password = filled("user", vtctld.user), filled("password", vtctld.password)
    SECRETS.add(password, public=(user, host))
    SECRETS.add_address(host)
    setting = tls_setting(vtctld.tls, filled, root, _LABEL)
    options = _tls_options(setting, local=is_local(host, None))
    _check_listens(host, int(port))
    with _login_options(user, password) as login:
        yield VtctldClient(program=program, address=address, options=(*options, *login))


def _check_listens(host: str, port: int) -> None:
    """Raises Unavailable at once where nobody does: the program would try again until its time is
    over (VT-31)."""
    try:
        socket.create_connection((host, port), timeout=VTCTLD_CONNECT_S_MAX).close()
    except (OSError, OverflowError):
        raise Unavailable(vtctld_silent()) from None


def asked(vtctld: VtctldClient, *arguments: str) -> str:
    """What is answered, as text. Raises Unavailable for a refusal, too."""
    return _text_of(vtctld.ask(*arguments))


def asked_for_json(vtctld: VtctldClient, command: str, *arguments: str) -> Any:
    """As `asked`, and Unavailable for what is no JSON."""
    return json_of(command, vtctld.ask(command, *arguments))


def json_of(command: str, answer: VtctldAnswer) -> Any:
    """Raises Unavailable for a refusal, and for what is no JSON."""
    try:
        return read_json(_text_of(answer).encode(), values_max=VTCTLD_ANSWER_VALUES_MAX)
    except JsonUnreadable as unreadable:
        raise Unavailable(vtctld_misread(command, unreadable.reason)) from None


def understood(command: str, read: Callable[[], Read]) -> Read:
    """What is read of its answer. Raises Unavailable for one of another form."""
    try:
        return read()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__} of {error.args[0] if error.args else 'a value'}"
        raise Unavailable(vtctld_misread(command, reason)) from None


def _text_of(answer: VtctldAnswer) -> str:
    if answer.is_done:
        return answer.text
    raise Unavailable(unanswered(answer) or vtctld_refused(answer.words))


def unanswered(answer: VtctldAnswer) -> Problem | None:
    """Why what was asked got no answer of its own; None: it was refused, or done."""
    if not answer.was_reached:
        return vtctld_silent()
    return None if answer.was_let_in else vtctld_login(answer.words)


@contextmanager
def _login_options(user: str, password: str) -> Iterator[tuple[str, ...]]:
    if not user:
        yield ()
        return
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:  # of mode 0600
        json.dump({"Username": user, "Password": password}, file)
        file.flush()
        yield (f"--grpc-auth-static-client-creds={file.name}",)


def _tls_options(setting: TlsSetting, *, local: bool) -> tuple[str, ...]:
    """The program encrypts, and verifies, if it is given a file of authorities; else neither."""
    match setting:
        case TlsFiles(ca=ca, cert=cert, key=key):
            own = [f"--vtctld-grpc-cert={cert}", f"--vtctld-grpc-key={key}"] if cert else []
            return (f"--vtctld-grpc-ca={ca or _authorities()}", *own)
        case None if not local:
            return (f"--vtctld-grpc-ca={_authorities()}",)
        case None | Insecure():
            return ()
        case _:
            assert_never(setting)


def _authorities() -> str:
    found = ssl.get_default_verify_paths().cafile
    if found is None:
        raise InvalidInput(_no_authorities())
    return found


def _no_address() -> Problem:
    return Problem(
        code="vtctld-address",
        message="vtctld: `address`, once its variables are filled in, is not host:port",
        recovery="fix `vitess.vtctld.address` in the spec, or the variable it names",
    )


def _no_authorities() -> Problem:
    return Problem(
        code="vtctld-authorities",
        message="vtctld: this machine has no file of authorities for its certificate",
        recovery="name one: `tls: {ca: …}` of `vitess.vtctld` in the spec",
    )
