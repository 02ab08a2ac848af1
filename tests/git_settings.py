"""What git is told in all tests, beside the settings of who runs them: repositories that last for a
second need no housekeeping, which is another process after each commit, and no disk."""

from __future__ import annotations

import os

_SETTINGS = {"core.fsync": "none", "gc.auto": "0", "maintenance.auto": "false"}


def spare_git() -> None:
    """For this process and those that it starts."""
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    for number, (name, value) in enumerate(_SETTINGS.items(), start=first):
        os.environ[f"GIT_CONFIG_KEY_{number}"] = name
        os.environ[f"GIT_CONFIG_VALUE_{number}"] = value
    os.environ["GIT_CONFIG_COUNT"] = str(first + len(_SETTINGS))
