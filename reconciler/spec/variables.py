"""Which environment variables a spec may have filled in.

A spec comes from git and names servers; what it puts into an address is sent there. So it gets the
variables that are made for it, by their names, and no other: a job holds tokens and logins that are
the job's alone. What else a spec shall have is listed by the job, in a variable that no spec can
set; what belongs to the job itself cannot even be listed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from enum import Enum

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
LISTED_IN = "RECONCILER_ALLOW_ENV"

# The first word of a name, up to the first '_' or the whole of it.
FOR_SPECS = (
    "DATABASE",
    "DB",
    "FLEET",
    "LEDGER",
    "MARIADB",
    "MYSQL",
    "SANDBOX",
    "SCHEMA",
    "SCRATCH",
    "SHARD",
)
OF_THE_JOB = ("ACTIONS", "CI", "GH", "GITHUB", "GITLAB", "RECONCILER", "RUNNER")


class Allowance(Enum):
    FILLED_IN = "filled in"
    IF_LISTED = "only if the job lists it"
    NEVER = "never"


def allowance(name: str) -> Allowance:
    """By the name alone. A token is listed or not filled in, whatever it is called before that."""
    words = name.upper().split("_")
    if words[0] in OF_THE_JOB:
        return Allowance.NEVER
    if words[0] in FOR_SPECS and "TOKEN" not in words:
        return Allowance.FILLED_IN
    return Allowance.IF_LISTED


def may_fill_in(name: str, environ: Mapping[str, str]) -> bool:
    match allowance(name):
        case Allowance.FILLED_IN:
            return True
        case Allowance.IF_LISTED:
            return name in re.split(r"[\s,]+", environ.get(LISTED_IN, ""))
        case Allowance.NEVER:
            return False


def variables_of(value: object) -> tuple[str, ...]:
    """Names of all that a value of a spec, such as an environment, wants to have filled in."""
    return tuple(sorted({*_names(value)}))


def _names(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from VARIABLE.findall(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from _names(item)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _names(getattr(value, field.name))
