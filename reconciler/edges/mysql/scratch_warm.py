"""Scratch servers that are started for a run: ended with it, or warm for the next one.

Rule: a warm server is used only while it is as it began, which is asked of it each time: the same
server, no database that was not there, no session of another command's, no setting that changed.
Any other is ended and one begun; nothing on it is put right.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.edges.client.target import Target
from reconciler.edges.containers.container import Container, image_id_here
from reconciler.edges.kept import Stays
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.limits import (
    WARM_ANSWER_S_MAX,
    WARM_END_S_MAX,
    WARM_LIFE_S_MAX,
    WARM_RESTS_S_MAX,
)
from reconciler.edges.mysql.problems import as_unavailable
from reconciler.edges.mysql.processes import SHOW_PROCESSES
from reconciler.edges.mysql.reading import column, text
from reconciler.edges.mysql.scratch_auto import (
    choose_server,
    options_like,
    release,
    scratch_target,
    server_wide,
    start_scratch_server,
)
from reconciler.edges.mysql.scratch_image import image_target, start_image_server
from reconciler.edges.mysql.scratch_match import refuse_mismatch
from reconciler.edges.mysql.scratch_server import ScratchServer
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.server.options import Purpose, server_options
from reconciler.edges.server.process import SCRATCH_GRANTS, Login, RunningServer
from reconciler.edges.server.warm import WarmPlace, WarmServer, take_place
from reconciler.errors import Unavailable
from reconciler.model.server import ServerSettings
from reconciler.spec.scratch_image import ScratchImage, StartedScratch

LOG = logging.getLogger("reconciler.scratch")
LOG.addHandler(logging.NullHandler())  # without one, Python would print to standard error itself

_PROGRAM = "reconciler, scratch"
_FORMAT = 1  # of what is written of a warm server, and of what `state_of` digests
# Counted on with each statement, where there is a binary log; a definition has nothing of it.
_COUNTED = ("gtid_",)


def start_like(
    asked: StartedScratch | None, settings: ServerSettings
) -> tuple[RunningServer | Container, Target]:
    """One that ends with this process. Raises Unavailable or Refused."""
    if isinstance(asked, ScratchImage):
        return start_image_server(asked, settings)
    return start_scratch_server(settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """A server to use until its place is released."""

    place: WarmPlace
    target: Target


def warm_server(asked: StartedScratch | None, settings: ServerSettings) -> Warm | None:
    """The one that an earlier command left, or a new one. None: none is to stay, another command
    uses it, or one is in its place that does not end. Raises as `start_like`."""
    if asked is None or not asked.keep_s:
        return None
    place = take_place(_name(asked, settings))
    if place is None:
        return None
    try:
        found = place.found()
        if found is not None and is_as_it_began(found, asked, settings):
            return Warm(place=place, target=_target(found, asked))
        if not _is_cleared(place):
            place.leave()
            return None
        return Warm(place=place, target=_begun(asked, settings, place))
    except BaseException:
        place.release()
        raise


def _is_cleared(place: WarmPlace) -> bool:
    try:
        place.end(within_s=WARM_END_S_MAX)
    except Unavailable as error:
        LOG.warning("%s; this command begins another one, which ends with it", error)
        return False
    return True


def _name(asked: StartedScratch, settings: ServerSettings) -> str:
    """Equal for what one server can stand for."""
    flavor = settings.version.flavor
    options = server_options(flavor, Purpose.SCRATCH, options_like(settings))
    like = (release(settings.version), server_wide(settings), sorted(options.items()))
    told = repr((_FORMAT, asked, like, SCRATCH_GRANTS[flavor]))
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _begun(asked: StartedScratch, settings: ServerSettings, place: WarmPlace) -> Target:
    stays = Stays(in_use=place.in_use, unused_s=asked.keep_s)
    started: RunningServer | Container
    if isinstance(asked, ScratchImage):
        started, target = start_image_server(asked, settings, stays)
        program = started.image_id
    else:
        binary = choose_server(settings.version)
        program = _stamped(binary.path)
        started, target = start_scratch_server(settings, binary, stays)
    try:
        refuse_mismatch(ScratchServer(target), settings)
        version, state = _asked_at_rest(target)
        server = WarmServer(
            version=version,
            program=program,
            state=state,
            port=target.port,
            socket=target.socket,
            user=target.user,
            password=target.password,
            began_s=time.time(),
            stays_s=asked.keep_s,
        )
        place.put(started.folder)
        started.process.detach()
        place.describe(server)
    except BaseException:
        started.stop()
        place.end()
        raise
    return target


def _target(found: WarmServer, asked: StartedScratch) -> Target:
    login = Login(user=found.user, password=found.password)
    if isinstance(asked, ScratchImage):
        return image_target(found.port, login)
    return scratch_target(found.port, found.socket, login)


def is_as_it_began(found: WarmServer, asked: StartedScratch, settings: ServerSettings) -> bool:
    is_known = bool(found.state and found.program)
    if not is_known or not 0 <= time.time() - found.began_s <= WARM_LIFE_S_MAX:
        return False
    hasty = replace(
        _target(found, asked),
        connect_timeout_s=WARM_ANSWER_S_MAX,
        read_timeout_s=WARM_ANSWER_S_MAX,
    )
    try:
        if not _is_still_chosen(found, asked, settings):
            return False
        return _asked_at_rest(hasty, found) == (found.version, found.state)
    except Unavailable:
        return False


def _is_still_chosen(found: WarmServer, asked: StartedScratch, settings: ServerSettings) -> bool:
    """Of the shards' very version there is no better one, as long as it is installed; an image is
    what its name stands for by now. Raises Unavailable where that cannot be told."""
    if isinstance(asked, ScratchImage):
        return found.program == image_id_here(asked.reference)
    if found.version == str(settings.version):
        return found.program == _stamped(Path(found.program.rpartition(" ")[0]))
    return found.program == _stamped(choose_server(settings.version).path)


def _stamped(program: Path) -> str:
    """Another one once the program was installed anew; '' where it is gone."""
    try:
        seen = program.stat()
    except OSError:
        return ""
    return f"{program} {seen.st_ino}-{seen.st_size}-{seen.st_mtime_ns}"


def _asked_at_rest(target: Target, like: WarmServer | None = None) -> tuple[str, str]:
    """Its version, and its state once nobody else is at it, '' where somebody stays; `like`: once
    it is as this one, for it may still be at what its last command told it. Raises Unavailable."""
    give_up_at_s = time.monotonic() + WARM_RESTS_S_MAX
    with (
        connect(target, program=_PROGRAM, with_database=False) as link,
        as_unavailable(target.label),
    ):
        look = look_at_server(link)
        while True:
            state = "" if _others_are_at(link) else state_of(link, look.identity)
            is_at_rest = state == like.state if like is not None else state
            if is_at_rest or time.monotonic() > give_up_at_s:
                return str(look.settings.version), state
            time.sleep(0.01)


def _others_are_at(link: Link) -> bool:
    """Sessions of the login that commands have: those of the server itself have another."""
    rows = link.rows_by_name(SHOW_PROCESSES, is_whole=True)
    users = [text(row.get("User")) for row in rows]
    return users.count(link.target.user) > 1


def state_of(link: Link, identity: str) -> str:
    """Digested from all that the login could leave behind, and all that it could not."""
    there = column(link.query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"))
    rows = link.query("SHOW GLOBAL VARIABLES", width=2)
    pairs = [(text(name), text(value)) for name, value in rows]
    kept = sorted(pair for pair in pairs if not pair[0].startswith(_COUNTED))
    return hashlib.sha256(repr((identity, sorted(there), kept)).encode()).hexdigest()
