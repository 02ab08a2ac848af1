"""The one place that runs git.

A repository is written by others, and its `.git` by whatever made the clone. Its configuration can
name programs (hooks, monitors, filters, external diffs, helpers of ssh and of credentials), and a
clone that is partial fetches what it lacks by a command of that configuration. Nobody who only asks
to read a commit means to run any of them. Three things keep them from running, each enough by
itself: only plumbing that reads objects and references is called; what names a program is
overridden on the command line, which wins over every file; no transport is allowed, so that nothing
is fetched. Git is given an environment of its own, without the secrets of the job (PL-12).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from reconciler.edges.files.limits import GIT_ANSWER_S_MAX
from reconciler.edges.programs import bare_environment, find_program
from reconciler.errors import Problem, Unavailable

# They read objects, references and settings. None of them looks at the working tree or its index,
# runs a hook, a filter, a diff driver or a pager, or speaks to another repository.
PLUMBING = frozenset({"cat-file", "config", "merge-base", "rev-list", "rev-parse", "show-ref"})

# Settings that name a program, or choose where to look; the command line wins over every file.
_SETTINGS = {
    "core.alternateRefsCommand": "",
    "core.askPass": "",
    "core.fsmonitor": "false",
    "core.gitProxy": "",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "core.sshCommand": "false",
    "core.useReplaceRefs": "false",
    "credential.helper": "",
    "diff.external": "",
    "gpg.program": "false",
    "log.showSignature": "false",
    "protocol.allow": "never",
    # A folder of the checkout can look like a bare repository, with a configuration of its own.
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
}

_ENVIRONMENT = {
    # Git 2.39.4 and later: an object that a partial clone lacks is missing, and not fetched.
    "GIT_NO_LAZY_FETCH": "1",
    # Older ones would begin to fetch: no transport has this name, and it wins over every setting.
    "GIT_ALLOW_PROTOCOL": "none",
    # Neither references nor files may stand in for the commits that ids name.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    # A path is a path: git would read `:(exclude)` and `*` in it as patterns.
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}

# Where the machine's own settings are: they say whose repositories may be read (safe.directory).
# What else the job's variables would tell git (GIT_DIR, GIT_EXTERNAL_DIFF, GIT_SSH) is left out.
_MACHINE_SETTINGS = re.compile(r"GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)")

_USAGE = 129  # what git ends with itself where it cannot read its command line


class GitFailed(Exception):
    """Git ended with another status than 0; `said` is the first line that it wrote to say why."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(status, said)
        self.status, self.said = status, said


class GitProcess:
    """Git in one folder; every call is built here."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        """Raises Unavailable if the machine has no git."""
        program = find_program("git", environ)
        if program is None:
            raise Unavailable(_no_git())
        settings = (f"{name}={value}" for name, value in _SETTINGS.items())
        self._command = [program, *(word for setting in settings for word in ("-c", setting))]
        machine = {k: v for k, v in environ.items() if _MACHINE_SETTINGS.fullmatch(k)}
        self._environment = {**bare_environment(environ), **machine, **_ENVIRONMENT}
        self._folder = folder

    def text(self, plumbing: str, *arguments: str) -> str:
        """What git wrote, without the last line end. Raises GitFailed, and Unavailable for an
        answer that does not come."""
        if any(not _can_be_an_argument(argument) for argument in arguments):
            raise GitFailed(_USAGE, "a name holds what no command line can")
        try:
            done = subprocess.run(
                self._call(plumbing, *arguments),
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=GIT_ANSWER_S_MAX,
                check=False,
                start_new_session=True,  # a Ctrl-C is the command's to answer
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(_too_slow(plumbing)) from None
        if done.returncode != 0:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise GitFailed(done.returncode, lines[0] if lines else "no reason")
        return done.stdout.decode(errors="surrogateescape").removesuffix("\n")

    def start(self, plumbing: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Git waiting for questions on its standard input."""
        return subprocess.Popen(
            self._call(plumbing, *arguments),
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _call(self, plumbing: str, *arguments: str) -> list[str]:
        assert plumbing in PLUMBING, f"git {plumbing} is not known to read alone"
        return [*self._command, plumbing, *arguments]


def _can_be_an_argument(text: str) -> bool:
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _no_git() -> Problem:
    return Problem(
        code="git-missing",
        message="there is no git in the absolute folders of PATH",
        recovery="install git, or add its folder to PATH",
    )


def _too_slow(plumbing: str) -> Problem:
    return Problem(
        code="git-too-slow",
        message=f"`git {plumbing}` has not ended after {GIT_ANSWER_S_MAX} s",
        recovery="see why the disk with the clone is slow, then run the same command again",
    )
