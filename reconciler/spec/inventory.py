"""An inventory: shards as whoever keeps a list of servers has them, a line for each.

What no line says holds for all shards: it stands once, in the environment's connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from reconciler.errors import InvalidInput, Location, Problem
from reconciler.limits import FILE_PROBLEMS_MAX, SHARDS_MAX
from reconciler.model.file_problems import first_problems

_PLACE = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[\w.-]+))(?::(?P<port>[0-9]{1,5}))?")


# What everybody sees for what it is, and the carriage return of another system's line.
_SEEN = re.compile(r"[\t -~]*\r?")
_UNSEEN = "it holds a character that is no printable one of ASCII"


def shards_of_inventory(
    text: str, source: str, *, is_host_needed: bool = True
) -> list[dict[str, Any]]:
    """Entries of `shards`, in the order of the lines `NAME HOST[:PORT] [DATABASE]`; what is behind
    a `#` is left out. Raises InvalidInput with all that is wrong with it."""
    return list(numbered_shards(text, source, is_host_needed=is_host_needed).values())


def numbered_shards(
    text: str, source: str, *, is_host_needed: bool = True
) -> dict[int, dict[str, Any]]:
    """The same by their lines, which count from 1. Raises as `shards_of_inventory`."""
    fewest = 2 if is_host_needed else 1
    shards: dict[str, dict[str, Any]] = {}
    lines: list[int] = []
    problems: list[Problem] = []
    # Nothing else ends a line: what a reviewer sees as a comment is one.
    for number, line in enumerate(text.split("\n"), start=1):
        said = line.partition("#")[0]
        words = said.split()
        if len(problems) > FILE_PROBLEMS_MAX or len(shards) > SHARDS_MAX:
            break
        if not words:
            continue
        found = list(_faults(words, shards, fewest)) if _SEEN.fullmatch(said) else [_UNSEEN]
        problems += [_fault(why, Location(path=source, line=number)) for why in found]
        if not found:
            shards[words[0]] = {"name": words[0]} | _connection(words)
            lines.append(number)
    if not shards and not problems:
        problems = [_fault("no line names a shard", Location(path=source))]
    if len(shards) > SHARDS_MAX:
        many = f"it names more than {SHARDS_MAX:,} shards"
        problems = [_fault(many, Location(path=source))]
    if problems:
        raise InvalidInput(*first_problems(problems, source))
    return dict(zip(lines, shards.values(), strict=True))


def _faults(words: list[str], earlier: dict[str, dict[str, Any]], fewest: int) -> Iterator[str]:
    if not fewest <= len(words) <= 3:
        yield "it has 1 word" if len(words) == 1 else f"it has {len(words)} words"
        return
    if words[0] in earlier:
        yield f"shard {words[0]!r} has a line already"
    if len(words) == 1:
        return
    place = _PLACE.fullmatch(words[1])
    if place is None or not 1 <= int(place["port"] or 1) <= 65_535:
        yield f"{words[1]!r} is no host with or without a port"


def _connection(words: list[str]) -> dict[str, Any]:
    """Under its key; {} for a name alone."""
    if len(words) == 1:
        return {}
    place = _PLACE.fullmatch(words[1])
    assert place is not None, "it was found to be one"
    connection: dict[str, Any] = {"host": place["six"] or place["host"]}
    if place["port"]:
        connection["port"] = int(place["port"])
    if len(words) == 3:
        connection["database"] = words[2]
    return {"connection": connection}


def _fault(why: str, where: Location) -> Problem:
    return Problem(
        code="inventory-line",
        message=f"the inventory cannot be read: {why}",
        recovery="give each shard a line of its own: its name, its host with or without a port, and"
        " its database, where it is not the same for all; in a list of a spec the name may do",
        where=where,
    )
