"""The files through which a runner of GitHub Actions takes a job's summary and its outputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from reconciler.edges.secrets import SECRETS
from reconciler.limits import SUMMARY_BYTES_MAX


class RunnerFiles:
    """Each None outside of Actions: then there is nobody to tell."""

    def __init__(self, *, summary: Path | None, outputs: Path | None) -> None:
        self._summary, self._outputs = summary, outputs

    def summarise(self, write: Callable[[int], str]) -> None:
        """Add to the step's summary, which GitHub drops whole if it becomes too large."""
        path = self._summary
        if path is None:
            return
        size = path.stat().st_size if path.exists() else 0
        room = SUMMARY_BYTES_MAX - size - len("\n\n")
        if room > 0:
            with path.open("a", encoding="utf-8") as file:
                file.write(SECRETS.redacted(write(room)).rstrip("\n") + "\n\n")

    def output(self, values: Mapping[str, object]) -> None:
        """Outputs of the step; JSON keeps a value on its line."""
        if self._outputs is None:
            return
        with self._outputs.open("a", encoding="utf-8") as file:
            for name, value in values.items():
                text = value if isinstance(value, str) else json.dumps(value)
                line = SECRETS.redacted(text.splitlines()[0]) if text else ""
                file.write(f"{name.replace('_', '-')}={line}\n")
