"""Where this machine tries definitions, whatever a spec says: a laptop has no service container.

RECONCILER_SCRATCH says it for a command, a file of the user's for all of them. No spec can set
either, and neither is in the checkout: who may say it could as well put another mysqld on the PATH.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.edges.mysql.limits import SETTINGS_BYTES_MAX
from reconciler.errors import InvalidInput, Location, Problem
from reconciler.spec.model import Connection
from reconciler.spec.scratch import not_kept, scratch_of
from reconciler.spec.scratch_image import ScratchImage, StartedScratch
from reconciler.spec.yaml_text import read_yaml

VARIABLE = "RECONCILER_SCRATCH"
_FILE = "reconciler/settings.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchHere:
    """In place of what specs say; `setting` None is `auto`, as in a spec."""

    setting: Connection | StartedScratch | None


def scratch_here(environ: Mapping[str, str]) -> ScratchHere | None:
    """None where the machine says nothing. Raises InvalidInput for what cannot be read as one."""
    if text := environ.get(VARIABLE, "").strip():
        return ScratchHere(setting=scratch_of(read_yaml(text, VARIABLE).value, VARIABLE))
    path = _settings_file(environ)
    if path is None or not (text := _text_of(path).strip()):
        return None
    shown = f"~/.config/{_FILE}"
    value = read_yaml(text, shown).value
    if not isinstance(value, dict) or value.keys() != {"scratch"}:
        raise InvalidInput(_unknown_settings(shown))
    return ScratchHere(setting=scratch_of(value["scratch"], shown))


def scratch_for(
    own: Connection | StartedScratch | None, environ: Mapping[str, str]
) -> Connection | StartedScratch | None:
    """`own` is the spec's; a container of an image that a spec names ends with its command: it may
    be a stranger's spec that somebody looks at. Raises as `scratch_here`."""
    if (found := scratch_here(environ)) is not None:
        return found.setting
    return not_kept(own) if isinstance(own, ScratchImage) else own


def _settings_file(environ: Mapping[str, str]) -> Path | None:
    """A relative folder is none, as the XDG Base Directory Specification has it: it would be one of
    the checkout, whose files somebody else may have written."""
    if os.path.isabs(folder := environ.get("XDG_CONFIG_HOME", "")):
        return Path(folder) / _FILE
    return Path(home) / ".config" / _FILE if (home := environ.get("HOME")) else None


def _text_of(path: Path) -> str:
    """'' where there is no such file."""
    try:
        with path.open("rb") as file:
            content = file.read(SETTINGS_BYTES_MAX + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InvalidInput(_unreadable(error.strerror or "it cannot be opened")) from None
    if len(content) > SETTINGS_BYTES_MAX:
        raise InvalidInput(_unreadable(f"it is larger than {SETTINGS_BYTES_MAX:,} bytes"))
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InvalidInput(_unreadable("it is no UTF-8")) from None


def _unreadable(why: str) -> Problem:
    return Problem(
        code="settings-unreadable",
        message=f"the settings of this machine, {_FILE} in the user's configuration, cannot be"
        f" read: {why}",
        recovery=f"fix the file or remove it; {VARIABLE} goes before it",
    )


def _unknown_settings(path: str) -> Problem:
    return Problem(
        code="settings-unknown",
        message=f"{path} holds something else than `scratch`, which is all that a machine may say",
        recovery="write `scratch: auto`, `scratch: {host: …}` or `scratch: {image: …}` as in a"
        " spec, and nothing else",
        where=Location(path=path),
    )
