"""Whether a scratch server stands for the shards' servers, and a session on it for one there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import ServerRefusal, as_unavailable
from reconciler.edges.mysql.scratch_auto import release, server_wide
from reconciler.edges.mysql.scratch_server import ScratchServer
from reconciler.edges.mysql.session_settings import copied_variables, session_variables, set_session
from reconciler.errors import Problem, Refused
from reconciler.model.server import ServerError, ServerSettings


def session_like(server: ScratchServer, settings: ServerSettings) -> str:
    """As a live session, and with what a live one has from its server where this one's differs."""
    own = server.look.settings
    copied = [
        (name, value) for name, value in copied_variables(settings) if own.variable(name) != value
    ]
    return set_session([*session_variables(settings), *copied])


def take_like(server: ScratchServer, session: str, settings: ServerSettings) -> Link:
    with as_unavailable(server.label):
        try:
            return server.take(session)
        except ServerRefusal as refusal:
            # 1227: the login may not set it; 1238: nobody may in a session.
            raise Refused(
                _mismatch(_differences(server, copied_variables(settings)), refusal.error)
            ) from None


def refuse_mismatch(server: ScratchServer, settings: ServerSettings) -> None:
    own = server.look.settings
    if release(own.version) != release(settings.version):
        raise Refused(_mismatch([f"it runs {own.version}, the shards run {settings.version}"]))
    differences = _differences(server, server_wide(settings))
    if differences:
        raise Refused(_mismatch(differences))


def _differences(server: ScratchServer, wanted: Iterable[tuple[str, str]]) -> list[str]:
    own = server.look.settings
    return [
        f"{name} is {own.variable(name) or 'not known'} there and {value} on the shards"
        for name, value in wanted
        if own.variable(name) != value
    ]


def _mismatch(differences: Sequence[str], error: ServerError | None = None) -> Problem:
    answered = f"; it answered {error}" if error is not None else ""
    return Problem(
        code="scratch-mismatch",
        message="the scratch server does not stand for the shards: "
        + "; ".join(differences)
        + answered,
        recovery="start the scratch server with the shards' release and settings (and a login that"
        " may set session variables), name an image of that release, or use `scratch: auto`",
    )
