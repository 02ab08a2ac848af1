"""Brings one branch of a clone up to date: the only git that speaks to another repository.

Whoever only asks to read a commit runs `git_process.py`, which fetches nothing. A controller has a
clone of its own, which no job and no stranger wrote, and the transports and logins of its machine
are what its operator gave it. Still nothing of the fetched repository is run, checked out or
followed: one reference is written, and objects.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from reconciler.edges.files.limits import FETCH_S_MAX
from reconciler.edges.programs import bare_environment, find_program
from reconciler.errors import Problem, Unavailable

_SETTINGS = {
    "core.alternateRefsCommand": "",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "fetch.fsckObjects": "true",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "protocol.file.allow": "always",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
    "submodule.recurse": "false",
}

_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}

# By what the operator says who may fetch, and over which way.
_OPERATORS = re.compile(
    r"GIT_(?:ASKPASS|SSH|SSH_COMMAND|SSL_CAINFO)|SSH_(?:AUTH_SOCK|ASKPASS)"
    r"|GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)"
    r"|(?:https?|all|no)_proxy|(?:HTTPS?|ALL|NO)_PROXY|SSL_CERT_(?:FILE|DIR)"
)


class GitRemote:
    """Implements the Remote port: `origin`, as the clone has it."""

    def __init__(self, root: Path, branch: str, environ: Mapping[str, str] = os.environ) -> None:
        """Raises Unavailable if the machine has no git."""
        program = find_program("git", environ)
        if program is None:
            raise Unavailable(_no_git())
        settings = (f"{name}={value}" for name, value in _SETTINGS.items())
        self._command = [
            program,
            *(word for setting in settings for word in ("-c", setting)),
            *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"),
            *("--end-of-options", "origin"),
            f"+refs/heads/{branch}:refs/remotes/origin/{branch}",
        ]
        given = {name: value for name, value in environ.items() if _OPERATORS.fullmatch(name)}
        self._environment = {**bare_environment(environ), **given, **_ENVIRONMENT}
        self._root = root

    def fetch(self) -> None:
        with subprocess.Popen(
            self._command,
            cwd=self._root,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # what a remote says may name addresses and accounts
            start_new_session=True,
        ) as git:
            try:
                status = git.wait(FETCH_S_MAX)
            except subprocess.TimeoutExpired:
                _end_all_of(git)
                raise Unavailable(_failed(f"it has not ended after {FETCH_S_MAX} s")) from None
        if status != 0:
            raise Unavailable(_failed(f"it ended with status {status}"))


def _end_all_of(git: subprocess.Popen[bytes]) -> None:
    """With its helpers: an ssh that hangs would outlive it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(git.pid, signal.SIGKILL)


def _failed(how: str) -> Problem:
    return Problem(
        code="fetch-failed",
        message=f"`git fetch origin` could not bring the protected branch: {how}",
        recovery="run it in the controller's clone, with the controller's account, to see why",
    )


def _no_git() -> Problem:
    return Problem(
        code="fetch-without-git",
        message="there is no git in the absolute folders of PATH, and a controller fetches",
        recovery="install git, or add its folder to PATH",
    )
