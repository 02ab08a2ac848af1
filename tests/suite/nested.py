"""Runs of pytest in a process of their own, over a folder of tests that was written for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.tidy.source import ROOT

# To find and to import every plugin that is installed takes as long as such a run.
_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}


def ran(
    module: str, folder: Path, *options: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    """`python -m module`, which is pytest or stands in its place."""
    return subprocess.run(
        [sys.executable, "-m", module, "-q", "--rootdir", str(folder), *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **_PLUGINS, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
