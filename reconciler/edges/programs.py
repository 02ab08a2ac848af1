"""Where programs of the machine are found, and what they are told of the world.

Rule: a program comes from an absolute folder of PATH, never from the working directory: that may be
a checkout that somebody else wrote. And it is given no secret: variables are named, not inherited.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# What programs need to find their own files, to write temporary ones, and to know the user.
_HARMLESS = ("HOME", "LANG", "LOGNAME", "TMPDIR", "TZ", "USER", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")


def find_program(name: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The absolute path of a program, or None. POSIX reads an empty or relative entry of PATH as a
    folder below the working directory; those are passed over."""
    return shutil.which(name, path=_absolute_path(environ))


def bare_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a program is started with where nobody has said that it needs more."""
    kept = {name: environ[name] for name in _HARMLESS if name in environ}
    return {**kept, "PATH": _absolute_path(environ)}


def server_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a database server is started with: some were installed beside their libraries."""
    libraries = {name: environ[name] for name in ("LD_LIBRARY_PATH",) if name in environ}
    return {**bare_environment(environ), **libraries}


def words_of(
    command: Sequence[str | Path], *, env: Mapping[str, str], limit_s: float
) -> str | None:
    """What a program says of itself before it ends well; None: it does not."""
    try:
        done = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            env=env,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def _absolute_path(environ: Mapping[str, str]) -> str:
    entries = environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if os.path.isabs(entry))
