"""Writes `docs/errors.md`: `python -m tests.tidy.write_errors`.

What a code means stands in `docs/error-meanings.yaml`; what to do next, in the source, so that the
page says what the command says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.tidy.error_codes import codes_and_steps
from tests.tidy.source import ROOT
from tests.yaml_cases import read_yaml

RUNBOOK = ROOT / "docs" / "runbooks" / "split.md"
ERRORS = ROOT / "docs" / "errors.md"
_MEANINGS = ROOT / "docs" / "error-meanings.yaml"

_HEAD = """# Errors

<!-- written by `python -m tests.tidy.write_errors`: change docs/error-meanings.yaml, not this -->

Every error shows a code in brackets, says what happened to which object, and ends with the next
step. The code stays the same from release to release; the words around it may become better.

The exit code says who must act:

| exit code | it means |
|---|---|
| 0 | fine |
| 1 | something is wrong: a file, a server, a setting |
| 2 | changes or drift were found (`plan --detailed-exitcode`, `verify`, `drift`, `apply`) |
| 3 | a guard refused; nothing was sent |
| 4 | part of it was done, on shards or in files, or an outcome is not known |
| 64 | the command line makes no sense |

`…` stands for what only the moment knows."""


def meanings() -> dict[str, dict[str, str]]:
    """Code -> meaning, by the group it stands in."""
    found: dict[str, dict[str, str]] = read_yaml(_MEANINGS)
    return found


def runbook_codes() -> frozenset[str]:
    """What the runbook of splits has a section for."""
    return frozenset(
        re.findall(r"^## ([a-z-]+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    )


def errors_page() -> str:
    return "\n\n".join([_HEAD, *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    steps, with_runbook = codes_and_steps(), runbook_codes()
    for group, codes in meanings().items():
        yield f"## {group}"
        for code, meaning in codes.items():
            yield f"### {code}"
            yield meaning
            yield "\n".join(["Next:", "", *(f"- {step}" for step in steps.get(code, ()))])
            if code in with_runbook:
                yield f"[Runbook](runbooks/split.md#{code}), step by step, behind the cutover."


if __name__ == "__main__":
    ERRORS.write_text(errors_page(), encoding="utf-8")
